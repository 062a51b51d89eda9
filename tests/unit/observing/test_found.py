"""What was found: its code, and what of which variable is bad."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gradcheck.observing.found import Found, bad_gradients, code_of, gradient_of, witness
from gradcheck.observing.optimizers import Optimizers
from gradcheck.records import BadGradient, Norms

NAN, INF = float("nan"), float("inf")


def bad(nan: int, infinite: int) -> BadGradient:
    return BadGradient("w", "float32", (4,), 4, nan, infinite)


@pytest.mark.parametrize(
    ("gradients", "code"),
    [((), "GC001"), ((bad(1, 0),), "GC001"), ((bad(0, 2),), "GC002"), ((bad(0, 1), bad(1, 3)), "GC001")],
)
def test_nan_comes_before_infinities(gradients: Any, code: str) -> None:
    assert code_of(gradients) == code


def test_a_step_of_an_optimizer() -> None:
    sgd = keras.optimizers.SGD(name="wide")
    seen = Optimizers().of(sgd)
    kept = [tf.Variable(1.0), tf.Variable(2.0)]
    for variable in kept:
        seen.takes(variable)
    norms = [Norms("wide", 1, (4,), (NAN,))]
    told = witness(seen, 4, [bad(1, 0)], loss=0.5, norms=norms, rerun="so")
    assert (told.step, told.optimizer, told.order, told.loss, told.variables) == (4, "wide", 1, 0.5, 2)
    assert (told.gradients, told.norms, told.rerun, told.repro) == ((bad(1, 0),), tuple(norms), "so", None)


def test_a_step_by_hand_has_the_variables_that_are_bad() -> None:
    told = witness(None, 4, [bad(1, 0), bad(0, 1)])
    assert (told.optimizer, told.order, told.variables, told.loss, told.norms) == (None, None, 2, None, ())


def test_a_finding_ends_the_script_unless_it_says_otherwise() -> None:
    found = Found("GC001", witness(None, 0, ()), "eager")
    assert (found.stops, found.message, found.study, found.after, found.unit) == (True, "", None, False, None)


def test_bad_gradients_are_counted_and_good_ones_left_out() -> None:
    table = tf.Variable(tf.zeros((5, 2)), name="table")
    rows = tf.IndexedSlices(tf.constant([[NAN, 1.0]]), tf.constant([3]), tf.constant([5, 2]))
    half = tf.Variable(tf.zeros(3, tf.float16), name="half")
    given = [
        (rows, table),
        (tf.constant([INF, -INF, NAN], tf.float16), half),
        (tf.constant([1.0, 2.0]), tf.Variable([1.0, 1.0], name="good")),
        (None, tf.Variable(1.0, name="none")),
    ]
    assert bad_gradients(given) == (
        BadGradient("table", "float32", (5, 2), 2, 1, 0),
        BadGradient("half", "float16", (3,), 3, 1, 2),
    )


def test_a_gradient_of_which_nothing_is_counted_has_as_many_entries_as_its_variable() -> None:
    assert gradient_of(tf.Variable(np.zeros((3, 4), np.float64), name="w")) == BadGradient(
        "w", "float64", (3, 4), 12, 0, 0
    )
    assert gradient_of(keras.Variable(1.0, name="scale")) == BadGradient("scale", "float32", (), 1, 0, 0)
