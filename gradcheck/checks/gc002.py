"""GC002 inf-gradient: the gradient is infinite where the function is defined.

Where the true gradient exceeds the dtype too, that is a warning; so is, where the truth is not known, an output that
is infinite as well.
"""

from collections.abc import Iterator

from gradcheck.checks.points import PointSubject, is_outside, odd_severity, point_finding, said_beside
from gradcheck.checks.stretches import Rule, Subject, beside, finding, severity_of, stretches
from gradcheck.records import Class, Finding

RULE = Rule("GC002", "inf-gradient")


def find(subject: Subject) -> Iterator[Finding]:
    """One finding for each stretch of inf or -inf."""
    for stretch in stretches(subject):
        if stretch.gradient.is_infinite and not stretch.is_outside:
            severity = severity_of(stretch, stretch.forward is not Class.FINITE)
            what = f"is {stretch.gradient.value} on {stretch.interval}"
            message = f"the {subject.version.name} gradient {what}; {beside(stretch)}"
            yield finding(RULE, subject, stretch, severity, message)


def at_point(subject: PointSubject) -> Finding | None:
    """A gradient of which some entry is infinite, and none NaN."""
    if not subject.gradient.is_infinite or is_outside(subject):
        return None
    message = f"the {subject.version} gradient by {subject.wrt} is infinite; {said_beside(subject)}"
    return point_finding(RULE, subject, odd_severity(subject), message)
