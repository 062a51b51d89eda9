"""Search: the points of a tensor target at which something is bad.

In: inputs, a way to classify batches of points, the constants of the graph and its pull toward danger. Out:
`Sightings`: bad points by what is bad at them, and good ones for real arithmetic to judge. The order is fixed:
structured points, lines through some of them, low-discrepancy points, then points that are pulled toward danger. How
many are run follows from a number of points, never from the clock: same seed, same points.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from gradcheck.program import Array
from gradcheck.records import Batch, Pull, TensorInput, TensorPoint
from gradcheck.search.guided import MAX_PULLED, STARTS, bracketed, measure, pulled
from gradcheck.search.lines import (
    DIRECTIONS,
    along_coordinate,
    along_direction,
    coordinates,
    directions,
    joined,
    line_ordinals,
    projected,
)
from gradcheck.search.sequences import low_discrepancy
from gradcheck.search.shrinking import shrink
from gradcheck.search.structured import own_values, structured

__all__ = ["Ground", "Sightings", "base_points", "joined", "line_ordinals", "projected", "search", "shrink"]

KEPT = 48
"""Bad points that are kept of each kind, the first ones."""

GOOD = 64
"""Good points that are kept of the structured ones, evenly."""

MOST_GOOD = 160
"""Good points that are kept, with two of each other batch."""

Classify = Callable[[Batch], Array]
Signature = tuple[int, ...]


@dataclass(frozen=True)
class Ground:
    """What is searched.

    Attributes:
        inputs: of the target.
        classify: from a batch to class codes [n, columns]; 0 is all finite.
        pull: makes the way toward danger; None where there is none.
        tables, scalars: constants of the graph.
        left: how many points may still be run.
        chunk: how many are run between two looks at that.
        seed: of all that is random.
    """

    inputs: tuple[TensorInput, ...]
    classify: Classify
    pull: Callable[[], Pull | None]
    tables: tuple[Array, ...]
    scalars: tuple[float, ...]
    left: Callable[[], int]
    chunk: Callable[[], int]
    seed: int
    late: Callable[[], bool] = lambda: False


@dataclass
class Sightings:
    """What was seen, in order.

    Attributes:
        bad: for each row of codes that is not all finite, the first points with it.
        good: points at which everything is finite.
        first: which stage found each kind first.
        run: how many points were run, by stage.
        cut: whether the clock stopped the search before its points were used up.
    """

    bad: dict[Signature, list[TensorPoint]] = field(default_factory=dict)
    good: list[TensorPoint] = field(default_factory=list)
    first: dict[Signature, str] = field(default_factory=dict)
    run: dict[str, int] = field(default_factory=dict)
    cut: bool = False

    def add(self, stage: str, batch: Batch, codes: Array, usual: tuple[int, ...]) -> None:
        """Take in a batch; `usual` are codes that say nothing bad (finite, not connected)."""
        self.run[stage] = self.run.get(stage, 0) + len(codes)
        odd = ~np.isin(codes, usual).all(1)
        fine = np.flatnonzero(~odd)
        room = min(GOOD if stage == "structured" else 2, MOST_GOOD - len(self.good), len(fine))
        for i in fine[np.linspace(0, len(fine) - 1, max(room, 0)).astype(int)]:
            self.good.append(tuple(a[i] for a in batch))
        if not odd.any():
            return
        kinds, owners = np.unique(codes[odd], axis=0, return_inverse=True)
        places = np.flatnonzero(odd)
        for k, kind in enumerate(kinds):
            signature = tuple(int(c) for c in kind)
            kept = self.bad.setdefault(signature, [])
            self.first.setdefault(signature, stage)
            for i in places[owners.ravel() == k][: KEPT - len(kept)]:
                kept.append(tuple(a[i] for a in batch))


USUAL_CODES = (0, 4)
"""Finite, and not connected."""


def search(ground: Ground) -> Sightings:
    """Run the stages in order, each as far as the points go."""
    found = Sightings()
    seen: list[tuple[Batch, Array]] = []
    for stage, batch in stages(ground, seen):
        start = 0
        while start < len(batch[0]):
            found.cut = ground.late()
            left = ground.left()
            if found.cut or left <= 0:
                return found
            size = min(ground.chunk(), left)
            piece = tuple(array[start : start + size] for array in batch)
            start += size
            codes = ground.classify(piece)
            seen.append((piece, codes))
            found.add(stage, piece, codes, USUAL_CODES)
    return found


def stages(ground: Ground, seen: list[tuple[Batch, Array]]) -> Iterator[tuple[str, Batch]]:
    """Batches of points, one stage after another."""
    rng = np.random.default_rng(ground.seed)
    first = structured(ground.inputs, ground.tables, ground.scalars)
    points = ground.left()
    yield "structured", tuple(array[: max(points // 2, 1)] for array in first)
    if any(i.fmt for i in ground.inputs):
        yield from (("lines", batch) for batch in lines(ground, ground.left(), rng))
        yield "low-discrepancy", low_discrepancy(ground.inputs, max(points // 8, 16), ground.seed)
        yield from (("guided", batch) for batch in guided(ground, seen))


def lines(ground: Ground, points: int, rng: np.random.Generator) -> Iterator[Batch]:
    """Lines along coordinates and along directions, through a few of the structured points and through 0."""
    inputs = ground.inputs
    fmt = next(i.fmt for i in inputs if i.fmt)
    ordinals = line_ordinals(fmt, rng)
    places = coordinates(inputs, rng)
    allowed = max(points // 2 // len(ordinals), 2)
    bases = base_points(inputs)
    ways = min(DIRECTIONS, allowed // 4)
    work = [(base, place) for base in bases for place in places]
    for base, place in work[:: max(-(-len(work) // max(allowed - 2 * ways, 1)), 1)]:
        own = inputs[place[0]].fmt
        assert own is not None, "coordinates are floats"
        yield along_coordinate(inputs, base, place, ordinals if own == fmt else line_ordinals(own, rng))
    for base in bases[:2]:
        for _, direction in zip(range(ways), directions(inputs, rng), strict=False):
            yield along_direction(inputs, base, direction, ordinals)


def base_points(inputs: tuple[TensorInput, ...]) -> list[TensorPoint]:
    """Zeros, an ordinary point, ones, and an ordinary point of mixed signs, in the domains."""
    plain = [spread(i, own_values(i, k)) for k, i in enumerate(inputs)]
    wanted = [
        [0.0 * x for x in plain],
        plain,
        [1.0 + 0.0 * x for x in plain],
        [np.where(np.arange(x.size).reshape(x.shape) % 2 == k % 2, x, -2.0 * x) for k, x in enumerate(plain)],
    ]
    batches = [tuple(x[None].astype(i.array_dtype) for x, i in zip(point, inputs, strict=True)) for point in wanted]
    return [tuple(a[0] for a in projected(inputs, batch)) for batch in batches]


def spread(traced: TensorInput, values: Array) -> Array:
    """Values between 0 and 1, moved to a range that does not hold them."""
    domain = traced.domain
    if domain.kind != "range" or domain.lo is None or domain.hi is None or (domain.lo <= 0 and domain.hi >= 1):
        return values
    return domain.lo + (domain.hi - domain.lo) * values


def guided(ground: Ground, seen: list[tuple[Batch, Array]]) -> Iterator[Batch]:
    """Points between which a danger lies, then points pulled toward the dangers that were not reached."""
    pull = ground.pull()
    if pull is None:
        return
    batch = joined([b for b, _ in seen])
    distances, _ = measure(pull, batch)
    between = bracketed(ground.inputs, pull, batch, distances)
    if between is not None:
        yield between
    with np.errstate(invalid="ignore"):
        crossed = (distances == 0).any(0) | ((distances > 0).any(0) & (distances < 0).any(0))
    starts = tuple(a[:STARTS] for a in low_discrepancy(ground.inputs, 4 * STARTS, ground.seed + 1))
    near = joined([tuple(np.stack([p[k] for p in base_points(ground.inputs)]) for k in range(len(starts))), starts])
    apart = [k for k in range(len(pull.names)) if not crossed[k]][:MAX_PULLED]
    nearest = pulled(ground.inputs, pull, near, apart) if apart else None
    if nearest is not None:
        yield nearest
