"""Elementwise or not, deterministic or not: by evidence."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.engine import Engine
from gradcheck.engine.evidence import require_elementwise, varies

EngineOf = Callable[..., Engine]
Refused = Callable[[str, Callable[[], object]], str]


def my_softplus(z: Any) -> Any:
    return tf.math.log(tf.exp(z) + 1)


def branches(x: Any) -> Any:
    if x > 1:
        return tf.exp(x)
    return x * x


@tf.custom_gradient
def gradient_of_the_sum(x: Any) -> Any:
    """Elementwise in its values, not in its gradient."""
    return tf.identity(x), lambda dy: dy * tf.reduce_sum(x)


def signed(*shape: int | None) -> Callable[[Any], Any]:
    return lambda function: tf.function(function, input_signature=[tf.TensorSpec(shape, tf.float32)])


def any_above(x: Any) -> Any:
    """Every mixed block says yes."""
    return tf.cond(tf.reduce_any(x > 1), lambda: x * x, lambda: x)


def all_above(x: Any) -> Any:
    """Every mixed block says no."""
    return tf.cond(tf.reduce_all(x > 0), lambda: tf.sqrt(x), lambda: tf.zeros_like(x))


ELEMENTWISE: list[Callable[..., Any]] = [
    my_softplus,
    tf.exp,
    tf.math.rsqrt,
    tf.math.lgamma,
    tf.sin,
    tf.nn.silu,
    tf.round,
    lambda x: tf.where(x > 0, tf.math.log(x), tf.zeros_like(x)),
    lambda x: x * 0.0 + 3.0,
    lambda x: tf.math.pow(x, x),
    lambda x: tf.reduce_logsumexp(tf.stack([x, -x]), axis=0),
    branches,
    signed()(my_softplus),
    signed(3)(my_softplus),
    signed()(tf.reduce_sum),
]


@pytest.mark.parametrize("function", ELEMENTWISE)
def test_elementwise_targets_pass(engine_of: EngineOf, function: Callable[..., Any]) -> None:
    require_elementwise(engine_of(function), seed=0)


NOT_ELEMENTWISE: list[Callable[..., Any]] = [
    tf.cumsum,
    tf.math.cumprod,
    tf.nn.softmax,
    tf.sort,
    lambda x: x - tf.reduce_mean(x),
    lambda x: tf.reverse(x, [0]),
    lambda x: tf.roll(x, 1, 0),
    lambda x: x / tf.reduce_max(x),
    lambda x: x / tf.reduce_max(tf.abs(x)),
    lambda x: x * tf.range(tf.size(x), dtype=tf.float32),
    lambda x: x + x[0],
    lambda x: x + x[-1],
    lambda x: tf.nn.l2_normalize(x),
    lambda x: tf.where(tf.reduce_max(x) > 100.0, x * 2.0, x),
    lambda x: x * tf.stop_gradient(tf.reduce_mean(x)),
    gradient_of_the_sum,
    any_above,
    all_above,
    signed(3)(tf.nn.softmax),
    signed(3)(lambda x: tf.reverse(x, [0])),
]


@pytest.mark.parametrize("function", NOT_ELEMENTWISE)
def test_tensor_targets_do_not(engine_of: EngineOf, refused: Refused, function: Callable[..., Any]) -> None:
    engine = engine_of(function)
    for seed in (0, 1):
        message = refused("GC909", partial(require_elementwise, engine, seed))
        assert message == "t: not elementwise: an element's result changes with its neighbours"


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_in_every_dtype(engine_of: EngineOf, refused: Refused, dtype: str) -> None:
    require_elementwise(engine_of(my_softplus, dtype=dtype), seed=0)
    engine = engine_of(lambda x: x - tf.reduce_mean(x), dtype=dtype)
    refused("GC909", lambda: require_elementwise(engine, seed=0))


@pytest.mark.parametrize(("lo", "hi"), [(0.0, 1.0), (-88.0, 88.0), (1e30, 3e38), (5.0, 5.001)])
def test_on_a_range(engine_of: EngineOf, refused: Refused, lo: float, hi: float) -> None:
    require_elementwise(engine_of(tf.exp, lo, hi), seed=0)
    engine = engine_of(lambda x: x * 0.5 + tf.reverse(x, [0]) * 0.25, lo, hi)
    refused("GC909", lambda: require_elementwise(engine, seed=0))


def test_only_the_range_is_run(engine_of: EngineOf) -> None:
    require_elementwise(engine_of(lambda x: tf.debugging.check_numerics(tf.exp(x), "too large"), 0.0, 80.0), seed=0)


NOISY: list[Callable[..., Any]] = [
    lambda x: x + tf.random.normal(tf.shape(x)),
    lambda x: x * tf.random.uniform([]),
    lambda x: tf.nn.dropout(x, 0.5),
]


@pytest.mark.parametrize("function", NOISY)
def test_noise(engine_of: EngineOf, refused: Refused, function: Callable[..., Any]) -> None:
    engine = engine_of(function)
    message = refused("GC903", lambda: require_elementwise(engine, seed=0))
    assert message == "t: two runs of one input differ; make it deterministic: seed or remove the noise"


def test_a_target_that_changes_its_own_variable(engine_of: EngineOf, refused: Refused) -> None:
    calls = tf.Variable(0.0)
    engine = engine_of(lambda x: x + calls.assign_add(1.0))
    assert "two runs of one input differ" in refused("GC903", lambda: require_elementwise(engine, seed=0))


def test_stateless_noise_is_a_function_of_the_place_in_the_tensor(engine_of: EngineOf, refused: Refused) -> None:
    engine = engine_of(lambda x: x + tf.random.stateless_normal(tf.shape(x), [1, 2]))
    refused("GC909", lambda: require_elementwise(engine, seed=0))


def test_varies(engine_of: EngineOf) -> None:
    assert varies(engine_of(my_softplus), np.arange(-(10**9), 10**9, 10**5))
    assert varies(engine_of(tf.round), engine_of(tf.round).fmt.encode(np.linspace(-5, 5, 100)))
    constant = engine_of(lambda x: tf.zeros_like(x) + 3.0)
    assert not varies(constant, constant.fmt.encode(np.linspace(-5, 5, 100)))
    assert not varies(engine_of(my_softplus), np.array([5]))


def test_a_step_is_seen_among_many_points(engine_of: EngineOf) -> None:
    engine = engine_of(lambda x: tf.cast(x > 1.0, tf.float32))
    assert varies(engine, np.arange(0, int(engine.fmt.encode(100.0)), 1000))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("place", [10.0, -10.0])
def test_a_step_is_seen_anywhere_on_the_line(engine_of: EngineOf, dtype: str, place: float) -> None:
    engine = engine_of(lambda x: tf.cast(x > place, x.dtype), dtype=dtype)
    assert varies(engine, np.arange(engine.fmt.min_ordinal, engine.fmt.max_ordinal + 1))


def test_an_output_that_is_nan_everywhere_does_not_vary(engine_of: EngineOf) -> None:
    engine = engine_of(lambda x: x * float("nan"))
    assert not varies(engine, engine.fmt.encode(np.linspace(-5, 5, 100)))
