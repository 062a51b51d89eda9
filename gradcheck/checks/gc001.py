"""GC001 nan-gradient: the gradient is NaN where the function is defined.

Where the output is NaN too, only real arithmetic can tell a hole in the domain from a defect; until then that is a
warning, not an error.
"""

from collections.abc import Iterator

from gradcheck.checks.stretches import Rule, Subject, beside, finding, stretches
from gradcheck.records import Class, Finding

RULE = Rule("GC001", "nan-gradient")


def find(subject: Subject) -> Iterator[Finding]:
    """One finding for each stretch of NaN, or of a mixture that may hold NaN."""
    for stretch in stretches(subject):
        if stretch.gradient not in (Class.NAN, Class.MIXED):
            continue
        severity = "warning" if stretch.forward in (Class.NAN, Class.MIXED) else "error"
        what = "is NaN" if stretch.gradient is Class.NAN else "is now finite, now not, too often to tell apart,"
        message = f"the {subject.version.name} gradient {what} on {stretch.interval}; {beside(stretch)}"
        yield finding(RULE, subject, stretch, severity, message)
