"""The oracle encloses the value and the derivative, at whatever precision that takes."""

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
import tensorflow as tf
from flint import arb, ctx

from gradcheck.program import Node, Program
from gradcheck.records import Study
from gradcheck.truth.duals import State
from gradcheck.truth.enclosures import LAST_PRECISION, PATIENCE, WANTED_BITS, Enclosure, is_narrow, stuck
from gradcheck.truth.oracle import ApproximateOracle, Oracle, missing
from gradcheck.truth.running import NotInTable

StudyOf = Callable[..., Study]
mp = mpmath.mp


@pytest.fixture(autouse=True)
def fifty_digits() -> Any:
    with mpmath.workdps(50):
        yield


def oracle_of(study_of: StudyOf, function: Callable[..., Any], dtype: str = "float64", wrt: int = 0) -> Oracle:
    return Oracle(study_of(function, dtype=dtype, wrt=wrt).program, wrt)


def encloses(part: Any, wanted: Any) -> bool:
    """Whether mpmath's 50 digits are in an enclosure that is narrow."""
    assert isinstance(part, arb), part
    low, high = (mpmath.mpf(end.mid().str(60, radius=False)) for end in (part.lower(), part.upper()))
    slack = abs(wanted) * mpmath.mpf(10) ** -45
    assert high - low <= abs(wanted) * mpmath.mpf(2) ** (1 - WANTED_BITS), "narrow"
    return bool(low - slack <= wanted <= high + slack)


CASES: list[tuple[str, Callable[..., Any], Callable[..., Any], list[float]]] = [
    ("softplus", lambda x: tf.math.log(tf.exp(x) + 1), lambda x: mpmath.log1p(mpmath.exp(x)), [-300.0, 0.3, 88.9, 1e4]),
    ("1-cos", lambda x: 1 - tf.cos(x), lambda x: 2 * mpmath.sin(x / 2) ** 2, [1e-9, 1e-3, 2.0, 1e6]),
    ("tanh", tf.tanh, mpmath.tanh, [-40.0, 1e-8, 0.7, 9.0]),
    ("erfc", tf.math.erfc, mpmath.erfc, [-2.0, 0.5, 20.0]),
    ("lgamma", tf.math.lgamma, mpmath.loggamma, [0.25, 3.5, 1e5]),
    ("pow", lambda x: tf.pow(x, x), lambda x: x**x, [0.1, 2.5, 30.0]),
    ("sinc", lambda x: tf.sin(x) / x, lambda x: mpmath.sin(x) / x, [1e-5, 2.0, 1e3]),
    ("expm1/x", lambda x: (tf.exp(x) - 1) / x, lambda x: mpmath.expm1(x) / x, [1e-12, 1e-3, 3.0]),
]


@pytest.mark.parametrize(("function", "truth", "points"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_enclosures_contain_the_value_and_the_derivative(
    study_of: StudyOf, function: Callable[..., Any], truth: Callable[..., Any], points: list[float]
) -> None:
    oracle = oracle_of(study_of, function)
    for x in points:
        at = oracle.at((x,))
        assert encloses(at.value, truth(mpmath.mpf(x))), x
        with mpmath.workdps(120):
            slope = mpmath.diff(truth, mpmath.mpf(x), h=mpmath.mpf(10) ** -55 * max(abs(x), 1))
        assert encloses(at.derivative, slope), x
        assert at.sides == ()


def test_the_derivative_is_along_the_input_that_is_asked_for(study_of: StudyOf) -> None:
    def function(x: Any, y: Any) -> Any:
        return x * tf.exp(y)

    for wrt, wanted in ((0, mpmath.e**2), (1, 3 * mpmath.e**2)):
        assert encloses(oracle_of(study_of, function, wrt=wrt).at((3.0, 2.0)).derivative, wanted)


def test_the_derivative_of_what_does_not_depend_on_the_input_is_0(study_of: StudyOf) -> None:
    at = oracle_of(study_of, lambda x, y: y * 2.0).at((1.0, 3.0))
    assert (at.value, at.derivative) == (arb(6), arb(0))


def test_a_gradient_that_was_written_can_be_enclosed_too(study_of: StudyOf) -> None:
    @tf.custom_gradient
    def cubed(x: Any) -> Any:
        return x**3.0, lambda dy: dy * 3.0 * x**2.0

    program = study_of(cubed, "custom", dtype="float64").program
    assert encloses(Oracle(program, 0, program.outputs[1]).at((1.5,)).value, mpmath.mpf(3) * mpmath.mpf(1.5) ** 2)


@pytest.fixture(scope="module")
def bump(study_of: StudyOf) -> Oracle:
    return oracle_of(study_of, lambda x: (1 - tf.cos(x)) / x**2)


def test_precision_is_raised_until_the_result_is_narrow(bump: Oracle, monkeypatch: pytest.MonkeyPatch) -> None:
    x = 1e-30
    at = bump.at((x,))
    assert encloses(at.value, mpmath.mpf(1) / 2 - mpmath.mpf(x) ** 2 / 24)
    assert encloses(at.derivative, -mpmath.mpf(x) / 12)
    monkeypatch.setattr(bump, "last_precision", 64)
    assert not is_narrow(bump.at((x,))), "at 64 bits every digit is lost"


def test_the_precision_of_flint_is_as_before(bump: Oracle) -> None:
    before = ctx.prec
    bump.at((1e-30,))
    assert ctx.prec == before


def test_what_no_precision_decides_is_undecided(study_of: StudyOf, monkeypatch: pytest.MonkeyPatch) -> None:
    """sin(x)**2 + cos(x)**2 is 1: whether it is above 1 can never be seen."""
    oracle = oracle_of(study_of, lambda x: tf.where(tf.sin(x) ** 2 + tf.cos(x) ** 2 > 1, x, 2 * x))
    tried = []
    once = Oracle.once

    def counted(self: Oracle, values: tuple[float, ...]) -> Enclosure:
        tried.append(ctx.prec)
        return once(self, values)

    monkeypatch.setattr(Oracle, "once", counted)
    at = oracle.at((0.5,))
    assert (at.value, at.derivative) == (State.UNDECIDED, State.UNDECIDED)
    assert tried == [64, 128, 256, 512, 1024, 2048, 4096], "doubled, and no further than the last"


def test_patience_ends_where_doubling_narrows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def wide(self: Oracle, values: tuple[float, ...]) -> Enclosure:
        tried.append(ctx.prec)
        return Enclosure(arb(1, 0.5), arb(0))

    monkeypatch.setattr(Oracle, "once", wide)
    x = Node("x", "Placeholder", dtypes=("float32",))
    Oracle(Program((x,), (0,), ((0, 0),)), 0).at((0.5,))
    assert len(tried) == 1 + PATIENCE["float32"]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_the_last_precision_is_enough_for_the_smallest_normal_of_the_dtype(study_of: StudyOf, dtype: str) -> None:
    smallest = {"float16": 2.0**-14, "bfloat16": 2.0**-126, "float32": 2.0**-126, "float64": 2.0**-1022}[dtype]
    oracle = oracle_of(study_of, lambda x: (1 - tf.cos(x)) / x, dtype)
    at = oracle.at((smallest,))
    assert encloses(at.derivative, mpmath.mpf(1) / 2 - mpmath.mpf(smallest) ** 2 / 8)
    assert set(LAST_PRECISION) == {"float16", "bfloat16", "float32", "float64"}


@pytest.mark.parametrize("error", [NotInTable("Foo"), ZeroDivisionError("a"), IndexError("b"), ValueError("c")])
def test_where_a_rule_gives_up_it_is_undecided(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def raises(*args: object) -> None:
        raise error

    monkeypatch.setattr(Oracle, "on_side", raises)
    x = Node("x", "Placeholder", dtypes=("float16",))
    at = Oracle(Program((x,), (0,), ((0, 0),)), 0).at((0.5,))
    assert at == Enclosure(State.UNDECIDED, State.UNDECIDED)


def test_outside_of_the_domain_nothing_is_defined(study_of: StudyOf) -> None:
    at = oracle_of(study_of, tf.math.log).at((-1.0,))
    assert (at.value, at.derivative) == (State.UNDEFINED, State.UNDEFINED)
    at = oracle_of(study_of, tf.sqrt).at((0.0,))
    assert (at.value, at.derivative) == (arb(0), State.SINGULAR)


@pytest.mark.parametrize(
    ("function", "x", "derivatives"),
    [
        (tf.nn.relu, 0.0, {0.0, 1.0}),
        (tf.abs, 0.0, {-1.0, 0.0, 1.0}),
        (lambda x: tf.maximum(x, 2.0 * x), 0.0, {1.0, 1.5, 2.0}),
        (lambda x: tf.clip_by_value(x, -1.0, 1.0), 1.0, {0.0, 0.5, 1.0}),
        (tf.nn.relu, 1e-300, {1.0}),
    ],
    ids=["relu", "abs", "maximum", "clip", "beside"],
)
def test_at_a_tie_both_sides_are_taken(
    study_of: StudyOf, function: Callable[..., Any], x: float, derivatives: set[float]
) -> None:
    at = oracle_of(study_of, function).at((x,))
    found = {float(d.mid()) for d in at.every if isinstance(d, arb)}
    assert len(at.every) == len([d for d in at.every if isinstance(d, arb)])
    assert {min(found), max(found)} == {min(derivatives), max(derivatives)}
    assert found <= derivatives
    assert bool(at.sides) == (len(derivatives) > 1)


def test_operations_without_a_rule_are_named_in_branches_too() -> None:
    x = Node("x", "Placeholder", dtypes=("float32",))
    inner = Program((x, Node("a", "FooInBranch", ((0, 0),))), (0,), ((1, 0),))
    unread = Node("unread", "NotRead", ((0, 0),))
    outer = Program(
        (x, Node("b", "Bar", ((0, 0),)), Node("c", "If", ((1, 0),)), unread), (0,), ((2, 0),), {"branch": inner}
    )
    assert missing(outer, *outer.outputs) == ("Bar", "FooInBranch")
    assert Oracle(outer, 0).missing() == ("Bar", "FooInBranch")
    assert Oracle(outer, 0, (3, 0)).missing() == ("FooInBranch", "NotRead")
    assert missing(Program((x, Node("y", "Square", ((0, 0),))), (0,), ((1, 0),)), (1, 0)) == ()


def test_float64_stands_in_where_it_is_finite() -> None:
    oracle = ApproximateOracle(lambda values: (values[0] ** 2, 2 * values[0]))
    assert oracle.at((3.0,)) == Enclosure(arb(9), arb(6))
    oracle = ApproximateOracle(lambda values: (np.inf, np.nan))
    assert oracle.at((3.0,)) == Enclosure(State.UNDECIDED, State.UNDECIDED)
    assert ApproximateOracle(lambda values: (1.0,)).at((3.0,)).derivative is State.UNDECIDED


@pytest.mark.parametrize(
    ("now", "before", "is_stuck"),
    [
        (Enclosure(arb(1, 0.5), arb(0)), None, False),
        (Enclosure(arb(1, 0.5), arb(0)), Enclosure(arb(1, 0.6), arb(0)), False),
        (Enclosure(arb(1, 0.5), arb(0)), Enclosure(arb(1, 0.5), arb(0)), True),
        (Enclosure(State.UNDECIDED, State.UNDECIDED), Enclosure(State.UNDECIDED, State.UNDECIDED), False),
        (Enclosure(arb(1), State.SINGULAR), Enclosure(arb(1), State.SINGULAR), True),
        (Enclosure(arb(1, 0.5), arb(0)), Enclosure(State.UNDECIDED, arb(0)), False),
        (Enclosure(arb(1, 0.5), arb(0), (arb(1),)), Enclosure(arb(1, 0.5), arb(0)), False),
    ],
)
def test_stuck_is_what_doubling_does_not_narrow(now: Enclosure, before: Enclosure | None, is_stuck: bool) -> None:
    assert stuck(now, before) == is_stuck
