"""GC006 forward-overflow: the output is NaN or infinite where the true output can be represented."""

from collections.abc import Iterator

from gradcheck.checks.stretches import Rule, Subject, defects, finding
from gradcheck.records import Finding

RULE = Rule("GC006", "forward-overflow")


def find(subject: Subject) -> Iterator[Finding]:
    """One finding for each stretch, told once: beside the version that training runs."""
    if subject.effective:
        for stretch in defects(subject):
            what = f"the output is {stretch.forward.value} on {stretch.interval}"
            yield finding(RULE, subject, stretch, "warning", f"{what}, where the true output is an ordinary number")
