"""Holes: points at which a formula is not defined although the function is all around, and bounded.

In: an oracle, a point at which an output is undefined, and ordinary points. Out: whether it is a hole. 0 * log(0),
0 / 0 and 0 * inf have no value; but x log x has a limit at 0, and an intersection over a union is never above 1. A loss
that gives NaN there is broken, and so is a softmax over nothing that a mask left; whereas log(0) has no limit and
log(-1) nothing around it. So the function is looked at on the way to ordinary points, at 2^-60 and 2^-120 of it, where
its values must be settled; and with other masks and labels.
"""

from collections.abc import Sequence

import numpy as np
from flint import arb, ctx

from gradcheck.program import Array
from gradcheck.records import TensorPoint
from gradcheck.truth.arguments import exact_point, shifted
from gradcheck.truth.known import OracleOfTensors
from gradcheck.truth.tensors import LAST_LIMIT_PRECISION, LIMIT_PRECISION, TensorOracle

STEPS = (arb(2) ** -60, arb(2) ** -120)
"""How far on the way it is looked."""

TOUCHING = arb(2) ** -1300
"""A step that passes no float: from -1e-37 the others lead to where sqrt is defined."""

SETTLED = 1e-3
"""Relative change between both steps of a function that has a limit; that of log x is 1."""


def is_hole(oracle: OracleOfTensors, point: TensorPoint, ordinary: Sequence[TensorPoint]) -> bool:
    """Whether the outputs have limits on the way from a point to some ordinary one; not known without exact rules."""
    if not isinstance(oracle, TensorOracle):
        return False
    count = sum(np.size(a) for a in oracle.outputs(point))
    if any(is_defined(oracle, unmasked(point, there), count) for there in ordinary):
        return True
    return any(has_limits(oracle, point, there) for there in (*ordinary, above(point)))


def unmasked(point: TensorPoint, there: TensorPoint) -> TensorPoint | None:
    """The same floats with other labels and masks; None where there are none."""
    if all(x.dtype.kind == "f" for x in point):
        return None
    return tuple(x if x.dtype.kind == "f" else y for x, y in zip(point, there, strict=True))


def is_defined(oracle: TensorOracle, point: TensorPoint | None, count: int) -> bool:
    """Whether as many outputs have values at a point: then it is not for the floats that they had none."""
    if point is None or sum(np.size(a) for a in oracle.outputs(point)) != count:
        return False
    return values(oracle, point) is not None


def above(point: TensorPoint) -> TensorPoint:
    """Another way to go: every float a little up."""
    return tuple(x + 1.0 if x.dtype.kind == "f" else x for x in point)


def has_limits(oracle: TensorOracle, point: TensorPoint, there: TensorPoint) -> bool:
    """Whether all outputs are settled on the way from one point to another."""
    outer, ctx.prec = ctx.prec, LIMIT_PRECISION
    try:
        exact = exact_point(oracle.program, point)
        way = tuple(b - a if a.dtype.kind == "f" else None for a, b in zip(point, there, strict=True))
        near, nearer = (values(oracle, shifted(exact, way, step)) for step in STEPS)
        if near is None or nearer is None or not all(map(settled, near, nearer)):
            return False
        ctx.prec = LAST_LIMIT_PRECISION
        nearest = values(oracle, shifted(exact_point(oracle.program, point), way, TOUCHING))
    finally:
        ctx.prec = outer
    return nearest is not None and all(map(settled, nearer, nearest))


def values(oracle: TensorOracle, point: tuple[Array, ...]) -> list[arb] | None:
    """All numbers of the outputs, or None where one has no value."""
    numbers = [
        x for array, fmt in zip(oracle.outputs(point), oracle.formats, strict=True) if fmt for x in np.ravel(array)
    ]
    return numbers if all(isinstance(x, arb) and x.is_finite() for x in numbers) else None


def settled(a: arb, b: arb) -> bool:
    """Whether a value is the same at both steps, as far as a limit goes."""
    return bool(abs(a - b) <= SETTLED * (1 + abs(b)))
