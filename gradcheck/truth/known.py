"""What has been found out of one point of tensors, asked for once.

In: an oracle and a point. Out: its true outputs, entries of its true gradients, their sizes, and what a version's own
formula gives.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from flint import arb

from gradcheck.floats import FloatFormat
from gradcheck.program import Array
from gradcheck.records import TensorPoint
from gradcheck.truth.duals import ZERO, Real
from gradcheck.truth.enclosures import Enclosure

Index = tuple[int, ...]


class OracleOfTensors(Protocol):
    """What a judge asks: exactly, in float64, or of second order."""

    @property
    def formats(self) -> tuple[FloatFormat | None, ...]:
        """The dtype of each output; None of those that are no floats."""

    @property
    def passes(self) -> int:
        """How many derivatives of one point are affordable."""

    def outputs(self, point: TensorPoint) -> tuple[Array, ...]:
        """The outputs."""

    def derivative(self, point: TensorPoint, wrt: int, index: Index) -> Enclosure:
        """The weighted sum of the outputs, and its derivative along one element of one input."""

    def along(self, point: TensorPoint, seeds: "tuple[Array | None, ...]") -> Enclosure:
        """The same along a direction."""

    def magnitude(self, point: TensorPoint, wrt: int, index: Index) -> Real:
        """What the terms of the chain rule add up to in absolute value, for one entry."""


@dataclass(frozen=True)
class OwnGradient:
    """The gradient that a version's own formula gives.

    Attributes:
        oracle: its outputs are gradients.
        wrt: the position of the input that each of them is by.
    """

    oracle: OracleOfTensors
    wrt: tuple[int, ...]


class Known:
    """What has been found out of one point."""

    def __init__(self, oracle: OracleOfTensors, exact: Mapping[str, OwnGradient], point: TensorPoint) -> None:
        self.oracle, self.point = oracle, point
        self.exact = exact
        self.entries: dict[tuple[int, Index], Enclosure] = {}
        self.norms: dict[int, arb] = {}
        self.formulas: dict[str, tuple[Array, ...]] = {}

    @cached_property
    def outputs(self) -> tuple[Array, ...]:
        """The true outputs."""
        return self.oracle.outputs(self.point)

    @cached_property
    def size(self) -> arb:
        """The largest |output|."""
        floats = [o for o, fmt in zip(self.outputs, self.oracle.formats, strict=True) if fmt]
        return largest([x for array in floats for x in array.ravel()])

    def entry(self, wrt: int, index: Index) -> Enclosure:
        """The true gradient along one element."""
        if (wrt, index) not in self.entries:
            self.entries[wrt, index] = self.oracle.derivative(self.point, wrt, index)
        return self.entries[wrt, index]

    def norm(self, wrt: int) -> arb:
        """The largest true |entry| of one input's gradient, of as many as are affordable."""
        if wrt not in self.norms:
            indices = chosen(np.shape(self.point[wrt]), self.oracle.passes)
            self.norms[wrt] = largest([self.entry(wrt, i).derivative for i in indices])
        return self.norms[wrt]

    def own(self, version: str, wrt: int, index: Index) -> Real | None:
        """What a version's own formula gives in real arithmetic; None where it has none."""
        formula = self.exact.get(version)
        if formula is None or wrt not in formula.wrt:
            return None
        if version not in self.formulas:
            self.formulas[version] = formula.oracle.outputs(self.point)
        found: Real = self.formulas[version][formula.wrt.index(wrt)][index]
        return found


def chosen(shape: Index, limit: int) -> list[Index]:
    """Up to `limit` indices of an array, spread evenly."""
    size = int(np.prod(shape, dtype=int))
    count = min(size, max(limit, 1))
    flat = np.unique(np.linspace(0, size - 1, count).round().astype(int)) if size else np.zeros(0, int)
    return [tuple(int(k) for k in np.unravel_index(i, shape)) for i in flat]


def largest(values: Sequence[Real]) -> arb:
    """The largest |number|; 0 of none."""
    result = ZERO
    for v in values:
        if isinstance(v, arb) and v.is_finite():
            result = result.max(abs(v))
    return result
