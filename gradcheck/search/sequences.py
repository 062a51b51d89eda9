"""Sequences: points spread evenly over all floats, over magnitudes, and over small numbers.

In: a target's inputs, how many points. Out: a batch inside the domains. Principle: a half of the points is even on the
line of ordinals, where every float counts the same, a quarter on the logarithm of moderate magnitudes, a quarter on
numbers near 0; the three take turns, and each runs through a low-discrepancy sequence of its own.

The sequence is Roberts' R_d: multiples, modulo 1, of the powers of 1/g, where g > 1 and g^(d+1) = g + 1 (M. Roberts,
"The unreasonable effectiveness of quasirandom sequences", extremelearning.com.au, 2018; g of d = 1 is the
golden ratio).
"""

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from gradcheck.floats import Doubles, FloatFormat, Ordinals
from gradcheck.records.tensors import Batch, TensorInput

Spread: TypeAlias = Callable[[Doubles, FloatFormat, tuple[float, float]], Doubles]
"""From numbers in [0, 1), a dtype and the ends of a domain, values between these ends."""

MOST_DIMENSIONS = 32
"""Beyond, neighbouring powers of 1/g are so alike that R_d is less even than random numbers are."""

MAGNITUDES = (1e-6, 1e6)
"""Magnitudes at which people's values lie, units of any kind included."""

NEAR = 4.0
"""Half-width of the numbers near 0: activations, logits, standardised data."""


def low_discrepancy(inputs: tuple[TensorInput, ...], count: int, seed: int) -> Batch:
    """`count` points, the same for the same seed, inside of the domains."""
    sizes = [math.prod(item.shape) for item in inputs]
    rng = np.random.default_rng(seed)
    turns = np.arange(count) % 4
    batch = [np.empty((count, size)) for size in sizes]
    for spread, mine in ((over_ordinals, turns % 2 == 0), (over_magnitudes, turns == 1), (near_zero, turns == 3)):
        fractions = even_fractions(int(mine.sum()), sum(sizes), rng)
        pieces = np.split(fractions, np.cumsum(sizes)[:-1], axis=1)
        for values, item, piece in zip(batch, inputs, pieces, strict=True):
            values[mine] = drawn(item, piece, spread)
    shaped = [values.reshape(count, *item.shape) for values, item in zip(batch, inputs, strict=True)]
    return tuple(i.domain.admit(values, i.fmt, i.array_dtype) for values, i in zip(shaped, inputs, strict=True))


def even_fractions(count: int, dimensions: int, rng: np.random.Generator) -> Doubles:
    """[count, dimensions] numbers in [0, 1): a stretch of R_d from a random place on, or random ones."""
    if dimensions > MOST_DIMENSIONS:
        return rng.random((count, dimensions))
    steps = generalised_golden_ratio(dimensions) ** -np.arange(1.0, dimensions + 1)
    fractions: Doubles = (rng.random(dimensions) + np.arange(count)[:, None] * steps) % 1.0
    return fractions


def generalised_golden_ratio(dimensions: int) -> float:
    """The g > 1 of which g^(d+1) = g + 1, by its own iteration."""
    ratio = 2.0
    for _ in range(64):
        ratio = (1 + ratio) ** (1 / (dimensions + 1))
    return ratio


def drawn(item: TensorInput, fractions: Doubles, spread: Spread) -> Doubles:
    """Numbers of an input, even in its domain where they are whole."""
    if item.domain.kind == "one-hot" or (item.fmt is None and item.domain.kind in ("simplex", "unit")):
        return fractions  # the greatest of a row may be anywhere
    ends = item.domain.ends(item.fmt)
    if item.fmt is None or item.domain.whole:
        return np.floor(ends[0] + fractions * (ends[1] - ends[0] + 1))
    return spread(fractions, item.fmt, ends)


def over_ordinals(fractions: Doubles, fmt: FloatFormat, ends: tuple[float, float]) -> Doubles:
    """Every float between the ends is as likely."""
    first, last = (int(fmt.encode(end)) for end in ends)
    width = np.uint64(last - first)
    steps = np.minimum((fractions * (float(width) + 1)).astype(np.uint64), width)
    ordinals: Ordinals = (np.array([first]).view(np.uint64) + steps).view(np.int64)
    return fmt.decode(ordinals)


def over_magnitudes(fractions: Doubles, fmt: FloatFormat, ends: tuple[float, float]) -> Doubles:
    """Every moderate magnitude between the ends is as likely; both signs are where the domain has both."""
    below, above = stretch(-ends[1], -ends[0]), stretch(*ends)
    if not below or not above:
        kept = above or below
        return (
            np.copysign(log_uniform(fractions, kept), 1.0 if above else -1.0)
            if kept
            else near_zero(fractions, fmt, ends)
        )
    halves = fractions * 2
    return np.where(halves < 1, -log_uniform(halves, below), log_uniform(halves - 1, above))


def stretch(lo: float, hi: float) -> tuple[float, float] | None:
    """The moderate magnitudes of an interval."""
    low, high = max(lo, MAGNITUDES[0]), min(hi, MAGNITUDES[1])
    return (low, high) if low < high else None


def log_uniform(fractions: Doubles, ends: tuple[float, float]) -> Doubles:
    """Even on the logarithm between positive ends."""
    low, high = math.log(ends[0]), math.log(ends[1])
    values: Doubles = np.exp(low + fractions * (high - low))
    return values


def near_zero(fractions: Doubles, fmt: FloatFormat, ends: tuple[float, float]) -> Doubles:
    """Even on the numbers near 0 between the ends, or on all between them where none is near."""
    low, high = max(ends[0], -NEAR), min(ends[1], NEAR)
    if low >= high:
        low, high = ends
    return low * (1 - fractions) + high * fractions
