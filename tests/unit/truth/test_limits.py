"""Derivatives as limits of difference quotients."""

from collections.abc import Callable, Iterator

import pytest
from flint import arb, ctx

from gradcheck.truth.duals import Real, State
from gradcheck.truth.enclosures import UNKNOWN, Enclosure
from gradcheck.truth.limits import FIRST_STEP, differentiated


@pytest.fixture(autouse=True)
def precise() -> Iterator[None]:
    before, ctx.prec = ctx.prec, 1024
    yield
    ctx.prec = before


def at_zero(function: Callable[[arb], Real], here: Real = State.UNDECIDED) -> Enclosure:
    return differentiated(function, FIRST_STEP, here)


def root(t: arb) -> Real:
    return t.sqrt() if t >= 0 else State.UNDEFINED


def size(t: arb) -> arb:
    return t if t > 0 else -t


@pytest.mark.parametrize(
    ("function", "value", "slope"),
    [
        (lambda t: t * 3 + 1, 1, 3),
        (lambda t: t.sin() / t, 1, 0),
        (lambda t: t.exp(), 1, 1),
        (lambda t: t * t, 0, 0),
        (lambda t: arb(5), 5, 0),
        (lambda t: size(t) * size(t).sqrt(), 0, 0),
    ],
    ids=["line", "sinc", "exp", "square", "constant", "|t|^1.5"],
)
def test_smooth_functions(function: Callable[[arb], Real], value: int, slope: int) -> None:
    found = at_zero(function)
    assert isinstance(found.value, arb)
    assert isinstance(found.derivative, arb)
    assert abs(found.value - value) < 1e-50
    assert abs(found.derivative - slope) < 1e-25
    assert found.sides == ()


def test_a_kink_has_two_sides_and_a_border_has_one() -> None:
    assert at_zero(size, arb(0)) == Enclosure(arb(0), arb(1), (arb(1), arb(-1)))
    one = at_zero(lambda t: t * 2 if t >= 0 else State.UNDEFINED, arb(0))
    assert isinstance(one.derivative, arb)
    assert one.derivative.overlaps(arb(2))


@pytest.mark.parametrize(
    "function",
    [
        root,
        lambda t: (1 if t > 0 else -1) * size(t).sqrt(),
        lambda t: t * size(t).log(),
        lambda t: arb(1) if t > 0 else arb(-1),
        lambda t: 1 / t,
    ],
    ids=["sqrt", "odd root", "t log t", "step", "pole"],
)
def test_what_has_no_derivative_is_singular(function: Callable[[arb], Real]) -> None:
    assert at_zero(function, arb(0)).derivative is State.SINGULAR


def test_what_has_no_limit_has_no_value() -> None:
    assert at_zero(lambda t: 1 / t).value is State.SINGULAR
    assert at_zero(lambda t: arb(1) if t > 0 else arb(-1)).value is State.SINGULAR
    assert at_zero(lambda t: size(t).log()).value is State.SINGULAR


def test_states() -> None:
    assert at_zero(lambda t: State.UNDECIDED) == UNKNOWN
    assert at_zero(lambda t: State.UNDEFINED) == Enclosure(State.UNDEFINED, State.UNDEFINED)
    assert at_zero(lambda t: State.SINGULAR, arb(1)) == Enclosure(arb(1), State.SINGULAR)
