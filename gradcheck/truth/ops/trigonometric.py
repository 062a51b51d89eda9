"""Trigonometric functions and their inverses."""

from collections.abc import Callable, Mapping

from flint import arb

from gradcheck.truth.duals import ZERO, Dual, Real, State, lost, of_one, of_two, sign, state_of
from gradcheck.truth.running import Rule, elementwise


def inside_unit(value: Callable[[arb], arb]) -> Callable[[arb], Real]:
    """A function that is defined between -1 and 1, both included."""

    def call(x: arb) -> Real:
        s = sign(1 - abs(x))
        return State.UNDECIDED if s is None else value(x) if s >= 0 else State.UNDEFINED

    return call


def inverse_sine_slope(x: arb, v: arb) -> Real:
    """1 / sqrt(1 - x^2), infinite at both ends."""
    rest = (1 - x) * (1 + x)
    return State.SINGULAR if rest.is_zero() else rest.rsqrt()


def tangent_slope(x: arb, v: arb) -> Real:
    """1 + tan(x)^2."""
    return 1 + v * v


def cosine_slope(x: arb, v: arb) -> Real:
    """-1 / sqrt(1 - x^2), infinite at both ends."""
    slope = inverse_sine_slope(x, v)
    return slope if isinstance(slope, State) else -slope


def arctangent2(y: Dual, x: Dual) -> Dual:
    """atan2(y, x): 0 by convention at the origin, without a derivative; pi, as above the cut, where y = 0 and x < 0."""
    state = state_of(y, x)
    if state is not None:
        return lost(state, y, x)
    assert isinstance(y.v, arb), "states are handled above"
    assert isinstance(x.v, arb), "states are handled above"
    if y.v.is_zero() and sign(x.v) == 0:
        return Dual(ZERO, None if y.d is None and x.d is None else State.SINGULAR)
    if sign(y.v) is None and sign(x.v) != 1:
        return lost(State.UNDECIDED, y, x)
    return smooth_arctangent2(y, x)


smooth_arctangent2 = of_two(arb.atan2, lambda y, x, v: x / (x * x + y * y), lambda y, x, v: -y / (x * x + y * y))

RULES: Mapping[str, Rule] = {
    "Acos": elementwise(of_one(inside_unit(lambda x: x.acos()), cosine_slope)),
    "Asin": elementwise(of_one(inside_unit(lambda x: x.asin()), inverse_sine_slope)),
    "Atan": elementwise(of_one(lambda x: x.atan(), lambda x, v: 1 / (1 + x * x))),
    "Atan2": elementwise(arctangent2, 2),
    "Cos": elementwise(of_one(lambda x: x.cos(), lambda x, v: -x.sin())),
    "Sin": elementwise(of_one(lambda x: x.sin(), lambda x, v: x.cos())),
    "Tan": elementwise(of_one(lambda x: x.tan(), tangent_slope)),
}
