"""A version at one point: every operation with the user's line, and every tensor as TensorFlow computes it."""

import math
from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.program import Node, Program
from gradcheck.records import Study, TracedTarget
from gradcheck.tracing.layouts import placeholder_name
from gradcheck.tracing.programs import forward_name, ordered

Trace = Callable[..., TracedTarget]
UserModule = Callable[..., ModuleType]
StudyOf = Callable[..., Study]


def node_of(program: Program, op: str) -> Node:
    """The only forward node of a type."""
    (found,) = (program.nodes[i] for i in program.forward if program.nodes[i].op == op)
    return found


def line_of(program: Program, op: str) -> str | None:
    place = node_of(program, op).place
    return place.source if place else None


LINES = """
    def scaled(x):
        return 3.0 * x           # scaled

    def twice(x):
        y = tf.exp(x)            # exp
        return scaled(y)

    @tf.function
    def inner(x):
        return tf.sqrt(x)        # sqrt

    def outer(x):
        y = inner(x)             # call
        return tf.math.log(y)    # log

    @tf.custom_gradient
    def squared(x):
        def gradient(dy):
            return dy * 2.0 * x  # gradient
        return tf.square(x), gradient  # square

    layer = tf.keras.layers.Dense(1, activation="tanh", kernel_initializer="ones")

    def dense(x):
        y = tf.reshape(x, [-1, 1])
        z = layer(y)             # layer
        return tf.reshape(z, tf.shape(x))

    def branches(x):
        if x > 0.0:
            return tf.math.log(x)  # then
        return tf.math.expm1(x)    # else
"""


@pytest.fixture
def lines(user_module: UserModule) -> ModuleType:
    return user_module(LINES)


def test_the_line_is_the_innermost_of_the_user_s(lines: ModuleType, study_of: StudyOf) -> None:
    program = study_of(lines.twice).program
    assert line_of(program, "Mul") == "return 3.0 * x           # scaled"
    place = node_of(program, "Exp").place
    assert place is not None
    assert (place.text, place.source) == ("user_code.py:7", "y = tf.exp(x)            # exp")


def test_an_inner_tf_function_has_its_own_lines(lines: ModuleType, study_of: StudyOf) -> None:
    program = study_of(lines.outer).program
    assert line_of(program, "Sqrt") == "return tf.sqrt(x)        # sqrt"
    assert line_of(program, "Log") == "return tf.math.log(y)    # log"
    assert not any("PartitionedCall" in node.op for node in program.nodes), "calls are inlined"


def test_inner_functions_are_run_as_before_afterwards(lines: ModuleType, study_of: StudyOf) -> None:
    study_of(lines.outer)
    assert not tf.config.functions_run_eagerly()


def test_a_gradient_of_the_user_s_has_its_line_and_belongs_to_the_override(
    lines: ModuleType, study_of: StudyOf
) -> None:
    program = study_of(lines.squared, "custom").program
    assert line_of(program, "Square") == "return tf.square(x), gradient  # square"
    written = [
        n for n in program.nodes if n.place and n.place.source == "return dy * 2.0 * x  # gradient" and n.op == "Mul"
    ]
    assert len(written) == 2
    assert {program.nodes[program.by_name[n.forward or ""]].op for n in written} == {"IdentityN"}


def test_lines_survive_the_stripping_of_a_custom_gradient(lines: ModuleType, study_of: StudyOf) -> None:
    program = study_of(lines.squared, "autodiff").program
    assert line_of(program, "Square") == "return tf.square(x), gradient  # square"
    backward = [n for i, n in enumerate(program.nodes) if n.forward and i not in program.forward and n.op == "Mul"]
    assert backward
    assert {n.place.source for n in backward if n.place} == {"return tf.square(x), gradient  # square"}


def test_a_keras_layer_has_the_line_that_calls_it(lines: ModuleType, study_of: StudyOf) -> None:
    program = study_of(lines.dense).program
    for op in ("MatMul", "Tanh"):
        assert line_of(program, op) == "z = layer(y)             # layer"


def test_variables_are_constants(lines: ModuleType, study_of: StudyOf) -> None:
    study = study_of(lines.dense)
    assert not any(node.op in ("ReadVariableOp", "VarHandleOp") for node in study.program.nodes)
    assert study.observe((0.5,))[study.program.outputs[0]].ravel() == pytest.approx([math.tanh(0.5)], rel=1e-6)


def test_branches_are_programs_of_their_own_with_their_lines(lines: ModuleType, study_of: StudyOf) -> None:
    program = study_of(lines.branches).program
    (cond,) = (n for i, n in enumerate(program.nodes) if n.op in ("If", "StatelessIf") and i in program.forward)
    chosen = [program.functions[cond.attributes[name]] for name in ("then_branch", "else_branch")]
    assert [sorted({"Log", "Expm1"} & {n.op for n in branch.nodes}) for branch in chosen] == [["Log"], ["Expm1"]]
    then, other = (
        next(n.place.source for n in branch.nodes if n.op == op and n.place)
        for branch, op in zip(chosen, ("Log", "Expm1"), strict=True)
    )
    assert (then, other) == ("return tf.math.log(x)  # then", "return tf.math.expm1(x)    # else")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("x", "op", "line"),
    [(2.0, "Log", "return tf.math.log(x)  # then"), (-2.0, "Expm1", "return tf.math.expm1(x)    # else")],
)
def test_at_a_point_the_branch_that_is_taken_can_be_entered(
    lines: ModuleType, study_of: StudyOf, x: float, op: str, line: str
) -> None:
    whole = study_of(lines.branches)
    inside = whole.entered((x,))
    assert inside is not None
    assert line_of(inside.program, op) == line
    for output in (0, 1):
        here, there = (s.observe((x,))[s.program.outputs[output]] for s in (inside, whole))
        assert here == pytest.approx(there)


def test_without_branches_there_is_nothing_to_enter(lines: ModuleType, study_of: StudyOf) -> None:
    assert study_of(lines.twice).entered((2.0,)) is None


@pytest.mark.slow
def test_a_program_can_be_evaluated_in_its_order(lines: ModuleType, study_of: StudyOf) -> None:
    for function in (lines.twice, lines.outer, lines.dense, lines.branches):
        program = study_of(function).program
        assert all(i < place for place, node in enumerate(program.nodes) for i, _ in node.inputs)
        assert len(program.inputs) == 1
        assert program.nodes[program.inputs[0]].op == "Placeholder"
        assert len(program.outputs) == 2


def test_backward_nodes_name_the_forward_one_that_they_belong_to(lines: ModuleType, study_of: StudyOf) -> None:
    program = study_of(lines.twice).program
    backward = [program.nodes[i] for i in program.behind(program.outputs[1]) if i not in program.forward]
    owners = {program.nodes[program.by_name[n.forward]].op for n in backward if n.forward}
    assert owners == {"Exp", "Mul"}
    assert all(n.place for n in backward if n.forward), "and have its line"


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("gradients/Exp_grad/mul", "Exp"),
        ("gradients/Log_1_grad/Reciprocal", "Log_1"),
        ("gradients_1/Exp_grad/mul", "Exp"),
        ("outer/gradients/model/Exp_grad/mul", "model/Exp"),
        ("stripped/gradients/Exp_grad/mul", "Exp"),
        ("gradients/Exp_grad_1/mul", "Exp"),
        ("gradients/Nowhere_grad/mul", None),
        ("Exp", None),
        ("my_gradients/Exp_grad/mul", None),
    ],
)
def test_the_forward_operation_is_read_from_the_name(name: str, wanted: str | None) -> None:
    assert forward_name(name, {"Exp": 0, "Log_1": 1, "model/Exp": 2}) == wanted


@pytest.mark.parametrize(
    ("name", "wanted"), [("z", "z"), ("logits", "logits"), ("x_1", "x_1"), ("_x", None), ("é", None)]
)
def test_names_that_tensorflow_does_not_take_are_left_out(name: str, wanted: str | None) -> None:
    assert placeholder_name(name) == wanted


def test_inputs_are_called_as_in_the_function(study_of: StudyOf) -> None:
    program = study_of(lambda logits, labels: logits * labels).program
    assert [program.nodes[i].name for i in program.inputs] == ["logits", "labels"]


def test_constants_hold_their_values(study_of: StudyOf) -> None:
    for dtype in ("float16", "bfloat16", "float32", "float64"):
        program = study_of(lambda x: x * 0.1, dtype=dtype).program
        values = [n.value for n in program.nodes if n.op == "Const" and n.dtypes == (dtype,) and n.value is not None]
        value = next(v for v in values if v.size == 1 and v.ravel()[0] != 1)
        assert value.dtype == ("float32" if dtype == "bfloat16" else "float32" if dtype == "float16" else dtype)
        assert float(value.ravel()[0]) == float(tf.constant(0.1, dtype).numpy())


def test_attributes_are_python_values(study_of: StudyOf) -> None:
    program = study_of(lambda x: tf.reduce_sum(tf.reshape(x, [-1, 1]), axis=1, keepdims=True)[:, 0] * x).program
    total = node_of(program, "Sum")
    assert total.attributes["keep_dims"] is True
    assert total.attributes["T"] == "float32"


# What TensorFlow computes


def test_every_float_and_every_truth_value_is_observed(study_of: StudyOf) -> None:
    study = study_of(lambda z: tf.where(z > 30, z, tf.math.log(tf.exp(z) + 1)))
    program, seen = study.program, study.observe((100.0,))
    by_op = {program.nodes[i].op: seen[i, 0] for i in program.forward}
    assert by_op["Exp"].tolist() == [math.inf]
    assert by_op["Greater"].tolist() == [1.0]
    assert by_op["SelectV2"].tolist() == [100.0]
    assert np.isnan(seen[program.outputs[1]]).all()
    assert {array.dtype for array in seen.values()} == {np.dtype("float64")}
    assert study.observe((1.0,))[program.outputs[1]] == pytest.approx(1 / (1 + math.exp(-1)), rel=1e-6)


def test_inputs_are_given_in_order_and_in_their_dtype(study_of: StudyOf) -> None:
    study = study_of(lambda x, y: x - 2.0 * y, dtype="float16")
    seen = study.observe((3.0, 0.1))
    assert seen[study.program.outputs[0]].tolist() == [float(np.float16(3.0 - 2.0 * float(np.float16(0.1))))]


def test_a_gradient_that_is_not_there_leaves_a_program_of_the_output_alone(study_of: StudyOf) -> None:
    for function in (tf.round, lambda x: tf.raw_ops.PreventGradient(input=x * 2.0, message="no")):
        assert len(study_of(function).program.outputs) == 1


def test_a_study_is_made_once(trace_function: Trace) -> None:
    (version,) = trace_function(tf.exp).versions[0]
    assert version.study() is version.study()


def test_operations_are_put_in_order() -> None:
    graph = tf.Graph()
    with graph.as_default():
        x = tf.compat.v1.placeholder(tf.float32, [], "x")
        y = tf.exp(x, name="y")
        z = tf.add(x, y, name="z")
    operations = [z.op, y.op, x.op]
    assert [op.name for op in ordered(operations)] == ["x", "y", "z"]
