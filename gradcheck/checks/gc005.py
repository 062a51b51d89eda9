"""GC005 wrong-custom-gradient: the custom gradient's formula, evaluated exactly, is not the derivative."""

from collections.abc import Iterator

from gradcheck.checks.points import PointSubject, point_finding
from gradcheck.checks.stretches import Rule, Subject, finding, stretches
from gradcheck.records import Class, Finding

RULE = Rule("GC005", "wrong-custom-gradient")


def find(subject: Subject) -> Iterator[Finding]:
    """One finding for each stretch on which the formula is wrong."""
    for stretch in stretches(subject):
        if stretch.gradient is Class.WRONG:
            message = f"the custom gradient is not the derivative on {stretch.interval}: its formula is wrong"
            yield finding(RULE, subject, stretch, "error", message)


def at_point(subject: PointSubject) -> Finding | None:
    """A custom gradient whose formula is wrong at the point."""
    if subject.gradient is not Class.WRONG:
        return None
    message = f"the custom gradient by {subject.wrt} is not the derivative: its formula is wrong"
    return point_finding(RULE, subject, "error", message)
