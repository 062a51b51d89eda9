"""Where a finding is shown in source.

In: a finding and its target. Out: a line of a file, or None: a SavedModel has none.
"""

from collections.abc import Iterable
from pathlib import PurePath
from urllib.parse import quote

from gradcheck.records import Finding, Place, TargetReport

LEVELS = {"error": "error", "warning": "warning", "info": "note"}
"""Severities as other tools call them."""


def finding_place(finding: Finding, target: TargetReport) -> Place | None:
    """The line that a finding comes from, or else that of its target; a line of the project before one of a library."""
    cause, own = cause_place(finding), target_place(target)
    return own if own and (cause is None or is_absolute(cause.file)) else cause


def cause_place(finding: Finding) -> Place | None:
    """The line of its cause; code that was typed, not saved, has no file."""
    cause = finding.cause
    if cause is None or not cause.file or not cause.line or cause.file.startswith("<"):
        return None
    return Place(cause.file, cause.line)


def target_place(target: TargetReport) -> Place | None:
    """The line that the target is defined in."""
    place = target.place
    return None if place is None or not place.file or place.file.startswith("<") or place.line < 1 else place


def is_absolute(file: str) -> bool:
    """Whether a file lies outside of the directory that was scanned from."""
    return PurePath(file).is_absolute()


def uri(file: str) -> str:
    """A file as a URI, relative unless its path is absolute."""
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix(), safe="/")


def counts(severities: Iterable[str]) -> str:
    """How many of each severity: `2 errors, 1 warning`; empty where there are none."""
    found = list(severities)
    return ", ".join(
        f"{found.count(s)} {s}{'s' if found.count(s) != 1 and s != 'info' else ''}"
        for s in ("error", "warning", "info")
        if s in found
    )


def error_text(target: TargetReport) -> str:
    """Why a target could not be checked, with its name once."""
    assert target.error is not None, "asked of those alone"
    said = target.error.message
    return said if said.startswith(target.target) else f"{target.target}: {said}"
