"""Where the first bad step of a run is to be saved, and how files are named in what is saved.

In: a directory, and where the run was started. Out: paths that hold nothing of this machine.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gradcheck.observing.found import Found
from gradcheck.records import Cause

Causes = Callable[[Found], tuple[Cause | None, str | None]]


@dataclass(eq=False)
class Keeper:
    """Where the first bad step of a run is saved.

    Attributes:
        directory: absolute.
        script: as the user wrote it.
        start: where the run was started; paths are told from there.
        cause_of: the cause of what was found, and words on the trap.
    """

    directory: Path
    script: str
    start: Path
    cause_of: Causes
    saved: bool = False

    @property
    def name(self) -> str:
        """The directory as the user may have written it."""
        return str(relative(self.directory, self.start) or self.directory)


def portable(file: str, start: Path) -> str:
    """A file's path below where the run was started; elsewhere its name alone."""
    below = relative(Path(file), start)
    return below.as_posix() if below is not None else Path(file).name


def relative(path: Path, start: Path) -> Path | None:
    """A path below a directory; None where it is elsewhere."""
    whole = path if path.is_absolute() else start / path
    return whole.relative_to(start) if whole.is_relative_to(start) else None
