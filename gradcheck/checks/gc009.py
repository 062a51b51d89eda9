"""GC009 gradient-raises: computing the gradient raises."""

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.checks.points import PointSubject, point_finding
from gradcheck.checks.stretches import Rule, Subject, finding, stretches
from gradcheck.records import Finding

RULE = Rule("GC009", "gradient-raises")


def find(subject: Subject) -> Iterator[Finding]:
    """One finding for the whole line."""
    if subject.version.failure:
        message = f"computing the {subject.version.name} gradient raises {subject.version.failure}"
        whole = finding(RULE, subject, next(stretches(subject)), "error", message)
        yield replace(whole, lo=subject.sweep.regions[0].lo, hi=subject.sweep.regions[-1].hi)


def at_point(subject: PointSubject) -> Finding | None:
    """A gradient that raises where the function does not."""
    if subject.said is None:
        return None
    message = f"computing the {subject.version} gradient by {subject.wrt} raises {subject.said}"
    return point_finding(RULE, subject, "error", message)
