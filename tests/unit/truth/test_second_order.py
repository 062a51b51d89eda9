"""Second derivatives without a program for the first."""

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
import tensorflow as tf
from flint import arb

from gradcheck.records import Class, Kind
from gradcheck.truth import second_order_of
from gradcheck.truth.duals import State
from gradcheck.truth.second_order import SecondOrderOracle


def second(tensors: Any, function: Callable[..., Any], x: list[float], direction: list[float]) -> SecondOrderOracle:
    return SecondOrderOracle(tensors(function, [(len(x),)], "float64").oracle, 0, np.array(direction))


def at(x: list[float]) -> tuple[Any, ...]:
    return (np.array(x),)


SMOOTH: dict[str, tuple[Callable[..., Any], Callable[..., Any], float]] = {
    "cube": (lambda x: x**3, lambda x: x**3, 2.0),
    "exp": (tf.exp, mpmath.exp, 1.5),
    "softplus": (tf.math.softplus, lambda x: mpmath.log1p(mpmath.exp(x)), 0.75),
    "softplus far": (tf.math.softplus, lambda x: mpmath.log1p(mpmath.exp(x)), -30.0),
    "log": (tf.math.log, mpmath.log, 1e-3),
    "root": (tf.sqrt, mpmath.sqrt, 1e-150),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_smooth_functions(tensors: Any, name: str) -> None:
    function, truth, x = SMOOTH[name]
    found = second(tensors, function, [x], [1.0]).derivative(at([x]), 0, (0,))
    with mpmath.workdps(400):
        values = [mpmath.diff(truth, mpmath.mpf(x), n, h=mpmath.mpf(x) * mpmath.mpf(10) ** -60) for n in (1, 2)]
    for part, wanted in zip((found.value, found.derivative), values, strict=True):
        assert isinstance(part, arb)
        assert mpmath.mpf(part.mid().str(30, radius=False)) == pytest.approx(wanted, rel=1e-12)
        assert part.rel_accuracy_bits() >= 40


def test_the_whole_hessian(tensors: Any) -> None:
    made = tensors(lambda x, y: tf.reduce_sum(x[:, None] * y[None, :] ** 2), [(2,), (2,)], "float64")
    oracle = SecondOrderOracle(made.oracle, 1, np.array([1.0, -2.0]))
    point = made.point([2.0, 3.0], [5.0, 7.0])
    assert oracle.derivative(point, 0, (1,)).derivative == arb(2 * 5 - 2 * 2 * 7)
    assert oracle.derivative(point, 1, (1,)).derivative == arb(-2 * 2 * (2 + 3))
    (gradient,) = oracle.outputs(point)
    assert [float(g.mid()) for g in gradient] == [50, 70]
    assert oracle.missing() == ()
    assert [fmt.name for fmt in oracle.formats if fmt] == ["float64"]
    assert 0 < oracle.passes < made.oracle.passes


@pytest.mark.parametrize(("direction", "index"), [([1.0, 0.0], 0), ([1.0, 1.0], 1)])
def test_a_second_derivative_that_exists_where_the_first_is_singular_by_the_chain_rule(
    tensors: Any, direction: list[float], index: int
) -> None:
    found = second(tensors, lambda x: tf.norm(x) ** 2, [0.0, 0.0], direction).derivative(at([0.0, 0.0]), 0, (index,))
    assert isinstance(found.derivative, arb)
    assert abs(found.derivative - 2) < 1e-20
    assert found.value == arb(0)


@pytest.mark.parametrize(
    ("function", "value"),
    [
        (lambda x: x**1.5, 0.0),
        (tf.nn.relu, 0.0),
        (tf.sqrt, State.SINGULAR),
        (lambda x: tf.sqrt(x * x), State.SINGULAR),
        (lambda x: tf.math.xlogy(x, x), State.SINGULAR),
    ],
    ids=["1.5", "relu", "sqrt", "abs", "x log x"],
)
def test_what_has_no_second_derivative_is_singular(tensors: Any, function: Callable[..., Any], value: Any) -> None:
    found = second(tensors, function, [0.0], [1.0]).derivative(at([0.0]), 0, (0,))
    assert found.derivative is State.SINGULAR
    assert found.value is value if isinstance(value, State) else found.value == arb(value)


def test_a_kink_of_the_first_derivative_has_two_sides(tensors: Any) -> None:
    found = second(tensors, lambda x: x * tf.nn.relu(x), [0.0], [1.0]).derivative(at([0.0]), 0, (0,))
    assert found.every == (arb(2), arb(0))


def test_outside_of_the_domain_nothing_is_defined(tensors: Any) -> None:
    found = second(tensors, tf.math.log, [0.0], [1.0]).derivative(at([0.0]), 0, (0,))
    assert (found.value, found.derivative) == (State.UNDEFINED, State.UNDEFINED)


def judged(made: Any, x: list[float], signs: list[float]) -> tuple[Class, list[Any], list[Kind | None]]:
    """What is said of TensorFlow's gradient of a gradient: its class, what is bad, and the kinds of what is odd."""
    judge = second_order_of(made.judge, 0, np.array(signs))
    assert judge is not None
    point = made.point(x)
    v = tf.constant(point[0], made.dtype)
    with tf.GradientTape() as outer:
        outer.watch(v)
        with tf.GradientTape() as inner:
            inner.watch(v)
            output = tf.reduce_sum(made.function(v))
        first = inner.gradient(output, v)
    second = outer.gradient(first, v, output_gradients=tf.constant(signs, made.dtype)).numpy().astype(np.float64)
    odd = [i for i in np.ndindex(second.shape) if not np.isfinite(second[i])]
    kinds = [judge.entry(point, 0, i, second[i], "autodiff").kind for i in odd]
    assert judge.defect(point, [first.numpy()]) == (not np.isfinite(first).all() and Kind.SINGULAR not in kinds)
    return *judge.worst(point, 0, second, "autodiff"), kinds


def test_gradients_of_gradients_are_judged(tensors: Any) -> None:
    for function in (tf.nn.softplus, tf.nn.log_softmax, tf.tanh, lambda x: tf.nn.relu(x) ** 2):
        for x in ([0.0, 0.0], [0.3, -1.2], [100.0, -100.0], [1e18, 1.0], [1e-20, 0.0]):
            assert judged(tensors(function, [(2,)]), x, [1.0, -1.0]) == (Class.FINITE, [], [])
    assert judged(tensors(lambda x: tf.norm(x) ** 2, [(2,)]), [0.0, 0.0], [1.0, 1.0])[2] == [Kind.NUMERICAL] * 2
    assert judged(tensors(tf.norm, [(2,)]), [0.0, 0.0], [1.0, 1.0])[2] == [Kind.SINGULAR] * 2


def test_no_judge_of_second_order_where_float64_stands_in(tensors: Any) -> None:
    judge = tensors(tf.tanh, [(2,)]).judge
    judge.oracle = object()
    assert second_order_of(judge, 0, np.ones(2)) is None
