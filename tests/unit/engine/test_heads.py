"""The first operations of a graph as it runs: which they are, and where they do not tell all."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.engine.counter import barrier
from gradcheck.engine.heads import heads_of, optimized

X = np.linspace(-3.0, 3.0, 101).astype(np.float32)


def heads(function: Callable[[Any], Any]) -> Callable[[Any], list[Any]] | None:
    def run(x: Any) -> Any:
        x = barrier(x, "swept")
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        gradient = tape.gradient(y, x) if "Bitcast" not in y.op.inputs[0].op.type else None
        return [barrier(t) for t in (y, gradient) if t is not None]

    concrete = tf.function(run, autograph=False).get_concrete_function(tf.TensorSpec([None], tf.float32))
    graph = optimized(concrete, (tf.constant(X),))
    assert graph is not None, "this TensorFlow shows no optimized graphs: proofs are right, but slower"
    return heads_of(graph, "swept")


@pytest.mark.parametrize(
    ("function", "first"),
    [
        (lambda x: tf.math.log(tf.exp(x) + 1), [np.exp(X)]),
        (lambda x: 1 / (1 + tf.exp(-x)), [np.exp(-X)]),
        (lambda x: tf.tanh(x) ** 2, [np.tanh(X)]),
        (lambda x: tf.sqrt(x + 4), [X + 4]),
        (lambda x: tf.exp(x) - 1, [np.expm1(X), np.exp(X)]),  # TensorFlow makes it expm1, but for the gradient
        (lambda x: tf.where(x > 0, 1.0, tf.exp(x)), [X > 0, np.exp(X)]),
    ],
    ids=["softplus", "sigmoid", "tanh", "sqrt", "expm1", "where"],
)
def test_the_first_operations(function: Callable[[Any], Any], first: list[Any]) -> None:
    found = heads(function)
    assert found is not None
    values = [value.numpy() for value in tf.function(found, autograph=False)(tf.constant(X))]
    assert len(values) == len(first)
    for wanted in first:
        assert any(wanted.dtype == v.dtype and np.allclose(wanted, v, rtol=1e-6) for v in values)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x * tf.tanh(x),  # the input itself is seen again
        lambda x: tf.where(x > 0, x, tf.exp(x)),
        lambda x: -x,
        lambda x: tf.cumsum(x),
        lambda x: tf.nn.softmax(x),
        lambda x: x + np.arange(101, dtype=np.float32),  # another number for each element
        lambda x: tf.map_fn(lambda t: tf.exp(t), x),
        lambda x: tf.cast(tf.bitcast(x, tf.int32), tf.float32),
    ],
    ids=["product", "where", "negative", "cumsum", "softmax", "many", "loop", "bits"],
)
def test_where_they_are_not_told(function: Callable[[Any], Any]) -> None:
    assert heads(function) is None


def test_shapes_are_not_values() -> None:
    found = heads(lambda x: tf.exp(x) + tf.zeros_like(x) + tf.cast(tf.size(x), tf.float32))
    assert found is not None
    (value,) = tf.function(found, autograph=False)(tf.constant(X))
    assert np.allclose(value.numpy(), np.exp(X), rtol=1e-6)


def test_a_graph_that_cannot_be_run_is_not_shown() -> None:
    def run(x: Any) -> Any:
        return tf.debugging.check_numerics(barrier(x, "swept"), "no")

    concrete = tf.function(run, autograph=False).get_concrete_function(tf.TensorSpec([None], tf.float32))
    assert optimized(concrete, (tf.constant([np.nan]),)) is None
    assert optimized(concrete, (tf.constant([1.0]),)) is not None
