"""Judging tensors: stable functions are right everywhere, and what is lost is seen."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from flint import arb

from gradcheck.domains import ValueDomain
from gradcheck.options import ScanOptions
from gradcheck.program import Array
from gradcheck.records import Class, Domain, Kind, Study, TensorInput
from gradcheck.truth import TOO_LARGE, TensorCase, exact_at, tensor_judge_of
from gradcheck.truth import tensors as module
from gradcheck.truth.doubles import ApproximateTensorOracle
from gradcheck.truth.known import OwnGradient, chosen
from gradcheck.truth.moves import moved
from gradcheck.truth.tensor_judging import REMEMBERED, Entry, TensorJudge

VECTORS: list[tuple[int, ...]] = [(2, 4), (2, 4)]


def one_hot(x: Any) -> Any:
    return tf.one_hot(tf.argmax(x, -1), 4, dtype=x.dtype)


def layer_norm(x: Any, scale: Any) -> Any:
    centred = x - tf.reduce_mean(x, -1, keepdims=True)
    return centred * tf.math.rsqrt(tf.reduce_mean(centred**2, -1, keepdims=True) + 1e-5) * scale


def attention(q: Any, k: Any, v: Any) -> Any:
    return tf.matmul(tf.nn.softmax(tf.matmul(q, k, transpose_b=True) / 2.0), v)


STABLE: dict[str, tuple[Callable[..., Any], list[tuple[int, ...]]]] = {
    "softmax cross entropy": (lambda y, x: tf.nn.softmax_cross_entropy_with_logits(one_hot(y), x), VECTORS),
    "sparse": (lambda x: tf.nn.sparse_softmax_cross_entropy_with_logits([0, 3], x), VECTORS[:1]),
    "log softmax": (tf.nn.log_softmax, VECTORS[:1]),
    "softmax": (tf.nn.softmax, VECTORS[:1]),
    "log sum exp": (lambda x: tf.reduce_logsumexp(x, -1), VECTORS[:1]),
    "sigmoid cross entropy": (lambda y, x: tf.nn.sigmoid_cross_entropy_with_logits(tf.sigmoid(y), x), VECTORS),
    "layer norm": (layer_norm, [(2, 4), (4,)]),
    "huber": (lambda a, b: tf.keras.losses.huber(a, b), VECTORS),
    "mean squared error": (lambda a, b: tf.keras.losses.mse(a, b), VECTORS),
    "mean absolute error": (lambda a, b: tf.keras.losses.mae(a, b), VECTORS),
    "attention": (attention, [(2, 4), (2, 4), (2, 4)]),
    "relu network": (lambda x, w: tf.reduce_sum(tf.nn.relu(tf.matmul(tf.nn.relu(x @ w), w))), [(2, 3), (3, 3)]),
    "hinge": (lambda y, x: tf.nn.relu(1 - y * x), VECTORS),
    "sort": (lambda x: tf.sort(x), VECTORS[:1]),
    "largest": (lambda x: tf.reduce_max(x, -1), VECTORS[:1]),
    "max pool": (lambda x: tf.nn.max_pool2d(x, 3, 1, "SAME"), [(1, 3, 3, 1)]),
    "gelu": (tf.nn.gelu, VECTORS[:1]),
    "product": (lambda x: tf.reduce_prod(x, -1), VECTORS[:1]),
}


def arrays(kind: str, shape: tuple[int, ...], rng: Any) -> Array:
    """One input of a point of a kind."""
    normal: Array = rng.normal(size=shape)
    scale = {"ordinary": 1.0, "huge": 1e18, "tiny": 1e-20}.get(kind)
    if scale:
        return normal * scale
    level = {"zeros": 0.0, "ones": 1.0, "hundreds": 100.0, "equal and huge": 1e18}.get(kind)
    return np.sign(normal) * 100 if level is None else np.full(shape, level)


KINDS = ["ordinary", "zeros", "ones", "saturated", "hundreds", "huge", "equal and huge", "tiny"]


@pytest.mark.parametrize("signs", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["ones", "signs"])
@pytest.mark.parametrize("name", STABLE)
def test_stable_functions_are_right_everywhere(tensors: Any, name: str, signs: bool) -> None:
    function, shapes = STABLE[name]
    made = tensors(function, shapes, signs=signs)
    rng = np.random.default_rng(3)
    for kind in KINDS:
        point = made.point(*(arrays(kind, s, rng) for s in shapes))
        outputs, gradients = made.computed(point)
        assert not made.judge.defect(point, outputs), kind
        assert made.judge.domain(point) is Domain.INSIDE, kind
        for wrt, gradient in enumerate(gradients):
            if np.isfinite(gradient).all() or np.isfinite(outputs[0]).all():
                assert made.judge.worst(point, wrt, gradient, "autodiff") == (Class.FINITE, []), (kind, wrt)
                assert np.isfinite(gradient).all(), kind


LOST: dict[str, tuple[Callable[..., Any], list[float], str, Class, list[tuple[int, ...]], bool]] = {
    "product of a 0": (tf.math.cumprod, [1, 0, 2], "float32", Class.VANISHED, [(1,)], False),
    "half norm": (tf.norm, [300, 300], "float16", Class.VANISHED, [(0,), (1,)], True),
    "softplus": (lambda x: tf.reduce_sum(tf.math.log(1 + tf.exp(x))), [88, 0], "float32", Class.VANISHED, [(0,)], False),
    "difference": (lambda x: (1 - tf.cos(x)) / x, [3e-4, 1], "float32", Class.INACCURATE, [(0,)], False),
    "softplus at 0": (
        lambda x: tf.nn.relu(x) + tf.math.log1p(tf.exp(-tf.abs(x))), [0, 1], "float32", Class.VANISHED, [(0,)], False
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LOST)
def test_what_is_lost_is_seen(tensors: Any, name: str) -> None:
    function, x, dtype, wanted, bad, defect = LOST[name]
    made = tensors(function, [(len(x),)], dtype)
    point = made.point(x)
    outputs, (gradient,) = made.computed(point)
    assert made.judge.worst(point, 0, gradient, "autodiff") == (wanted, bad)
    assert made.judge.defect(point, outputs) is defect


def test_a_normalised_vector_of_large_numbers_loses_its_gradient(tensors: Any) -> None:
    made = tensors(tf.nn.l2_normalize, [(3,)], signs=True)
    point = made.point([1e20, 1e20, 1.0])
    _, (gradient,) = made.computed(point)
    assert made.judge.worst(point, 0, gradient, "autodiff")[0] is Class.VANISHED


ODD: dict[str, tuple[Callable[..., Any], list[float], Kind | None]] = {
    "norm at 0": (lambda x: tf.sqrt(tf.reduce_sum(x**2)), [0, 0], Kind.SINGULAR),
    "deviation of equals": (tf.math.reduce_std, [2, 2], Kind.SINGULAR),
    "norm of tiny": (tf.norm, [1e-30, 1e-30], Kind.NUMERICAL),
    "log of softmax": (lambda x: tf.math.log(tf.nn.softmax(x))[0], [0, 200], Kind.NUMERICAL),
    "masked log": (lambda x: tf.where(x > 0, -x * tf.math.log(x), 0.0), [0, 0.5], Kind.NUMERICAL),
    "log of 0": (lambda x: x * tf.math.log(x), [0, 0.5], None),
    "exp": (tf.exp, [100, 1], Kind.OVERFLOW),
    "root": (tf.sqrt, [0, 1], Kind.SINGULAR),
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_not_finite_has_a_kind(tensors: Any, name: str) -> None:
    function, x, kind = ODD[name]
    made = tensors(function, [(len(x),)])
    point = made.point(x)
    _, (gradient,) = made.computed(point)
    assert not np.isfinite(gradient[0])
    odd = Class.NAN if np.isnan(gradient[0]) else Class.INF
    assert made.judge.entry(point, 0, (0,), gradient[0], "autodiff") == Entry(odd, kind)
    assert made.judge.entry(point, 0, (0,), -np.inf, "autodiff") == Entry(Class.NEGATIVE_INF, kind)
    assert made.judge.domain(point) is (Domain.OUTSIDE if kind is None else Domain.INSIDE)


def test_the_worst_of_a_gradient_that_is_partly_lost_and_partly_wrong(tensors: Any) -> None:
    judge, point = (made := tensors(lambda x: x * 2.0, [(3,)])).judge, made.point([1.0, 2.0, 3.0])
    assert judge.worst(point, 0, np.array([2.0, 2.0, np.nan]), "autodiff") == (Class.FINITE, [])
    assert judge.worst(point, 0, np.array([2.0, 2.5, -2.0]), "autodiff") == (Class.INACCURATE, [(1,), (2,)])
    assert judge.worst(point, 0, np.array([-0.0, 2.5, 2.0]), "autodiff") == (Class.VANISHED, [(0,), (1,)])
    assert judge.worst(point, 0, np.array([2.001, 2.0, 2.0]), "autodiff") == (Class.FINITE, []), "tolerance"


def test_beyond_the_largest_output_nothing_finite_is_judged(tensors: Any) -> None:
    made = tensors(lambda x: tf.reduce_sum(x**3), [(2,)])
    assert made.judge.worst(made.point([1e15, 1.0]), 0, np.array([1.0, 0.0]), "autodiff")[0] is Class.FINITE
    assert made.judge.worst(made.point([1e5, 1.0]), 0, np.array([1.0, 3.0]), "autodiff")[0] is Class.INACCURATE


def test_an_undecided_function_is_not_judged(tensors: Any) -> None:
    made = tensors(lambda x: tf.where(tf.sin(x) ** 2 + tf.cos(x) ** 2 > 1, x, 2 * x), [(1,)])
    point = made.point([0.5])
    assert made.judge.domain(point) is Domain.UNDECIDED
    assert made.judge.entry(point, 0, (0,), 7.0, "autodiff") == Entry(Class.FINITE)
    assert made.judge.entry(point, 0, (0,), np.nan, "autodiff") == Entry(Class.NAN, Kind.UNDECIDED)


def test_true_values_are_the_nearest_floats(tensors: Any) -> None:
    made = tensors(lambda x: (tf.sqrt(x), tf.argmax(x)), [(3,)])
    point = made.point([4.0, 0.0, -1.0])
    roots, place = made.judge.true_outputs(point)
    assert roots.tolist() == [2.0, 0.0, None]
    assert place.tolist() == 0
    judge = tensors(tf.sqrt, [(3,)]).judge
    assert judge.true_gradient(made.point([4.0, 0.0, 1.0]), 0, 3).tolist() == [0.25, np.inf, 0.5]
    assert judge.true_gradient(made.point([4.0, 0.0, 1.0]), 0, 2).tolist() == [0.25, None, 0.5]


def test_a_point_is_asked_for_once_and_forgotten_after_many(tensors: Any) -> None:
    made = tensors(tf.exp, [(2,)])
    judge: TensorJudge = made.judge
    first = judge.at(made.point([0.0, 1.0]))
    assert judge.at(made.point([0.0, 1.0])) is first
    for i in range(REMEMBERED):
        judge.at(made.point([float(i + 1), 1.0]))
    assert len(judge.known) == REMEMBERED
    assert judge.at(made.point([0.0, 1.0])) is not first


def test_indices_are_spread_evenly() -> None:
    assert chosen((2, 2), 9) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert chosen((5,), 3) == [(0,), (2,), (4,)]
    assert chosen((), 1) == [()]
    assert chosen((0,), 3) == []


def test_points_move_inside_their_domain_and_0_stays() -> None:
    inputs = (
        TensorInput("p", "float32", (3,), ValueDomain("probability")),
        TensorInput("x", "float32", (2,), ValueDomain("range", -2.0, 5.0)),
        TensorInput("i", "int32", (1,), ValueDomain("integer", 0, 3)),
    )
    point = (np.array([0.0, 0.5, 1.0]), np.array([5.0, -1.0]), np.array([3]))
    for seed in range(2):
        p, x, i = moved(inputs, point, seed)
        assert p[0] == 0
        assert 0 < abs(p[1] - 0.5) < 1e-5
        assert 1 - 1e-5 < p[2] <= 1
        assert 5 - 1e-4 < x[0] <= 5
        assert i.tolist() == [3]
        assert [a.tolist() for a in moved(inputs, point, seed)] == [p.tolist(), x.tolist(), [3]], "the same each time"


def own(tensors: Any, formula: Callable[..., Any], size: int = 2) -> OwnGradient:
    return OwnGradient(tensors(formula, [(size,)]).oracle, (0,))


def test_a_formula_that_is_not_the_derivative_is_wrong(tensors: Any) -> None:
    made = tensors(tf.sin, [(2,)])
    exact = {"custom": own(tensors, lambda x: tf.cos(x) * [1.0, 2.0])}
    judge = TensorJudge(made.oracle, exact, made.inputs, 1e-3, made.ordinary)
    point = made.point([0.5, 1.0])
    gradient = np.cos([0.5, 1.0]) * [1, 2]
    assert judge.worst(point, 0, gradient, "custom") == (Class.WRONG, [(1,)])
    assert judge.worst(point, 0, gradient, "autodiff") == (Class.INACCURATE, [(1,)])
    assert judge.entry(point, 0, (1,), np.nan, "custom") == Entry(Class.NAN, Kind.NUMERICAL)


def test_rounded_constants_do_not_make_a_formula_wrong(tensors: Any) -> None:
    made = tensors(lambda x: tf.sin(x) * 0.1, [(2,)])
    exact = {"custom": own(tensors, lambda x: tf.cos(x) * 0.1000001)}
    judge = TensorJudge(made.oracle, exact, made.inputs, 1e-3, made.ordinary)
    point = made.point([0.5, np.pi / 2])
    assert judge.worst(point, 0, np.cos(point[0]) * 0.1, "custom") == (Class.FINITE, [])


def study(made: Any, **fields: Any) -> Study:
    return Study(replace(made.program, **fields), lambda values: {}, lambda: lambda values: (np.sin(values[0]),))


def test_a_judge_is_made_of_studies(tensors: Any) -> None:
    made = tensors(tf.sin, [(2,)])
    custom = tensors(lambda x: (tf.sin(x), tf.cos(x) * 3.0), [(2,)])
    case = TensorCase(made.inputs, made.cotangents, tuple(made.ordinary))
    judge, missing = tensor_judge_of(study(made), {"custom": study(custom, results=1)}, case, ScanOptions())
    assert judge is not None
    assert missing == ()
    assert judge.tolerance == 1e-3
    point = made.point([0.5, 1.0])
    assert judge.worst(point, 0, 3 * np.cos(point[0]), "custom")[0] is Class.WRONG
    strict, _ = tensor_judge_of(study(made), {}, case, ScanOptions(tolerance=0.0))
    assert strict is not None
    assert strict.tolerance == 0.0


def test_float64_stands_in_where_a_rule_is_missing_or_it_costs_too_much(
    tensors: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tensors(tf.linalg.eigvalsh, [(2, 2)])
    case = TensorCase(made.inputs, made.cotangents, ())

    def run(values: Any) -> tuple[Array, ...]:
        return np.linalg.eigvalsh(values[0]), np.eye(2)

    judge, missing = tensor_judge_of(Study(made.program, lambda v: {}, lambda: run), {}, case, ScanOptions())
    assert judge is not None
    assert missing == ("SelfAdjointEigV2",)
    assert isinstance(judge.oracle, ApproximateTensorOracle)
    point = made.point(np.diag([1.0, 2.0]))
    assert judge.worst(point, 0, np.eye(2), "autodiff") == (Class.FINITE, [])
    assert judge.worst(point, 0, np.zeros((2, 2)), "autodiff") == (Class.VANISHED, [(0, 0), (1, 1)])
    assert tensor_judge_of(Study(made.program, lambda v: {}), {}, case, ScanOptions()) == (None, missing)
    monkeypatch.setattr(module, "MAX_TENSOR_COST", 1)
    made = tensors(tf.sin, [(2,)])
    case = TensorCase(made.inputs, made.cotangents, ())
    assert tensor_judge_of(study(made), {}, case, ScanOptions())[1] == (TOO_LARGE,)


def test_exact_numbers_at_a_point_of_arrays(tensors: Any) -> None:
    made = tensors(lambda x: tf.reduce_sum(x * x), [(2,)])
    assert exact_at(made.program, (np.array([3.0, 4.0]),))[made.program.outputs[0]] == 25
    assert arb(25) == made.oracle.outputs(made.point([3.0, 4.0]))[0][()]
