"""Checks: regions become findings.

In: a sweep's regions. Out: findings with stable codes. One check a file, all of them in one tuple; a check sees the
line as one version's stretches and says which of them are bad.
"""

from gradcheck.checks import gc001, gc002, gc003, gc004, gc005, gc006, gc007, gc008, gc009
from gradcheck.checks.points import PointSubject
from gradcheck.checks.stretches import Subject
from gradcheck.records import Finding, Stop, Sweep, Version

__all__ = ["AT_POINTS", "CHECKS", "PointSubject", "find", "find_at"]

CHECKS = (gc001, gc002, gc003, gc004, gc005, gc006, gc008, gc009)
"""The checks of one sweep; `gc007` looks at several, one a mode."""

__all__ = ["AT_POINTS", "CHECKS", "PointSubject", "find", "find_at", "gc007"]


def find(target: str, sweep: Sweep, versions: tuple[Version, ...], stops: tuple[Stop, ...]) -> tuple[Finding, ...]:
    """All findings of one sweep, most severe first, then in order of code, version and place."""
    names = [v.name for v in versions]
    effective = "custom" if "custom" in names else "autodiff"
    found = [
        finding
        for version in versions
        for check in CHECKS
        for finding in check.find(Subject(target, sweep, version, version.name == effective, stops))
    ]
    order = {"error": 0, "warning": 1, "info": 2}
    return tuple(sorted(found, key=lambda f: (order[f.severity], f.code, names.index(f.version), f.lo or 0)))


AT_POINTS = (gc009, gc001, gc002, gc003, gc004, gc005, gc006, gc008)
"""The checks of a point, in the order in which one gradient is asked."""


def find_at(subject: PointSubject) -> tuple[Finding, ...]:
    """All findings of one gradient at one point."""
    return tuple(finding for check in AT_POINTS if (finding := check.at_point(subject)) is not None)
