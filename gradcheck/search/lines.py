"""Lines of points: one coordinate, or one direction, swept over ordinals while the rest stays.

In: inputs and points to start from. Out: batches, each line's points in order of their ordinals.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np

from gradcheck.floats import Doubles, FloatFormat, Ordinals, distinct
from gradcheck.records import Batch, TensorInput, TensorPoint

EVEN = 96
"""Even steps over the whole line: a class as wide as a hundredth of all floats is met."""

USUAL = 64
"""Steps over magnitudes from 1e-3 to 1e3, where exponentials overflow."""

MAX_COORDINATES = 12
"""Elements that are swept, of all inputs together."""

DIRECTIONS = 6
"""Directions that are swept, the constant ones before the random ones."""


def line_ordinals(fmt: FloatFormat, rng: np.random.Generator) -> Ordinals:
    """Ordinals over the whole line: even steps with a jitter, usual magnitudes, and the ends."""
    width = float(fmt.max_ordinal) - float(fmt.min_ordinal)
    steps = (np.arange(EVEN) + rng.random(EVEN)) / EVEN
    even = (fmt.min_ordinal + steps * width).astype(np.int64)
    sizes = np.logspace(-3, 3, USUAL // 2)
    usual = fmt.encode(np.concatenate([sizes, -sizes]))
    tiny = int(fmt.encode(fmt.smallest_normal))
    ends = np.array([fmt.min_ordinal, fmt.max_ordinal, 0, 1, tiny, -tiny - 1, tiny - 1], np.int64)
    return distinct(np.clip(np.concatenate([even, usual, ends]), fmt.min_ordinal, fmt.max_ordinal))


def coordinates(inputs: tuple[TensorInput, ...], rng: np.random.Generator) -> list[tuple[int, tuple[int, ...]]]:
    """Elements of float inputs worth sweeping: all where they are few, else first, last and some at random."""
    every = [(k, index) for k, i in enumerate(inputs) if i.fmt for index in islice(np.ndindex(i.shape), 4096)]
    if len(every) <= MAX_COORDINATES:
        return every
    firsts = [next(c for c in every if c[0] == k) for k in sorted({k for k, _ in every})]
    lasts = [next(c for c in reversed(every) if c[0] == k) for k in sorted({k for k, _ in every})]
    random = [every[j] for j in rng.choice(len(every), MAX_COORDINATES, replace=False)]
    return list(dict.fromkeys([*firsts, *lasts, *random]))[:MAX_COORDINATES]


def along_coordinate(
    inputs: tuple[TensorInput, ...], base: TensorPoint, place: tuple[int, tuple[int, ...]], ordinals: Ordinals
) -> Batch:
    """The points of a coordinate's line: `base` with one element at each ordinal, in the domain."""
    k, index = place
    fmt = inputs[k].fmt
    assert fmt is not None, "only floats are swept"
    arrays = [np.repeat(array[None], len(ordinals), 0) for array in base]
    column: tuple[Any, ...] = (slice(None), *index)
    arrays[k][column] = fmt.decode(ordinals)
    return projected(inputs, tuple(arrays))


def directions(inputs: tuple[TensorInput, ...], rng: np.random.Generator) -> Iterator[list[Doubles]]:
    """Directions: all ones, alternating signs, each input alone, then random ones."""
    shapes = [i.shape if i.fmt else () for i in inputs]
    yield [np.ones(s) for s in shapes]
    yield [np.where(np.arange(int(np.prod(s))) % 2, -1.0, 1.0).reshape(s) for s in shapes]
    for k in range(len(inputs) if len(inputs) > 1 else 0):
        yield [np.ones(s) * (j == k) for j, s in enumerate(shapes)]
    while True:
        yield [rng.standard_normal(s) for s in shapes]


def along_direction(
    inputs: tuple[TensorInput, ...], base: TensorPoint, direction: list[Doubles], ordinals: Ordinals
) -> Batch:
    """The points base + t * direction, t at each ordinal of the first float input, in the domain."""
    fmt = next(i.fmt for i in inputs if i.fmt)
    t = fmt.decode(ordinals)
    arrays = []
    for i, array, d in zip(inputs, base, direction, strict=True):
        if i.fmt:
            with np.errstate(over="ignore"):
                moved = array[None] + t.reshape((-1, *(1,) * array.ndim)) * d[None]
            arrays.append(np.clip(moved, -i.fmt.largest, i.fmt.largest))
        else:
            arrays.append(np.repeat(array[None], len(t), 0))
    return projected(inputs, tuple(arrays))


def projected(inputs: tuple[TensorInput, ...], batch: Batch) -> Batch:
    """A batch with every input in its domain, and every float one of its dtype."""
    return tuple(i.domain.project(array, i.fmt) for i, array in zip(inputs, batch, strict=True))


def joined(batches: list[Batch]) -> Batch:
    """Several batches as one."""
    return tuple(np.concatenate(arrays) for arrays in zip(*batches, strict=True))
