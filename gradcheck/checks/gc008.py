"""GC008 disconnected-gradient: autodiff returns None for an input that the output depends on.

Behind a `tf.stop_gradient` of the user's own that is on purpose, so it is said and not held against anybody.
"""

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.checks.points import PointSubject, point_finding
from gradcheck.checks.stretches import Rule, Subject, finding, stretches
from gradcheck.records import Class, Finding, Stop

RULE = Rule("GC008", "disconnected-gradient")


def find(subject: Subject) -> Iterator[Finding]:
    """One finding for the whole line, if the gradient is None and the output varies."""
    version = subject.version
    if version.connected or version.failure or not subject.sweep.varies:
        return
    first = next(stretches(subject))
    severity, why = reason(subject.stops)
    message = f"the {version.name} gradient is None although the output depends on {subject.sweep.input.name}: {why}"
    whole = finding(RULE, subject, first, severity, message)
    yield replace(
        whole, lo=subject.sweep.regions[0].lo, hi=subject.sweep.regions[-1].hi, masked=first.forward is Class.FINITE
    )


def at_point(subject: PointSubject) -> Finding | None:
    """A gradient that is None although the outputs depend on the input."""
    if subject.gradient is not Class.NONE or not subject.varies:
        return None
    severity, why = reason(subject.stops)
    message = f"the {subject.version} gradient is None although the output depends on {subject.wrt}: {why}"
    return point_finding(RULE, subject, severity, message)


def reason(stops: tuple[Stop, ...]) -> tuple[str, str]:
    """How bad it is, and why, in words."""
    if stops:
        where = ", ".join(dict.fromkeys(stop.place for stop in stops))
        return "info", f"stopped on purpose by tf.stop_gradient ({where})"
    return "warning", "no operation on the way has a gradient (rounding, comparing, casting)"
