"""A step that is run with every operation recorded: their lines, and whose gradient each belongs to."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.eager import context

from gradcheck.explaining.points import Blame, output_point_cause, point_cause
from gradcheck.observing.looks import is_bad, quiet
from gradcheck.observing.programs import study_of, study_of_value
from gradcheck.observing.recording import Operation, Recorder, recording
from gradcheck.records import Cause, Class


def recorded(function: Callable[[], Any], sources: Any) -> Recorder:
    """A gradient of a function, recorded."""
    recorder = Recorder()
    with recording(recorder):
        with tf.GradientTape(persistent=True) as tape:
            for source in tf.nest.flatten(sources):
                tape.watch(source)
            target = function()
        recorder.differentiated(lambda: tape.gradient(target, sources), target, sources)
    return recorder


def of_kind(recorder: Recorder, kind: str, backward: bool = False) -> Operation:
    (found,) = [o for o in recorder.operations if o.kind == kind and o.backward == backward]
    return found


def line_at(marker: str) -> int:
    """The line of this file that ends in a comment."""
    lines = open(__file__).read().splitlines()  # noqa: SIM115, PTH123
    return 1 + next(i for i, line in enumerate(lines) if line.endswith(f"# {marker}"))


def where(operation: Operation) -> int:
    assert operation.place is not None
    assert operation.place.file == __file__
    return operation.place.line


def test_operations_come_with_their_tensors() -> None:
    x = tf.constant([1.0, 4.0])
    recorder = recorded(lambda: tf.sqrt(x), x)
    root = of_kind(recorder, "Sqrt")
    assert root.inputs[0] is x
    assert root.outputs[0].numpy().tolist() == [1.0, 2.0]
    assert (root.backward, root.forward) == (False, None)
    back = of_kind(recorder, "SqrtGrad", backward=True)
    assert back.forward == recorder.operations.index(root)
    assert recorder.bad is None


def plain(x: Any) -> Any:
    y = x * 2.0
    return tf.sqrt(y)  # plain


class Layer:
    def __call__(self, x: Any) -> Any:
        return self.inner(x) + 1.0

    def inner(self, x: Any) -> Any:
        return tf.sqrt(x)  # method


@tf.function
def converted(x: Any) -> Any:
    if tf.reduce_sum(x) > 0.0:  # noqa: SIM108
        y = tf.sqrt(x)  # converted
    else:
        y = x
    return y


@pytest.mark.parametrize(
    ("function", "marker"),
    [(plain, "plain"), (Layer(), "method"), (converted, "converted")],
    ids=["plain", "method", "converted"],
)
def test_an_operation_stands_in_the_users_innermost_line(function: Any, marker: str) -> None:
    x = tf.constant([1.0, 4.0])
    recorder = recorded(lambda: function(x), x)
    root = of_kind(recorder, "Sqrt")
    assert where(root) == line_at(marker)
    assert root.place is not None
    assert "tf.sqrt" in root.place.source


@tf.custom_gradient
def custom(x: Any) -> Any:
    def gradient(upstream: Any) -> Any:
        return upstream * tf.math.log(x)  # custom

    return x * 1.0, gradient


def test_what_a_custom_gradient_does_stands_in_its_own_line() -> None:
    x = tf.constant([1.0, 4.0])
    recorder = recorded(lambda: custom(x), x)
    assert where(of_kind(recorder, "Log", backward=True)) == line_at("custom")


def test_backward_operations_belong_to_the_forward_ones() -> None:
    x = tf.constant([[1.0, 4.0]])
    w = tf.constant([[1.0], [2.0]])
    recorder = recorded(lambda: tf.reduce_sum(tf.tanh(tf.matmul(x, w)) * tf.exp(x)), [x, w])
    kinds = {
        (recorder.operations[o.forward].kind, o.kind)
        for o in recorder.operations
        if o.backward and o.forward is not None
    }
    assert {("Tanh", "TanhGrad"), ("MatMul", "MatMul"), ("Exp", "Mul")} <= kinds
    assert not [pair for pair in kinds if pair[0] == "Tanh" and pair[1] == "MatMul"]


def test_variables_are_known_by_name() -> None:
    weights = tf.Variable([[1.0], [4.0]], name="weights")
    recorder = recorded(lambda: tf.sqrt(tf.matmul([[1.0, 1.0]], weights)), [])
    read = of_kind(recorder, "ReadVariableOp")
    assert recorder.names[read.outputs[0]._id] == "weights"


def test_the_first_bad_gradient_is_kept() -> None:
    x = tf.constant([0.0, 4.0])
    recorder = Recorder()
    with recording(recorder):
        for scale in (1.0, 2.0):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = tf.sqrt(x) * scale
            recorder.differentiated(lambda: tape.gradient(y, [x]), y, [x])  # noqa: B023
    assert recorder.bad is recorder.asked[0]
    assert len(recorder.asked) == 2
    assert recorder.bad.results[0].numpy().tolist() == [np.inf, 0.25]
    assert recorder.bad.end < len(recorder.operations)
    recorder.forget()
    assert not recorder.operations
    assert not recorder.asked


@pytest.mark.parametrize(
    ("gradient", "bad"),
    [
        (None, False),
        (tf.constant([1.0, np.nan]), True),
        (tf.constant([1.0, 3e38]), False),
        (tf.constant([1, 2]), False),
        (tf.constant([1.0, np.inf], tf.float16), True),
        (tf.IndexedSlices(tf.constant([[np.nan]]), tf.constant([3])), True),
        (tf.IndexedSlices(tf.constant([[1.0]]), tf.constant([3])), False),
    ],
    ids=["none", "nan", "huge", "integers", "half inf", "slices nan", "slices"],
)
def test_is_bad(gradient: Any, bad: bool) -> None:
    assert is_bad(gradient) == bad


def test_nothing_of_ours_is_recorded() -> None:
    recorder = Recorder()
    with recording(recorder):
        with quiet():
            tf.exp(1.0)
        assert is_bad(tf.constant([1.0])) is False
        tf.sqrt(4.0)
    assert [o.kind for o in recorder.operations] == ["Sqrt"]


@pytest.mark.parametrize("before", [False, True])
def test_tensorflow_is_as_it_was_even_when_the_code_raises(before: bool) -> None:
    from tensorflow.python.ops.resource_variable_ops import BaseResourceVariable

    reading = BaseResourceVariable._read_variable_op
    callbacks = list(context.context().op_callbacks)
    tf.config.run_functions_eagerly(before)
    recorder = Recorder()
    try:
        with pytest.raises(ZeroDivisionError), recording(recorder):  # noqa: PT012
            assert tf.config.functions_run_eagerly()
            raise ZeroDivisionError
        assert tf.config.functions_run_eagerly() == before
    finally:
        tf.config.run_functions_eagerly(False)
    assert list(context.context().op_callbacks) == callbacks
    assert BaseResourceVariable._read_variable_op is reading
    x = tf.constant([4.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.sqrt(x)
    assert tape.gradient(y, x).numpy().tolist() == [0.25]
    assert recorder.operations == []


# studies of what was recorded


def cause_of(recorder: Recorder, wrong: Class = Class.NAN) -> tuple[Cause, str | None]:
    assert recorder.bad is not None
    cause, trap = point_cause(study_of(recorder, recorder.bad, {}), (), Blame(0, wrong, "x", lambda program: {}))
    assert cause is not None
    return cause, trap


def softplus(x: Any) -> Any:
    big = tf.exp(x)  # overflow
    return tf.math.log(big + 1.0)


def guarded(x: Any) -> Any:
    return tf.where(x > 0.0, tf.math.log(x), 0.0)  # guarded


def norm(x: Any) -> Any:
    return tf.sqrt(tf.reduce_sum(x * x))  # norm


@pytest.mark.parametrize(
    ("function", "values", "marker", "forward"),
    [
        (softplus, [1.0, 100.0], "overflow", "Exp"),
        (guarded, [1.0, 0.0], "guarded", "Log"),
        (norm, [0.0, 0.0], "norm", "Sqrt"),
    ],
    ids=["softplus", "where", "norm"],
)
def test_the_cause_is_the_forward_line(function: Any, values: Any, marker: str, forward: str) -> None:
    x = tf.constant(values)
    cause, trap = cause_of(recorded(lambda: function(x) * 3.0, [x]))
    assert cause.file is not None
    assert (cause.line, cause.forward_op or cause.op) == (line_at(marker), forward)
    assert (trap is not None) == (marker == "guarded")


def test_the_cause_in_a_custom_gradient() -> None:
    x = tf.constant([1.0, -4.0])
    cause, _ = cause_of(recorded(lambda: custom(x), [x]))
    assert (cause.line, cause.op) == (line_at("custom"), "Log")


def test_a_study_holds_the_numbers_of_every_tensor() -> None:
    weights = tf.Variable([0.0, 4.0], name="weights")
    recorder = Recorder()
    with recording(recorder):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.sqrt(tf.convert_to_tensor(weights)))
        recorder.differentiated(lambda: tape.gradient(loss, [weights]), loss, [weights])
    assert recorder.bad is not None
    study = study_of(recorder, recorder.bad, {})
    program, seen = study.program, study.observe(())
    assert program.results == 1
    assert seen[program.outputs[0]].tolist() == 2.0
    assert seen[program.outputs[1]].tolist() == [np.inf, 0.25]
    assert "weights" in [node.name for node in program.nodes]
    assert not [node for node in program.nodes if node.op == "ReadVariableOp"]


def test_names_of_what_comes_from_outside() -> None:
    x = tf.constant(np.zeros(20, np.float32))
    recorder = recorded(lambda: tf.sqrt(x * 2.0), [x])
    assert recorder.bad is not None
    program = study_of(recorder, recorder.bad, {x._id: "batch['x']"}).program
    leaves = {program.nodes[i].name: program.nodes[i].op for i in program.inputs}
    assert leaves["batch['x']"] == "Placeholder"
    assert "Const" in [node.op for node in program.nodes]


def test_a_value_that_went_bad_behind_the_gradient() -> None:
    x = tf.constant([1.0, -4.0])
    recorder = Recorder()
    with recording(recorder):
        bad = tf.math.log(x) + 1.0  # behind
    cause = output_point_cause(study_of_value(recorder, bad, {}), ())
    assert cause is not None
    assert (cause.line, cause.op) == (line_at("behind"), "Log")


def test_half_floats_have_numbers_too() -> None:
    for dtype in (tf.float16, tf.bfloat16):
        x = tf.constant([0.0, 4.0], dtype)
        recorder = recorded(lambda: tf.sqrt(x), [x])  # noqa: B023
        cause, _ = cause_of(recorder, Class.INF)
        assert cause.forward_op == "Sqrt"
