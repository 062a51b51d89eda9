"""GC002 inf-gradient: the gradient is infinite where the function is defined.

Where the output is infinite too, it may be a pole or a true overflow; until real arithmetic tells, that is a warning.
"""

from collections.abc import Iterator

from gradcheck.checks.stretches import Subject, beside, finding, stretches
from gradcheck.records import Class, Finding

CODE, NAME = "GC002", "inf-gradient"


def find(subject: Subject) -> Iterator[Finding]:
    """One finding for each stretch of inf or -inf."""
    for stretch in stretches(subject):
        if stretch.gradient.is_infinite:
            severity = "error" if stretch.forward is Class.FINITE else "warning"
            message = f"the {subject.version.name} gradient is {stretch.gradient.value} on {stretch.interval}; {beside(stretch)}"
            yield finding(subject, stretch, CODE, NAME, severity, message)
