"""A chain has a link for each operation, with the gradient that arrives and the one that leaves."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from gradcheck.explaining import Exactly, chain_of
from gradcheck.explaining.chains import HIDDEN, gradients_of, links
from gradcheck.program import Observation, Program
from gradcheck.records import Class

Sketch = Callable[..., tuple[Program, Observation]]
FLAGS = ("Greater",)


def test_softplus_operation_by_operation(scene: Callable[..., Any]) -> None:
    at = scene("softplus", 100.0)
    exp, add, log = links(at.program, at.seen, at.exact, at.place("Exp"))
    assert [link.op for link in (exp, add, log)] == ["Exp", "AddV2", "Log"]
    assert [link.text for link in (exp, add, log)] == ["exp(z)", "exp(z) + 1", "log(... + 1)"]
    assert [link.guilty for link in (exp, add, log)] == [True, False, False]
    assert {link.place.split(":")[0] for link in (exp, add, log)} == {"conftest.py"}
    assert [link.value for link in (exp, add, log)] == [math.inf] * 3
    assert exp.true_value == pytest.approx(math.exp(100.0))
    assert log.true_value == 100.0
    assert (log.arriving, log.leaving) == (1.0, (0.0,))
    assert log.true_leaving[0] == pytest.approx(math.exp(-100.0))
    assert exp.arriving == 0.0
    assert math.isnan(exp.leaving[0])
    assert exp.true_leaving[0] == pytest.approx(1.0)
    assert (add.arriving, add.leaving) == (None, ()), "a sum hands the gradient on as it is"


@pytest.mark.parametrize("x", [-1.0, 0.5, 20.0])
@pytest.mark.parametrize("name", ["softplus", "where_softplus", "one_minus_cosine", "norm"])
def test_where_nothing_is_wrong_all_is_near_the_truth(scene: Callable[..., Any], name: str, x: float) -> None:
    at = scene(name, x)
    found = links(at.program, at.seen, at.exact, None)
    assert not any(link.guilty for link in found)
    for link in found:
        assert link.op not in HIDDEN
        if link.true_value is not None:
            assert link.value == pytest.approx(link.true_value, rel=1e-4, abs=1e-6)
        assert len(link.leaving) == len(link.true_leaving)
        for got, true in zip(link.leaving, link.true_leaving, strict=True):
            assert got == pytest.approx(true, rel=1e-3, abs=1e-6)


def test_what_was_not_observed_has_no_link(sketch: Sketch) -> None:
    rows = (("x", "Placeholder", (), 2.0), ("a", "Exp", ("x",), None), ("b", "Log", ("a",), 2.0))
    program, seen = sketch(*rows, outputs=(2,))
    (link,) = links(program, seen, {}, None)
    assert (link.op, link.value, link.true_value) == ("Log", 2.0, None)


def test_a_program_without_a_gradient_has_values_alone(sketch: Sketch) -> None:
    rows = (("x", "Placeholder", (), 2.0), ("y", "Round", ("x",), 2.0))
    program, seen = sketch(*rows, outputs=(1,))
    assert gradients_of(program, 1) == (None, [])
    (link,) = links(program, seen, {(1, 0): 2.0}, None)
    assert (link.arriving, link.leaving, link.true_leaving, link.true_value) == (None, (), (), 2.0)


def test_constants_of_the_backward_graph_are_no_gradients(sketch: Sketch) -> None:
    rows = (
        ("x", "Placeholder", (), 2.0),
        ("y", "Square", ("x",), 4.0),
        ("dy", "Fill", ("x",), 1.0),
        ("two", "Const", (), 2.0),
        ("twice", "Mul", ("x", "two"), 4.0),
        ("g", "Mul", ("dy", "twice"), 4.0),
    )
    program, _ = sketch(*rows, outputs=(1, 5), forward=dict.fromkeys(("two", "twice", "g"), "y"))
    assert gradients_of(program, 1) == ((2, 0), [(5, 0)])


@pytest.mark.parametrize(
    ("name", "x", "verdict", "op", "is_trap"),
    [
        ("softplus", 100.0, Class.NAN, "Exp", False),
        ("where_softplus", 100.0, Class.NAN, "Exp", True),
        ("one_minus_cosine", 1e-3, Class.INACCURATE, "Sub", False),
        ("softplus", 88.0, Class.VANISHED, "Log", False),
        ("softplus", 1.0, Class.FINITE, None, False),
        ("softplus", 1.0, Class.NONE, None, False),
    ],
)
def test_a_chain_marks_the_cause_of_a_bad_verdict(
    *, scene: Callable[..., Any], name: str, x: float, verdict: Class, op: str | None, is_trap: bool
) -> None:
    at = scene(name, x)
    found, cause, trap = chain_of(at.study, at.point, verdict, Exactly(at.exact, at.errors), "z")
    assert [link.op for link in found if link.guilty] == ([op] if op else [])
    assert (cause is None) == (op is None)
    assert (trap is not None) == is_trap
