"""A bad gradient is followed back to the operation in which it is born, and to the user's line."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gradcheck.explaining.causes import birth, cause_of, first_large, forward_node, guilty_forward, output_cause
from gradcheck.program import Observation, Program
from gradcheck.records import Class

Sketch = Callable[..., tuple[Program, Observation]]
NAN, INF, VANISHED, INACCURATE, WRONG = Class.NAN, Class.INF, Class.VANISHED, Class.INACCURATE, Class.WRONG
SOFTPLUS = "return tf.math.log(tf.exp(z) + 1)"


@pytest.mark.parametrize(
    ("name", "version", "x", "found", "op", "forward", "source"),
    [
        ("softplus", "autodiff", 100.0, NAN, "Mul", "Exp", SOFTPLUS),
        ("softplus", "autodiff", 88.0, VANISHED, "Reciprocal", "Log", SOFTPLUS),
        ("where_softplus", "autodiff", 100.0, NAN, "Mul", "Exp", SOFTPLUS),
        ("one_minus_cosine", "autodiff", 1e-3, INACCURATE, "Sub", "Sub", "return tf.math.log(1.0 - tf.cos(x))"),
        ("norm", "autodiff", 0.0, NAN, "SqrtGrad", "Sqrt", "return tf.sqrt(x * x)"),
        ("wrong_square", "custom", 3.0, WRONG, "Mul", None, "return dy * 3.0 * x"),
        ("better_softplus", "autodiff", 100.0, NAN, "Mul", "Exp", None),
    ],
)
def test_the_cause_is_an_operation_and_a_line(
    *,
    scene: Callable[..., Any],
    name: str,
    version: str,
    x: float,
    found: Class,
    op: str,
    forward: str | None,
    source: str | None,
) -> None:
    at = scene(name, x, version=version)
    cause = cause_of(found, at.program, at.seen, at.errors)
    assert cause is not None
    assert (cause.op, cause.forward_op) == (op, forward)
    assert cause.message
    assert "\n" not in cause.message
    if source is not None:
        assert cause.source == source
        assert cause.file is not None
        assert cause.line is not None
        written = Path(cause.file).read_text(encoding="utf-8").splitlines()
        assert written[cause.line - 1].strip() == source


def test_where_the_gradient_is_right_there_is_no_cause(scene: Callable[..., Any]) -> None:
    at = scene("softplus", 1.0)
    assert cause_of(NAN, at.program, at.seen, at.errors) is None
    assert output_cause(at.program, at.seen) is None


def test_the_cause_of_an_output_is_the_first_that_overflows(scene: Callable[..., Any]) -> None:
    at = scene("softplus", 100.0)
    cause = output_cause(at.program, at.seen)
    assert cause is not None
    assert (cause.op, cause.forward_op, cause.source) == ("Exp", "Exp", SOFTPLUS)
    assert "overflows to inf" in cause.message


def test_the_guilty_forward_operation_is_found_again_in_a_stripped_graph_too(scene: Callable[..., Any]) -> None:
    for name in ("softplus", "better_softplus"):
        at = scene(name, 100.0)
        cause = cause_of(NAN, at.program, at.seen, {})
        assert cause is not None
        assert not cause.node.startswith("stripped/")
        assert guilty_forward(at.program, cause) == at.place("Exp")
        assert guilty_forward(at.program, replace(cause, node="nowhere")) is None


# A gradient of NaN in a chain: the last operation of the backward graph that gets finite gradients


CHAIN = (
    ("x", "Placeholder", (), 100.0),
    ("exp", "Exp", ("x",), math.inf),
    ("log", "Log", ("exp",), math.inf),
    ("one", "Fill", ("x",), 1.0),
    ("inv", "Reciprocal", ("exp",), 0.0),
    ("g_log", "Mul", ("one", "inv"), 0.0),
    ("g_exp", "Mul", ("g_log", "exp"), math.nan),
    ("g_more", "Mul", ("g_exp", "one"), math.nan),
)
OWNERS = {"inv": "log", "g_log": "log", "g_exp": "exp"}


def test_a_bad_value_is_born_where_what_arrives_is_finite(sketch: Sketch) -> None:
    program, seen = sketch(*CHAIN, outputs=(2, 7), forward=OWNERS)
    assert birth(program, seen, (7, 0)) == program.by_name["g_exp"], "the infinite forward value is a part of the cause"
    assert birth(program, seen, (2, 0)) == program.by_name["exp"]
    assert birth(program, seen, (5, 0)) is None
    cause = cause_of(NAN, program, seen, {})
    assert cause is not None
    assert (cause.op, cause.forward_op, cause.node) == ("Mul", "Exp", "exp")
    assert (cause.file, cause.line) == ("/home/me/model.py", 11)


def test_of_two_bad_parts_the_first_is_followed(sketch: Sketch) -> None:
    rows = (
        ("x", "Placeholder", (), 0.0),
        ("y", "Square", ("x",), 0.0),
        ("a", "Reciprocal", ("x",), math.inf),
        ("b", "Neg", ("a",), -math.inf),
        ("sum", "AddN", ("a", "b"), math.nan),
    )
    program, seen = sketch(*rows, outputs=(1, 4))
    assert birth(program, seen, (4, 0)) == program.by_name["a"]


def test_an_odd_value_anywhere_is_a_cause_where_the_gradient_alone_is_finite(sketch: Sketch) -> None:
    """Alone, TensorFlow rewrites a graph in another way than among others."""
    rows = (*CHAIN[:6], ("g_exp", "Mul", ("g_log", "exp"), 0.0))
    program, seen = sketch(*rows, outputs=(2, 6), forward=OWNERS)
    cause = cause_of(NAN, program, seen, {})
    assert cause is not None
    assert cause.node == "exp"


def test_what_was_not_observed_is_not_blamed(sketch: Sketch) -> None:
    rows = [(*row[:3], None) if row[0] == "g_exp" else row for row in CHAIN]
    program, seen = sketch(*rows, outputs=(2, 7), forward=OWNERS)
    assert birth(program, seen, (7, 0)) == program.by_name["g_more"]


def test_without_a_line_a_cause_has_its_node(sketch: Sketch) -> None:
    program, seen = sketch(*CHAIN, outputs=(2, 7), forward=OWNERS)
    bare = Program(tuple(replace(n, place=None) for n in program.nodes), program.inputs, program.outputs)
    cause = cause_of(NAN, bare, seen, {})
    assert cause is not None
    assert (cause.file, cause.line, cause.source, cause.node) == (None, None, None, "exp")


# A gradient that is finite and wrong: the first of the large local errors


@pytest.mark.parametrize(
    ("errors", "wanted"),
    [
        ({1: 1e-7, 5: 0.5}, 5),
        ({1: 0.1, 5: 0.5}, 1),  # as large, and earlier
        ({1: 0.01, 5: 0.5}, 5),
        ({1: math.inf, 5: math.inf}, 1),
        ({1: 1e9, 5: math.inf}, 5),
        ({3: 0.9, 5: 0.5}, 5),  # nothing is born in a Fill
        ({2: 0.9, 5: 0.5}, 5),  # the gradient does not read the logarithm
        ({1: 0.0}, None),
        ({}, None),
    ],
)
def test_the_first_of_the_largest_errors_is_where_it_is_born(
    sketch: Sketch, errors: dict[int, float], wanted: int | None
) -> None:
    program, _ = sketch(*CHAIN, outputs=(2, 7), forward=OWNERS)
    assert first_large(program, errors) == wanted


@pytest.mark.parametrize("found", [VANISHED, INACCURATE])
def test_without_errors_there_is_no_cause_to_name(sketch: Sketch, found: Class) -> None:
    program, seen = sketch(*CHAIN, outputs=(2, 7), forward=OWNERS)
    assert cause_of(found, program, seen, {}) is None


# Whose gradient it is


def test_a_backward_operation_belongs_to_a_forward_one(sketch: Sketch) -> None:
    program, _ = sketch(*CHAIN, outputs=(2, 7), forward=OWNERS)
    by_name = program.by_name
    for name, owner in (("exp", "exp"), ("inv", "log"), ("g_exp", "exp"), ("g_more", "exp")):
        forward = forward_node(program, by_name[name])
        assert forward is not None
        assert forward.name == owner
    assert forward_node(program, by_name["one"]) is None


def test_a_gradient_of_the_user_s_belongs_to_no_forward_operation(sketch: Sketch) -> None:
    rows = (
        ("x", "Placeholder", (), 3.0),
        ("xx", "Square", ("x",), 9.0),
        ("override", "IdentityN", ("xx",), 9.0),
        ("dy", "Fill", ("x",), 1.0),
        ("mul", "Mul", ("dy", "x"), 3.0),
        ("mul_1", "Mul", ("mul", "x"), 9.0),
        ("same", "Identity", ("mul_1",), 9.0),
    )
    program, seen = sketch(*rows, outputs=(2, 6), forward=dict.fromkeys(("mul", "mul_1", "same"), "override"))
    assert forward_node(program, program.by_name["mul"]) is None
    cause = cause_of(WRONG, program, seen, {})
    assert cause is not None
    assert (cause.node, cause.forward_op) == ("mul_1", None), "the last operation that computes something"
