"""Sums, products, quotients, powers and roots."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
from flint import arb, fmpz

from gradcheck.program import Array, Node
from gradcheck.truth.duals import ONE, ZERO, Dual, Real, State, of_one, of_two, sign, times
from gradcheck.truth.running import FLOATS, Rule, Run, each, elementwise

Call2: TypeAlias = Callable[[Dual, Dual], Dual]

add = of_two(lambda x, y: x + y, lambda x, y, v: ONE, lambda x, y, v: ONE)
subtract = of_two(lambda x, y: x - y, lambda x, y, v: ONE, lambda x, y, v: -ONE)
multiply = of_two(lambda x, y: x * y, lambda x, y, v: y, lambda x, y, v: x)
negate = of_one(lambda x: -x, lambda x, v: -ONE)
square = of_one(lambda x: x * x, lambda x, v: 2 * x)


def quotient(x: arb, y: arb) -> Real:
    """X / y; not defined at y = 0."""
    s = sign(y)
    if s is None:
        return State.UNDECIDED
    return x / y if s else State.UNDEFINED


divide = of_two(quotient, lambda x, y, v: 1 / y, lambda x, y, v: -v / y)
reciprocal = of_one(lambda x: quotient(ONE, x), lambda x, v: -v * v)
squared_difference = of_two(lambda x, y: (x - y) * (x - y), lambda x, y, v: 2 * (x - y), lambda x, y, v: 2 * (y - x))


def root(x: arb) -> Real:
    """sqrt(x)."""
    s = sign(x)
    if s is None:
        return State.UNDECIDED
    return x.sqrt() if s >= 0 else State.UNDEFINED


square_root = of_one(root, lambda x, v: State.SINGULAR if v.is_zero() else 1 / (2 * v))


def reciprocal_root(x: arb) -> Real:
    """1 / sqrt(x)."""
    s = sign(x)
    if s is None:
        return State.UNDECIDED
    return x.rsqrt() if s > 0 else State.UNDEFINED


rsqrt = of_one(reciprocal_root, lambda x, v: -v / (2 * x))


def power(x: arb, y: arb) -> Real:
    """X ** y: for a negative base only where y is an integer, for 0 only where y is not negative."""
    integer = y.unique_fmpz() if y.is_exact() and y.is_finite() and y.is_integer() else None
    if integer is not None and abs(integer) < fmpz(1 << 20) and (integer >= 0 or sign(x) not in (0, None)):
        return x ** arb(integer)
    s = sign(x)
    if s is None:
        return State.UNDECIDED
    if s > 0:
        return (y * x.log()).exp()
    if s == 0:
        return power_of_zero(y)
    if integer is None:
        return State.UNDECIDED if not y.is_exact() and y.contains_integer() else State.UNDEFINED
    return (y * (-x).log()).exp() * (-1 if int(integer) % 2 else 1)


def power_of_zero(y: arb) -> Real:
    """0 ** y."""
    s = sign(y)
    if s is None:
        return State.UNDECIDED
    return ONE if s == 0 else ZERO if s > 0 else State.UNDEFINED


def power_slope_base(x: arb, y: arb, v: arb) -> Real:
    """Y * x ** (y - 1), which is 0 for y = 0 and infinite at x = 0 for 0 < y < 1."""
    if y.is_zero():
        return ZERO
    slope = power(x, y - 1)
    return State.SINGULAR if slope is State.UNDEFINED else times(y, slope) or ZERO


def power_slope_exponent(x: arb, y: arb, v: arb) -> Real:
    """X ** y * log(x)."""
    s = sign(x)
    if s is None:
        return State.UNDECIDED
    if s > 0:
        return v * x.log()
    return ZERO if s == 0 and sign(y) == 1 else State.SINGULAR


pow_ = of_two(power, power_slope_base, power_slope_exponent)


def unless_zero(call: Call2, guard: int) -> Call2:
    """`call(x, y)`, and 0 where argument number `guard` is exactly 0, whatever the other one is.

    Where the guard is 0 and moves, the derivative is that of the unguarded function, if it has one.
    """

    def apply(x: Dual, y: Dual) -> Dual:
        zero = (x, y)[guard]
        if not isinstance(zero.v, arb) or not zero.v.is_zero():
            return call(x, y)
        if zero.d is None:
            return Dual(ZERO, None if x.d is None and y.d is None else ZERO)
        plain = call(x, y)
        return Dual(ZERO, State.SINGULAR if isinstance(plain.v, State) else plain.d)

    return apply


logarithm = of_one(
    lambda x: State.UNDECIDED if sign(x) is None else x.log() if sign(x) == 1 else State.UNDEFINED, lambda x, v: 1 / x
)
logarithm_of_one_plus = of_one(
    lambda x: State.UNDECIDED if sign(x + 1) is None else x.log1p() if sign(x + 1) == 1 else State.UNDEFINED,
    lambda x, v: 1 / (x + 1),
)


def add_n(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
    """AddN: the sum of all inputs."""
    del run, node
    total = arrays[0]
    for array in arrays[1:]:
        total = each(add, 2)(total, array)
    return [total]


def either(on_duals: Call2, on_integers: Callable[[Array, Array], Array]) -> Rule:
    """The rule of an operation on floats, and on integers that hold shapes."""
    apply = each(on_duals, 2)

    def rule(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
        del run
        if node.dtypes[0] in FLOATS:
            return [apply(*arrays)]
        if any(a.dtype == object for a in arrays):
            return [each(lambda *xs: State.UNDECIDED if State.UNDECIDED in xs else on_integers(*xs), 2)(*arrays)]
        return [np.asarray(on_integers(*arrays))]

    return rule


RULES: Mapping[str, Rule] = {
    "Add": either(add, np.add),
    "AddV2": either(add, np.add),
    "Sub": either(subtract, np.subtract),
    "Mul": either(multiply, np.multiply),
    "Neg": elementwise(negate),
    "Div": either(divide, np.floor_divide),
    "RealDiv": elementwise(divide, 2),
    "DivNoNan": elementwise(unless_zero(divide, 1), 2),
    "MulNoNan": elementwise(unless_zero(multiply, 1), 2),
    "Xdivy": elementwise(unless_zero(divide, 0), 2),
    "Xlogy": elementwise(unless_zero(lambda x, y: multiply(x, logarithm(y)), 0), 2),
    "Xlog1py": elementwise(unless_zero(lambda x, y: multiply(x, logarithm_of_one_plus(y)), 0), 2),
    "Inv": elementwise(reciprocal),
    "Reciprocal": elementwise(reciprocal),
    "Square": elementwise(square),
    "SquaredDifference": elementwise(squared_difference, 2),
    "Sqrt": elementwise(square_root),
    "Rsqrt": elementwise(rsqrt),
    "Pow": elementwise(pow_, 2),
}
