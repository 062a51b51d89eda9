"""Operations in words, with the values that TensorFlow computed."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from gradcheck.explaining.sentences import at, expression, formula, overflow, sentence, text
from gradcheck.program import Node, Observation, Place, Program
from gradcheck.records import Class

Sketch = Callable[..., tuple[Program, Observation]]

ROWS = (
    ("x", "Placeholder", (), 2.0),
    ("two", "Const", (), 2.0),
    ("sum", "AddV2", ("x", "two"), 4.0),
    ("product", "Mul", ("sum", "x"), 8.0),
    ("quotient", "RealDiv", ("two", "product"), 0.25),
    ("same", "Identity", ("quotient",), 0.25),
    ("minus", "Neg", ("same",), -0.25),
    ("above", "Greater", ("x", "two"), 0.0),
    ("choice", "SelectV2", ("above", "sum", "minus"), -0.25),
)


@pytest.mark.parametrize(
    ("name", "depth", "wanted"),
    [
        ("x", 2, "x"),
        ("two", 0, "2"),
        ("sum", 2, "x + 2"),
        ("sum", 0, "..."),
        ("product", 2, "(x + 2) * x"),
        ("product", 1, "... * x"),
        ("quotient", 3, "2 / ((x + 2) * x)"),
        ("same", 3, "2 / ((x + 2) * x)"),
        ("minus", 4, "-(2 / ((x + 2) * x))"),
        ("above", 2, "x > 2"),
        ("choice", 2, "where(x > 2, x + 2, -(...))"),
    ],
)
def test_a_tensor_as_the_formula_that_made_it(sketch: Sketch, name: str, depth: int, wanted: str) -> None:
    program, _ = sketch(*ROWS, outputs=(8,))
    assert expression(program, (program.by_name[name], 0), depth) == wanted


def test_the_names_of_a_stripped_graph_are_those_of_the_user(sketch: Sketch) -> None:
    program, _ = sketch(("stripped/z", "Placeholder", (), 2.0), ("e", "Exp", ("stripped/z",), 7.0), outputs=(1,))
    assert expression(program, (1, 0), 2) == "exp(z)"


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("sum", "2 + 2 = 4"),
        ("quotient", "2 / 8 = 0.25"),
        ("minus", "-(0.25) = -0.25"),
        ("x", None),
    ],
)
def test_an_operation_with_its_values(sketch: Sketch, name: str, wanted: str | None) -> None:
    program, seen = sketch(*ROWS, outputs=(8,))
    assert formula(program, program.by_name[name], seen) == wanted


def test_what_was_not_observed_makes_no_formula(sketch: Sketch) -> None:
    program, _ = sketch(*ROWS, outputs=(8,))
    assert formula(program, 2, {}) is None


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (None, "?"),
        (math.nan, "NaN"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (0.0, "0"),
        (1.651636e38, "1.65164e+38"),
        (100.0, "100"),
    ],
)
def test_numbers_in_few_digits(value: float | None, wanted: str) -> None:
    assert text(value) == wanted


def test_a_line_in_brackets_or_the_node_s_name() -> None:
    assert at(Node("stripped/Exp", "Exp", place=Place("/home/me/model.py", 3, "..."))) == " (model.py:3)"
    assert at(Node("stripped/model/Exp", "Exp")) == " (node model/Exp)"


OVERFLOWING = (
    ("z", "Placeholder", (), 100.0),
    ("exp", "Exp", ("z",), math.inf),
    ("one", "Const", (), 1.0),
    ("sum", "AddV2", ("exp", "one"), math.inf),
    ("log", "Log", ("sum",), math.inf),
    ("dy", "Fill", ("z",), 1.0),
    ("inv", "Reciprocal", ("sum",), 0.0),
    ("g_log", "Mul", ("dy", "inv"), 0.0),
    ("g_exp", "Mul", ("g_log", "exp"), math.nan),
)
OWNERS = {"inv": "log", "g_log": "log", "g_exp": "exp"}


def test_an_overflow_is_told_where_it_first_happens(sketch: Sketch) -> None:
    program, seen = sketch(*OVERFLOWING, outputs=(4, 8), forward=OWNERS)
    for name in ("exp", "sum", "log"):
        assert overflow(program, (program.by_name[name], 0), seen) == "exp(z) overflows to inf (model.py:11)"
    assert overflow(program, (program.by_name["z"], 0), seen) is None


def test_a_zero_is_told_where_it_is_and_not_where_it_comes_from(sketch: Sketch) -> None:
    rows = (("x", "Placeholder", (), 0.0), ("xx", "Mul", ("x", "x"), 0.0), ("r", "Sqrt", ("xx",), 0.0))
    program, seen = sketch(*rows, outputs=(2,))
    assert overflow(program, (2, 0), seen) == "sqrt(x * x) is 0 (model.py:12)"
    assert overflow(program, (0, 0), seen) is None, "an input is what it is"


def test_an_operation_that_makes_nan_of_numbers_is_not_said_to_overflow(sketch: Sketch) -> None:
    rows = (("x", "Placeholder", (), 0.0), ("q", "RealDiv", ("x", "x"), math.nan))
    program, seen = sketch(*rows, outputs=(1,))
    assert overflow(program, (1, 0), seen) == "x / x is 0 / 0 = NaN (model.py:11)"


def test_a_nan_that_is_born_of_an_overflow(sketch: Sketch) -> None:
    program, seen = sketch(*OVERFLOWING, outputs=(4, 8), forward=OWNERS)
    said = sentence(program, program.by_name["g_exp"], Class.NAN, seen)
    assert said == "exp(z) overflows to inf (model.py:11); its gradient is 0 * inf = NaN"
    said = sentence(program, program.by_name["exp"], Class.NAN, seen)
    assert said == "exp(z) overflows to inf (model.py:11)"


def test_a_gradient_that_is_lost(sketch: Sketch) -> None:
    rows = [
        (n, o, i, {"exp": 1.65e38, "sum": 1.65e38, "log": 88.0, "g_exp": 0.0}.get(n, v)) for n, o, i, v in OVERFLOWING
    ]
    program, seen = sketch(*rows, outputs=(4, 8), forward=OWNERS)
    said = sentence(program, program.by_name["inv"], Class.VANISHED, seen)
    assert said == (
        "the gradient of log(... + 1) (model.py:14) is reciprocal(1.65e+38) = 0, which is too small for the dtype and"
        " becomes 0"
    )


def test_a_cancellation(sketch: Sketch) -> None:
    rows = (
        ("x", "Placeholder", (), 1e-3),
        ("one", "Const", (), 1.0),
        ("cos", "Cos", ("x",), 0.5),
        ("sub", "Sub", ("one", "cos"), 0.5),
    )
    program, seen = sketch(*rows, outputs=(3,))
    said = sentence(program, 3, Class.INACCURATE, seen)
    assert said == "1 - cos(x) (model.py:13) loses its digits: 1 - 0.5 = 0.5"
    said = sentence(program, 3, Class.VANISHED, seen)
    assert said == "1 - cos(x) (model.py:13) loses what its gradient is made of: 1 - 0.5 = 0.5"


def test_the_numbers_of_a_cancellation_show_it(scene: Callable[..., Any]) -> None:
    at_point = scene("one_minus_cosine", 1e-3)
    said = sentence(at_point.program, at_point.place("Sub"), Class.INACCURATE, at_point.seen)
    assert "1 - 1 = 4.7" not in said


def test_parts_of_a_gradient_that_cancel(sketch: Sketch) -> None:
    rows = (
        ("x", "Placeholder", (), 1.0),
        ("y", "Square", ("x",), 1.0),
        ("a", "Neg", ("x",), -1.0),
        ("b", "Square", ("x",), 1.0),
        ("both", "AddN", ("a", "b"), 0.0),
    )
    program, seen = sketch(*rows, outputs=(1, 4))
    said = sentence(program, 4, Class.VANISHED, seen)
    assert said == "the parts of the gradient cancel: -1 + 1 = 0"


def test_a_wrong_formula_and_a_gradient_function_of_the_user_s(sketch: Sketch) -> None:
    rows = (
        ("x", "Placeholder", (), 3.0),
        ("override", "IdentityN", ("x",), 3.0),
        ("dy", "Fill", ("x",), 1.0),
        ("bad", "RealDiv", ("dy", "dy"), math.inf),
    )
    program, seen = sketch(*rows, outputs=(1, 3), forward={"bad": "override"})
    said = sentence(program, 3, Class.WRONG, seen)
    assert said == "the gradient that is written here (model.py:13) is not the derivative of the function"
    said = sentence(program, 3, Class.INF, seen)
    assert said == "the gradient function computes 1 / 1 = inf (model.py:13)"


@pytest.mark.parametrize(
    ("name", "x", "found", "op"),
    [
        ("softplus", 100.0, Class.NAN, "Exp"),
        ("norm", 0.0, Class.NAN, "Sqrt"),
        ("softplus", 88.0, Class.VANISHED, "Log"),
    ],
)
def test_sentences_on_real_graphs_are_one_line_and_name_the_file(
    scene: Callable[..., Any], name: str, x: float, found: Class, op: str
) -> None:
    at_point = scene(name, x)
    for place in range(len(at_point.program.nodes)):
        said = sentence(at_point.program, place, found, at_point.seen)
        assert said
        assert "\n" not in said
        assert "stripped/" not in said
    assert "(conftest.py:" in sentence(at_point.program, at_point.place(op), found, at_point.seen)
