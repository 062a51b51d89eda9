"""What stands in for the oracle of tensors where an operation has no rule, or a pass costs too much: float64.

In: a function that computes all outputs and gradients of a point in float64. Out: the same interface, its numbers taken
as exact; what is not finite there is undecided.
"""

import sys
from collections.abc import Callable, Sequence
from math import isfinite

import numpy as np
from flint import arb

from gradcheck.floats import FloatFormat
from gradcheck.program import Array
from gradcheck.records import TensorPoint
from gradcheck.truth.duals import ZERO, Real, State, plus, times
from gradcheck.truth.enclosures import UNKNOWN, Enclosure
from gradcheck.truth.tensors import Seeds, unit, weights_of

InDoubles = Callable[[TensorPoint], tuple[Sequence[Array], Sequence[Array | None]]]
"""From a point to its outputs and its gradients, one an input; None for those that have none."""


class ApproximateTensorOracle:
    """Weighted sums and derivatives as float64 has them."""

    def __init__(self, run: InDoubles, cotangents: tuple[Array, ...], formats: tuple[FloatFormat | None, ...]) -> None:
        self.run, self.cotangents, self.formats = run, cotangents, formats
        self.last: tuple[TensorPoint, tuple[Sequence[Array], Sequence[Array | None]]] | None = None

    @property
    def passes(self) -> int:
        """How many derivatives of one point are affordable: all, as they are computed together."""
        return sys.maxsize

    def missing(self) -> tuple[str, ...]:
        """Nothing: what cannot be run is not made one of these."""
        return ()

    def outputs(self, point: TensorPoint) -> tuple[Array, ...]:
        """The outputs."""
        arrays, _ = self.at(point)
        return tuple(numbers(a) if fmt else np.asarray(a) for a, fmt in zip(arrays, self.formats, strict=True))

    def derivative(self, point: TensorPoint, wrt: int, index: tuple[int, ...]) -> Enclosure:
        """The weighted sum, and its derivative along one element of one input."""
        return self.along(point, unit(point, wrt, index))

    def magnitude(self, point: TensorPoint, wrt: int, index: tuple[int, ...]) -> Real:
        """What terms add up to in absolute value: not known of float64, so no more than the entry itself."""
        return self.derivative(point, wrt, index).derivative

    def along(self, point: TensorPoint, seeds: Seeds) -> Enclosure:
        """The same where inputs move as fast as arrays say."""
        outputs, gradients = self.at(point)
        pairs = zip(self.cotangents, outputs, self.formats, strict=True)
        try:
            floats = [(weights_of(c, np.shape(a)), a) for c, a, fmt in pairs if fmt]
        except ValueError:
            return UNKNOWN
        moving = [(s, g) for s, g in zip(seeds, gradients, strict=True) if s is not None and g is not None]
        return Enclosure(product(floats), product(moving))

    def at(self, point: TensorPoint) -> tuple[Sequence[Array], Sequence[Array | None]]:
        """What float64 computes; asked once for the same point in a row."""
        if self.last is None or self.last[0] is not point:
            self.last = point, self.run(point)
        return self.last[1]


def split(run: Callable[[TensorPoint], Sequence[Array]], results: int, wrt: tuple[int, ...]) -> InDoubles:
    """A function that computes outputs and then gradients by the inputs `wrt`, in that order, as one of both."""

    def call(point: TensorPoint) -> tuple[Sequence[Array], Sequence[Array | None]]:
        arrays = run(point)
        gradients = dict(zip(wrt, arrays[results:], strict=False))
        return arrays[:results], [gradients.get(i) for i in range(len(point))]

    return call


def product(pairs: list[tuple[Array, Array]]) -> Real:
    """The sum of weight * number over all pairs of arrays, weights of 0 left out."""
    result: Real | None = ZERO
    for weights, values in pairs:
        for weight, value in zip(np.ravel(weights), np.ravel(values), strict=True):
            if weight != 0:
                result = plus(result, times(number(float(value)), arb(weight)))
    return ZERO if result is None else result


def numbers(values: Array) -> Array:
    """Floats as balls."""
    result = np.empty(np.shape(values), object)
    result.ravel()[:] = [number(float(v)) for v in np.ravel(values)]
    return result


def number(value: float) -> Real:
    """A finite float as a ball."""
    return arb(value) if isfinite(value) else State.UNDECIDED
