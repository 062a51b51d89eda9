"""The oracle of tensors: weighted sums and their derivatives, entry by entry."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from flint import arb, ctx

from gradcheck.truth import tensors as module
from gradcheck.truth.duals import Mode, State
from gradcheck.truth.tensors import TensorOracle, affordable


def number(x: Any) -> float:
    assert isinstance(x, arb), x
    return float(x.mid())


FUNCTIONS: dict[str, tuple[Callable[..., Any], list[tuple[int, ...]]]] = {
    "cross entropy": (lambda y, x: tf.nn.softmax_cross_entropy_with_logits(tf.nn.softmax(y), x), [(2, 3), (2, 3)]),
    "attention": (
        lambda q, k, v: tf.matmul(tf.nn.softmax(tf.matmul(q, k, transpose_b=True)), v),
        [(2, 3), (2, 3), (2, 3)],
    ),
    "norms": (lambda x: (tf.norm(x), tf.norm(x, axis=0)), [(2, 2)]),
    "solve": (lambda a, b: tf.linalg.solve(a + 4 * tf.eye(2, dtype=a.dtype), b), [(2, 2), (2, 1)]),
    "log det": (lambda a: tf.linalg.slogdet(a)[1], [(3, 3)]),
    "expm": (tf.linalg.expm, [(2, 2)]),
    "gather": (lambda x: tf.gather(x, [2, 0, 2]) ** 2, [(3, 2)]),
    "loop": (lambda x: tf.scan(lambda a, b: a * tf.sin(b), x), [(3,)]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_and_derivatives_are_tensorflows(tensors: Any, name: str) -> None:
    function, shapes = FUNCTIONS[name]
    made = tensors(function, shapes, "float64", signs=True)
    point = made.ordinary[0]
    outputs, gradients = made.computed(point)
    assert made.oracle.missing() == ()
    for exact, computed in zip(made.oracle.outputs(point), outputs, strict=True):
        np.testing.assert_allclose(np.vectorize(number, otypes=[float])(exact), computed, rtol=1e-9, atol=1e-12)
    total = sum(float(np.sum(c * o)) for c, o in zip(made.cotangents, outputs, strict=True))
    for wrt, gradient in enumerate(gradients):
        for index in np.ndindex(gradient.shape):
            found = made.oracle.derivative(point, wrt, index)
            np.testing.assert_allclose(number(found.derivative), gradient[index], rtol=1e-8, atol=1e-10)
            np.testing.assert_allclose(number(found.value), total, rtol=1e-9, atol=1e-12)


def test_the_derivative_along_a_direction(tensors: Any) -> None:
    made = tensors(lambda x, y: x * y, [(2,), (2,)])
    point = made.point([2.0, 3.0], [5.0, 7.0])
    found = made.oracle.along(point, (np.array([1.0, 0.5]), np.array([0.0, 2.0])))
    assert found.derivative == arb(5 + 3.5 + 6)
    assert made.oracle.along(point, (None, None)).derivative == arb(0)


def test_outputs_with_a_weight_of_0_do_not_count(tensors: Any) -> None:
    made = tensors(tf.math.log, [(2,)])
    oracle = TensorOracle(made.program, made.program.outputs, (np.array([0.0, 1.0]),))
    found = oracle.derivative(made.point([-1.0, 2.0]), 0, (1,))
    assert found.derivative == arb(0.5)
    assert oracle.outputs(made.point([-1.0, 2.0]))[0][0] is State.UNDEFINED


def test_integers_pass_through(tensors: Any) -> None:
    made = tensors(lambda x: (tf.argmax(x), x * 2.0), [(3,)])
    place, double = made.oracle.outputs(made.point([1.0, 3.0, 2.0]))
    assert place.tolist() == 1
    assert [number(x) for x in double] == [2, 6, 4]
    assert [fmt and fmt.name for fmt in made.oracle.formats] == [None, "float32"]


def test_precision_is_raised_and_left_as_it_was(tensors: Any) -> None:
    made = tensors(lambda x: (1 - tf.cos(x)) / x**2, [(2,)], "float64")
    before = ctx.prec
    found = made.oracle.derivative(made.point([1e-30, 1.0]), 0, (0,))
    assert abs(number(found.derivative) + 1e-30 / 12) < 1e-40
    assert ctx.prec == before


KINKS: dict[str, tuple[Callable[..., Any], list[float], int, tuple[float, float]]] = {
    "relu": (tf.nn.relu, [0.0, 1.0], 0, (0, 1)),
    "relu beside": (tf.nn.relu, [0.0, 1.0], 1, (1, 1)),
    "largest": (tf.reduce_max, [2.0, 2.0, 1.0], 1, (0, 1)),
    "softplus": (lambda x: tf.nn.relu(x) + tf.math.log1p(tf.exp(-tf.abs(x))), [0.0, 1.0], 0, (0.5, 0.5)),
    "relu - relu": (lambda x: tf.nn.relu(x) - tf.nn.relu(-x), [0.0], 0, (1, 1)),
    "abs": (tf.abs, [0.0], 0, (-1, 1)),
    "leaky": (lambda x: tf.nn.leaky_relu(x, 0.25), [0.0], 0, (0.25, 1)),
    "sorted": (lambda x: tf.sort(x) * [1.0, 5.0, 2.0], [1.0, 1.0, 1.0], 1, (1, 5)),
    "pools": (
        lambda x: tf.nn.max_pool1d(x[None, :, None], 2, 1, "VALID") * tf.constant([1.0, -1.0])[:, None],
        [0.0, 0.0, 0.0],
        1,
        (-1, 1),
    ),
}


@pytest.mark.parametrize("name", KINKS)
def test_at_a_tie_all_choices_are_right_but_of_a_smooth_function_one(tensors: Any, name: str) -> None:
    function, x, index, wanted = KINKS[name]
    made = tensors(function, [(len(x),)])
    every = [number(d) for d in made.oracle.derivative(made.point(x), 0, (index,)).every]
    assert (min(every), max(every)) == pytest.approx(wanted, abs=2e-8)


def test_a_pool_of_nine_equals_is_not_smooth_where_both_sides_agree(tensors: Any) -> None:
    made = tensors(lambda x: tf.nn.max_pool2d(x, 3, 1, "SAME"), [(1, 4, 4, 1)], signs=True)
    every = [number(d) for d in made.oracle.derivative(made.point(np.zeros((1, 4, 4, 1))), 0, (0, 0, 1, 0)).every]
    assert (min(every), max(every)) == pytest.approx((-3, 3))


def test_one_side_of_a_border(tensors: Any) -> None:
    made = tensors(lambda x: tf.sqrt(tf.nn.relu(x) + 1.0) + tf.math.log(x + 1.0), [(1,)])
    assert made.oracle.derivative(made.point([-1.0]), 0, (0,)).value is State.UNDEFINED


@pytest.mark.parametrize(
    ("function", "x", "wanted"),
    [
        (tf.norm, [0.0, 0.0], State.SINGULAR),
        (lambda x: tf.norm(x) ** 2, [0.0, 0.0], 0.0),
        (tf.math.reduce_std, [2.0, 2.0], State.SINGULAR),
        (tf.sqrt, [0.0], State.SINGULAR),
        (lambda x: tf.sqrt(x**4), [0.0], 0.0),
    ],
    ids=["norm", "norm squared", "std", "sqrt", "root of a fourth power"],
)
def test_a_singular_derivative_is_one_that_does_not_exist(
    tensors: Any, function: Callable[..., Any], x: list[float], wanted: Any
) -> None:
    made = tensors(function, [(len(x),)])
    found = made.oracle.derivative(made.point(x), 0, (0,)).derivative
    assert found is wanted if isinstance(wanted, State) else number(found) == wanted


def test_magnitudes_add_absolute_terms(tensors: Any) -> None:
    made = tensors(lambda x: 3.0 * x - 2.0 * x, [(1,)])
    assert made.oracle.magnitude(made.point([1.0]), 0, (0,)) == arb(5)
    assert made.oracle.derivative(made.point([1.0]), 0, (0,)).derivative == arb(1)
    assert not Mode.absolute


def test_what_no_rule_gives_is_undecided(tensors: Any) -> None:
    made = tensors(lambda x: tf.linalg.eigvalsh(x), [(2, 2)])
    assert made.oracle.missing() == ("SelfAdjointEigV2",)
    point = made.point(np.eye(2))
    assert made.oracle.derivative(point, 0, (0, 0)).value is State.UNDECIDED
    assert made.oracle.outputs(point)[0].tolist() == [State.UNDECIDED] * 2


def test_passes_are_bounded_by_their_cost(tensors: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    small, large = tensors(tf.exp, [(2,)]), tensors(tf.exp, [(200,)])
    assert affordable(small.program) > 50 * affordable(large.program) > 0
    monkeypatch.setattr(module, "MAX_TENSOR_COST", 1)
    assert large.oracle.passes == 0
