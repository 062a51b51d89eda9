"""GC003 vanished-gradient: the gradient is exactly 0 where the true one is not, and could be represented."""

from collections.abc import Iterator

from gradcheck.checks.points import PointSubject, point_finding
from gradcheck.checks.stretches import Rule, Subject, finding, stretches
from gradcheck.records import Class, Finding

RULE = Rule("GC003", "vanished-gradient")


def find(subject: Subject) -> Iterator[Finding]:
    """One finding for each stretch of vanished gradients."""
    for stretch in stretches(subject):
        if stretch.gradient is Class.VANISHED:
            message = (
                f"the {subject.version.name} gradient is exactly 0 on {stretch.interval}, where the true one is not"
            )
            yield finding(RULE, subject, stretch, "error", message)


def at_point(subject: PointSubject) -> Finding | None:
    """A gradient of which some entry is exactly 0 and should not be."""
    if subject.gradient is not Class.VANISHED:
        return None
    message = f"the {subject.version} gradient by {subject.wrt} is exactly 0 where the true one is not"
    return point_finding(RULE, subject, "warning" if subject.far or subject.slight else "error", message)
