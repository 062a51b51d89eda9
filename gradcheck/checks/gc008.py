"""GC008 disconnected-gradient: autodiff returns None for an input that the output depends on.

Behind a `tf.stop_gradient` of the user's own that is on purpose, so it is said and not held against anybody.
"""

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.checks.stretches import Rule, Subject, finding, stretches
from gradcheck.records import Class, Finding

RULE = Rule("GC008", "disconnected-gradient")


def find(subject: Subject) -> Iterator[Finding]:
    """One finding for the whole line, if the gradient is None and the output varies."""
    version = subject.version
    if version.connected or version.failure or not subject.sweep.varies:
        return
    first = next(stretches(subject))
    if subject.stops:
        where = ", ".join(dict.fromkeys(stop.place for stop in subject.stops))
        severity, why = "info", f"stopped on purpose by tf.stop_gradient ({where})"
    else:
        severity, why = "warning", "no operation on the way has a gradient (rounding, comparing, casting)"
    message = f"the {version.name} gradient is None although the output depends on {subject.sweep.input.name}: {why}"
    whole = finding(RULE, subject, first, severity, message)
    yield replace(
        whole, lo=subject.sweep.regions[0].lo, hi=subject.sweep.regions[-1].hi, masked=first.forward is Class.FINITE
    )
