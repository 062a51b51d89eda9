"""GC004 inaccurate-gradient: finite, but further from the true gradient than the tolerance."""

from collections.abc import Iterator

from gradcheck.checks.points import PointSubject, point_finding
from gradcheck.checks.stretches import Rule, Subject, finding, stretches
from gradcheck.records import Class, Finding

RULE = Rule("GC004", "inaccurate-gradient")


def find(subject: Subject) -> Iterator[Finding]:
    """One finding for each stretch of inaccurate gradients."""
    for stretch in stretches(subject):
        if stretch.gradient is Class.INACCURATE:
            message = (
                f"the {subject.version.name} gradient is inaccurate on {stretch.interval}: finite, and not the true one"
            )
            yield finding(RULE, subject, stretch, "warning", message)


def at_point(subject: PointSubject) -> Finding | None:
    """A gradient of which some entry is finite and not the true one."""
    if subject.gradient is not Class.INACCURATE:
        return None
    message = f"the {subject.version} gradient by {subject.wrt} is inaccurate: finite, and not the true one"
    return point_finding(RULE, subject, "warning", message)
