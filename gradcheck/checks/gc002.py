"""GC002 inf-gradient: the gradient is infinite where the function is defined.

Where the output is infinite too, it may be a pole or a true overflow; until real arithmetic tells, that is a warning.
"""

from collections.abc import Iterator

from gradcheck.checks.stretches import Rule, Subject, beside, finding, stretches
from gradcheck.records import Class, Finding

RULE = Rule("GC002", "inf-gradient")


def find(subject: Subject) -> Iterator[Finding]:
    """One finding for each stretch of inf or -inf."""
    for stretch in stretches(subject):
        if stretch.gradient.is_infinite:
            severity = "error" if stretch.forward is Class.FINITE else "warning"
            what = f"is {stretch.gradient.value} on {stretch.interval}"
            message = f"the {subject.version.name} gradient {what}; {beside(stretch)}"
            yield finding(RULE, subject, stretch, severity, message)
