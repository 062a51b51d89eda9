"""Points a few last bits beside another one.

In: a point. Out: the same with each float moved by CONDITION_ULPS, up or down at random, and inside its input's domain;
0 stays 0, since a relative error of it is none.
"""

import numpy as np

from gradcheck.options import CONDITION_ULPS
from gradcheck.program import Array
from gradcheck.records import TensorInput, TensorPoint


def moved(inputs: tuple[TensorInput, ...], point: TensorPoint, seed: int) -> TensorPoint:
    """A point with each float moved by CONDITION_ULPS, up or down at random but the same each time."""
    rng = np.random.default_rng(seed)
    return tuple(jittered(i, x, rng.choice((-1, 1), np.shape(x))) for i, x in zip(inputs, point, strict=True))


def jittered(of: TensorInput, values: Array, signs: Array) -> Array:
    """The floats of one input moved, inside its domain; 0 stays."""
    if of.fmt is None:
        return values
    ordinals = np.clip(of.fmt.encode(values) + CONDITION_ULPS * signs, of.fmt.min_ordinal, of.fmt.max_ordinal)
    low, high = ends(of)
    return np.where(values == 0, values, np.clip(of.fmt.decode(ordinals), low, high))


def ends(of: TensorInput) -> tuple[float, float]:
    """Between which numbers an input's values stay."""
    if of.domain.kind in ("probability", "simplex", "one-hot", "mask"):
        return 0.0, 1.0
    low, high = of.domain.lo, of.domain.hi
    return -np.inf if low is None else low, np.inf if high is None else high
