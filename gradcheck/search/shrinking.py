"""Shrinking: from a point that fails to the simplest one that still does.

In: a point inside its domains that fails, and a way to ask whether others do. Out: a point that fails. Principle: each
step proposes simpler points in batches, coarse changes before fine ones and, in a batch, the simplest first; it takes
the first that fails (no later one is believed), tries to take in the changes of the others too, and goes on from there.
Every step makes the point strictly simpler, so it ends.
"""

import math
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from gradcheck.floats import FORMATS, Doubles, FloatFormat
from gradcheck.program import Array
from gradcheck.records.tensors import Batch, TensorInput, TensorPoint
from gradcheck.simplest import simplest

SMALL = 64
"""Elements of an input up to which each is looked at alone, and its digits count."""

PROPOSALS, PROPOSED_ELEMENTS = 1024, 1 << 20
"""Points of a batch, and elements of all of them together: 8 MB, and as much again in a kernel."""

MERGED = 256
"""Failing proposals whose changes are put together."""

OCTAVE = 1024
"""Steps in which a magnitude's binary logarithm is counted, so that sums of it are exact."""

StillFails = Callable[[Batch], NDArray[np.bool_]]
Proposals = Iterator[TensorPoint]


def shrink(point: TensorPoint, inputs: tuple[TensorInput, ...], still_fails: StillFails, rounds: int) -> TensorPoint:
    """The simplest point found in `rounds` steps; only the first True of an answer of `still_fails` has to be right."""
    for _ in range(rounds):
        simpler = step(point, inputs, still_fails)
        if simpler is None:
            break
        point = simpler
    return point


def complexity(point: TensorPoint, inputs: tuple[TensorInput, ...]) -> tuple[int, ...]:
    """How simple a point is, less is simpler, the first difference decides.

    Entries that are not 0; distinct values of all inputs; decimal digits of their entries; distance of the entries'
    magnitudes from 1, in 1/1024 octaves; negative entries, -0 among them. Digits of inputs of more than 64 elements
    count as none.
    """
    return tuple(complexities(tuple(values[None] for values in point), inputs)[0].tolist())


def step(point: TensorPoint, inputs: tuple[TensorInput, ...], still_fails: StillFails) -> TensorPoint | None:
    """A simpler point that fails, by the coarsest change that does it."""
    for propose in (wholes, rows, parts, alike, elements):
        batch = simpler_ones(propose(point, inputs), point, inputs)
        fails = failing(batch, still_fails)
        if fails.size:
            first = at(batch, int(fails[0]))
            merged = simpler_ones(merges(point, batch, fails), first, inputs)
            good = failing(merged, still_fails)
            return at(merged, int(good[0])) if good.size else first
    return None


def failing(batch: Batch, still_fails: StillFails) -> NDArray[np.intp]:
    """Which points of a batch fail."""
    return np.flatnonzero(still_fails(batch) if batch else np.zeros(0, dtype=np.bool_))


def simpler_ones(proposals: Proposals, point: TensorPoint, inputs: tuple[TensorInput, ...]) -> Batch:
    """The proposals, in the domains, that are simpler than a point, the simplest first; an empty tuple of none."""
    size = sum(values.size for values in point)
    most = max(4, min(PROPOSALS, PROPOSED_ELEMENTS // max(size, 1)))
    found = list(islice(proposals, most * (4 if size <= SMALL else 1)))
    if not found:
        return ()
    columns = zip(inputs, zip(*found, strict=True), strict=True)
    batch = tuple(item.domain.project(np.stack(column), item.fmt) for item, column in columns)
    keys, bound = complexities(batch, inputs), complexity(point, inputs)
    places: dict[bytes, int] = {}
    for i in np.lexsort(keys.T[::-1]):
        if tuple(keys[i].tolist()) < bound:
            places.setdefault(b"".join(values[i].tobytes() for values in batch), int(i))
    kept = list(places.values())[:most]
    return tuple(values[kept] for values in batch) if kept else ()


def at(batch: Batch, i: int) -> TensorPoint:
    """One point of a batch."""
    return tuple(np.array(values[i]) for values in batch)


def replaced(point: TensorPoint, k: int, values: Array) -> TensorPoint:
    """The point with other values of input `k`, of the dtype of those it had."""
    return (*point[:k], values.astype(point[k].dtype), *point[k + 1 :])


def wholes(point: TensorPoint, inputs: tuple[TensorInput, ...]) -> Proposals:
    """All inputs, or one, at 0, 1, -1; one at a value that it has, equal to another one, positive, or rounded."""
    for value in (0, 1, -1):
        yield tuple(np.full(values.shape, value).astype(values.dtype) for values in point)
        yield from (replaced(point, k, np.full(values.shape, value)) for k, values in enumerate(point))
    for k, values in enumerate(point):
        for value in dict.fromkeys([*values.flat[:4], *values.flat[-1:]]):
            yield replaced(point, k, np.full(values.shape, value))
        yield from (replaced(point, k, other) for other in point if other.shape == values.shape)
        if inputs[k].fmt and values.size <= PROPOSALS:
            yield replaced(point, k, np.abs(values))
            yield from (replaced(point, k, significant(values, digits)) for digits in (1, 2, 3))


def significant(values: Doubles, digits: int) -> Doubles:
    """Every value rounded to some decimal digits."""
    return np.array([float(f"{value:.{digits - 1}e}") for value in values.flat]).reshape(values.shape)


def rows(point: TensorPoint, inputs: tuple[TensorInput, ...]) -> Proposals:
    """A row of an input at 0, at 1, or equal to its first row."""
    for k, item in enumerate(inputs):
        if len(item.shape) > 1 and point[k].size:
            flat = point[k].reshape(-1, item.shape[-1])
            for i in range(min(len(flat), PROPOSALS)):
                for row in (0, 1, flat[0]):
                    copy = flat.copy()
                    copy[i] = row
                    yield replaced(point, k, copy.reshape(item.shape))


def parts(point: TensorPoint, inputs: tuple[TensorInput, ...]) -> Proposals:
    """Halves, quarters and so on of an input's elements, or all others, at 0 or 1; never more parts than 64."""
    for k, item in enumerate(inputs):
        width = point[k].size // 2
        while width > 1 and width * SMALL >= point[k].size:
            numbers = np.arange(point[k].size).reshape(item.shape) // width
            for i in range(int(numbers.max()) + 1):
                for value in (0, 1):
                    yield replaced(point, k, np.where(numbers == i, value, point[k]))
                    yield replaced(point, k, np.where(numbers == i, point[k], value))
            width //= 2


def alike(point: TensorPoint, inputs: tuple[TensorInput, ...]) -> Proposals:
    """All elements that are equal, of small inputs together, at one simpler value: ties stay ties."""
    small = [k for k, values in enumerate(point) if values.size <= SMALL]
    for k in small:
        for value in dict.fromkeys(point[k].flat):
            for simpler in simpler_values(inputs[k], value):
                changes = (np.where(own == value, simpler, own).astype(own.dtype) for own in point)
                yield tuple(new if j in small else own for j, (own, new) in enumerate(zip(point, changes, strict=True)))


def elements(point: TensorPoint, inputs: tuple[TensorInput, ...]) -> Proposals:
    """One element of a small input at a simpler value, its neighbour's, or that of its like in another input.

    The other elements stay, or are all 0: where a sum has to be large, one element may do it alone.
    """
    for k, item in enumerate(inputs):
        own = point[k]
        for i in range(own.size if own.size <= SMALL else 0):
            likes = [other.flat[i] for other in point if other.size == own.size and other.dtype == own.dtype]
            for value in dict.fromkeys([*simpler_values(item, own.flat[i]), *own.flat[max(i - 1, 0) : i + 2], *likes]):
                for others in (own, np.zeros_like(own)):
                    copy = others.copy()
                    copy.reshape(-1)[i] = value
                    yield replaced(point, k, copy)


def simpler_values(item: TensorInput, value: float) -> list[float]:
    """Small integers, what is nearest of integers and powers, and what is easiest to write ever nearer by."""
    if item.fmt is None:
        return [0, 1, -1, 2, int(value) // 2, int(value) - int(np.sign(int(value)))]
    found = [0.0, 1.0, -1.0, 2.0, -2.0, 3.0, 0.5, abs(value), float(np.rint(value)), float(np.trunc(value))]
    if value:
        found += (
            [math.copysign(2.0 ** round(math.log2(abs(value))), value)] if abs(value) < item.fmt.largest / 2 else []
        )
        found += [math.copysign(float(f"1e{power}"), value) for power in decades(abs(value))]
    place = int(item.fmt.encode(value))
    for reach in range(2, item.fmt.mantissa_bits + 3, 3):
        ends = max(place - (1 << reach), item.fmt.min_ordinal), min(place + (1 << reach), item.fmt.max_ordinal)
        found.append(item.fmt.value(simplest(item.fmt, *ends)))
    return found


def decades(size: float) -> set[int]:
    """The exponents of ten on both sides of a positive number, one and half the way to 1."""
    below = math.floor(math.log10(size))
    return {below, min(below + 1, 308), below - 1 if below > 0 else min(below + 2, 0), int(below / 2)}


def merges(point: TensorPoint, batch: Batch, fails: NDArray[np.intp]) -> Proposals:
    """The changes of the first 2, 4, 8, ... failing proposals in one point; of an element, the first change of it."""
    merged = [values.copy() for values in point]
    untouched = [np.ones(values.shape, dtype=np.bool_) for values in point]
    hits = fails[:MERGED]
    for count, hit in enumerate(hits, start=1):
        for k, values in enumerate(point):
            new = untouched[k] & different(batch[k][hit], values)
            merged[k] = np.where(new, batch[k][hit], merged[k])
            untouched[k] &= ~new
        if count > 1 and (count & (count - 1) == 0 or count == len(hits)):
            yield tuple(merged)


def different(some: Array, others: Array) -> NDArray[np.bool_]:
    """Where values differ, the sign of 0 included."""
    return np.asarray((some != others) | (np.signbit(some * 1.0) != np.signbit(others * 1.0)), dtype=np.bool_)


def complexities(batch: Batch, inputs: tuple[TensorInput, ...]) -> NDArray[np.int64]:
    """The complexity of each point of a batch, a row each."""
    flat = [values.reshape(len(values), -1).astype(np.float64) for values in batch]
    ordered = np.sort(np.concatenate(flat, axis=1), axis=1)
    distinct = (ordered[:, 1:] != ordered[:, :-1]).sum(axis=1) + (ordered.shape[1] > 0)
    digits = sum((written(values, item.fmt) for values, item in zip(flat, inputs, strict=True)), np.zeros(1, np.int64))
    nonzero = np.where(ordered == 0, 1.0, np.abs(ordered))
    octaves = np.rint(OCTAVE * np.abs(np.log2(nonzero))).astype(np.int64)
    negative = sum((np.signbit(values).sum(axis=1) for values in flat), np.zeros(1, np.int64))
    columns = (ordered != 0).sum(axis=1), distinct, digits, octaves.sum(axis=1), negative
    return np.stack(np.broadcast_arrays(*columns), axis=1).astype(np.int64)


def written(values: Doubles, fmt: FloatFormat | None) -> NDArray[np.int64]:
    """Digits of each point's elements, none of large inputs."""
    if values.shape[1] > SMALL:
        return np.zeros(len(values), dtype=np.int64)
    each, places = np.unique(values, return_inverse=True)
    counts = np.array([digits_of(fmt, value) for value in each.tolist()], dtype=np.int64)
    return np.asarray(counts[places.reshape(values.shape)].sum(axis=1), dtype=np.int64)


@lru_cache(maxsize=1 << 16)
def digits_of(fmt: FloatFormat | None, value: float) -> int:
    """Decimal digits of a number from its first to its last that is not 0; whole numbers are written as float64."""
    shown = fmt or FORMATS["float64"]
    mantissa = shown.text(int(shown.encode(value))).lstrip("-").partition("e")[0]
    return len(mantissa.replace(".", "").strip("0"))
