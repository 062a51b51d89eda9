"""A derivative as the limit of difference quotients, in real arithmetic.

In: a function of a real number t that can be evaluated close to 0, and maybe not at 0. Out: its value and derivative at
0. The function is taken at t, t / 2^40 and t / 2^80 on both sides: the quotients of neighbours estimate the one-sided
derivatives at two scales 2^40 apart. Where they agree, the distance between them is the radius that is given to the
second (Richardson's deferred approach to the limit, 1927, of which this is the first step); where they grow there is no
derivative; where both sides differ there is a kink; where the values do, a jump.
"""

from collections.abc import Callable
from dataclasses import dataclass

from flint import arb

from gradcheck.truth.duals import ZERO, Real, State
from gradcheck.truth.enclosures import UNKNOWN, Enclosure, smooth

RATIO = arb(2) ** -40
"""Of one step to the one before."""

FIRST_STEP = arb(2) ** -200
"""Far below any number that a program adds to its input, save those as small as the input itself."""

GROWTH = 1 + arb(2) ** -20
"""How much a quotient may grow over 2^40 where it converges: that of t log(t) grows by a fifth from 2^-200 on."""

CLOSING = arb(2) ** -10
"""How much the gap between both sides shrinks at least over 2^80 where there is no jump."""

NEGLIGIBLE = arb(2) ** -160
"""A slope that is 0: below the error of the quotient of a function with slopes and curvatures up to 2^40."""

Function = Callable[[arb], Real]


@dataclass(frozen=True)
class Side:
    """One side of a point.

    Attributes:
        far, near: the value at the first and at the last step.
        slope: the one-sided derivative, or SINGULAR.
    """

    far: arb
    near: arb
    slope: Real


def differentiated(function: Function, step: arb, here: Real) -> Enclosure:
    """The value and derivative of a function at 0; `here` is its value there, if it has one."""
    sides = [side(function, step), side(function, -step)]
    if State.UNDECIDED in sides:
        return UNKNOWN
    if State.SINGULAR in sides:
        return Enclosure(here, State.SINGULAR)
    known = [s for s in sides if isinstance(s, Side)]
    if not known:
        return Enclosure(State.UNDEFINED, State.UNDEFINED)
    slopes = tuple(s.slope for s in known)
    broken = len(known) == 2 and jumps(*known)
    if isinstance(here, State):
        here = State.SINGULAR if broken or any(map(grows, known)) else known[0].near.union(known[-1].near)
    if broken or State.SINGULAR in slopes:
        return Enclosure(here, State.SINGULAR)
    common = smooth(slopes) if len(known) == 2 else slopes[0]
    return Enclosure(here, slopes[0] if common is None else common, slopes if common is None else ())


def side(function: Function, step: arb) -> Side | State:
    """What is on the side of a step, or why nothing is."""
    steps = (step, step * RATIO, step * RATIO**2)
    values = [function(t) for t in steps]
    numbers = [v for v in values if isinstance(v, arb)]
    if len(numbers) < len(values):
        return next(v for v in values if isinstance(v, State))
    wide, narrow = ((numbers[k] - numbers[k + 1]) / (steps[k] - steps[k + 1]) for k in (0, 1))
    if abs(narrow) > abs(wide) * GROWTH and not negligible(narrow):
        return Side(numbers[0], numbers[2], State.SINGULAR)
    return Side(numbers[0], numbers[2], settled(narrow + (wide - narrow) * arb(0, 1)))


def settled(slope: arb) -> arb:
    """The slope, or 0 where it is next to 0, so that no precision is spent on how near."""
    return ZERO if negligible(slope) else slope


def negligible(slope: arb) -> bool:
    """Whether a slope is 0 as far as steps of this size tell."""
    return bool(abs(slope) < NEGLIGIBLE)


def grows(side: Side) -> bool:
    """Whether the values have no limit on one side, growing towards the point."""
    return bool(abs(side.near) > abs(side.far) * GROWTH)


def jumps(above: Side, below: Side) -> bool:
    """Whether the values on both sides do not close up."""
    return bool(abs(above.near - below.near) > abs(above.far - below.far) * CLOSING)
