"""What was recorded, as a program: its nodes, what came from outside, and what that is called."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gradcheck.observing.programs import (
    SMALL,
    as_numbers,
    attributes_of,
    is_same,
    observed,
    sources_of,
    study_of,
    study_of_value,
)
from gradcheck.observing.recording import Asked, Recorder, identity, recording
from gradcheck.program import Node


def asked(function: Callable[[], Any], sources: Any) -> tuple[Recorder, Asked]:
    """A bad gradient of what a function computes, recorded."""
    recorder = Recorder()
    with recording(recorder):
        with tf.GradientTape() as tape:
            target = function()
        recorder.differentiated(partial(tape.gradient, target, sources), target, sources)
    assert recorder.bad is not None
    return recorder, recorder.bad


def outside(study: Any) -> dict[str, Node]:
    return {study.program.nodes[place].name: study.program.nodes[place] for place in study.program.inputs}


def root(values: Any) -> Any:
    return tf.sqrt(tf.reduce_sum(values**2))


def test_a_program_of_a_bad_gradient() -> None:
    weights, x = tf.Variable([[3.0], [4.0]], name="weights"), tf.zeros((40, 2))
    recorder, bad = asked(lambda: root(tf.matmul(x, weights)), [weights])
    study = study_of(recorder, bad, {identity(x): "x"})
    nodes = study.program.by_name
    assert set(outside(study)) >= {"x", "weights"}
    assert all(outside(study)[name].op == "Placeholder" for name in ("x", "weights"))
    assert study.program.results == 1
    assert [study.program.nodes[node].op for node, _ in study.program.outputs] == ["Sqrt", "MatMul"]
    seen = observed(study)
    assert seen[study.program.outputs[0]] == 0
    assert np.isnan(seen[study.program.outputs[1]]).all()
    assert seen[nodes["weights"], 0].tolist() == [[3.0], [4.0]]
    (gradient,) = [n for n in study.program.nodes if n.op == "SqrtGrad"]
    assert study.program.nodes[nodes[gradient.forward or ""]].op == "Sqrt"
    assert gradient.place is not None
    assert gradient.place.source == "return tf.sqrt(tf.reduce_sum(values**2))"


def test_a_program_whose_output_is_a_value() -> None:
    recorder, x = Recorder(), tf.constant([1.0, 0.0])
    with recording(recorder):
        tensor = tf.math.log(x)
        tf.sqrt(x)
    study = study_of_value(recorder, tensor, {identity(x): "x"})
    (output,) = study.program.outputs
    assert study.program.nodes[output[0]].op == "Log"
    assert observed(study)[output].tolist() == [0.0, -np.inf]


# names


def test_variables_that_a_layer_reads_have_their_names() -> None:
    x, layer = tf.zeros((40, 2)), keras.layers.Dense(3, name="deep")
    layer.build((None, 2))
    recorder, bad = asked(lambda: root(layer(x)), layer.trainable_variables)
    found = outside(study_of(recorder, bad, {identity(x): "x"}))
    assert {name: node.op for name, node in found.items() if not name.startswith("constant")} == {
        "x": "Placeholder",
        "deep/kernel": "Placeholder",
        "deep/bias": "Placeholder",
    }


@pytest.mark.parametrize(
    "operation", [tf.tanh, lambda w: tf.multiply(0.0, w), lambda w: tf.raw_ops.MatMul(a=tf.ones((1, 1)), b=w)]
)
def test_variables_that_are_read_unseen_have_their_names(operation: Any) -> None:
    """A variable that is handed to an operation as it is, is read in TensorFlow's C code, which calls back nobody."""
    weights = tf.Variable([[0.0, 0.0]], name="weights")
    recorder, bad = asked(lambda: root(operation(weights)), [weights])
    assert recorder.names == {}
    found = outside(study_of(recorder, bad, {}))
    assert found["weights"].op == "Placeholder"


def test_values_tell_which_variable_was_read_bit_for_bit() -> None:
    one = tf.Variable(tf.ones((5, 5)), name="one")
    other = tf.Variable(tf.ones((5, 5)) * 2, name="other")
    recorder, bad = asked(lambda: root(tf.matmul(other, one) * 0.0), [one, other])
    assert [name for name, _ in sources_of(bad)] == ["one", "other"]
    study = study_of(recorder, bad, {})
    assert {"one", "other"} <= set(outside(study))
    place = study.program.by_name["other"]
    assert observed(study)[place, 0].tolist() == [[2.0] * 5] * 5


def test_sources_that_are_no_variables_have_no_names() -> None:
    kept, layer = tf.Variable([1.0], name="kept"), keras.Variable([2.0], name="layer")
    bad = Asked(None, (kept, tf.constant(1.0), layer), (None, None, None), 0)
    assert [(name, values.tolist()) for name, values in sources_of(bad)] == [("kept", [1.0]), ("layer", [2.0])]


def test_small_numbers_without_a_name_are_constants_of_the_code() -> None:
    small, large, named = tf.zeros(SMALL), tf.zeros(SMALL + 1), tf.zeros(2)
    recorder = Recorder()
    with recording(recorder):
        last = [tf.math.log(x) for x in (small, large, named)][-1]
    leaves = outside(study_of_value(recorder, last, {identity(named): "named"})).values()
    found = [(n.name.rsplit("_", 1)[0], n.op, n.sizes, n.value is None) for n in leaves]
    assert found == [
        ("constant", "Const", (SMALL,), False),
        ("input", "Placeholder", (SMALL + 1,), True),
        ("named", "Placeholder", (2,), True),
    ]


# numbers


def test_arrays_are_the_same_bit_for_bit() -> None:
    zero = np.zeros(2, np.float32)
    assert is_same(zero, zero.copy())
    assert not is_same(zero, -zero)
    assert not is_same(zero, zero[:1])
    assert not is_same(zero, zero.view(np.int32))
    nan = np.array([np.nan], np.float32)
    assert is_same(nan, nan.copy())


@pytest.mark.parametrize(("dtype", "name"), [("float16", "float32"), ("bfloat16", "float32"), ("float64", "float64")])
def test_numbers_of_numpy(dtype: str, name: str) -> None:
    values = as_numbers(tf.constant([1.5], dtype))
    assert (values.dtype.name, values.tolist()) == (name, [1.5])


def test_attributes_come_in_turn() -> None:
    assert attributes_of([b"T", 1, "axis", -1]) == {"T": 1, "axis": -1}


def test_complex_numbers_are_seen_by_their_size() -> None:
    recorder = Recorder()
    with recording(recorder):
        tensor = tf.constant([3 + 4j]) * tf.constant([1 + 0j])
    study = study_of_value(recorder, tensor, {})
    assert observed(study)[study.program.outputs[0]].tolist() == [5.0]
