"""Second derivatives without a program for the first."""

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
import tensorflow as tf
from flint import arb

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
