"""Records whose texts are printable: what is rendered for people goes through here first.

In: a record. Out: the same, every text in it printable; a suggestion keeps its lines, since code is in it. JSON has the
texts as they are, since it escapes them.
"""

import operator
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
    """A text, or what may have texts in it; itself where nothing changes."""
    if isinstance(value, str):
        return printable(value, keep)
    if isinstance(value, tuple):
        items = tuple(clean_value(item, keep) for item in value)
        return value if all(map(operator.is_, items, value)) else items
    if isinstance(value, Mapping):
        pairs = [(clean_value(key, ""), clean_value(item, keep)) for key, item in value.items()]
        return (
            value
            if all(k is key and v is value[key] for (k, v), key in zip(pairs, value, strict=True))
            else dict(pairs)
        )
    if is_dataclass(value) and not isinstance(value, type):
        return clean_record(value)
    return value


def clean_record(record: Any) -> Any:
    """A record; itself where nothing changes."""
    changes = {}
    for field in fields(record):
        old = getattr(record, field.name)
        new = clean_value(old, "\n" if field.name in LINES else "")
        if new is not old and field.init:
            changes[field.name] = new
    return replace(record, **changes) if changes else record
