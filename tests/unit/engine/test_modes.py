"""One float in other modes and sizes: as TensorFlow gives it there."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.engine import Engine
from gradcheck.engine.modes import elsewhere

EngineOf = Callable[..., Engine]


def selu(x: Any) -> Any:
    return 1.0507 * tf.where(x > 0, x, 1.6732632 * (tf.exp(x) - 1))


@tf.custom_gradient
def better(z: Any) -> Any:
    e = tf.exp(z)
    return tf.math.log(e + 1), lambda upstream: upstream / (1 + 1 / e)


def by_tensorflow(x: float, mode: str, size: int) -> tuple[float, float]:
    """Output and gradient of selu, asked for by hand."""

    def both(xs: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            tape.watch(xs)
            y = selu(xs)
        return y, tape.gradient(y, xs)

    spec = [tf.TensorSpec([None], tf.float32)]
    ways = {"eager": both, "graph": tf.function(both, input_signature=spec), "xla": tf.function(both, jit_compile=True)}
    y, gradient = ways[mode](tf.constant([x] * size, tf.float32))
    return float(y[0]), float(gradient[0])


USUAL = [pytest.param(x, marks=pytest.mark.slow) for x in (0.0, 1.0, 88.20806, 88.20807, 88.72284)]


@pytest.mark.parametrize("x", [-1.0, 88.5, *USUAL])
def test_every_mode_and_size_gives_what_tensorflow_gives(engine_of: EngineOf, x: float) -> None:
    engine = engine_of(selu)
    found = list(elsewhere(engine, engine.versions[0], int(engine.fmt.encode(x))))
    assert [(e.mode, e.size) for e in found] == [
        *((m, n) for m in ("graph", "eager") for n in (1, 16)),
        ("xla", 16),
    ]
    for e in found:
        assert e.at == x
        assert np.array_equal(
            np.array([e.output, e.gradient], float), by_tensorflow(x, e.mode, e.size), equal_nan=True
        ), e


def test_a_stripped_gradient_runs_in_no_mode_without_a_graph(engine_of: EngineOf) -> None:
    engine = engine_of(better)
    modes = [{e.mode for e in elsewhere(engine, version, 0)} for version in engine.versions]
    assert [v.name for v in engine.versions] == ["autodiff", "custom"]
    assert modes == [{"graph", "xla"}, {"graph", "eager", "xla"}]


def test_what_xla_cannot_compile_is_left_out(engine_of: EngineOf) -> None:
    engine = engine_of(lambda x: tf.numpy_function(lambda a: a, [x], x.dtype) * 0.0 + x)
    found = list(elsewhere(engine, engine.versions[0], 5))
    assert {e.mode for e in found} == {"graph", "eager"}


def test_other_inputs_are_held_and_a_gradient_may_be_none(engine_of: EngineOf) -> None:
    engine = engine_of(lambda a, x: tf.round(x) + 0.0 * a, index=1, held=2.0)
    version = engine.versions[0]
    found = list(elsewhere(engine, version, int(engine.fmt.encode(3.2))))
    assert {e.output for e in found} == {3.0}
    assert {e.gradient for e in found} == {None if not version.connected else 0.0}


def test_a_target_that_runs_point_by_point_is_left_alone(engine_of: EngineOf) -> None:
    def branches(x: Any) -> Any:
        return tf.cond(x > 1.0, lambda: tf.sqrt(x - 1.0), lambda: x)

    engine = engine_of(branches)
    assert list(elsewhere(engine, engine.versions[0], 0)) == []
