"""Findings of a sweep, looked at again elsewhere: in other modes, alone, and in a batch.

In: findings with witnesses, and the engine of the sweep. Out: the same findings, with the ways in which TensorFlow
gives another class at the witness, or else at an end: kernels for one float and for many part where overflow begins.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from gradcheck.records import Elsewhere, Finding

if TYPE_CHECKING:
    from gradcheck.engine import Engine

MOST = 8
"""Findings of one sweep that are looked at again. XLA compiles twice for each version, 0.1 s each, then it is quick."""


def rechecked(engine: "Engine", findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The findings, the first of them with `elsewhere`."""
    chosen = [f for f in findings if f.at is not None and f.severity != "info"][:MOST]
    return tuple(replace(f, elsewhere=next(others(engine, f), ())) if f in chosen else f for f in findings)


def others(engine: "Engine", finding: Finding) -> Iterator[tuple[Elsewhere, ...]]:
    """At the witness and at both ends, the ways in which the class is another one; only where there are any."""
    from gradcheck.engine.modes import elsewhere

    version = next(v for v in engine.versions if v.name == finding.version)
    for ordinal in dict.fromkeys(o for o in (finding.at, finding.lo, finding.hi) if o is not None):
        ((_, output, gradients),) = engine.values_at([ordinal])
        here = kind(output), kind(gradients[finding.version])
        there = elsewhere(engine, version, ordinal)
        found = tuple(e for e in there if (kind(e.output), kind(e.gradient)) != here)
        if found:
            yield found


def kind(value: float | None) -> str:
    """What of a number counts here."""
    return str(value) if value is None or not math.isfinite(value) else "zero" if value == 0 else "finite"
