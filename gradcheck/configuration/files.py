"""The file that a project says its options in: the nearest one upwards.

In: a directory. Out: the tables of gradcheck.toml, or `[tool.gradcheck]` of pyproject.toml, as TOML has them. A
pyproject.toml that says nothing of gradcheck is not the one; what cannot be read is GC907.
"""

import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradcheck.configuration.values import shown as value_of
from gradcheck.errors import BAD_CONFIGURATION, CannotCheck

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

OWN, SHARED = "gradcheck.toml", "pyproject.toml"
"""The first of one directory wins."""

TABLE = "tool.gradcheck"

LARGEST = 1 << 20
"""Bytes of a file that somebody wrote by hand, at most."""


@dataclass(frozen=True)
class Tables:
    """What a file says of gradcheck.

    Attributes:
        path: of the file.
        shown: the same as messages have it: the name alone of one in the directory that was asked for.
        content: keys and values.
    """

    path: Path
    shown: str
    content: dict[str, Any]

    @property
    def is_own(self) -> bool:
        """Whether the file is gradcheck's alone, so that its keys stand at the top."""
        return self.path.name == OWN

    def heading(self, *, of_target: bool = False) -> str:
        """How a table begins in the file; empty for the top of gradcheck's own one."""
        if of_target:
            return "[[target]]" if self.is_own else f"[[{TABLE}.target]]"
        return "" if self.is_own else f"[{TABLE}]"


def find(directory: Path) -> Tables | None:
    """What the nearest file says; None where none says anything."""
    return next(found(directory), None)


def found(directory: Path) -> Iterator[Tables]:
    """What files say, the nearest one first."""
    for place in (directory, *directory.parents):
        for path in (place / OWN, place / SHARED):
            if os.path.lexists(path):
                shown = path.name if place == directory else str(path)
                content = table_in(shown, load(path, shown)) if path.name == SHARED else load(path, shown)
                if content is not None:
                    yield Tables(path, shown, content)


def load(path: Path, shown: str) -> dict[str, Any]:
    """A file's tables."""
    try:
        return parsed(text_of(path))
    except (OSError, ValueError) as error:  # TOMLDecodeError is a ValueError
        why = getattr(error, "strerror", None) or error
        raise CannotCheck(BAD_CONFIGURATION, f"{shown}: it cannot be read: {why}; correct it") from error


def text_of(path: Path) -> str:
    """The text of a file; raises `OSError` or `ValueError`."""
    if not stat.S_ISREG(path.stat().st_mode):  # a pipe would never end
        raise ValueError("it is no file")
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST:,} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"it is no text in UTF-8, at byte {error.start}") from error


def parsed(text: str) -> dict[str, Any]:
    """The tables of a text; raises `ValueError`."""
    try:
        tables: dict[str, Any] = tomllib.loads(text)
    except RecursionError as error:
        raise ValueError("brackets are nested too deep") from error
    return tables


def table_in(shown: str, tables: dict[str, Any]) -> dict[str, Any] | None:
    """The table behind `TABLE`, None where there is none."""
    found: Any = tables
    for part in TABLE.split("."):
        if part not in found:
            return None
        found = found[part]
        if not isinstance(found, dict):
            raise CannotCheck(BAD_CONFIGURATION, f"{shown}: [{TABLE}]: it is {value_of(found)}; write a table")
    return dict(found)
