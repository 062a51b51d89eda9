"""Enclosures of what is asked for at a point, and the precision that they take.

In: a way to evaluate at flint's current precision. Out: the result at the first precision at which it is narrow. The
precision is doubled until then, or until doubling no longer narrows anything (a question that no precision decides).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from flint import arb, ctx

from gradcheck.truth.duals import Real, State

FIRST_PRECISION = 64
LAST_PRECISION = {"float16": 1024, "bfloat16": 1024, "float32": 1024, "float64": 4096}
"""Bits, by dtype of the input: 1 - cos(x) takes 260 of them at the smallest float32, and 2,100 at that of float64."""

WANTED_BITS = 40
"""Correct bits of a result at which precision is not raised further, for tolerances down to 1e-6."""

PATIENCE = {"float16": 3, "bfloat16": 3, "float32": 3, "float64": 7}
"""Doublings in a row that may narrow nothing, before more precision is taken to be of no use; for float64 all of them,
since the cosine of the smallest number keeps its enclosure up to 2,048 bits."""


class Parted(Protocol):
    """What consists of numbers that should be narrow."""

    @property
    def parts(self) -> tuple[Real, ...]:
        """All of them."""


@dataclass(frozen=True)
class Enclosure:
    """What real arithmetic says at one point.

    Attributes:
        value: of the function.
        derivative: along the swept input: that on both sides where they agree, else that of the branch which the
            program takes; 0 where it does not depend on the input.
        sides: the derivatives just above and just below, where a comparison met a tie and the function has values.
    """

    value: Real
    derivative: Real
    sides: tuple[Real, ...] = ()

    @property
    def every(self) -> tuple[Real, ...]:
        """The derivatives that count as right, and all between them: one-sided ones where there are two."""
        return self.sides if len(self.sides) == 2 else (self.derivative, *self.sides)

    @property
    def parts(self) -> tuple[Real, ...]:
        """The value and these derivatives."""
        return (self.value, *self.every)


UNKNOWN = Enclosure(State.UNDECIDED, State.UNDECIDED)
T = TypeVar("T", bound=Parted)


def refined(once: Callable[[], T], last: int, patience: int, first: int = FIRST_PRECISION) -> T:
    """What `once` gives at the first precision, doubled from `first` on, at which it is narrow; else the last one."""
    precision, left = first, patience
    before: T | None = None
    outer = ctx.prec
    try:
        while True:
            ctx.prec = precision
            now = once()
            left = left - 1 if stuck(now, before) else patience
            if is_narrow(now) or precision >= last or not left:
                return now
            before = now
            precision *= 2
    finally:
        ctx.prec = outer


def smooth(sides: tuple[Real, ...]) -> Real | None:
    """The derivative on both sides of a tie, if it is the same as far as can be told."""
    if len(sides) == 2 and isinstance(sides[0], arb) and isinstance(sides[1], arb) and sides[0].overlaps(sides[1]):
        return sides[0]
    return None


def hull(derivatives: tuple[Real, ...]) -> tuple[arb, arb]:
    """The smallest and the largest of the derivatives that count as right."""
    numbers = [d for d in derivatives if isinstance(d, arb)]
    low = high = numbers[0]
    for d in numbers[1:]:
        low, high = low.min(d), high.max(d)
    return low, high


def is_narrow(found: Parted) -> bool:
    """Whether all parts are known well enough."""
    return all(is_settled(part) for part in found.parts)


def is_settled(part: Real) -> bool:
    """Whether a part is certain, or has enough correct bits."""
    if isinstance(part, State):
        return part is not State.UNDECIDED
    return part.is_exact() or part.rel_accuracy_bits() >= WANTED_BITS


def stuck(now: Parted, before: Parted | None) -> bool:
    """Whether doubling the precision narrowed nothing that is still wide."""
    if before is None or len(now.parts) != len(before.parts):
        return False
    pairs = zip(now.parts, before.parts, strict=True)
    return not any(narrowed(new, old) for new, old in pairs if not is_settled(new))


def narrowed(new: Real, old: Real) -> bool:
    """Whether a part became narrower, or may still get an enclosure."""
    if isinstance(new, State) or isinstance(old, State):
        return True  # whether an enclosure excludes 0, say, may take any precision
    return bool(new.rad() < old.rad())
