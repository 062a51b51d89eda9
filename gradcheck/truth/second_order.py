"""The oracle of second derivatives, without a program for the first ones.

In: the oracle of a function's weighted sum L, one of its inputs x, and a direction d of x's shape. Out: the same
interface for the gradient of L by x as the output, d as its cotangent: the value h = sum_j d_j dL/dx_j, and the
derivative of h along an element of any input. That is what a gradient of a gradient computes.

h comes exactly from forward mode. Its derivative is the limit of quotients of h in balls of 1024 bits and more (see
`limits`), so that no rule has to know its second derivative. At a point without ties where h has values on both sides,
two of them do; elsewhere it takes both sides at three scales.
"""

import numpy as np
from flint import arb

from gradcheck.floats import FORMATS, FloatFormat
from gradcheck.program import Array
from gradcheck.records import TensorPoint
from gradcheck.truth.arguments import exact_point, shifted
from gradcheck.truth.duals import Real, State
from gradcheck.truth.enclosures import Enclosure, refined
from gradcheck.truth.limits import Function, differentiated, settled
from gradcheck.truth.tensors import LAST_LIMIT_PRECISION, LIMIT_PRECISION, Seeds, TensorOracle, close, step_at, unit

PASSES = 6
"""Passes of first order in the time of a derivative of second order: three, at 1024 bits each as dear as two."""


class SecondOrderOracle:
    """Value and derivatives of h at points."""

    def __init__(self, first: TensorOracle, of: int, direction: Array) -> None:
        self.first, self.of, self.direction = first, of, direction

    @property
    def formats(self) -> tuple[FloatFormat | None, ...]:
        """Of the one output: the first gradient has the dtype of what it is taken by."""
        return (FORMATS[self.first.program.nodes[self.first.program.inputs[self.of]].dtypes[0]],)

    @property
    def passes(self) -> int:
        """How many derivatives of one point are affordable."""
        return self.first.passes // PASSES

    def missing(self) -> tuple[str, ...]:
        """The operation types on the way that are not in the table, sorted."""
        return self.first.missing()

    def outputs(self, point: TensorPoint) -> tuple[Array, ...]:
        """The exact first gradient."""
        result = np.empty(np.shape(point[self.of]), object)
        for index in np.ndindex(result.shape):
            result[index] = self.first.derivative(point, self.of, index).derivative
        return (result,)

    def derivative(self, point: TensorPoint, wrt: int, index: tuple[int, ...]) -> Enclosure:
        """h, and its derivative along one element of one input."""
        return self.along(point, unit(point, wrt, index))

    def magnitude(self, point: TensorPoint, wrt: int, index: tuple[int, ...]) -> Real:
        """What terms add up to in absolute value: not known of quotients, so no more than the entry itself."""
        return self.derivative(point, wrt, index).derivative

    def along(self, point: TensorPoint, seeds: Seeds) -> Enclosure:
        """The same along any direction."""
        inner: Seeds = tuple(self.direction if i == self.of else None for i in range(len(point)))
        exact = exact_point(self.first.program, point)

        def once() -> Enclosure:
            def h(t: arb) -> Real:
                return self.first.once(shifted(exact, seeds, t), inner).derivative

            here = self.first.once(exact, inner)
            if here.value is State.UNDEFINED:
                return Enclosure(State.UNDEFINED, State.UNDEFINED)
            found = None if here.sides else between(h, step_at(exact), here.derivative)
            return found or differentiated(h, step_at(exact), self.value(here, point, inner))

        return refined(once, LAST_LIMIT_PRECISION, self.first.patience, LIMIT_PRECISION)

    def value(self, here: Enclosure, point: TensorPoint, inner: Seeds) -> Real:
        """H at the point itself, where it has a value; that of the branch which the program takes at a kink of L."""
        found = here if isinstance(here.derivative, arb) else self.first.along(point, inner)
        return found.derivative if isinstance(found.derivative, arb) else State.UNDECIDED


def between(h: Function, step: arb, here: Real) -> Enclosure | None:
    """The derivative from one point on each side; None where the three do not tell."""
    above, below = h(step), h(-step)
    if not (isinstance(here, arb) and isinstance(above, arb) and isinstance(below, arb)):
        return None
    right, left = (above - here) / step, (here - below) / step
    slope = settled((right + left) / 2 + (right - left) * arb(0, 1))
    return Enclosure(here, slope) if close(right, left) else None
