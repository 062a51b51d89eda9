"""Records whose texts are printable: what is rendered for people goes through here first.

In: a record. Out: the same, every text in it printable; a suggestion keeps its lines, since code is in it. JSON has the
texts as they are, since it escapes them.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from gradcheck.printable import printable

LINES = ("suggestion", "trap")
"""Fields that have several lines."""

Record = TypeVar("Record")


def cleaned(record: Record) -> Record:
    """A record, or whatever is in one."""
    found: Record = clean_value(record, "")
    return found


def clean_value(value: Any, keep: str) -> Any:
    """A text, or what may have texts in it."""
    if isinstance(value, str):
        return printable(value, keep)
    if isinstance(value, tuple):
        return tuple(clean_value(item, keep) for item in value)
    if isinstance(value, Mapping):
        return {clean_value(key, ""): clean_value(item, keep) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return clean_record(value)
    return value


def clean_record(record: Any) -> Any:
    """A record; itself where nothing changes."""
    old = {field.name: getattr(record, field.name) for field in fields(record) if field.init}
    new = {name: clean_value(value, "\n" if name in LINES else "") for name, value in old.items()}
    same = all(new[name] is value or (isinstance(value, str) and new[name] == value) for name, value in old.items())
    return record if same else replace(record, **new)
