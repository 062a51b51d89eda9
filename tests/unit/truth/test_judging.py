"""Planted gradients are judged by the formula: what is off by too much is found, what rounding explains is not."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from gradcheck.floats import FORMATS
from gradcheck.options import CONDITION_ULPS
from gradcheck.records import Class, Domain, Kind
from gradcheck.truth.duals import State
from gradcheck.truth.enclosures import Enclosure
from gradcheck.truth.judging import ROUNDINGS, Judge, Line, Point, nearest
from gradcheck.truth.oracle import ApproximateOracle

JudgeFor = Callable[..., Judge]
FLOAT32 = FORMATS["float32"]
RIGHT, VANISHED, INACCURATE, WRONG = (Class.FINITE, None), (Class.VANISHED, None), (Class.INACCURATE, None), Class.WRONG
INSIDE, OUTSIDE, UNDECIDED = Domain


class Known:
    """An oracle that knows what it is told."""

    def __init__(self, at: Callable[[float], Enclosure]) -> None:
        self.known = at

    def at(self, values: tuple[float, ...]) -> Enclosure:
        return self.known(values[0])


def whole(dtype: str) -> tuple[int, int]:
    return FORMATS[dtype].min_ordinal, FORMATS[dtype].max_ordinal


def judge_by(
    at: Callable[[float], Enclosure],
    dtype: str = "float32",
    tolerance: float = 1e-3,
    segment: tuple[int, int] | None = None,
) -> Judge:
    return Judge(Known(at), {}, ("autodiff",), Line(FORMATS[dtype], 0, (0.0,), (segment or whole(dtype),)), tolerance)  # type: ignore[arg-type]


def flat(value: float, derivative: float) -> Callable[[float], Enclosure]:
    """The same everywhere, so that the condition number allows nothing."""
    return lambda x: Enclosure(arb(value), arb(derivative))


def verdict(judge: Judge, x: float, gradient: float | None, output: float = 1.0) -> tuple[Class, Kind | None]:
    return judge.judge(Point(int(judge.fmt.encode(x)), output, (gradient,))).gradients[0]


# The tolerance


@pytest.mark.parametrize("dtype", list(FORMATS))
@given(tolerance=st.floats(1e-4, 0.4), true=st.floats(1e-2, 1e2), sign=st.sampled_from([-1, 1]))
def test_what_is_off_by_more_than_the_tolerance_is_inaccurate(
    dtype: str, tolerance: float, true: float, sign: int
) -> None:
    judge = judge_by(flat(0.0, sign * true), dtype, tolerance)
    for side in (-1, 1):
        assert verdict(judge, 3.0, sign * true * (1 + side * tolerance * 0.98)) == RIGHT
        off = sign * true * (1 + side * (tolerance * 1.02))
        assert verdict(judge, 3.0, off + side * sign * 2 * judge.floor) == INACCURATE


def test_two_per_mille_off_is_inaccurate_and_half_a_per_mille_is_not(judge_for: JudgeFor) -> None:
    judge = judge_for(tf.exp)
    for x in (-5.0, 0.3, 2.0, 40.0):
        true = math.exp(float(np.float32(x)))
        assert verdict(judge, x, true, true) == RIGHT
        assert verdict(judge, x, true * 1.0005, true) == RIGHT
        assert verdict(judge, x, true * 1.002, true) == INACCURATE
        assert verdict(judge, x, true * 0.998, true) == INACCURATE
        assert verdict(judge, x, -true, true) == INACCURATE


def test_the_tolerance_is_that_which_is_asked_for(judge_for: JudgeFor) -> None:
    strict, lax = (judge_for(tf.exp, tolerance=t) for t in (1e-4, 1e-1))
    assert verdict(strict, 0.5, math.exp(0.5) * 1.0005) == INACCURATE
    assert verdict(lax, 0.5, math.exp(0.5) * 1.05) == RIGHT


def test_exactly_0_where_the_truth_is_not_has_vanished(judge_for: JudgeFor) -> None:
    softplus = judge_for(lambda z: tf.math.log(tf.exp(z) + 1))
    assert verdict(softplus, 88.0, 0.0, 88.0) == VANISHED
    assert verdict(softplus, 88.0, -0.0, 88.0) == VANISHED
    assert verdict(softplus, 88.0, 1.0, 88.0) == RIGHT
    assert verdict(softplus, 88.0, 1e-30, 88.0) == INACCURATE
    assert verdict(softplus, -200.0, 0.0, 0.0) == RIGHT, "exp(-200) cannot be represented"


# What rounding explains


def test_a_rounding_of_the_output_explains_a_gradient_of_0(judge_for: JudgeFor) -> None:
    tanh = judge_for(tf.tanh)
    assert verdict(tanh, 9.0, 0.0) == RIGHT, "tanh(9) is within a rounding of 1, its gradient is 6e-8"
    assert verdict(tanh, 2.0, 0.0) == VANISHED, "that of tanh(2) is 0.07"


@pytest.mark.parametrize(("x", "size"), [(0.5, 1.0), (1.0, 1.0), (64.0, 64.0), (-64.0, 64.0)])
def test_a_rounding_of_the_output_counts_over_a_step_of_the_size_of_the_input(x: float, size: float) -> None:
    judge = judge_by(flat(1000.0, 0.0))
    allowed = CONDITION_ULPS * 2.0**-24 * 1000.0 / size
    assert verdict(judge, x, 0.99 * allowed) == RIGHT
    assert verdict(judge, x, 1.01 * allowed) == INACCURATE


def test_a_rounding_of_the_input_explains_an_error_where_the_gradient_moves(judge_for: JudgeFor) -> None:
    """sin at 1e6: 128 ulps are 8, so any cosine is right there; at 1 they are 8e-6."""
    sine = judge_for(lambda x: tf.sin(x))
    assert verdict(sine, 1e6, 0.3, 0.0) == RIGHT
    assert verdict(sine, 1.0, 0.3, 0.84) == INACCURATE
    steep = judge_by(lambda x: Enclosure(arb(0), arb(2000 * x)))
    x = 1.0
    moves = 2000 * CONDITION_ULPS * 2.0**-23
    assert verdict(steep, x, 2000 * 1.001 + 0.99 * moves, 0.0) == RIGHT
    assert verdict(steep, x, 2000 * 1.001 + 1.01 * moves, 0.0) == INACCURATE


def test_next_to_where_the_gradient_is_not_known_nothing_finite_is_held_wrong() -> None:
    edge = float(np.nextafter(np.float32(1), np.float32(2)))
    judge = judge_by(lambda x: Enclosure(arb(0), State.UNDECIDED if x > edge else arb(1)))
    assert verdict(judge, 1.0, 5.0) == RIGHT
    assert verdict(judge, 0.5, 5.0) == INACCURATE


@pytest.mark.parametrize("dtype", ["bfloat16", "float32", "float64"])
def test_below_the_floor_a_gradient_is_lost_whatever_the_formula(dtype: str) -> None:
    fmt = FORMATS[dtype]
    floor = fmt.smallest_normal * 2.0 ** (fmt.mantissa_bits + 1)
    assert verdict(judge_by(flat(0.0, 0.9 * floor), dtype), 1.0, 0.0) == RIGHT
    assert verdict(judge_by(flat(0.0, 1.1 * floor), dtype), 1.0, 0.0) == VANISHED


def test_float16_is_not_flushed_so_its_floor_is_lower() -> None:
    smallest = FORMATS["float16"].smallest_normal
    assert verdict(judge_by(flat(0.0, 10 * smallest), "float16"), 1.0, 0.0) == RIGHT
    assert verdict(judge_by(flat(0.0, 20 * smallest), "float16"), 1.0, 0.0) == VANISHED


@pytest.mark.parametrize("dtype", list(FORMATS))
def test_a_subnormal_input_counts_as_the_0_that_it_becomes(dtype: str) -> None:
    fmt = FORMATS[dtype]
    asked: list[float] = []
    judge = judge_by(lambda x: asked.append(x) or Enclosure(arb(0), arb(1)), dtype)  # type: ignore[func-returns-value]
    tiny = int(fmt.encode(fmt.smallest_normal))
    for ordinal in (tiny - 1, 1, 0, -1, -tiny, tiny):
        judge.truth(ordinal)
    kept = [fmt.value(tiny - 1), fmt.value(1), 0.0, 0.0, fmt.value(-tiny)]
    assert asked[:-1] == (kept if dtype == "float16" else [0.0] * 5)
    assert asked[-1] == fmt.smallest_normal


def test_a_subnormal_input_of_a_root_is_singular_as_0_is(judge_for: JudgeFor) -> None:
    judge = judge_for(tf.sqrt)
    assert judge.judge(Point(5, 0.0, (math.inf,))).gradients == ((Class.INF, Kind.SINGULAR),)
    assert verdict(judge, 1e-30, math.inf) == (Class.INF, Kind.NUMERICAL)


# Kinks


@pytest.mark.parametrize("gradient", [0.0, 0.25, 0.5, 1.0])
def test_at_a_kink_every_subgradient_is_right(judge_for: JudgeFor, gradient: float) -> None:
    assert verdict(judge_for(tf.nn.relu), 0.0, gradient, 0.0) == RIGHT


@pytest.mark.parametrize("gradient", [1.5, -0.5, 1.01])
def test_at_a_kink_what_is_not_between_the_sides_is_not(judge_for: JudgeFor, gradient: float) -> None:
    assert verdict(judge_for(tf.nn.relu), 0.0, gradient, 0.0) == INACCURATE


def test_beside_a_kink_only_the_gradient_of_that_side_is_right(judge_for: JudgeFor) -> None:
    relu = judge_for(lambda x: tf.maximum(x - 1.0, 0.0))
    assert verdict(relu, 1.0, 0.5, 0.0) == RIGHT
    assert verdict(relu, 1.1, 0.5, 0.1) == INACCURATE
    assert verdict(relu, 1.1, 0.0, 0.1) == VANISHED
    assert verdict(relu, 0.9, 0.0, 0.0) == RIGHT


# Kinds


@pytest.mark.parametrize("gradient", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    ("truth", "kind"),
    [
        (Enclosure(arb(0), arb(1)), Kind.NUMERICAL),
        (Enclosure(arb(0), arb(3e38)), Kind.NUMERICAL),
        (Enclosure(arb(0), State.SINGULAR), Kind.SINGULAR),
        (Enclosure(arb(0), arb(1e39)), Kind.OVERFLOW),
        (Enclosure(arb(0), arb(-1e39)), Kind.OVERFLOW),
        (Enclosure(arb("1e500"), arb("1e500")), Kind.OVERFLOW),
        (Enclosure(arb(0), arb(0, 1e39)), Kind.UNDECIDED),
        (Enclosure(arb(0), State.UNDECIDED), Kind.UNDECIDED),
        (Enclosure(State.UNDEFINED, State.UNDEFINED), None),
        (Enclosure(arb(0), State.UNDEFINED), None),
    ],
)
def test_the_kind_is_what_the_true_gradient_is(gradient: float, truth: Enclosure, kind: Kind | None) -> None:
    found, said = verdict(judge_by(lambda x: truth), 1.0, gradient)
    assert said is kind
    assert found is (Class.NAN if math.isnan(gradient) else Class.INF if gradient > 0 else Class.NEGATIVE_INF)


@pytest.mark.parametrize(
    ("function", "x", "output", "kind", "domain"),
    [
        (lambda z: tf.math.log(tf.exp(z) + 1), 100.0, math.inf, Kind.NUMERICAL, INSIDE),
        (tf.sqrt, 0.0, 0.0, Kind.SINGULAR, INSIDE),
        (tf.exp, 100.0, math.inf, Kind.OVERFLOW, INSIDE),
        (tf.math.log, -1.0, math.nan, None, OUTSIDE),
    ],
    ids=["softplus", "sqrt", "exp", "log"],
)
def test_the_kinds_of_known_functions(
    *,
    judge_for: JudgeFor,
    function: Callable[..., Any],
    x: float,
    output: float,
    kind: Kind | None,
    domain: Domain,
) -> None:
    judge = judge_for(function)
    judgement = judge.judge(Point(int(FLOAT32.encode(x)), output, (math.nan,)))
    assert judgement.gradients == ((Class.NAN, kind),)
    assert judgement.domain is domain


# Outputs and domains


@pytest.mark.parametrize(
    ("truth", "domain"),
    [
        (Enclosure(arb(0), State.SINGULAR), INSIDE),
        (Enclosure(State.UNDEFINED, State.UNDEFINED), OUTSIDE),
        (Enclosure(State.UNDECIDED, State.UNDECIDED), UNDECIDED),
    ],
)
def test_the_domain_is_where_there_is_a_value(truth: Enclosure, domain: Domain) -> None:
    assert judge_by(lambda x: truth).judge(Point(0, 0.0, (0.0,))).domain is domain


@pytest.mark.parametrize(
    ("output", "true", "defect"),
    [
        (math.inf, arb(100), True),
        (math.nan, arb(100), True),
        (-math.inf, arb(3e38), True),
        (math.inf, arb(1e39), False),
        (math.inf, arb(FLOAT32.largest), False),  # a rounding of the output explains it
        (math.inf, State.UNDECIDED, False),
        (math.nan, State.UNDEFINED, False),
        (100.0, arb(100), False),
        (5.0, arb(100), False),  # whether an output is accurate is not asked
    ],
)
def test_an_output_is_a_defect_where_the_true_one_can_be_represented(output: float, true: Any, defect: bool) -> None:
    judge = judge_by(lambda x: Enclosure(true, arb(1)))
    assert judge.judge(Point(0, output, (1.0,))).defect is defect


def test_where_the_truth_is_not_known_nothing_finite_is_held_wrong() -> None:
    for value, derivative in (
        (State.UNDECIDED, State.UNDECIDED),
        (State.UNDEFINED, State.UNDEFINED),
        (arb(1), State.SINGULAR),
        (arb(1), State.UNDECIDED),
    ):
        judge = judge_by(lambda x, v=value, d=derivative: Enclosure(v, d))  # type: ignore[misc]
        assert verdict(judge, 1.0, 7.0) == RIGHT


def test_a_wide_enclosure_accepts_what_may_be_right() -> None:
    judge = judge_by(lambda x: Enclosure(arb(0), arb(1, 0.5)))
    assert verdict(judge, 1.0, 1.4) == RIGHT
    assert verdict(judge, 1.0, 3.0) == INACCURATE


def test_no_gradient_is_none() -> None:
    assert verdict(judge_by(flat(0.0, 1.0)), 1.0, None) == (Class.NONE, None)


# Wrong formulas


def with_gradient(factor: float) -> Callable[..., Any]:
    @tf.custom_gradient
    def squared(x: Any) -> Any:
        return x * x, lambda dy: dy * (2.0 * factor) * x

    def function(x: Any) -> Any:
        return squared(x)

    return function


@pytest.mark.slow
@pytest.mark.parametrize(
    ("factor", "expected"),
    [(1.0, Class.FINITE), (1.0005, WRONG), (0.999, WRONG), (-1.0, WRONG), (0.0, WRONG), (2.0, WRONG)],
)
def test_a_formula_that_is_not_the_derivative_is_wrong_even_within_the_tolerance(
    judge_for: JudgeFor, factor: float, expected: Class
) -> None:
    """0.05% off: autograd's own tests plant that."""
    judge = judge_for(with_gradient(factor), custom=True)
    point = Point(int(FLOAT32.encode(3.0)), 9.0, (6.0, 6.0 * factor))
    assert judge.judge(point).gradients == (RIGHT, (expected, None))


@pytest.mark.slow
def test_a_right_formula_that_loses_its_digits_is_inaccurate_and_not_wrong(judge_for: JudgeFor) -> None:
    judge = judge_for(with_gradient(1.0), custom=True)
    ordinal = int(FLOAT32.encode(3.0))
    assert judge.judge(Point(ordinal, 9.0, (6.0, 5.0))).gradients[1] == INACCURATE
    assert judge.judge(Point(ordinal, 9.0, (6.0, 0.0))).gradients[1] == VANISHED


def test_a_formula_is_that_of_its_own_version(judge_for: JudgeFor) -> None:
    """Autodiff has no formula of the user's: a bad value is for want of digits."""
    judge = judge_for(with_gradient(2.0), custom=True)
    assert judge.judge(Point(int(FLOAT32.encode(3.0)), 9.0, (12.0, 12.0))).gradients == (INACCURATE, (WRONG, None))


def test_a_gradient_that_is_not_finite_is_told_as_such_whatever_its_formula(judge_for: JudgeFor) -> None:
    judge = judge_for(with_gradient(2.0), custom=True)
    found = judge.judge(Point(int(FLOAT32.encode(3.0)), 9.0, (6.0, math.nan))).gradients[1]
    assert found == (Class.NAN, Kind.NUMERICAL)


# Losses: what is worth reporting


def loss(judge: Judge, x: float, gradient: float) -> float:
    ordinal = int(judge.fmt.encode(x))
    assert judge.judge(Point(ordinal, 1.0, (gradient,))).gradients[0] in (VANISHED, INACCURATE)
    return judge.losses["autodiff", ordinal]


def test_a_loss_is_the_error_in_roundings_of_the_usual_slope() -> None:
    """The slope is 1 at ordinary arguments, and 3e-6 at 20, where the gradient is 0."""
    small, least = 3e-6, ROUNDINGS * 2.0**-24
    judge = judge_by(lambda x: Enclosure(arb(0), arb(small if x > 10 else 1)))
    assert float(judge.scale.mid()) == 1.0
    assert loss(judge, 20.0, 0.0) == pytest.approx(small / least)
    assert loss(judge, 20.0, 0.0) < 1 < loss(judge, 20.0, 1e-3)
    assert loss(judge, 1.0, 0.0) == pytest.approx(1 / least)


def test_the_usual_slope_is_the_median_at_ordinary_arguments_of_the_range() -> None:
    def at(x: float) -> Enclosure:
        return Enclosure(arb(0), arb(100 * abs(x)))

    assert float(judge_by(at).scale.mid()) == 100.0, "of 0, 50, 50, 100, 100, 200, 200"
    low, high = (int(o) for o in FLOAT32.encode([1.5, 10.0]))
    assert float(judge_by(at, segment=(low, high)).scale.mid()) == 200.0
    low, high = (int(o) for o in FLOAT32.encode([50.0, 90.0]))
    nowhere = judge_by(at, segment=(low, high))
    assert float(nowhere.scale.mid()) == 0.0
    assert loss(nowhere, 60.0, 1.0) == math.inf, "all of it counts where nothing is usual"


def test_slopes_outside_of_the_domain_are_not_usual() -> None:
    judge = judge_by(lambda x: Enclosure(State.UNDEFINED, State.UNDEFINED) if x < 0.7 else Enclosure(arb(0), arb(3)))
    assert float(judge.scale.mid()) == 3.0


# Several inputs, and no rule


def test_the_other_inputs_are_held_where_they_are(judge_for: JudgeFor) -> None:
    def function(x: Any, y: Any) -> Any:
        return x * y * y

    along_x = judge_for(function, index=0, held=(0.0, 3.0))
    assert verdict(along_x, 2.0, 9.0, 18.0) == RIGHT
    assert verdict(along_x, 2.0, 12.0, 18.0) == INACCURATE
    along_y = judge_for(function, index=1, held=(2.0, 0.0))
    assert along_y.values(int(FLOAT32.encode(3.0))) == (2.0, 3.0)
    assert verdict(along_y, 3.0, 12.0, 18.0) == RIGHT
    assert verdict(along_y, 3.0, 9.0, 18.0) == INACCURATE


def test_float64_can_stand_in() -> None:
    oracle = ApproximateOracle(lambda values: (values[0] ** 2, 2 * values[0]))
    judge = Judge(oracle, {}, ("autodiff",), Line(FLOAT32, 0, (0.0,), (whole("float32"),)), 1e-3)
    assert verdict(judge, 3.0, 6.0) == RIGHT
    assert verdict(judge, 3.0, 6.1) == INACCURATE
    assert verdict(judge, 3.0, math.nan) == (Class.NAN, Kind.NUMERICAL)


def test_the_truth_is_asked_for_once_a_point() -> None:
    asked: list[float] = []
    judge = judge_by(lambda x: asked.append(x) or Enclosure(arb(0), arb(1)))  # type: ignore[func-returns-value]
    for _ in range(3):
        judge.judge(Point(1 << 24, 0.0, (1.0,)))
    assert len(asked) == len(judge.known) == 1


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (arb(1.5), 1.5),
        (arb("0.1"), 0.1),
        (arb("1e500"), math.inf),
        (State.SINGULAR, math.inf),
        (State.UNDEFINED, None),
        (State.UNDECIDED, None),
        (arb("nan"), None),
    ],
)
def test_a_true_value_as_a_float(value: Any, wanted: float | None) -> None:
    assert nearest(value) == wanted
