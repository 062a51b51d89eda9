"""Judging tensors: the outputs and gradients that TensorFlow computed at a point, held against real arithmetic.

In: an oracle, points, and computed arrays. Out: classes and kinds, an entry at a time or of a gradient as a whole. With
g the true gradient by one input, L the larger of the weighted sum and the outputs, x the input, u the unit roundoff of
its dtype and k = CONDITION_ULPS, an entry g'_i is right if

    |g'_i - g_i|  <=  tolerance |g_i| + k u |L| / max(1, |x_i|) + floor
                      + k u ||g||_inf + k u a_i + max |g_i(x~) - g_i(x)|.

The first three terms are those of `judging`. The fourth is what a sum of terms of the gradient's own size leaves where
they cancel: algorithms on vectors are stable normwise, not entry by entry (Higham, Accuracy and Stability of Numerical
Algorithms, 2nd ed., sections 3.1 and 6.2). a_i is the sum over all paths from x_i of |products of slopes|: the chain
rule adds these, and where they cancel, as those through a softmax of equal logits do, a rounding of each remains though
every slope is exact (running error analysis, ibid. section 3.3). A slope that is computed badly is not excused by it.
The last is again the condition number of the gradient times a backward error of k ulps: x~ is x with each element of
all inputs moved by k ulps, up or down at random, in PATTERNS ways; 0 stays 0, since a relative error of it is none, and
no element leaves its input's domain. Where an output is larger than the dtype nothing finite is judged.

An error below ROUNDINGS u S / max(1, |x_i|) is let pass as well, S being the median of ||g||_inf over ordinary points:
sigmoid(x) - 1 rounds to 0 from 17 on, and nobody who adds gradients of this size to others notices. The divisor is that
of the third term: by a vector of length 1e20 a normalised one has a gradient of 1e-20, which should not be lost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, isnan

import numpy as np
from flint import arb

from gradcheck.floats import FloatFormat
from gradcheck.options import CONDITION_ULPS
from gradcheck.program import Array
from gradcheck.records import Class, Domain, Kind, TensorInput, TensorPoint
from gradcheck.truth.duals import ZERO, State
from gradcheck.truth.enclosures import hull
from gradcheck.truth.holes import is_hole
from gradcheck.truth.judging import CONSTANTS, ROUNDINGS, fits, floor_of, kind_of, nearest, unit_of
from gradcheck.truth.known import Index, Known, OracleOfTensors, OwnGradient, chosen, largest
from gradcheck.truth.moves import moved

PATTERNS = 2
"""Ways in which the inputs are moved to see how far the gradient moves: an entry that moves little in both depends on
few elements, or is well conditioned."""

SUSPICION = 0.25
"""Part of the tolerance beyond which a gradient is looked at entry by entry."""

SLIGHT = 1e-3
"""Part of the usual gradient below which an error does not change a step of training."""

REMEMBERED = 64
"""Points of which the truth is kept."""

ORDINARY = 5
"""Ordinary points that the usual size of the gradient is taken from; a median of five holds against two odd ones."""


@dataclass(frozen=True)
class Entry:
    """One entry of a gradient: what was computed, and, of a number that is not finite, what it should have been."""

    found: Class
    kind: Kind | None = None


class TensorJudge:
    """All inputs of one tensor target, with one cotangent.

    Attributes:
        oracle: of the stripped forward program.
        exact: for each version with a gradient of its own making, that gradient's formula.
        inputs: those of the program, in order.
        tolerance: relative.
        ordinary: points at which the usual size of the gradient is looked up.
    """

    def __init__(
        self,
        oracle: OracleOfTensors,
        exact: Mapping[str, OwnGradient],
        inputs: tuple[TensorInput, ...],
        tolerance: float,
        ordinary: Sequence[TensorPoint],
    ) -> None:
        self.oracle, self.exact, self.inputs = oracle, exact, inputs
        self.tolerance, self.ordinary = tolerance, ordinary[:ORDINARY]
        self.known: dict[tuple[bytes, ...], Known] = {}
        self.scales: dict[int, arb] = {}

    def domain(self, point: TensorPoint) -> Domain:
        """Whether the function is defined: every element of every output is."""
        values = [x for array in self.at(point).outputs for x in array.ravel()]
        if any(x is State.UNDEFINED for x in values):
            return Domain.OUTSIDE
        return Domain.UNDECIDED if any(isinstance(x, State) for x in values) else Domain.INSIDE

    def is_hole(self, point: TensorPoint) -> bool:
        """Whether the function is not defined at a point, but bounded all around it."""
        return is_hole(self.oracle, point, self.ordinary)

    def defect(self, point: TensorPoint, outputs: list[Array]) -> bool:
        """Whether a computed output is not finite though the true one can be represented."""
        triples = zip(outputs, self.at(point).outputs, self.oracle.formats, strict=True)
        return any(
            not isfinite(x) and fits(true, fmt, CONDITION_ULPS * unit_of(fmt))
            for computed, exact, fmt in triples
            if fmt
            for x, true in zip(np.ravel(computed).tolist(), exact.ravel(), strict=True)
        )

    def entry(self, point: TensorPoint, wrt: int, index: Index, gradient: float, version: str) -> Entry:
        """The verdict on one entry of one version's gradient."""
        known, fmt = self.at(point), self.fmt(wrt)
        truth = known.entry(wrt, index)
        if not isfinite(gradient):
            odd = Class.NAN if isnan(gradient) else Class.INF if gradient > 0 else Class.NEGATIVE_INF
            return Entry(odd, kind_of(truth, fmt, self.tolerance))
        if self.is_wrong_formula(known, wrt, index, version):
            return Entry(Class.WRONG)
        if self.is_right(known, wrt, index, gradient):
            return Entry(Class.FINITE)
        return Entry(Class.VANISHED if gradient == 0 else Class.INACCURATE)

    def worst(self, point: TensorPoint, wrt: int, gradient: Array, version: str) -> tuple[Class, list[Index]]:
        """The class of the finite entries of a gradient as a whole, and which of them are bad."""
        indices = [i for i in chosen(np.shape(gradient), self.oracle.passes) if isfinite(gradient[i])]
        entries = {i: self.entry(point, wrt, i, float(gradient[i]), version).found for i in indices}
        for worst in (Class.WRONG, Class.VANISHED, Class.INACCURATE):
            if worst in entries.values():
                return worst, [i for i, found in entries.items() if found is not Class.FINITE]
        return Class.FINITE, []

    def is_suspicious(self, point: TensorPoint, wrt: int, gradient: Array) -> bool:
        """Whether a finite gradient may be wrong: one pass along random signs tells, whatever the number of entries.

        An error of one entry shows in the sum of all, unless two of them cancel. `worst` has the last word.
        """
        signs = np.random.default_rng(0).choice([-1.0, 1.0], np.shape(gradient))
        found = self.oracle.along(point, tuple(signs if i == wrt else None for i in range(len(point))))
        if not isinstance(found.derivative, arb) or not isinstance(found.value, arb):
            return False
        computed = arb(0)
        for g, s in zip(np.ravel(gradient).tolist(), signs.ravel().tolist(), strict=True):
            computed += arb(g) * s
        largest_entry = float(np.abs(gradient).max(initial=0.0))
        slack = SUSPICION * self.tolerance * largest_entry + floor_of(self.fmt(wrt))
        low, high = hull(found.every) if all(isinstance(d, arb) for d in found.every) else (arb(0), arb(0))
        return bool((computed - high).max(low - computed) > slack)

    def is_slight(self, point: TensorPoint, wrt: int, gradient: Array, bad: Sequence[Index]) -> bool:
        """Whether the errors of some entries are far below the usual size of the gradient."""
        known = self.at(point)
        truths = [(known.entry(wrt, i).derivative, float(gradient[i])) for i in bad]
        errors = [abs(truth - arb(g)) for truth, g in truths if isinstance(truth, arb)]
        return bool(errors) and all(bool(e < SLIGHT * self.scale(wrt)) for e in errors)

    def true_gradient(self, point: TensorPoint, wrt: int, limit: int) -> Array:
        """The true gradient by one input, of up to `limit` entries; None for those left out or without a number."""
        result = np.full(np.shape(point[wrt]), None, object)
        for index in chosen(result.shape, limit):
            result[index] = nearest(self.at(point).entry(wrt, index).derivative)
        return result

    def true_entry(self, point: TensorPoint, wrt: int, index: Index) -> tuple[float | None, float | None]:
        """The true weighted sum of the outputs, and one entry of its gradient; None where there is no number."""
        found = self.at(point).entry(wrt, index)
        return nearest(found.value), nearest(found.derivative)

    def true_outputs(self, point: TensorPoint) -> tuple[Array, ...]:
        """The true outputs as the nearest float64 each; None where there is none."""
        pairs = zip(self.at(point).outputs, self.oracle.formats, strict=True)
        return tuple(nearest_of(array) if fmt else array for array, fmt in pairs)

    def at(self, point: TensorPoint) -> Known:
        """What is known of a point."""
        key = tuple(np.ascontiguousarray(x).tobytes() for x in point)
        if key not in self.known:
            if len(self.known) >= REMEMBERED:
                del self.known[next(iter(self.known))]
            self.known[key] = Known(self.oracle, self.exact, point)
        return self.known[key]

    def fmt(self, wrt: int) -> FloatFormat:
        """The dtype of an input that is differentiated by."""
        fmt = self.inputs[wrt].fmt
        assert fmt is not None, "only floats have gradients"
        return fmt

    def scale(self, wrt: int) -> arb:
        """The median of the gradient's size at ordinary points; 0 where there is none."""
        if wrt not in self.scales:
            sizes = sorted((Known(self.oracle, {}, p).norm(wrt) for p in self.ordinary), key=lambda s: float(s.mid()))
            self.scales[wrt] = sizes[len(sizes) // 2] if sizes else ZERO
        return self.scales[wrt]

    def is_right(self, known: Known, wrt: int, index: Index, gradient: float) -> bool:
        """Whether a finite entry is not certainly wrong, by the formula above; the dear terms last."""
        truth, fmt = known.entry(wrt, index), self.fmt(wrt)
        if not isinstance(truth.value, arb) or any(not isinstance(d, arb) for d in truth.every):
            return True
        if known.size > fmt.largest:
            return True
        low, high = hull(truth.every)
        error = (arb(gradient) - high).max(low - arb(gradient))
        small = CONDITION_ULPS * unit_of(fmt)
        slack = self.tolerance * abs(high).max(abs(low)) + floor_of(fmt)
        if not error > slack:
            return True
        size = max(abs(float(known.point[wrt][index])), 1.0)
        slack += small * (abs(truth.value).max(known.size) / size + known.norm(wrt))
        if not error > slack or error < ROUNDINGS * unit_of(fmt) * self.scale(wrt) / size:
            return True
        paths = self.oracle.magnitude(known.point, wrt, index)
        slack += small * largest([paths])
        return not error > slack or not error > slack + self.conditioning(known, wrt, index)

    def conditioning(self, known: Known, wrt: int, index: Index) -> arb:
        """How far the true entry moves with the inputs; infinite where it cannot be told."""
        here = known.entry(wrt, index).derivative
        near = [self.at(moved(self.inputs, known.point, seed)).entry(wrt, index).derivative for seed in range(PATTERNS)]
        numbers = [d for d in near if isinstance(d, arb)]
        return largest([d - here for d in numbers]) if numbers and isinstance(here, arb) else arb("inf")

    def is_wrong_formula(self, known: Known, wrt: int, index: Index, version: str) -> bool:
        """Whether a version's own formula, evaluated exactly, is not the derivative: half of the digits differ.

        Constants that were rounded to the dtype may explain some units of rounding of the usual gradient.
        """
        exact, truth = known.own(version, wrt, index), known.entry(wrt, index)
        if not isinstance(exact, arb) or any(not isinstance(d, arb) for d in truth.every):
            return False
        low, high = hull(truth.every)
        fmt = self.fmt(wrt)
        error = (exact - high).max(low - exact)
        slack = unit_of(fmt) ** 0.5 * abs(high).max(abs(low)) + floor_of(fmt)
        if not error > slack:
            return False
        return bool(error > slack + CONSTANTS * unit_of(fmt) * self.scale(wrt).max(known.norm(wrt)))


def nearest_of(array: Array) -> Array:
    """Exact numbers as floats."""
    result = np.full(array.shape, None, object)
    result.ravel()[:] = [nearest(x) for x in array.ravel()]
    return result
