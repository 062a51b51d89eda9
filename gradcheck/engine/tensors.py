"""The engine for tensor targets: batches of points through every version, and the class of what came out.

In: a traced tensor target. Out: class codes [n, columns]: of the outputs, then of each version's gradient by each
tensor. Batches run vectorised where TensorFlow can do that; a point at which something raises is found by running the
batch point by point.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import tensorflow as tf

from gradcheck.engine import words
from gradcheck.program import Array
from gradcheck.records import Batch, TensorPoint, TensorVersion, TracedTensors

FINITE, NAN, INF, NONE, RAISES, FORWARD_RAISES = 0, 1, 2, 4, 5, 6
"""Class codes of a column."""


SAME = 2.0**-6
"""Relative difference of two runs that rounding explains, in bfloat16 too; that of noise is larger."""


@dataclass(frozen=True)
class Column:
    """One gradient: whose, with which cotangent, by what."""

    version: TensorVersion
    wrt: str
    position: int


class TensorEngine:
    """One tensor target.

    Attributes:
        columns: the gradients that are looked at; column 0 of the codes is the outputs.
        evaluated: points that were run.
        calls: calls of traced functions that they took.
        raised: points at which something raised.
        alone: whether points are run one by one.
    """

    def __init__(self, target: TracedTensors, alone: bool = False) -> None:
        self.target = target
        self.versions = [v for v in target.versions if v.failure is None]
        self.columns = [Column(v, name, i) for v in self.versions for i, name in enumerate(target.wrt)]
        self.evaluated = self.calls = self.raised = 0
        self.alone = alone or not self.versions or any(v.vectorised() is None for v in self.versions)

    @property
    def width(self) -> int:
        """Points of one call, at present."""
        return 1 if self.alone else min(v.width for v in self.versions)

    def classify(self, batch: Batch) -> Array:
        """Class codes [n, 1 + columns]."""
        n = len(batch[0])
        self.evaluated += n
        if not self.versions:
            return np.zeros((n, 1), np.int64)
        parts = [self.of_version(v, batch) for v in self.versions]
        forward = parts[-1][:, :1]  # the outputs of the version that training runs: custom comes last
        return np.concatenate([forward, *(p[:, 1:] for p in parts)], axis=1)

    def of_version(self, version: TensorVersion, batch: Batch) -> Array:
        """Codes [n, 1 + wrt] of one version."""
        many = None if self.alone else version.vectorised()
        if many is None:
            return self.one_by_one(version, batch)
        found = []
        for piece, size in pieces(batch, version.width):
            self.calls += 1
            try:
                found.append(many(piece)[:size])
            except tf.errors.OpError:
                self.alone = True  # where one point raised, others will
                found.append(self.one_by_one(version, tuple(array[:size] for array in piece)))
        return np.concatenate(found)

    def one_by_one(self, version: TensorVersion, batch: Batch) -> Array:
        """The same, point by point."""
        return np.stack([self.of_point(version, tuple(a[i] for a in batch)) for i in range(len(batch[0]))])

    def of_point(self, version: TensorVersion, point: TensorPoint) -> Array:
        """Codes [1 + wrt] of one point; what raises is told from a function that raises by itself."""
        self.calls += 1
        try:
            return version.look(point)
        except tf.errors.OpError:
            self.raised += 1
            code = FORWARD_RAISES if self.forward_raises(version, point) else RAISES
            return np.array([code if code == FORWARD_RAISES else FINITE, *[code] * len(self.target.wrt)])

    def forward_raises(self, version: TensorVersion, point: TensorPoint) -> bool:
        """Whether the function itself raises at a point."""
        try:
            version.forward(point)
        except tf.errors.OpError:
            return True
        return False

    def run(
        self, version: TensorVersion, point: TensorPoint
    ) -> tuple[tuple[Array, ...], tuple[Array | None, ...], str | None]:
        """Outputs and gradients at one point alone, and what the gradient said where it raised."""
        try:
            return (*version.run(point), None)
        except tf.errors.OpError as error:
            nothing: tuple[Array | None, ...] = (None,) * len(self.target.wrt)
            try:
                return version.forward(point), nothing, words(error)
            except tf.errors.OpError:
                return (), nothing, words(error)


def is_noisy(engine: TensorEngine, points: Iterable[TensorPoint]) -> bool:
    """Whether two runs of a point differ by more than the order of a sum explains; what is NaN may be anything."""
    for point, version in product(points, engine.versions):
        (first, *_), (again, *_) = engine.run(version, point), engine.run(version, point)
        if not any(np.isnan(a).any() for a in first) and not all(map(alike, first, again)):
            return True
    return False


def alike(first: Array, again: Array) -> bool:
    """Whether outputs are the same but for the last bits."""
    with np.errstate(all="ignore"):
        size = np.abs(first, where=np.isfinite(first), out=np.zeros_like(first)).max(initial=0.0)
        return bool(np.allclose(first, again, SAME, SAME * float(size), equal_nan=True))


def pieces(batch: Batch, width: int) -> Iterator[tuple[Batch, int]]:
    """A batch in pieces of `width` points, the last one filled up with its last point, and their true sizes."""
    n = len(batch[0])
    for start in range(0, n, width):
        part = tuple(array[start : start + width] for array in batch)
        size = len(part[0])
        yield tuple(np.concatenate([a, np.repeat(a[-1:], width - size, 0)]) if size < width else a for a in part), size
