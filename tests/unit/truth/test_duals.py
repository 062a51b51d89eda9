"""Numbers of real arithmetic: states are kept apart, and the chain rule holds."""

import mpmath
import pytest
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from gradcheck.truth.duals import (
    ONE,
    ZERO,
    Dual,
    Real,
    State,
    dual,
    lost,
    of_one,
    of_two,
    plus,
    sign,
    state_of,
    times,
)

UNDEFINED, UNDECIDED, SINGULAR = State.UNDEFINED, State.UNDECIDED, State.SINGULAR
WIDE = arb(0, 1)
NAN = arb("nan")

numbers = st.floats(-1e6, 1e6).map(arb)
reals = st.one_of(numbers, st.sampled_from([None, UNDEFINED, UNDECIDED, SINGULAR]))

square = of_one(lambda x: x * x, lambda x, v: 2 * x)
root = of_one(lambda x: UNDEFINED if x < 0 else x.sqrt(), lambda x, v: SINGULAR if v.is_zero() else 1 / (2 * v))
product = of_two(lambda x, y: x * y, lambda x, y, v: y, lambda x, y, v: x)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(arb(2), 1), (arb(-2), -1), (arb(0), 0), (WIDE, None), (arb(1, 1), None), (arb(3, 1), 1), (arb("inf"), 1)],
)
def test_the_sign_of_an_enclosure_is_told_only_where_it_is_certain(value: arb, wanted: int | None) -> None:
    assert sign(value) == wanted


def test_what_is_no_number_is_undecided_and_never_a_number() -> None:
    assert dual(NAN).v is UNDECIDED
    assert dual(NAN).d is None
    assert dual(NAN, ONE).d is UNDECIDED
    assert dual(ONE, NAN).d is UNDECIDED
    assert dual(ONE, NAN).v == ONE
    assert dual(UNDEFINED, ONE).d is UNDEFINED, "without a value there is no derivative"
    assert dual(UNDEFINED).d is None, "what does not depend on the input has none either way"


@pytest.mark.parametrize(
    ("a", "b", "wanted"),
    [
        (None, None, None),
        (None, ONE, ONE),
        (SINGULAR, None, SINGULAR),
        (SINGULAR, ONE, SINGULAR),
        (SINGULAR, UNDECIDED, UNDECIDED),
        (UNDECIDED, UNDEFINED, UNDEFINED),
        (ONE, UNDEFINED, UNDEFINED),
        (ONE, ONE, arb(2)),
    ],
)
def test_of_two_terms_the_worse_state_wins(a: Real | None, b: Real | None, wanted: Real | None) -> None:
    assert plus(a, b) == wanted


@given(a=reals, b=reals)
def test_terms_may_be_added_in_any_order(a: Real | None, b: Real | None) -> None:
    one, other = plus(a, b), plus(b, a)
    assert one.overlaps(other) if isinstance(one, arb) and isinstance(other, arb) else one is other


@given(slope=reals.filter(lambda r: r is not None))
def test_a_term_that_does_not_move_stays_so_whatever_its_slope(slope: Real) -> None:
    assert times(slope, None) is None


def test_a_slope_without_a_value_is_kept_even_where_nothing_arrives() -> None:
    assert times(SINGULAR, ZERO) is SINGULAR, "0 * infinity is not 0"
    assert times(ONE, UNDECIDED) is UNDECIDED
    assert times(arb(3), arb(2)) == arb(6)


def test_the_state_of_arguments() -> None:
    assert state_of(Dual(ONE), Dual(ZERO)) is None
    assert state_of(Dual(ONE), Dual(UNDECIDED)) is UNDECIDED
    assert state_of(Dual(UNDECIDED), Dual(UNDEFINED)) is UNDEFINED


def test_a_lost_result_moves_only_if_an_argument_does() -> None:
    assert lost(UNDEFINED, Dual(ONE), Dual(ZERO)).d is None
    assert lost(UNDEFINED, Dual(ONE), Dual(ZERO, ONE)).d is UNDEFINED


@given(x=st.floats(-1e3, 1e3), dx=st.floats(-1e3, 1e3))
def test_the_chain_rule_for_one_argument(x: float, dx: float) -> None:
    result = square(square(Dual(arb(x), arb(dx))))
    assert isinstance(result.d, arb)
    assert result.d.overlaps(4 * arb(x) ** 3 * arb(dx))
    constant = square(Dual(arb(x)))
    assert constant.d is None


@given(x=st.floats(-1e3, 1e3), y=st.floats(-1e3, 1e3))
def test_the_chain_rule_for_two_arguments(x: float, y: float) -> None:
    a, b = arb(x), arb(y)
    both = product(Dual(a, ONE), Dual(b, arb(2)))
    assert isinstance(both.d, arb)
    assert both.d.overlaps(b + 2 * a)
    assert product(Dual(a, ONE), Dual(b)).d == b
    assert product(Dual(a), Dual(b, ONE)).d == a
    assert product(Dual(a), Dual(b)).d is None


def test_a_singular_derivative_leaves_the_value() -> None:
    at_zero = root(Dual(ZERO, ONE))
    assert at_zero.v == ZERO
    assert at_zero.d is SINGULAR
    assert root(Dual(ZERO)).d is None
    outside = root(Dual(arb(-1), ONE))
    assert (outside.v, outside.d) == (UNDEFINED, UNDEFINED)


@pytest.mark.parametrize("state", [UNDEFINED, UNDECIDED])
def test_states_of_arguments_are_handed_on(state: State) -> None:
    assert square(Dual(state, state)).v is state
    assert product(Dual(state), Dual(ONE, ONE)).v is state
    assert product(Dual(ONE, ONE), Dual(state)).d is state
    assert product(Dual(UNDECIDED), Dual(UNDEFINED)).v is UNDEFINED


def test_enclosures_hold_what_they_enclose() -> None:
    mpmath.mp.dps = 50
    result = root(Dual(arb(2), ONE))
    assert isinstance(result.v, arb)
    assert isinstance(result.d, arb)
    assert result.v.overlaps(arb(str(mpmath.sqrt(2))))
    assert result.d.overlaps(arb(str(1 / (2 * mpmath.sqrt(2)))))
