"""Causes at a point of a tensor target: the operation in which a bad entry is born."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.explaining.points import Blame, born, line_of, output_point_cause, point_cause, view
from gradcheck.loading.calls import Call, target_of
from gradcheck.loading.signatures import arguments_of
from gradcheck.records import Cause, Class, Study
from gradcheck.tracing.tensors import Wanted, trace_tensors
from gradcheck.truth import exact_arrays_at

HERE = Path(__file__).relative_to(Path.cwd()).as_posix()
"""This file as it is called from the working directory."""


def study_for(function: Callable[..., Any], version: str = "autodiff", **shapes: tuple[int, ...]) -> Study:
    """The program of a function's outputs and gradients."""
    target = trace_tensors(target_of("t", Call(function, arguments_of("t", function)), ()), Wanted(shapes, {}))
    study = next(v for v in target.versions if (v.name, v.cotangent) == (version, "ones")).study()
    assert study is not None
    return study


def cause_of(
    study: Study, found: Class, *arrays: Any, position: int = 0, wrt: str = "x"
) -> tuple[Cause | None, str | None]:
    point = tuple(np.array(a, np.float64) for a in arrays)
    return point_cause(study, point, Blame(position, found, wrt, partial(exact_arrays_at, point=point)))


def norm(x: Any) -> Any:
    return tf.sqrt(tf.reduce_sum(x * x, -1))


def safe(x: Any) -> Any:
    return tf.reduce_sum(tf.where(x > 0, tf.math.log(x), 0.0))


def softplus(x: Any) -> Any:
    return tf.math.log(tf.exp(x) + 1)


def two_norms(x: Any, y: Any) -> Any:
    first = tf.sqrt(tf.reduce_sum(x * x))
    return first * tf.sqrt(tf.reduce_sum(y * y))


@tf.custom_gradient
def mistaken(x: Any) -> Any:
    return x * x, lambda upstream: upstream * 3.0 * x


def test_a_norm_is_bad_for_its_root_in_the_row_that_is_zero() -> None:
    cause, trap = cause_of(study_for(norm, x=(2, 2)), Class.NAN, [[3.0, 4.0], [0.0, 0.0]])
    assert cause is not None
    assert (cause.forward_op, cause.file) == ("Sqrt", HERE)
    assert cause.source is not None
    assert "tf.sqrt" in cause.source
    assert " is 0 " in cause.message
    assert trap is None


def test_an_exponential_is_told_with_the_entry_that_overflows() -> None:
    cause, _ = cause_of(study_for(softplus, x=(3,)), Class.NAN, [1.0, 100.0, 2.0])
    assert cause is not None
    assert "exp(x) overflows to inf" in cause.message


def test_the_trap_of_a_where_is_told() -> None:
    cause, trap = cause_of(study_for(safe, x=(3,)), Class.NAN, [1.0, 0.0, 2.0])
    assert cause is not None
    assert trap is not None
    assert "where" in trap


@pytest.mark.parametrize(("position", "wrt", "place"), [(0, "x", "x"), (1, "y", "y")])
def test_each_gradient_has_its_own_cause(position: int, wrt: str, place: str) -> None:
    study = study_for(two_norms, x=(2,), y=(2,))
    point = ([0.0, 0.0], [1.0, 2.0]) if wrt == "x" else ([1.0, 2.0], [0.0, 0.0])
    cause, _ = cause_of(study, Class.NAN, *point, position=position, wrt=wrt)
    assert cause is not None
    assert cause.source is not None
    assert f"{place} * {place}" in cause.source


def test_a_custom_gradient_that_is_wrong_is_the_users_own() -> None:
    cause, trap = cause_of(study_for(mistaken, "custom", x=(2,)), Class.WRONG, [1.0, 2.0])
    assert cause is not None
    assert cause.file == HERE
    assert trap is None


def test_a_gradient_that_vanishes_is_blamed_on_the_operation_that_lost_it() -> None:
    cause, _ = cause_of(study_for(norm, x=(2,)), Class.VANISHED, [1e20, 0.0])
    assert cause is not None
    assert cause.source is not None
    assert "x * x" in cause.source


def test_outputs_are_blamed_on_the_first_operation_that_overflows() -> None:
    cause = output_point_cause(study_for(norm, x=(2,)), (np.array([1e20, 0.0]),))
    assert cause is not None
    assert cause.source is not None
    assert "x * x" in cause.source
    assert output_point_cause(study_for(norm, x=(2,)), (np.array([1.0, 0.0]),)) is None


def test_points_with_one_bug_have_one_line_and_others_another() -> None:
    study = study_for(two_norms, x=(2,), y=(2,))
    program = view(study, 0)
    assert program.outputs == (study.program.outputs[0], study.program.outputs[1])

    def line(x: list[float], y: list[float]) -> str:
        seen = study.observe((np.array(x), np.array(y)))
        return line_of(program, born(program, seen), seen)

    first = line([0.0, 0.0], [1.0, 1.0])
    assert first.startswith(f"{__file__}:")
    assert first == line([0.0, 0.0], [5.0, 1.0])
    assert first != line([1.0, 0.0], [1e20, 1.0])
    assert line_of(program, None, {}) == ""
