"""Judging: what TensorFlow computed at a point, held against real arithmetic.

In: an oracle and computed values. Out: a `Judgement` a point. The gradient g' is right if, with g the true one, f the
true output, u the unit roundoff and k = CONDITION_ULPS,

    |g' - g| <= tolerance |g|  +  max |g(x +- k ulp) - g(x)|  +  k u |f| / max(1, |x|)  +  floor.

The second term is the condition number of the gradient times a backward error of k ulps (Higham, Accuracy and
Stability of Numerical Algorithms, 2nd ed., section 1.6), taken as a difference. The third is the error that a rounding
of the output makes in a difference quotient over a step of max(1, |x|): without it the gradient of tanh would be held
wrong where tanh is within a rounding of 1. The floor is LAPACK's SMLNUM, the smallest normal number over u, where the
device flushes subnormals: below it intermediates are lost whatever the formula.

A stretch of wrong gradients is let pass where rounding at the usual size of the slope explains it: where the largest
|g' - g| in it is less than ROUNDINGS u S and not much less than u S, S being the median of the true slopes at ordinary
arguments (REFERENCES). So the library's cross-entropy, whose gradient sigmoid(x) - 1 rounds to 0 from 17 on, is not
reported. A gradient that is lost at 1e-19 is: beside the stretch the code was right about numbers as small, so that it
is no rounding of sums, but an intermediate that overflowed or was flushed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import isfinite, isnan

import numpy as np
from flint import arb

from gradcheck.floats import FloatFormat
from gradcheck.options import CONDITION_ULPS
from gradcheck.records import Class, Domain, Kind
from gradcheck.truth.duals import Real, State
from gradcheck.truth.enclosures import Enclosure, hull
from gradcheck.truth.oracle import ApproximateOracle, Oracle

GRADUAL = 16
"""Smallest normals below which a gradient is lost where subnormals are kept."""


@dataclass(frozen=True)
class Judgement:
    """What is true of one point; the columns are those of a region."""

    domain: Domain
    defect: bool
    gradients: tuple[tuple[Class, Kind | None], ...]
    border: bool = False
    """Whether the output is not finite and the true one within a rounding of the largest float."""

    @property
    def is_bad(self) -> bool:
        """Whether a gradient is finite and not the true one, for want of digits."""
        return any(found in (Class.VANISHED, Class.INACCURATE) for found, _ in self.gradients)

    @property
    def is_odd(self) -> bool:
        """Whether a gradient is not finite."""
        return any(found in (Class.NAN, Class.INF, Class.NEGATIVE_INF) for found, _ in self.gradients)


@dataclass(frozen=True)
class Point:
    """What came out at one point: its ordinal, the output, and each version's gradient (None: not connected)."""

    ordinal: int
    output: float
    gradients: tuple[float | None, ...]


@dataclass(frozen=True)
class Line:
    """The swept input: its dtype, its position, the values at which the others are held, and the swept segments."""

    fmt: FloatFormat
    index: int
    held: tuple[float, ...]
    segments: tuple[tuple[int, int], ...]


CONSTANTS = 8
"""Units of rounding of the usual slope by which rounded constants may move a formula."""

ROUNDINGS = 512
"""Units of rounding of the usual slope that a gradient may be off where it is nearly 0; those of tanh-like functions,
composed a few deep, are off by 100 to 300."""

REFERENCES = (0.0, 0.5, -0.5, 1.0, -1.0, 2.0, -2.0)
"""Arguments at which the usual size of the slope is looked up, as far as they are in range."""


class Judge:
    """One swept input of one target.

    Attributes:
        oracle: of the stripped forward program.
        exact: for each version with a gradient of its own making, the oracle of that gradient's program.
        names: the versions.
        line: what is swept.
        tolerance: relative.
    """

    def __init__(
        self,
        oracle: Oracle | ApproximateOracle,
        exact: Mapping[str, Oracle],
        names: tuple[str, ...],
        line: Line,
        tolerance: float,
    ) -> None:
        self.oracle = oracle
        self.exact = exact
        self.names = names
        self.fmt, self.index, self.held = line.fmt, line.index, line.held
        self.tolerance = tolerance
        self.unit, self.floor = unit_of(line.fmt), floor_of(line.fmt)
        self.known: dict[int, Enclosure] = {}
        self.segments = line.segments
        self.losses: dict[tuple[str, int], float] = {}

    @cached_property
    def scale(self) -> arb:
        """The median of the true slopes at ordinary arguments of the range; 0 where there is none."""
        ordinals = [int(o) for o in self.fmt.encode(np.array(REFERENCES))]
        inside = [o for o in ordinals if any(lo <= o <= hi for lo, hi in self.segments)]
        slopes = [truth.derivative for truth in map(self.truth, inside) if isinstance(truth.value, arb)]
        sizes = sorted(float(abs(s).mid()) for s in slopes if isinstance(s, arb) and s.is_finite())
        return arb(sizes[len(sizes) // 2]) if sizes else arb(0)

    def judge(self, point: Point) -> Judgement:
        """The verdict on one point."""
        truth = self.truth(point.ordinal)
        domain = domain_of(truth)
        defect = not isfinite(point.output) and self.fits(truth.value, CONDITION_ULPS * self.unit)
        gradients = tuple(
            self.verdict(name, gradient, point.ordinal, truth)
            for name, gradient in zip(self.names, point.gradients, strict=True)
        )
        border = not isfinite(point.output) and not defect and self.fits(truth.value, 0.0)
        return Judgement(domain, defect, gradients, border)

    def truth(self, ordinal: int) -> Enclosure:
        """The truth at an ordinal."""
        if ordinal not in self.known:
            self.known[ordinal] = self.oracle.at(self.values(ordinal))
        return self.known[ordinal]

    def values(self, ordinal: int) -> tuple[float, ...]:
        """All inputs, exactly; a float that the device flushes as the 0 that it becomes."""
        x = self.fmt.value(ordinal)
        swept = 0.0 if self.fmt.flushes and abs(x) < self.fmt.smallest_normal else x
        return (*self.held[: self.index], swept, *self.held[self.index + 1 :])

    def fits(self, value: Real, margin: float) -> bool:
        """Whether a true value can be represented, and is away from the largest float by a relative margin."""
        return fits(value, self.fmt, margin)

    def verdict(self, name: str, gradient: float | None, ordinal: int, truth: Enclosure) -> tuple[Class, Kind | None]:
        """The class of one gradient, and its kind where it is not finite."""
        if gradient is None:
            return Class.NONE, None
        if not isfinite(gradient):
            odd = Class.NAN if isnan(gradient) else Class.INF if gradient > 0 else Class.NEGATIVE_INF
            return odd, self.kind(truth)
        if self.is_right(gradient, ordinal, truth, self.tolerance):
            return (Class.WRONG if self.is_wrong_formula(name, ordinal, truth) else Class.FINITE), None
        if self.is_wrong_formula(name, ordinal, truth):
            return Class.WRONG, None
        self.losses[name, ordinal] = self.loss(gradient, truth)
        return (Class.VANISHED if gradient == 0 else Class.INACCURATE), None

    def loss(self, gradient: float, truth: Enclosure) -> float:
        """The error of a wrong gradient in units of ROUNDINGS u S; infinite where S is 0."""
        low, high = hull(truth.every)
        error = (arb(gradient) - high).max(low - arb(gradient))
        least = ROUNDINGS * self.unit * self.scale
        return float((error / least).mid()) if least > 0 else float("inf")

    def kind(self, truth: Enclosure) -> Kind | None:
        """What a gradient that is not finite should have been; None outside the domain."""
        return kind_of(truth, self.fmt, self.tolerance)

    def is_wrong_formula(self, name: str, ordinal: int, truth: Enclosure) -> bool:
        """Whether a version's own formula, evaluated exactly, is not the derivative: half of the digits differ.

        Constants that were rounded to the dtype may explain some units of rounding of the usual slope.
        """
        oracle = self.exact.get(name)
        if oracle is None:
            return False
        exact = oracle.at(self.values(ordinal)).value
        if not isinstance(exact, arb) or any(not isinstance(d, arb) for d in truth.every):
            return False
        low, high = hull(truth.every)
        slack = self.unit**0.5 * abs(high).max(abs(low)) + CONSTANTS * self.unit * self.scale + self.floor
        return bool((exact - high).max(low - exact) > slack)

    def is_right(self, gradient: "float | arb", ordinal: int, truth: Enclosure, tolerance: float) -> bool:
        """Whether a finite gradient is not certainly wrong, by the formula above."""
        if not isinstance(truth.value, arb) or any(not isinstance(d, arb) for d in truth.every):
            return True
        value = arb(gradient)
        low, high = hull(truth.every)
        size = max(abs(self.values(ordinal)[self.index]), 1.0)
        slack = tolerance * abs(high).max(abs(low)) + self.floor + CONDITION_ULPS * self.unit * abs(truth.value) / size
        error = (value - high).max(low - value)
        if not error > slack:
            return True
        return not error > slack + self.conditioning(ordinal, truth)

    def conditioning(self, ordinal: int, truth: Enclosure) -> arb:
        """How far the true gradient moves within CONDITION_ULPS of the input; infinite where it cannot be told."""
        moved = arb(0)
        for step in (-CONDITION_ULPS, CONDITION_ULPS):
            there = min(max(ordinal + step, self.fmt.min_ordinal), self.fmt.max_ordinal)
            near = self.truth(there).derivative
            if not isinstance(near, arb) or not isinstance(truth.derivative, arb):
                return arb("inf")
            moved = moved.max(abs(near - truth.derivative))
        return moved


def kind_of(truth: Enclosure, fmt: FloatFormat, tolerance: float) -> Kind | None:
    """What a gradient of a dtype that is not finite should have been; None outside the domain."""
    true = truth.derivative
    if truth.value is State.UNDEFINED or true is State.UNDEFINED:
        return None
    if true is State.SINGULAR:
        return Kind.SINGULAR
    if fits(true, fmt, tolerance):
        return Kind.NUMERICAL
    if isinstance(true, arb) and abs(true) > arb(fmt.largest) * (1 - 2 * tolerance):
        return Kind.OVERFLOW
    return Kind.UNDECIDED


def fits(value: Real, fmt: FloatFormat, margin: float) -> bool:
    """Whether a true value can be represented, and is away from the largest float by a relative margin."""
    return isinstance(value, arb) and abs(value) < arb(fmt.largest) * (1 + unit_of(fmt) / 2 - margin)


def unit_of(fmt: FloatFormat) -> float:
    """The unit roundoff."""
    return float(2.0 ** -(fmt.mantissa_bits + 1))


def floor_of(fmt: FloatFormat) -> float:
    """How small a gradient is lost whatever the formula."""
    return fmt.smallest_normal * (1 / unit_of(fmt) if fmt.flushes else GRADUAL)


def domain_of(truth: Enclosure) -> Domain:
    """Whether the function is defined at a point."""
    if truth.value is State.UNDEFINED:
        return Domain.OUTSIDE
    return Domain.INSIDE if isinstance(truth.value, arb) else Domain.UNDECIDED


def nearest(value: Real) -> float | None:
    """A true value as a float64, infinite where it exceeds one or is singular; None where there is none."""
    if isinstance(value, State):
        return float("inf") if value is State.SINGULAR else None
    number = float(value.mid())
    return number if value.is_finite() else None


__all__ = ["Judge", "Judgement", "Line", "Point", "nearest"]
