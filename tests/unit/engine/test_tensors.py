"""The engine for tensor targets: a batch is what its points are."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcheck.engine.tensors import (
    FINITE,
    FORWARD_RAISES,
    INF,
    NAN,
    NONE,
    RAISES,
    TensorEngine,
    alike,
    is_noisy,
    pieces,
)
from gradcheck.loading.calls import Call, target_of
from gradcheck.loading.signatures import arguments_of
from gradcheck.program import Array
from gradcheck.records import Batch
from gradcheck.search.sequences import low_discrepancy
from gradcheck.search.structured import structured
from gradcheck.tracing.tensors import Wanted, trace_tensors


def engine_for(function: Callable[..., Any], **fields: Any) -> TensorEngine:
    """A function with its engine."""
    loaded = target_of("t", Call(function, arguments_of("t", function)), ())
    return TensorEngine(trace_tensors(loaded, Wanted(fields.pop("shapes", {}), {}, **fields)))


def rmse(y: Any, p: Any) -> Any:
    return tf.sqrt(tf.reduce_mean((y - p) ** 2))


def softplus(x: Any) -> Any:
    return tf.math.log(1 + tf.exp(x))


def normalised(x: Any) -> Any:
    return x / tf.norm(x, axis=-1, keepdims=True)


def of_labels(x: Any, labels: Any) -> Any:
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, tf.math.log(x))


def chosen(x: Any, keep: bool) -> Any:
    return tf.where(keep, tf.sqrt(x), 0.0)


def rounded(x: Any, w: Any) -> Any:
    return tf.round(x) * tf.sqrt(w)


@tf.custom_gradient
def repaired(x: Any) -> Any:
    y = tf.norm(x)
    return y, lambda upstream: upstream * x / tf.maximum(y, 1e-6)


def determinant(m: Any) -> Any:
    return tf.linalg.det(m)


def inverse(m: Any) -> Any:
    return tf.linalg.inv(m)


def usual_floats(batch: Array) -> Array:
    """Which points have no subnormal: kernels flush them or not by how many numbers there are."""
    flat = np.abs(batch.reshape(len(batch), -1).astype(np.float64))
    return np.asarray(((flat == 0) | (flat >= 1.1754944e-38)).all(1))


@pytest.mark.slow
@pytest.mark.parametrize("function", [rmse, softplus, normalised, of_labels, chosen, rounded, repaired])
def test_a_batch_has_the_codes_of_its_points_one_by_one(function: Callable[..., Any]) -> None:
    engine = engine_for(function)
    assert not engine.alone
    target = engine.target
    some = structured(target.inputs, (), ())
    spread = low_discrepancy(target.inputs, 40, 7)
    batch = tuple(np.concatenate([a[:: max(len(a) // 60, 1)], b]) for a, b in zip(some, spread, strict=True))
    usual = np.all([usual_floats(a) for a in batch], axis=0)
    batch = tuple(a[usual] for a in batch)
    codes = engine.classify(batch)
    single = np.concatenate([engine.one_by_one(v, batch)[:, 1:] for v in engine.versions], axis=1)
    np.testing.assert_array_equal(codes[:, 1:], single)
    np.testing.assert_array_equal(codes[:, 0], engine.one_by_one(engine.versions[-1], batch)[:, 0])
    assert {FINITE, NAN} <= set(codes[:, 1:].ravel().tolist())


def code_of(arrays: tuple[Array, ...]) -> int:
    """The class code of some arrays, by numpy."""
    return NAN if any(np.isnan(a).any() for a in arrays) else INF if any(np.isinf(a).any() for a in arrays) else FINITE


ENGINE = engine_for(normalised, shapes={"x": (2, 2)})


@settings(max_examples=40)
@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=4, max_size=4))
def test_codes_say_what_a_run_alone_gives(values: list[float]) -> None:
    point = (np.array(values).reshape(2, 2),)
    codes = ENGINE.classify(tuple(a[None] for a in point))[0]
    for column, code in zip(ENGINE.columns, codes[1:], strict=True):
        outputs, gradients, said = ENGINE.run(column.version, point)
        assert said is None
        assert code_of(outputs) == codes[0]
        gradient = gradients[column.position]
        assert gradient is not None
        assert code_of((gradient,)) == code


def at(engine: TensorEngine, *arrays: Any) -> list[int]:
    """The codes of one point."""
    batch = tuple(np.asarray(a)[None] for a in arrays)
    return engine.classify(batch)[0].tolist()  # type: ignore[no-any-return]


def test_nan_goes_before_an_infinity() -> None:
    engine = engine_for(lambda x: tf.sqrt(x), shapes={"x": (2,)})
    assert at(engine, [0.0, 1.0]) == [FINITE, INF, INF]
    assert at(engine, [0.0, -1.0]) == [NAN, NAN, NAN]
    assert at(engine, [1.0, 2.0]) == [FINITE, FINITE, FINITE]


def test_what_is_not_connected_has_a_code_of_its_own() -> None:
    engine = engine_for(rounded, shapes={"x": (2,), "w": (2,)})
    assert [(c.wrt, c.version.cotangent) for c in engine.columns] == [
        *[("x", "ones"), ("w", "ones"), ("x", "random signs"), ("w", "random signs")]
    ]
    assert at(engine, [1.0, 1.0], [1.0, 0.0]) == [FINITE, NONE, INF, NONE, INF]


@pytest.mark.slow
def test_outputs_are_those_of_the_version_that_training_runs() -> None:
    @tf.custom_gradient
    def other(x: Any) -> Any:
        return tf.norm(x), lambda upstream: upstream * x / tf.norm(x)

    engine = engine_for(other, shapes={"x": (2,)})
    assert [v.name for v in engine.versions] == ["autodiff", "custom"]
    assert at(engine, [0.0, 0.0]) == [FINITE, NAN, NAN]
    assert at(engine_for(repaired, shapes={"x": (2,)}), [0.0, 0.0]) == [FINITE, NAN, FINITE]


SINGULAR, REGULAR = np.ones((2, 2)), np.eye(2)


def test_a_gradient_that_raises_is_told_from_a_function_that_does() -> None:
    shapes = {"m": (2, 2)}
    of_gradient, of_function = engine_for(determinant, shapes=shapes), engine_for(inverse, shapes=shapes)
    assert at(of_gradient, SINGULAR) == [FINITE, RAISES]
    assert at(of_function, SINGULAR) == [FORWARD_RAISES] * 3
    assert at(of_gradient, REGULAR) == [FINITE, FINITE]


@tf.custom_gradient
def of_inverse(m: Any) -> Any:
    return tf.reduce_sum(m), lambda upstream: upstream * tf.linalg.inv(m)


def test_one_point_that_raises_does_not_change_the_codes_of_its_batch() -> None:
    engine = engine_for(of_inverse, shapes={"m": (2, 2)})
    assert not engine.alone
    assert engine.width > 1
    batch = (np.stack([REGULAR, SINGULAR, 2 * REGULAR]),)
    wanted = [[FINITE, FINITE, FINITE], [FINITE, FINITE, RAISES], [FINITE, FINITE, FINITE]]
    assert engine.classify(batch).tolist() == wanted
    assert (engine.alone, engine.width, engine.raised) == (True, 1, 1)
    assert engine.classify(batch).tolist() == wanted


def test_a_run_says_what_the_gradient_raised_and_keeps_the_outputs() -> None:
    engine = engine_for(determinant, shapes={"m": (2, 2)})
    (version,) = engine.versions
    outputs, gradients, said = engine.run(version, (SINGULAR,))
    assert [o.tolist() for o in outputs] == [0.0]
    assert gradients == (None,)
    assert said is not None
    assert "not invertible" in said
    assert said.isprintable()
    engine = engine_for(inverse, shapes={"m": (2, 2)})
    assert engine.run(engine.versions[0], (SINGULAR,))[:2] == ((), (None,))


def failing(x: Any) -> Any:
    @tf.custom_gradient
    def inner(y: Any) -> Any:
        def gradient(upstream: Any) -> Any:
            raise NotImplementedError("later")

        return tf.sqrt(y), gradient

    return inner(x)


def test_a_version_that_has_no_gradient_is_left_out() -> None:
    engine = engine_for(failing, shapes={"x": (2,)})
    assert {v.name: v.failure for v in engine.target.versions} == {
        "autodiff": None,
        "custom": "NotImplementedError: later",
    }
    assert {v.name for v in engine.versions} == {"autodiff"}
    assert at(engine, [0.0, 1.0]) == [FINITE, INF, INF]


@pytest.mark.parametrize(("n", "width", "sizes"), [(7, 3, [3, 3, 1]), (6, 3, [3, 3]), (2, 3, [2]), (0, 3, [])])
def test_pieces_are_full_and_say_how_much_of_them_is_meant(n: int, width: int, sizes: list[int]) -> None:
    batch: Batch = (np.arange(n), np.arange(2 * n).reshape(n, 2))
    found = list(pieces(batch, width))
    assert [size for _, size in found] == sizes
    assert all(len(array) == width for piece, _ in found for array in piece)
    for k, array in enumerate(batch):
        parts = [piece[k][:size] for piece, size in found]
        np.testing.assert_array_equal(np.concatenate(parts) if parts else array, array)


def test_batches_longer_than_a_call_are_cut_and_counted() -> None:
    engine = engine_for(softplus, shapes={"x": (1,)})
    width, versions = engine.width, len(engine.versions)
    codes = engine.classify((np.linspace(0, 100, width + 1)[:, None],))
    assert codes.shape == (width + 1, 1 + len(engine.columns))
    assert codes[[0, -1], 1].tolist() == [FINITE, NAN]
    assert (engine.evaluated, engine.calls) == (width + 1, 2 * versions)


@pytest.mark.parametrize(
    ("function", "noisy"),
    [
        (lambda x: tf.reduce_sum(x) + tf.random.normal([]), True),
        (lambda x: tf.nn.dropout(x, 0.5), True),
        (lambda x: tf.nn.dropout(x, 0.5, seed=1), True),
        (lambda x: tf.random.stateless_normal([3], [1, 2]) * x, False),
        (softplus, False),
        (lambda x: tf.math.log(-x), False),
    ],
)
def test_noise_is_seen(function: Callable[..., Any], noisy: bool) -> None:
    points = [(np.array([0.1, 0.2, 0.3]),), (np.array([1.0, 1.0, 1.0]),)]
    assert is_noisy(engine_for(function, shapes={"x": (3,)}), points) is noisy


@pytest.mark.parametrize(
    ("first", "again", "same"),
    [
        ([1.0, 1e-9], [1.0, 0.0], True),
        ([1.0, 2.0], [1.0, 2.1], False),
        ([np.nan, np.inf], [np.nan, np.inf], True),
        ([np.inf], [-np.inf], False),
        ([1.0], [np.nan], False),
        ([], [], True),
    ],
)
def test_two_runs_are_alike_but_for_the_last_bits(first: list[float], again: list[float], same: bool) -> None:
    assert alike(np.array(first), np.array(again)) is same
