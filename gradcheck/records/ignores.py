"""What is not to count: findings that somebody has looked at and accepted, and where that is said."""

from dataclasses import dataclass
from pathlib import Path

from gradcheck.errors import one_line


@dataclass(frozen=True)
class Place:
    """A line of a file; the path is relative to the working directory where it lies below it."""

    file: str
    line: int

    @property
    def text(self) -> str:
        """`path:line`, printable."""
        return one_line(f"{self.file}:{self.line}")


def place_of(file: str, line: int) -> Place:
    """A line of a file that is named in any way."""
    path, here = Path(file).absolute(), Path.cwd()
    return Place(path.relative_to(here).as_posix() if path.is_relative_to(here) else str(path), line)


@dataclass(frozen=True)
class Lines:
    """Lines of a file, both ends among them; the path as that of a `Place`."""

    file: str
    first: int
    last: int

    def __contains__(self, place: Place) -> bool:
        return place.file == self.file and self.first <= place.line <= self.last


@dataclass(frozen=True)
class Ignore:
    """Codes that do not count for one target.

    Attributes:
        codes: codes or beginnings of codes, `GC002` or `GC`.
        reason: why, in the words of who said so; empty where nothing was said.
        by: `comment` or `configuration`.
        place: where it is said: `file.py:12`, or `pyproject.toml`.
        lines: of code that it is about: only what has its cause there does not count; None: it is about the target.
        mistake: what is wrong with how it is written, so that it ignores nothing; empty where nothing is.
    """

    codes: tuple[str, ...]
    reason: str
    by: str
    place: str
    lines: Lines | None = None
    mistake: str = ""


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
