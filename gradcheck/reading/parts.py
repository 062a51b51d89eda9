"""A part of a document, and where it is: what is wrong with it is one line that says so.

In: what `json.loads` gives. Out: values of the types that are wanted; or GC907 with the file and the path to the part,
`report.json: targets[0].findings[2].code: ...`.
"""

import math
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

from gradcheck.errors import BAD_CONFIGURATION, CannotCheck
from gradcheck.floats import FloatFormat

NAMED = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
"""Numbers that JSON does not have."""

INTEGER_LIMIT = 2**63
"""Whole numbers from here on are no counts."""

NAME_LIMIT = 40
"""Characters of a wrong value that are repeated."""

Value = TypeVar("Value")
Member = TypeVar("Member", bound=Enum)


@dataclass(frozen=True)
class Part:
    """A value of a document.

    Attributes:
        file: the document's name.
        path: from its top, `targets[0].notes`; empty at the top.
        value: what stands there.
    """

    file: str
    path: str
    value: Any

    def mistake(self, what: str) -> CannotCheck:
        """What is wrong here."""
        place = f"{self.file}: {self.path}" if self.path else self.file
        return CannotCheck(BAD_CONFIGURATION, f"{place}: {what}")

    def wrong(self, wanted: str) -> CannotCheck:
        """Another thing is wanted here."""
        found = repr(self.value) if isinstance(self.value, (str, int, float, type(None))) else kind_of(self.value)
        shown = found if len(found) <= NAME_LIMIT else found[: NAME_LIMIT - 3] + "..."
        return self.mistake(f"it is {shown}; it should be {wanted}")

    def key(self, name: str) -> "Part":
        """What an object has under a name, which must be there."""
        if name not in self.object():
            raise self.mistake(f"it has no {name!r}; is it what gradcheck scan --format json wrote?")
        return self.under(name)

    def maybe(self, name: str) -> "Part | None":
        """What an object has under a name; None where it is not there, or null."""
        return self.under(name) if self.object().get(name) is not None else None

    def under(self, name: str) -> "Part":
        """The part under a name."""
        return Part(self.file, f"{self.path}.{name}" if self.path else name, self.value[name])

    def object(self) -> dict[str, Any]:
        """An object."""
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        return self.value

    def items(self) -> "list[Part]":
        """The items of a list."""
        if not isinstance(self.value, list):
            raise self.wrong("a list")
        return [Part(self.file, f"{self.path}[{i}]", item) for i, item in enumerate(self.value)]

    def all(self, name: str, read: "Callable[[Part], Value]") -> tuple[Value, ...]:
        """Each item of a list under a name, which may be missing."""
        found = self.maybe(name)
        return tuple(read(item) for item in found.items()) if found else ()

    def named(self) -> "Iterator[tuple[str, Part]]":
        """The names of an object, and what stands under each."""
        return ((name, self.under(name)) for name in self.object())

    def text(self) -> str:
        """A text."""
        if not isinstance(self.value, str):
            raise self.wrong("a text")
        return self.value

    def one_of(self, words: Collection[str]) -> str:
        """One of some words."""
        if not isinstance(self.value, str) or self.value not in words:
            raise self.wrong(f"one of {', '.join(words)}")
        return self.value

    def member(self, of: type[Member]) -> Member:
        """One of an enumeration, by its value."""
        return of(self.one_of([member.value for member in of]))

    def flag(self) -> bool:
        """A truth value."""
        if not isinstance(self.value, bool):
            raise self.wrong("true or false")
        return self.value

    def whole(self, least: int = 0) -> int:
        """A whole number."""
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value < INTEGER_LIMIT:
            raise self.wrong(f"a whole number from {least} on")
        return value

    def number(self) -> float:
        """A number, or the name of one that JSON does not have."""
        if isinstance(self.value, str) and self.value in NAMED:
            return NAMED[self.value]
        return self.finite()

    def finite(self) -> float:
        """A number that JSON has."""
        if isinstance(self.value, bool) or not isinstance(self.value, (int, float)):
            raise self.wrong("a number")
        try:
            value = float(self.value)
        except OverflowError as error:
            raise self.wrong("a number that float64 holds") from error
        if not math.isfinite(value):  # json reads 1e999 as infinity
            raise self.wrong("a number that float64 holds")
        return value

    def ordinal(self, fmt: FloatFormat) -> int:
        """A float of a dtype, by its ordinal."""
        value = self.finite()
        if abs(value) > fmt.largest + fmt.largest_ulp / 2:
            raise self.wrong(f"a {fmt.name}")
        return fmt.nearest(value)


def kind_of(value: Any) -> str:
    """What a list or an object is called."""
    return "a list" if isinstance(value, list) else "an object"
