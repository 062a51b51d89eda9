"""GC003 vanished-gradient: the gradient is exactly 0 where the true one is not, and could be represented."""

from collections.abc import Iterator

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
