"""Drive the intermediates to their danger points.

In: a plan and a look at the intermediates along the line. Out: ordinals worth sampling: where an intermediate changes
sign, becomes NaN, infinite or flushed, or passes a danger point (found by bisection, all intermediates at once), and
where it comes nearest to a danger point without passing it (the local minima of the distance, closed in on).
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gradcheck import options as opt
from gradcheck.bisection import Codes, midpoint
from gradcheck.floats import FloatFormat, Ordinals, distinct
from gradcheck.planning import even, share, within
from gradcheck.planning.specials import around, near, special_values
from gradcheck.records import InputPlan

INTERIOR = 8
"""Points inside a bracket in which a nearest approach is looked for; each round leaves 2/9 of it."""


class Look(Protocol):
    """From ordinals [n] to codes [intermediates, n] and distances [approaches, n]."""

    def __call__(self, ordinals: Ordinals) -> tuple[Codes, NDArray[np.float64]]:
        """Look at these ordinals, sorted or not."""


def danger_ordinals(plan: InputPlan, fmt: FloatFormat, look: Look, seed: int) -> Ordinals:
    """The ordinals at which an intermediate meets danger, with their neighbours; nothing outside of the plan is run."""
    rng = np.random.default_rng(seed)
    special = around(fmt, fmt.encode(special_values(fmt, few=True)), 1)
    found = []
    for lo, hi in plan.segments:
        drawn = even(lo, hi, share(opt.PROBE_STRATA, lo, hi, plan), rng)
        ordinals = distinct(np.concatenate([drawn, special[(special >= lo) & (special <= hi)]]))
        codes, distances = look(ordinals)
        found.append(near(fmt, closed_crossings(ordinals, codes, look, int(fmt.encode(1.0))), 2))
        found.append(near(fmt, nearest_approaches(ordinals, distances, look), 4))
    return within(plan, np.concatenate(found))


def closed_crossings(ordinals: Ordinals, codes: Codes, look: Look, centre: int) -> Ordinals:
    """Both floats at every change of an intermediate's code, at most `MAX_PROBE_CHANGES` an intermediate.

    Where there are more, those nearest to +-1 (by ordinal) are taken: an oscillation goes on in both directions.
    """
    which, at = np.nonzero(codes[:, 1:] != codes[:, :-1])
    distance = np.abs(np.abs(ordinals[at].astype(np.float64)) - centre)
    order = np.lexsort((distance, which))
    rank = np.arange(len(order)) - np.searchsorted(which[order], which[order])
    chosen = np.sort(order[rank < opt.MAX_PROBE_CHANGES])
    which, at = which[chosen], at[chosen]
    lo, hi, lo_codes = ordinals[at], ordinals[at + 1], codes[which, at]
    while (hi - 1 != lo).any():
        middle = midpoint(lo, hi)
        wanted, place = np.unique(middle, return_inverse=True)
        same = look(wanted)[0][which, place.ravel()] == lo_codes
        lo, hi = np.where(same, middle, lo), np.where(same, hi, np.maximum(middle, lo + 1))
    return np.concatenate([lo, hi])


def nearest_approaches(ordinals: Ordinals, distances: NDArray[np.float64], look: Look) -> Ordinals:
    """Local minima of the distances, the `MAX_MINIMA` smallest of each, closed in on."""
    if not len(distances):
        return ordinals[:0]
    inner = distances[:, 1:-1]
    minima = (inner < distances[:, :-2]) & (inner <= distances[:, 2:])
    which, at = np.nonzero(minima)
    order = np.lexsort((inner[which, at], which))
    rank = np.arange(len(order)) - np.searchsorted(which[order], which[order])
    chosen = order[rank < opt.MAX_MINIMA]
    which, at = which[chosen], at[chosen] + 1
    lo, best, hi = ordinals[at - 1], ordinals[at], ordinals[at + 1]
    parts = np.arange(1, INTERIOR + 1, dtype=np.uint64)
    while len(lo) and ((width := (hi - lo).view(np.uint64)) > 2).any():
        step = np.maximum(width // np.uint64(INTERIOR + 1), np.uint64(1))
        offsets = np.minimum(step[:, None] * parts, width[:, None]).view(np.int64)
        tried = np.concatenate([lo[:, None], lo[:, None] + offsets, hi[:, None]], axis=1)
        wanted, place = np.unique(tried, return_inverse=True)
        found = look(wanted)[1][which[:, None], place.reshape(tried.shape)]
        found = np.where(np.isnan(found), np.inf, found)
        winner = found[:, 1:-1].argmin(axis=1) + 1
        row = np.arange(len(lo))
        lo, best, hi = tried[row, winner - 1], tried[row, winner], tried[row, winner + 1]
    return best
