"""Accuracy of every float: what the screen suspects is settled by real arithmetic.

In: the proof of a line, and a judge. Out: a `Screening`: the suspicious stretches, and the points at which
the survey has to ask for the truth so that none of them is missed; later, what of them is in no region that is listed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from gradcheck import planning, truth
from gradcheck.bisection import Samples
from gradcheck.engine.runs import Runs, joined, taken_apart
from gradcheck.engine.screen import Allowance, screened
from gradcheck.engine.suspects import Suspects
from gradcheck.floats import Ordinals
from gradcheck.pipeline.proofs import Proof, teller
from gradcheck.records import Class, Domain, InputPlan, Region, Screen
from gradcheck.truth import Judge

CALM = truth.QUIET_SAMPLES
"""Points between two stretches, as many as tell the survey that they are two."""

APART = 1 << 16
"""Floats between two stretches from which on they are not the noise of one."""

FLICKERS = 6
"""Stretches that are told apart although they lie close together."""

MOST_STRETCHES = 48
"""Stretches that are told apart."""

WITNESSES = 12
"""Suspicious floats inside of a stretch at which the truth is asked."""

LISTED = frozenset({Class.VANISHED, Class.INACCURATE, Class.WRONG, Class.MIXED})

ASKED = "whether a finite gradient is the true one was asked only where the truth was"
NO_FORM = f"its graph cannot be run in float64 in blocks, so that {ASKED}"
IS_DOUBLE = f"its gradients are float64 themselves and have nothing to be held against one by one, so that {ASKED}"
JOINED = "gradients that are off and gradients that are not lie too close together to be told apart everywhere"


@dataclass(frozen=True)
class Screening:
    """What the screen gives a sweep.

    Attributes:
        screen: None where it was not asked for, or cannot be had.
        points: ordinals at which the truth is to be asked, sorted.
        notes: what the user should know of it.
    """

    screen: Screen | None
    points: Ordinals
    notes: tuple[str, ...] = ()

    def listed(self, regions: tuple[Region, ...]) -> Screen | None:
        """The screen, with what of it is in no region that says so."""
        if self.screen is None:
            return None
        bad = [r for r in regions if LISTED & {*r.gradients.values()} or r.domain is Domain.OUTSIDE]
        return replace(self.screen, unlisted=tuple(outside(self.screen.stretches, bad)))


NOT_SCREENED = Screening(None, np.empty(0, np.int64))


def screening_of(proof: Proof, judge: Judge) -> Screening:
    """Hold every finite gradient of a line, all of which was run, against float64."""
    engine = proof.engine
    if not any(v.connected and v.failure is None for v in engine.versions):
        return NOT_SCREENED
    if engine.fmt.bits == 64:
        return replace(NOT_SCREENED, notes=(IS_DOUBLE,))
    allowance = Allowance(judge.tolerance, judge.unit, judge.floor)
    runs = runs_of(proof.first, engine.plan) if proof.runs is None else proof.runs
    suspects = screened(engine, runs, allowance, teller(first="against float64: "))
    if suspects is None:
        return replace(NOT_SCREENED, notes=(NO_FORM,))
    few = suspects.calmed(FLICKERS, APART).fewer(MOST_STRETCHES)
    screen = Screen(tuple(zip(few.lo.tolist(), few.hi.tolist(), strict=True)), few.joined)
    return Screening(screen, points_of(screen, suspects, engine.plan), (JOINED,) if few.joined else ())


def runs_of(samples: Samples, plan: InputPlan) -> Runs:
    """The runs of samples that are all floats of a plan."""
    parts = [samples.between(lo, hi) for lo, hi in plan.segments]
    return joined([taken_apart(part.ordinals, part.codes) for part in parts])


def points_of(screen: Screen, suspects: Suspects, plan: InputPlan) -> Ordinals:
    """Where to ask for the truth: on both sides of the ends of each stretch, inside, and between those far apart."""
    points = [o for lo, hi in screen.stretches for o in (lo - 1, lo, hi, hi + 1)]
    for lo, hi in screen.stretches:
        inside = suspects.lo[(suspects.lo >= lo) & (suspects.lo <= hi)]
        points += inside[:: -(-len(inside) // WITNESSES)].tolist() if len(inside) > 1 else evenly(lo, hi, 3)
    for (_, before), (after, _) in pairwise(screen.stretches):
        points += evenly(before, after, CALM) if after - before > APART else ()
    return planning.within(plan, np.array(points, dtype=np.int64))


def evenly(lo: int, hi: int, count: int) -> list[int]:
    """Ordinals between two others."""
    return [lo + (hi - lo) * (i + 1) // (count + 1) for i in range(count)]


def outside(stretches: tuple[tuple[int, int], ...], regions: list[Region]) -> Iterator[tuple[int, int]]:
    """What of sorted stretches is in none of some regions, sorted too."""
    for first, last in stretches:
        lo = first
        for region in (r for r in regions if r.hi >= first and r.lo <= last):
            if region.lo > lo:
                yield lo, region.lo - 1
            lo = region.hi + 1
        if lo <= last:
            yield lo, last
