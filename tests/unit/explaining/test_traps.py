"""The tf.where trap is told from other causes, and the cure fits the branch."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from gradcheck.explaining.traps import where_trap
from gradcheck.program import Observation, Program

Sketch = Callable[..., tuple[Program, Observation]]

ROWS = (
    ("z", "Placeholder", (), 100.0),
    ("limit", "Const", (), 30.0),
    ("above", "Greater", ("z", "limit"), 1.0),
    ("exp", "Exp", ("z",), math.inf),
    ("log", "Log", ("exp",), math.inf),
    ("y", "SelectV2", ("above", "z", "log"), 100.0),
)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("where_softplus", "safe = tf.where(z > 30, SAFE, z)"),
        ("where_not_softplus", "safe = tf.where(z <= 30, z, SAFE)"),
    ],
)
def test_the_branch_that_is_not_taken_is_named_and_kept_from_the_input(
    scene: Callable[..., Any], name: str, safe: str
) -> None:
    at = scene(name, 100.0)
    said = where_trap(at.program, at.place("Exp"), at.seen, "z")
    assert said is not None
    assert said.startswith("tf.where (conftest.py:")
    assert "does not take log(exp(z) + 1) here" in said
    assert safe in said
    assert "\n" not in said


def test_a_branch_of_several_inputs_is_kept_from_the_one_that_is_differentiated(sketch: Sketch) -> None:
    rows = (
        ("a", "Placeholder", (), 0.0),
        ("b", "Placeholder", (), 0.0),
        ("above", "Greater", ("a", "b"), 0.0),
        ("ratio", "RealDiv", ("a", "b"), math.nan),
        ("y", "SelectV2", ("above", "ratio", "a"), 0.0),
    )
    program, seen = sketch(*rows, outputs=(4,))
    said = where_trap(program, program.by_name["ratio"], seen, "b")
    assert said is not None
    assert "tf.where(a > b, b, SAFE)" in said


def test_where_the_branch_is_taken_it_is_no_trap(scene: Callable[..., Any]) -> None:
    at = scene("where_softplus", 20.0)
    assert where_trap(at.program, at.place("Exp"), at.seen, "z") is None


def test_without_a_where_it_is_no_trap(scene: Callable[..., Any]) -> None:
    at = scene("softplus", 100.0)
    assert where_trap(at.program, at.place("Exp"), at.seen, "z") is None


def test_an_operation_that_both_branches_read_is_no_trap(sketch: Sketch) -> None:
    rows = (*ROWS[:5], ("twice", "Square", ("exp",), math.inf), ("y", "SelectV2", ("above", "twice", "log"), math.inf))
    program, seen = sketch(*rows, outputs=(6,))
    assert where_trap(program, program.by_name["exp"], seen, "z") is None
    assert where_trap(program, program.by_name["log"], seen, "z") is not None


def test_an_operation_in_front_of_the_where_is_no_trap(sketch: Sketch) -> None:
    program, seen = sketch(*ROWS, ("end", "Sqrt", ("y",), 10.0), outputs=(6,))
    assert where_trap(program, program.by_name["end"], seen, "z") is None
    assert where_trap(program, program.by_name["above"], seen, "z") is None


def test_a_condition_that_was_not_observed_says_nothing(sketch: Sketch) -> None:
    program, seen = sketch(*ROWS, outputs=(5,))
    unseen = {ref: value for ref, value in seen.items() if ref != (program.by_name["above"], 0)}
    assert where_trap(program, program.by_name["exp"], unseen, "z") is None
    assert where_trap(program, program.by_name["exp"], seen, "z") is not None
