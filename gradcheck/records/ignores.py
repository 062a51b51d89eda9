"""What is not to count: findings that somebody has looked at and accepted, and where that is said."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """A line of a file; the path is relative to the working directory where it lies below it."""

    file: str
    line: int

    @property
    def text(self) -> str:
        """`path:line`."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Ignore:
    """Codes that do not count for one target.

    Attributes:
        codes: codes or beginnings of codes, `GC002` or `GC`.
        reason: why, in the words of who said so; empty where nothing was said.
        by: `comment` or `configuration`.
        place: where it is said: `file.py:12`, or `pyproject.toml`.
    """

    codes: tuple[str, ...]
    reason: str
    by: str
    place: str


@dataclass(frozen=True)
class Suppression:
    """Why a finding does not count.

    Attributes:
        by: `comment`, `configuration` or `baseline`.
        reason: as it was given; empty where none was.
        place: where it is said.
    """

    by: str
    reason: str
    place: str
