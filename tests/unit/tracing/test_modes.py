"""Targets in other modes: every version gives there what TensorFlow gives, or it is said why there is none."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.records import TracedTarget
from gradcheck.tracing.modes import LEFT_OUT, in_mode

Trace = Callable[..., TracedTarget]
Run = Callable[..., Any]
Refused = Callable[[str, Callable[[], object]], str]
POINTS = [-100.0, -1.0, -0.0, 0.0, 0.5, 80.0, 88.5, 89.0]


def root(x: Any) -> Any:
    return tf.where(x > 0, tf.sqrt(x), 0.0)


def softplus(z: Any) -> Any:
    return tf.math.log(tf.exp(z) + 1)


@tf.custom_gradient
def better(z: Any) -> Any:
    return softplus(z), lambda upstream: upstream / (1 + 1 / tf.exp(z))


def branches(x: Any) -> Any:
    return tf.cond(x > 0, lambda: x, lambda: 2 * x)


def spelt(x: Any) -> Any:
    return x * tf.strings.to_number(tf.strings.as_string(x))


def by_tape(function: Callable[..., Any], mode: str) -> Any:
    """Output and gradient at the points, asked for by hand."""

    def both(x: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        return y, tape.gradient(y, x)

    run = {"eager": both, "graph": tf.function(both), "xla": tf.function(both, jit_compile=True)}[mode]
    return [t.numpy().astype(float) for t in run(tf.constant(np.resize(POINTS, 1 << 14), tf.float32))]


@pytest.mark.parametrize("mode", ["graph", "eager", "xla"])
@pytest.mark.parametrize("function", [root, softplus], ids=lambda f: f.__name__)
def test_a_version_gives_what_training_in_that_mode_gives(
    trace_function: Trace, run_version: Run, function: Callable[..., Any], mode: str
) -> None:
    y, gradient = run_version(in_mode(trace_function(function), mode), "autodiff", POINTS)
    wanted = by_tape(function, mode)
    np.testing.assert_array_equal(y, wanted[0][: len(POINTS)])
    np.testing.assert_array_equal(gradient, wanted[1][: len(POINTS)])


def test_modes_differ_where_they_do(trace_function: Trace, run_version: Run) -> None:
    target = trace_function(root)
    gradients = {mode: run_version(in_mode(target, mode), "autodiff", [-1.0])[1] for mode in ("graph", "xla")}
    assert gradients["graph"] == [0.0]
    assert np.isnan(gradients["xla"])


def test_without_a_graph_nothing_can_be_stripped(trace_function: Trace, run_version: Run) -> None:
    target = in_mode(trace_function(better), "eager")
    assert [[v.name for v in of_input] for of_input in target.versions] == [["custom"]]
    assert target.notes == (LEFT_OUT,)
    y, gradient = run_version(target, "custom", [100.0])
    assert (y[0], gradient[0]) == (np.inf, np.float32(1 / (1 + 1 / np.float32(np.inf))))


def test_a_stripped_version_is_compiled_too(trace_function: Trace, run_version: Run) -> None:
    target = in_mode(trace_function(better), "xla")
    assert [v.name for v in target.versions[0]] == ["autodiff", "custom"]
    assert target.notes == ()
    np.testing.assert_array_equal(run_version(target, "autodiff", POINTS)[1], by_tape(softplus, "xla")[1][:8])


def test_a_compiled_version_takes_any_size(trace_function: Trace) -> None:
    (version,) = in_mode(trace_function(root), "xla").versions[0]
    for size in (1, 5, 1 << 15):
        y, gradient = version.sized()(tf.fill([size], -1.0))
        assert y.shape == gradient.shape == [size]
        assert np.isnan(gradient.numpy()).all()


def test_eager_mode_has_no_graph_to_count_with(trace_function: Trace) -> None:
    (version,) = in_mode(trace_function(root), "eager").versions[0]
    assert version.sized() is None


def test_a_target_that_runs_point_by_point_is_refused(trace_function: Trace, refused: Refused) -> None:
    target = trace_function(branches)
    message = refused("GC903", lambda: in_mode(target, "xla"))
    assert message == "t: --mode xla: it runs point by point, which other modes do not; leave that mode out"


def test_what_xla_cannot_compile_is_told(trace_function: Trace, refused: Refused) -> None:
    target = trace_function(spelt)
    message = refused("GC903", lambda: in_mode(target, "xla"))
    assert message.startswith("t: --mode xla: it raised ")
    assert message.endswith("; leave that mode out")
