"""An error is told where it is born: the local error of each operation, on exact arguments."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from flint import arb, ctx

from gradcheck.floats import FORMATS
from gradcheck.program import Node, Program
from gradcheck.records import Study
from gradcheck.truth.duals import Dual, Real, State
from gradcheck.truth.locally import (
    exact_numbers,
    exact_tensors,
    local_errors,
    moved,
    nearest,
    number,
    relative_error,
    rounded,
)

StudyOf = Callable[..., Study]
FLOAT32, FLOAT16 = FORMATS["float32"], FORMATS["float16"]
UNIT = 2.0**-24


def errors_at(
    study_of: StudyOf, function: Callable[..., Any], *point: float, dtype: str = "float32"
) -> tuple[Program, dict[int, float]]:
    program = study_of(function, dtype=dtype).program
    return program, local_errors(program, exact_tensors(program, point))


def of_op(program: Program, errors: dict[int, float], op: str) -> float:
    (found,) = (e for i, e in errors.items() if program.nodes[i].op == op and i in program.forward)
    return found


def softplus(z: Any) -> Any:
    return tf.math.log(tf.exp(z) + 1)


def test_a_cancellation_is_born_in_the_subtraction(study_of: StudyOf) -> None:
    x = float(np.float32(1e-3))
    program, errors = errors_at(study_of, lambda x: 1.0 - tf.cos(x), x)
    lost = UNIT / (x * x / 2)
    assert of_op(program, errors, "Sub") > 0.1 * lost
    assert of_op(program, errors, "Cos") < 1e-6


def test_without_cancellation_no_error_is_large(study_of: StudyOf) -> None:
    _, errors = errors_at(study_of, lambda x: 1.0 - tf.cos(x), 1.5)
    assert errors
    assert max(errors.values()) < 1e-5


def test_a_number_that_is_flushed_is_lost_altogether(study_of: StudyOf) -> None:
    """1 / (exp(88) + 1) is 6e-39, a subnormal."""
    program, errors = errors_at(study_of, softplus, 88.0)
    (flushed,) = (i for i, node in enumerate(program.nodes) if node.op == "Reciprocal")
    assert flushed not in program.forward
    assert errors[flushed] == 1.0
    assert max(e for i, e in errors.items() if i < flushed) < 1e-4
    program, errors = errors_at(study_of, softplus, 80.0)
    (kept,) = (i for i, node in enumerate(program.nodes) if node.op == "Reciprocal")
    assert errors[kept] < 1e-6


def test_a_subnormal_is_kept_where_the_device_keeps_it(study_of: StudyOf) -> None:
    program, errors = errors_at(study_of, lambda x: 1.0 / x, 60000.0, dtype="float16")
    assert of_op(program, errors, "RealDiv") < 0.01, "1.7e-5 is a subnormal float16"


def test_an_overflow_loses_everything(study_of: StudyOf) -> None:
    program, errors = errors_at(study_of, softplus, 100.0)
    assert of_op(program, errors, "Exp") == math.inf


def test_constants_inputs_and_integers_make_no_error(study_of: StudyOf) -> None:
    program, errors = errors_at(study_of, lambda x: tf.reshape(tf.exp(x), tf.shape(x)), 0.3)
    assert {program.nodes[i].op for i in errors} & {"Const", "Placeholder", "Shape"} == set()
    assert set(errors) <= set(program.behind(*program.outputs))


def test_without_a_rule_there_are_no_errors() -> None:
    x = Node("x", "Placeholder", dtypes=("float32",))
    program = Program((x, Node("y", "NoSuchOperation", ((0, 0),), dtypes=("float32",))), (0,), ((1, 0),))
    assert exact_tensors(program, (0.5,)) == {}
    assert exact_numbers({}) == {}


def test_every_tensor_is_known_exactly_far_beyond_the_dtype(study_of: StudyOf) -> None:
    program = study_of(softplus).program
    numbers = exact_numbers(exact_tensors(program, (100.0,)))
    assert numbers[program.outputs[0]] == 100.0
    assert numbers[program.outputs[1]] == 1.0
    (exp,) = (i for i in program.forward if program.nodes[i].op == "Exp")
    assert numbers[exp, 0] == pytest.approx(math.exp(100.0), rel=1e-15)


def test_what_is_not_defined_has_no_number(study_of: StudyOf) -> None:
    program = study_of(tf.math.log).program
    assert exact_numbers(exact_tensors(program, (-1.0,)))[program.outputs[0]] is None
    assert number(State.UNDEFINED) is None
    assert number(arb("inf")) is None
    assert number(arb(1.5)) == 1.5


def test_the_precision_of_flint_is_as_before(study_of: StudyOf) -> None:
    before = ctx.prec
    errors_at(study_of, tf.exp, 0.5)
    assert ctx.prec == before


def array(*values: Real) -> Any:
    result = np.empty(len(values), object)
    result[:] = [Dual(v) for v in values]
    return result


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (arb("0.1"), arb(float(np.float32(0.1)))),
        (arb("1e-39"), arb(0)),
        (arb("-1e-39"), arb(0)),
        (arb("1e39"), arb("inf")),
        (arb("-1e39"), arb("-inf")),
        (arb(FLOAT32.smallest_normal), arb(FLOAT32.smallest_normal)),
        (State.UNDEFINED, State.UNDEFINED),
        (arb("inf"), arb("inf")),
    ],
)
def test_a_value_is_held_as_the_device_would(value: Real, wanted: Real) -> None:
    assert nearest(value, FLOAT32) == wanted
    assert [x.v for x in rounded(array(value), "float32")] == [wanted]


def test_float16_keeps_its_subnormals() -> None:
    assert nearest(arb(2.0**-24), FLOAT16) == arb(2.0**-24)


def test_what_is_no_float_is_not_rounded() -> None:
    whole = np.array([1, 2])
    assert rounded(whole, "int32") is whole
    assert moved(whole, "int32") is whole


def test_a_moved_value_is_half_a_unit_in_the_last_place_away() -> None:
    one, undefined = moved(array(arb(1), State.UNDEFINED), "float32")
    assert one.v == arb(1 + UNIT)
    assert undefined.v is State.UNDEFINED


@pytest.mark.parametrize(
    ("computed", "exact", "wanted"),
    [
        (arb(1.5), arb(1), 0.5),
        (arb(0.5), arb(1), 0.5),
        (arb(1), arb(1), 0.0),
        (arb(0), arb(1), 1.0),
        (arb("inf"), arb(1), math.inf),
        (State.UNDEFINED, arb(1), math.inf),
        (arb(1), State.UNDEFINED, 0.0),
        (arb(1), arb("inf"), 0.0),
        (arb(1), arb(0), math.inf),
        (arb(0), arb(0), 0.0),
        (arb(0), arb("1e-39"), 1.0),
        (arb("1e-39"), arb(0), 0.0),
    ],
)
def test_relative_errors(computed: Real, exact: Real, wanted: float) -> None:
    assert relative_error(Dual(computed), Dual(exact), FLOAT32) == wanted
