"""Pulls: the signed distance of an argument to its danger, and the way there."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.domains import ValueDomain
from gradcheck.records import Pull, TensorInput
from gradcheck.tracing.graphs import frozen_graph
from gradcheck.tracing.pulls import MAX_DANGERS, pull_of

WIDTH = 4


def pull_for(function: Callable[..., Any], *inputs: tuple[str, tuple[int, ...]]) -> Pull | None:
    """The pull of a function of inputs (dtype, shape)."""
    given = tuple(TensorInput(f"x{k}", dtype, shape, ValueDomain()) for k, (dtype, shape) in enumerate(inputs))
    forward = tf.function(function).get_concrete_function(*(tf.TensorSpec(i.shape, i.dtype) for i in given))
    return pull_of(frozen_graph(forward), given, lambda size: WIDTH)


def at(pull: Pull | None, *arrays: Any, weights: Any = 1.0) -> tuple[list[float], list[Any]]:
    """Distances, and slopes, at one point."""
    assert pull is not None
    batch = tuple(np.stack([np.asarray(a)] * pull.width) for a in arrays)
    distances, slopes = pull.measure(batch, np.broadcast_to(weights, (pull.width, len(pull.names))).astype(float))
    assert distances.shape == (WIDTH, len(pull.names))
    return distances[0].tolist(), [None if s is None else s[0].tolist() for s in slopes]


VECTOR = ("float32", (2,))


@pytest.mark.parametrize(
    ("function", "names", "x", "distances", "slopes"),
    [
        (lambda x: tf.sqrt(tf.reduce_sum(x * x)), ["Sqrt near 0"], [3.0, 4.0], [25.0], [6.0, 8.0]),
        (lambda x: tf.math.log(x - 1.0), ["Log near 0"], [3.0, 5.0], [2.0], [1.0, 0.0]),
        (lambda x: tf.math.log(x - 1.0), ["Log near 0"], [-7.0, 0.5], [-0.5], [0.0, 1.0]),
        (lambda x: 1.0 / (x[0] - x[1]), ["RealDiv near 0"], [3.0, 5.0], [-2.0], [1.0, -1.0]),
    ],
)
def test_the_nearest_element_says_how_far_it_is_and_where_to_go(
    function: Callable[..., Any], names: list[str], x: list[float], distances: list[float], slopes: list[float]
) -> None:
    pull = pull_for(function, VECTOR)
    assert pull is not None
    assert list(pull.names) == names
    assert at(pull, x) == (distances, [slopes])


@pytest.mark.parametrize(
    ("dtype", "edge"), [("float32", 88.72284), ("float16", 11.08986649), ("float64", 709.782712893384)]
)
def test_exponentials_overflow_at_the_logarithm_of_the_largest_float(dtype: str, edge: float) -> None:
    pull = pull_for(lambda x: tf.exp(x), (dtype, (2,)))
    assert pull is not None
    assert pull.names == (f"Exp near {edge:g}",)
    (distance,), _ = at(pull, [1.0, 2.0])
    assert distance == pytest.approx(2.0 - edge, rel=1e-6)


def test_only_dangers_with_a_weight_pull() -> None:
    pull = pull_for(lambda x: tf.sqrt(x[0]) + tf.math.log(x[1] * 2.0), VECTOR)
    assert pull is not None
    assert len(pull.names) == 2
    weights = np.array([name.startswith("Sqrt") for name in pull.names])
    assert at(pull, [3.0, 4.0], weights=weights)[1] == [[1.0, 0.0]]
    assert at(pull, [3.0, 4.0], weights=~weights)[1] == [[0.0, 2.0]]


def test_slopes_are_by_floats_alone_and_in_the_shape_of_the_input() -> None:
    def chosen(x: Any, places: Any, y: Any) -> Any:
        return tf.sqrt(tf.reduce_sum(tf.gather(x, places, batch_dims=1)) + 3.0 * y)

    pull = pull_for(chosen, ("float32", (2, 2)), ("int32", (2,)), ("float32", ()))
    distances, slopes = at(pull, [[1.0, 2.0], [3.0, 4.0]], [0, 1], 5.0)
    assert distances == [20.0]
    assert slopes == [[[1.0, 0.0], [0.0, 1.0]], None, 3.0]


def test_elements_that_are_nan_are_not_near() -> None:
    pull = pull_for(lambda x: tf.math.log(tf.sqrt(x)), VECTOR)
    assert pull is not None
    (log,) = [k for k, name in enumerate(pull.names) if name.startswith("Log")]
    assert at(pull, [-1.0, 9.0])[0][log] == 3.0


def test_overrides_are_looked_through() -> None:
    @tf.custom_gradient
    def safe(x: Any) -> Any:
        return tf.sqrt(x - 1.0), lambda upstream: upstream * 0.0

    assert at(pull_for(lambda x: tf.reduce_sum(safe(x)), VECTOR), [3.0, 5.0]) == ([2.0], [[1.0, 0.0]])


def test_each_tensor_and_value_is_one_danger_and_there_are_never_too_many() -> None:
    pull = pull_for(lambda x: tf.math.log(x) + tf.math.log(x), VECTOR)
    assert pull is not None
    assert pull.names == ("Log near 0",)
    many = pull_for(lambda x: tf.add_n([tf.math.log(x + float(k)) for k in range(1, 40)]), VECTOR)
    assert many is not None
    assert len(many.names) == MAX_DANGERS


def test_without_danger_or_graph_there_is_no_pull() -> None:
    assert pull_for(lambda x: x * x + tf.sqrt(tf.constant(2.0)), VECTOR) is None
    assert pull_of(None, (), lambda size: WIDTH) is None


def test_where_the_function_raises_nothing_pulls() -> None:
    def gathered(x: Any, n: Any) -> Any:
        return tf.sqrt(tf.gather(x, tf.cast(n, tf.int32)))

    pull = pull_for(gathered, ("float32", (3,)), ("float32", ()))
    good = at(pull, [1.0, 2.0, 3.0], 1.0)
    assert good[0] == [2.0]
    distances, slopes = at(pull, [1.0, 2.0, 3.0], -1.0)
    assert distances == [float("inf")]
    assert slopes == [[0.0, 0.0, 0.0], 0.0]
