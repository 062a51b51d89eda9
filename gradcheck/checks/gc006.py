"""GC006 forward-overflow: the output is NaN or infinite where the true output can be represented."""

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.checks.points import PointSubject, point_finding
from gradcheck.checks.stretches import Rule, Subject, defects, finding
from gradcheck.records import Class, Finding, Kind

RULE = Rule("GC006", "forward-overflow")


def find(subject: Subject) -> Iterator[Finding]:
    """One finding for each stretch, told once: beside the version that training runs."""
    if subject.effective:
        for stretch in defects(subject):
            what = f"the output is {stretch.forward.value} on {stretch.interval}"
            yield finding(RULE, subject, stretch, "warning", f"{what}, where the true output is an ordinary number")


def at_point(subject: PointSubject) -> Finding | None:
    """Outputs that are not finite where the true ones can be represented; told once, not for every input."""
    if not subject.effective or not subject.defect:
        return None
    what = "NaN" if subject.forward is Class.NAN else "infinite"
    message = f"the output is {what}, where the true output is an ordinary number"
    return replace(point_finding(RULE, subject, "warning", message), kind=Kind.NUMERICAL.value)
