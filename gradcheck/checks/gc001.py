"""GC001 nan-gradient: the gradient is NaN where the function is defined.

Where the true gradient exceeds the dtype too, that is a warning; so is, where the truth is not known, an output that
is NaN as well.
"""

from collections.abc import Iterator

from gradcheck.checks.points import PointSubject, is_outside, odd_severity, point_finding, said_beside
from gradcheck.checks.stretches import Rule, Subject, beside, finding, severity_of, stretches
from gradcheck.records import Class, Finding

RULE = Rule("GC001", "nan-gradient")


def find(subject: Subject) -> Iterator[Finding]:
    """One finding for each stretch of NaN, or of a mixture that may hold NaN."""
    for stretch in stretches(subject):
        if stretch.gradient not in (Class.NAN, Class.MIXED) or stretch.is_outside:
            continue
        severity = severity_of(stretch, stretch.forward in (Class.NAN, Class.MIXED))
        what = "is NaN" if stretch.gradient is Class.NAN else "is now finite, now not, too often to tell apart,"
        message = f"the {subject.version.name} gradient {what} on {stretch.interval}; {beside(stretch)}"
        yield finding(RULE, subject, stretch, severity, message)


def at_point(subject: PointSubject) -> Finding | None:
    """A gradient of which some entry is NaN."""
    if subject.gradient is not Class.NAN or is_outside(subject):
        return None
    message = f"the {subject.version} gradient by {subject.wrt} is NaN; {said_beside(subject)}"
    return point_finding(RULE, subject, odd_severity(subject), message)
