"""Numbers of real arithmetic: an enclosure of a value, and one of its derivative along the swept input.

In: balls (python-flint's `arb`). Out: `Dual`s, and how an elementary function of one or two of them is made from its
value and its partial derivatives. What has no value says why, by a `State`, and never poisons a branch that is not
selected.

The chain rule on pairs (value, derivative) is that of Wengert, "A simple automatic derivative evaluation program",
CACM 7 (1964); every enclosure is rigorous as long as each value and each slope is.
"""

from collections.abc import Callable
from enum import Enum
from typing import TypeAlias

from flint import arb


class State(Enum):
    """Why there is no enclosure."""

    UNDEFINED = "undefined"
    """Not defined in real arithmetic: log(-1), 1/0, a pole."""
    UNDECIDED = "undecided"
    """The enclosure of an argument is too wide at this precision to say."""
    SINGULAR = "singular"
    """Of a derivative only: infinite, or it does not exist, at a point where the value does."""


Real: TypeAlias = arb | State
ZERO = arb(0)
ONE = arb(1)


class Mode:
    """How derivatives are added.

    Attributes:
        absolute: whether absolute values are: then a derivative is the sum of |products of slopes| over all paths from
            the input, and rounding makes an error of some units of it, however exact every slope is.
    """

    absolute = False


class Dual:
    """A value and its derivative.

    Attributes:
        v: enclosure of the value, or a state.
        d: enclosure of the derivative, a state, or None where the value does not depend on the swept input.
    """

    __slots__ = ("d", "v")

    def __init__(self, v: Real, d: Real | None = None) -> None:
        self.v = v
        self.d = d

    def __repr__(self) -> str:
        return f"Dual({self.v}, {self.d})"


def dual(v: Real, d: Real | None = None) -> Dual:
    """A dual of computed parts: what is no number is undecided, and without a value there is no derivative."""
    if isinstance(v, State):
        return Dual(v, None if d is None else v)
    if v.is_nan():
        return Dual(State.UNDECIDED, None if d is None else State.UNDECIDED)
    if isinstance(d, arb) and d.is_nan():
        return Dual(v, State.UNDECIDED)
    return Dual(v, d)


def sign(v: arb) -> int | None:
    """1, -1, 0 where it is exactly 0, or None where the enclosure does not tell."""
    if v > 0:
        return 1
    if v < 0:
        return -1
    return 0 if v.is_zero() else None


def times(slope: Real, d: Real | None) -> Real | None:
    """Slope * d: one term of the chain rule."""
    if d is None:
        return None
    if isinstance(slope, State):
        return slope
    return d if isinstance(d, State) else slope * d


def plus(a: Real | None, b: Real | None) -> Real | None:
    """A + b for two terms of the chain rule; the worse state wins."""
    if a is None or b is None:
        return b if a is None else a
    if isinstance(a, State) or isinstance(b, State):
        states = (a, b)
        return next(s for s in (State.UNDEFINED, State.UNDECIDED, State.SINGULAR) if s in states)
    return abs(a) + abs(b) if Mode.absolute else a + b


def between(a: Real | None, b: Real | None) -> Real | None:
    """All between two derivatives."""
    if a is None and b is None:
        return None
    low, high = (ZERO if d is None else d for d in (a, b))
    return plus(low, high) if isinstance(low, State) or isinstance(high, State) else low.union(high)


def state_of(*xs: Dual) -> State | None:
    """The state that the result takes over from its arguments, or None where all have values."""
    states = [x.v for x in xs if isinstance(x.v, State)]
    if not states:
        return None
    return State.UNDEFINED if State.UNDEFINED in states else states[0]


def lost(state: State, *xs: Dual) -> Dual:
    """A result without a value."""
    return Dual(state, None if all(x.d is None for x in xs) else state)


Value1: TypeAlias = Callable[[arb], Real]
Slope1: TypeAlias = Callable[[arb, arb], Real]
Value2: TypeAlias = Callable[[arb, arb], Real]
Slope2: TypeAlias = Callable[[arb, arb, arb], Real]


def of_one(value: Value1, slope: Slope1) -> Callable[[Dual], Dual]:
    """A function of one number, from `value(x)` and `slope(x, value)`, its derivative."""

    def call(x: Dual) -> Dual:
        if isinstance(x.v, State):
            return lost(x.v, x)
        v = value(x.v)
        if isinstance(v, State) or x.d is None:
            return dual(v, None if x.d is None else State.UNDECIDED)
        return dual(v, times(slope(x.v, v), x.d))

    return call


def of_two(value: Value2, slope_x: Slope2, slope_y: Slope2) -> Callable[[Dual, Dual], Dual]:
    """A function of two numbers, from `value(x, y)` and its partial derivatives `slope(x, y, value)`."""

    def call(x: Dual, y: Dual) -> Dual:
        a, b = x.v, y.v
        if isinstance(a, State) or isinstance(b, State):
            return lost(state_of(x, y) or State.UNDECIDED, x, y)
        v = value(a, b)
        if isinstance(v, State) or (x.d is None and y.d is None):
            return dual(v, None if x.d is None and y.d is None else State.UNDECIDED)
        along_x = None if x.d is None else times(slope_x(a, b, v), x.d)
        along_y = None if y.d is None else times(slope_y(a, b, v), y.d)
        return dual(v, plus(along_x, along_y))

    return call
