"""What is read from a traced function's GraphDef, and the graph without its overrides."""

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.frames import is_users
from gradcheck.tracing.graphs import (
    branches_on_tensors,
    calling_frame,
    constants,
    has_control_flow,
    has_overrides,
    is_compiled,
    stripped,
    user_stops,
)

Concrete = Callable[..., Any]


@tf.custom_gradient
def exp_times_7(x: Any) -> Any:
    return tf.exp(x), lambda dy: dy * 7.0


@tf.function
def overridden_inside(x: Any) -> Any:
    return exp_times_7(x)


@tf.function
def plain_inside(x: Any) -> Any:
    return tf.exp(x)


def overridden_in_a_branch(x: Any) -> Any:
    return tf.cond(tf.reduce_sum(x) > 0, lambda: exp_times_7(x), lambda: x)


def overridden_in_a_loop(x: Any) -> Any:
    for _ in tf.range(2):
        x = exp_times_7(x)
    return x


def differentiated_inside(x: Any) -> Any:
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = plain_inside(x)
    return tape.gradient(y, x)


@pytest.mark.parametrize(
    "function",
    [exp_times_7, overridden_inside, overridden_in_a_branch, overridden_in_a_loop, tf.nn.silu]
    + [lambda x: overridden_inside(x) + 1.0],
)
def test_overrides_are_found_wherever_they_are(concrete: Concrete, function: Callable[..., Any]) -> None:
    assert has_overrides(concrete(function))


@pytest.mark.parametrize(
    "function", [tf.exp, plain_inside, differentiated_inside, lambda x: tf.identity_n([x])[0], tf.stop_gradient]
)
def test_what_is_no_override(concrete: Concrete, function: Callable[..., Any]) -> None:
    assert not has_overrides(concrete(function))


def test_a_call_that_was_differentiated_before_is_no_override(concrete: Concrete) -> None:
    concrete(differentiated_inside)
    assert not has_overrides(concrete(lambda x: plain_inside(x) * 2.0))


def gradient_of(call: Callable[..., Any], *values: float) -> list[float]:
    @tf.function(autograph=False)
    def run(x: Any) -> Any:
        return tf.gradients(call(x), x)[0]

    return [float(v) for v in run(tf.constant(values, tf.float32))]


@pytest.mark.parametrize(
    ("function", "derivative"),
    [
        (exp_times_7, math.exp),
        (overridden_inside, math.exp),
        (overridden_in_a_branch, math.exp),
        (overridden_in_a_loop, lambda x: math.exp(math.exp(x)) * math.exp(x)),
        (lambda x: exp_times_7(x * 2.0) + exp_times_7(x), lambda x: 2 * math.exp(2 * x) + math.exp(x)),
    ],
)
def test_the_stripped_graph_has_the_derivative_of_the_function(
    concrete: Concrete, function: Callable[..., Any], derivative: Callable[[float], float]
) -> None:
    forward = concrete(function)
    values = (-0.5, 0.25, 0.75, 1.0)
    expected = [derivative(x) for x in values]
    assert gradient_of(stripped(forward), *values) == pytest.approx(expected, rel=1e-5)
    assert gradient_of(forward, *values) != pytest.approx(expected, rel=1e-2)
    assert has_overrides(concrete(function)), "the original keeps its override"


def test_the_stripped_graph_has_the_same_values(concrete: Concrete) -> None:
    scale = tf.Variable(3.0)
    forward = concrete(lambda x: exp_times_7(x) * scale)
    x = tf.constant([-1.0, 0.0, 0.5, 2.0])
    assert (tf.function(stripped(forward))(x).numpy() == forward(x).numpy()).all()


def test_control_flow(concrete: Concrete) -> None:
    assert has_control_flow(concrete(overridden_in_a_branch))
    assert has_control_flow(concrete(overridden_in_a_loop))
    assert has_control_flow(concrete(tf.function(overridden_in_a_branch)))
    assert has_control_flow(
        concrete(lambda x: tf.switch_case(tf.cast(x[0] > 0, tf.int32), [lambda: tf.exp(x), lambda: x]))
    )
    assert not has_control_flow(concrete(overridden_inside))


def vector_branch(x: Any) -> Any:
    return tf.cond(x > 0, lambda: x, lambda: -x)


def test_branches_on_tensors(concrete: Concrete) -> None:
    assert branches_on_tensors(concrete(vector_branch))
    assert not branches_on_tensors(concrete(vector_branch, ()))
    assert not branches_on_tensors(concrete(overridden_in_a_branch))
    assert not branches_on_tensors(concrete(tf.exp))


def test_a_branch_on_a_tensor_in_a_called_function(concrete: Concrete) -> None:
    assert branches_on_tensors(concrete(lambda x: tf.function(vector_branch)(x) * 2.0))


def test_parts_that_xla_compiles(concrete: Concrete) -> None:
    compiled = tf.function(tf.exp, jit_compile=True)
    assert is_compiled(concrete(lambda x: compiled(x) + 1.0))
    assert not is_compiled(concrete(plain_inside))


def test_constants_are_sorted_distinct_and_finite(concrete: Concrete) -> None:
    def function(x: Any) -> Any:
        y = x * 3.25 + 3.25 - 0.5 + tf.constant([1.5, 2.5, 1.5, float("nan")])
        return y * tf.cast(7, tf.float32) + tf.where(x > 0, float("inf"), 1e-10) + plain_inside(x * 11.0)

    found = constants(concrete(function).graph.as_graph_def())
    assert {0.5, 1.5, 2.5, 3.25, 7.0} <= set(found)
    assert any(math.isclose(c, 1e-10, rel_tol=1e-6) for c in found)
    assert list(found) == sorted(set(found))
    assert np.isfinite(found).all()


def test_tables_and_texts_are_no_constants(concrete: Concrete) -> None:
    def function(x: Any) -> Any:
        table = tf.constant(np.arange(100.0, 117.0), tf.float32)
        small = tf.constant(np.arange(200.0, 216.0), tf.float32)
        return x + tf.reduce_sum(table) + tf.reduce_sum(small) + tf.strings.to_number("300")

    found = set(constants(concrete(function).graph.as_graph_def()))
    assert not found & set(np.arange(100.0, 117.0))
    assert found >= set(np.arange(200.0, 216.0))
    assert 300.0 not in found


def stopped(x: Any) -> Any:
    first = tf.stop_gradient(x)
    return first + tf.stop_gradient(tf.exp(x))


def test_each_stop_has_its_line(concrete: Concrete) -> None:
    first = stopped.__code__.co_firstlineno + 1
    for function in (stopped, tf.function(stopped), lambda x: tf.function(stopped)(x) * 2.0):
        assert sorted(user_stops(concrete(function))) == [(__file__, first), (__file__, first + 1)]


def test_stops_in_branches(concrete: Concrete) -> None:
    function = lambda x: tf.cond(tf.reduce_sum(x) > 0, lambda: tf.stop_gradient(x), lambda: x)  # noqa: E731
    assert list(user_stops(concrete(function))) == [(__file__, function.__code__.co_firstlineno)]


@pytest.mark.parametrize(
    "function",
    [tf.reduce_logsumexp, tf.nn.softmax, tf.nn.log_softmax, lambda x: tf.nn.l2_normalize(x), tf.nn.silu]
    + [lambda x: tf.nn.moments(x, [0])[1], tf.math.reduce_std],
)
def test_stops_of_tensorflow_itself_are_left_out(concrete: Concrete, function: Callable[..., Any]) -> None:
    assert list(user_stops(concrete(function))) == []


def frame(filename: str, line: int = 1) -> Any:
    return SimpleNamespace(filename=filename, lineno=line)


LIBRARY = "/site-packages/tensorflow/python"


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        (
            [frame(__file__, 7), frame(f"{LIBRARY}/ops/array_ops.py"), frame(f"{LIBRARY}/framework/ops.py")],
            (__file__, 7),
        ),
        ([frame(__file__, 7), frame(f"{LIBRARY}/ops/math_ops.py"), frame(f"{LIBRARY}/ops/array_ops.py")], None),
        ([frame("/no/such/file.py", 7), frame(f"{LIBRARY}/ops/array_ops.py")], (None, None)),
        ([frame(f"{LIBRARY}/framework/ops.py")], (None, None)),
        ([], (None, None)),
    ],
)
def test_the_frame_that_called(frames: list[Any], expected: Any) -> None:
    assert calling_frame(frames) == expected


def test_a_graph_without_tracebacks_has_stops_of_unknown_place(concrete: Concrete, tmp_path: Any) -> None:
    module = tf.Module()
    module.stopped = tf.function(stopped, input_signature=[tf.TensorSpec([None], tf.float32)])
    tf.saved_model.save(module, str(tmp_path), signatures={"stopped": module.stopped})
    loaded = tf.saved_model.load(str(tmp_path)).signatures["stopped"]
    assert list(user_stops(concrete(lambda x: loaded(x=x)))) == [(None, None)] * 2


def test_cells_of_a_notebook_are_the_users_and_made_up_files_are_not() -> None:
    users = ["/tmp/ipykernel_7/123.py", "<ipython-input-1-48944ebc535e>", "<python-input-0>", "/home/me/losses.py"]
    others = ["<string>", "<stdin>", tf.__file__, "/tmp/__autograph_generated_file1.py"]
    assert [is_users(file) for file in users + others] == [True] * 4 + [False] * 4
