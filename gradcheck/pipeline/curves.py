"""Curves: the points of a line that are kept to be drawn.

In: a swept line, what was run of it, and who knows the truth; or a witness of a tensor target. Out: a `Curve`. Of a
sweep nearly all is known: the survey has run and judged a draw of the whole line, and the ends of every region. Only
what is missing there (ends of narrow regions, stretches that the draw left open) is run in addition, in one block.
"""

from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from gradcheck import truth
from gradcheck.floats import Ordinals, distinct
from gradcheck.options import CURVE_POINTS, CURVE_REGIONS, CURVE_STEPS
from gradcheck.records import Curve, InputPlan, Region, Sweep
from gradcheck.truth import PointsAt


@dataclass
class Remembering:
    """A way to run points that remembers them."""

    points_at: PointsAt
    seen: dict[int, truth.Point] = field(default_factory=dict)

    def __call__(self, ordinals: Ordinals) -> list[truth.Point]:
        """Run points."""
        found = self.points_at(ordinals)
        self.seen |= {point.ordinal: point for point in found}
        return found

    def all(self, ordinals: Ordinals) -> list[truth.Point]:
        """The points at distinct ordinals, those run that were not yet."""
        fresh = np.array([o for o in ordinals.tolist() if o not in self.seen], np.int64)
        if len(fresh):
            self(fresh)
        return [self.seen[o] for o in ordinals.tolist()]


def curve_of(sweep: Sweep, draws: Ordinals, run: Remembering, judge: truth.Judge | None) -> Curve:
    """The curve of one swept input; `draws` are spread over the whole line."""
    ordinals = distinct(np.concatenate([thinned(with_steps(draws, sweep.plan)), marks(sweep.regions)]))
    points = run.all(ordinals)
    true = [truth.true_values(judge, p.ordinal) if judge else (None, None) for p in points]
    return Curve(
        sweep.input.fmt,
        tuple(p.ordinal for p in points),
        tuple(p.output for p in points),
        {name: tuple(p.gradients[i] for p in points) for i, name in enumerate(sweep.regions[0].gradients)},
        tuple(value for value, _ in true),
        tuple(slope for _, slope in true),
    )


def with_steps(draws: Ordinals, plan: InputPlan) -> Ordinals:
    """Draws, and the even steps of each segment that have none nearby."""
    known = distinct(draws)
    missing = []
    for lo, hi in plan.segments:
        for k in range(CURVE_STEPS + 1):
            step = lo + (hi - lo) * k // CURVE_STEPS
            j = int(np.searchsorted(known, step))
            if all(abs(int(o) - step) * CURVE_STEPS > hi - lo for o in known[max(j - 1, 0) : j + 1]):
                missing.append(step)
    return distinct(np.concatenate([known, np.array(missing, np.int64)]))


def thinned(ordinals: Ordinals) -> Ordinals:
    """Some of sorted ordinals, evenly by their number."""
    if len(ordinals) <= CURVE_POINTS:
        return ordinals
    return ordinals[np.arange(CURVE_POINTS) * len(ordinals) // CURVE_POINTS]


def marks(regions: tuple[Region, ...]) -> Ordinals:
    """Both ends of the widest regions, which are the last float of one and the first of the next, and the witnesses."""
    widest = sorted(regions, key=lambda r: (-r.floats, r.lo))
    return np.array([o for r in islice(widest, CURVE_REGIONS) for o in (r.lo, r.hi, r.witness)], np.int64)
