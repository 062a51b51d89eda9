"""Draws: where on the whole line the truth is asked for besides the ends of regions.

In: the plan of an input. Out: ordinals inside it.
"""

import numpy as np

from gradcheck.floats import FloatFormat, Ordinals
from gradcheck.options import SURVEY_POINTS
from gradcheck.records import InputPlan


def drawn(plan: InputPlan, fmt: FloatFormat, held: tuple[float, ...], seed: int) -> Ordinals:
    """Ordinals of the whole plan to judge, each with its mirror image.

    They are drawn evenly by ordinal and as decimals near 0; then powers of ten, the smallest normal numbers, and the
    values of the other inputs, where two inputs tie.
    """
    rng = np.random.default_rng(seed)
    lo, hi = plan.segments[0][0], plan.segments[-1][1]
    first, last = fmt.value(lo), fmt.value(hi)
    count = SURVEY_POINTS // 6
    even = (np.arange(count) + rng.uniform(0, 1, count)) / count
    ordinals = [(lo + even * float(hi - lo)).astype(np.int64)]
    for reach in (8.0, 128.0):
        low, high = max(first, -reach), min(last, reach)
        if low < high:
            ordinals.append(fmt.encode(low + (high - low) * (np.arange(count) + rng.uniform(0, 1, count)) / count))
    powers = 10.0 ** np.arange(-12, 13)
    special = [*powers[powers < fmt.largest], fmt.smallest_normal, 1.5 * fmt.smallest_normal, *held]
    ordinals.append(fmt.encode(np.array(special)))
    one = np.concatenate(ordinals)
    every = np.concatenate([one, -one - 1])
    inside = np.zeros(len(every), dtype=bool)
    for start, stop in plan.segments:
        inside |= (every >= start) & (every <= stop)
    return every[inside]
