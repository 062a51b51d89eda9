"""Guided search: points at which an intermediate is as near to danger as floats allow.

In: points that were run, and a `Pull`. Out: more points. Where the distance to a danger has both signs among
neighbouring points, the two are bisected on their ordinals until they are neighbouring floats. Where it has one sign
only, as under a square root, Newton's steps x - h dh / |dh|^2 bring it nearer: on a sum of squares each of them halves
the distance to its minimum.
"""

import numpy as np

from gradcheck.program import Array
from gradcheck.records import Batch, Pull, TensorInput
from gradcheck.search.lines import joined, projected

MAX_BRACKETS = 8
"""Pairs of points of both signs that are bisected, for one danger."""

BISECTIONS = {16: 16, 32: 32, 64: 64}
"""Halvings after which two floats of a dtype are neighbours, by its bits."""

STARTS = 16
"""Points from which Newton's steps start."""

STEPS = 120
"""Newton's steps, at most: each halves a well conditioned distance, others take some more."""

GRIDS = (1.0, 2.0, 4.0, 8.0, 10.0, 100.0, 1000.0)
"""Numbers by whose fractions a point that was pulled is rounded: one that stops within rounding of 0 gets there."""

MUCH, IDLE = 0.9, 4
"""A step brings a point nearer if it takes a tenth off; after so many idle ones there is no use in more."""

MAX_PULLED = 16
"""Dangers of one sign that are pulled toward, all at once."""


def bracketed(inputs: tuple[TensorInput, ...], pull: Pull, batch: Batch, distances: Array) -> Batch | None:
    """Pairs of neighbouring points between which a distance changes its sign, and the points just beside them."""
    left, right, owner = brackets(distances)
    if not len(left):
        return None
    lo, hi = (tuple(array[places] for array in batch) for places in (left, right))
    signs = np.sign(distances[left, owner])
    halvings = max(BISECTIONS[i.fmt.bits] for i in inputs if i.fmt)
    for _ in range(halvings):
        middle = halfway(inputs, lo, hi)
        found = measure(pull, middle)[0][np.arange(len(owner)), owner]
        stays = np.sign(found) == signs
        lo, hi = (chosen(stays, middle, lo), chosen(stays, hi, middle))
    return projected(inputs, joined([lo, hi]))


def brackets(distances: Array) -> tuple[Array, Array, Array]:
    """Positions of neighbouring points with distances of opposite signs, and the danger that each pair is for."""
    known = np.isfinite(distances)
    signs = np.where(known, np.sign(distances), 0)
    changes = signs[:-1] * signs[1:] < 0
    left, owner = [], []
    for k in range(distances.shape[1]):
        places = np.flatnonzero(changes[:, k])
        spread = (
            places[np.linspace(0, len(places) - 1, min(len(places), MAX_BRACKETS)).astype(int)] if len(places) else []
        )
        left += list(spread)
        owner += [k] * len(spread)
    first = np.array(left, dtype=np.int64)
    return first, first + 1, np.array(owner, dtype=np.int64)


def halfway(inputs: tuple[TensorInput, ...], lo: Batch, hi: Batch) -> Batch:
    """The points in the middle of pairs, on the ordinals of each element; what is no float stays."""
    middle = []
    for i, a, b in zip(inputs, lo, hi, strict=True):
        if i.fmt:
            first, second = i.fmt.encode(a), i.fmt.encode(b)
            middle.append(i.fmt.decode((first & second) + ((first ^ second) >> 1)))
        else:
            middle.append(a)
    return tuple(middle)


def chosen(where: Array, yes: Batch, no: Batch) -> Batch:
    """Points of one batch where a condition holds, else those of another."""
    return tuple(np.where(where.reshape((-1, *(1,) * (a.ndim - 1))), a, b) for a, b in zip(yes, no, strict=True))


def pulled(inputs: tuple[TensorInput, ...], pull: Pull, starts: Batch, dangers: list[int]) -> Batch | None:
    """The nearest points to some dangers that Newton's steps meet, and those that they end at; all dangers at once."""
    n = len(starts[0])
    owners = np.repeat(dangers, n)[: pull.width]
    points = tuple(np.concatenate([a] * len(dangers))[: pull.width] for a in starts)
    best, least, idle = points, np.full(len(owners), np.inf), 0
    for _ in range(STEPS):
        distances, slopes = measure(pull, points, owners)
        if all(s is None for s in slopes):
            return None
        distance = distances[np.arange(len(owners)), owners]
        closer = np.abs(distance) < least
        idle = 0 if (np.abs(distance) < MUCH * least).any() else idle + 1
        best, least = chosen(closer, points, best), np.where(closer, np.abs(distance), least)
        if idle == IDLE:  # nearer they do not come: there is an epsilon in the way
            break
        points = stepped(inputs, points, distance, slopes)
    return projected(inputs, joined([best, points, *snapped(inputs, best)]))


def snapped(inputs: tuple[TensorInput, ...], batch: Batch) -> list[Batch]:
    """Points near to others whose numbers are multiples of simple fractions: people write those."""
    return [
        tuple(np.round(a * grid) / grid if i.fmt else a for i, a in zip(inputs, batch, strict=True)) for grid in GRIDS
    ]


def stepped(inputs: tuple[TensorInput, ...], points: Batch, distance: Array, slopes: tuple[Array | None, ...]) -> Batch:
    """One of Newton's steps from each point; a point without a usable slope stays."""
    with np.errstate(all="ignore"):
        steepness = sum(np.square(s).reshape(len(distance), -1).sum(1) for s in slopes if s is not None)
        rate = distance / steepness
        moved = []
        for i, x, slope in zip(inputs, points, slopes, strict=True):
            if slope is None or i.fmt is None:
                moved.append(x)
                continue
            new = x - rate.reshape((-1, *(1,) * (x.ndim - 1))) * slope
            moved.append(np.where(np.isfinite(new) & (np.abs(new) <= i.fmt.largest), new, x))
    return projected(inputs, tuple(moved))


def measure(pull: Pull, batch: Batch, owners: Array | None = None) -> tuple[Array, tuple[Array | None, ...]]:
    """Distances [n, dangers] of any number of points, and the gradient of that danger which owns a point."""
    n = len(batch[0])
    weights = np.zeros((n, len(pull.names)))
    if owners is not None:
        weights[np.arange(n), owners] = 1
    found = []
    for start in range(0, n, pull.width):
        part = tuple(a[start : start + pull.width] for a in batch)
        size = len(part[0])
        full = tuple(np.resize(a, (pull.width, *a.shape[1:])) for a in part)
        rows = np.resize(weights[start : start + size], (pull.width, len(pull.names)))
        distances, slopes = pull.measure(full, rows)
        found.append((distances[:size], [None if s is None else s[:size] for s in slopes]))
    columns = zip(*(slopes for _, slopes in found), strict=True)
    joined_slopes = tuple(None if c[0] is None else np.concatenate([s for s in c if s is not None]) for c in columns)
    return np.concatenate([d for d, _ in found]), joined_slopes
