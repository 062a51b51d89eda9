"""Holes: 0 / 0 and 0 * log(0) where the function has a limit, unlike log(0) and log(-1)."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from flint import arb, ctx

from gradcheck.truth.doubles import ApproximateTensorOracle
from gradcheck.truth.holes import above, is_defined, is_hole, settled, unmasked


def hole(tensors: Any, function: Callable[..., Any], *arrays: Any) -> bool:
    """Whether a point is a hole of a function."""
    made = tensors(function, [np.shape(a) for a in arrays])
    return is_hole(made.oracle, made.point(*arrays), made.ordinary)


ZEROS, ONE = [0.0, 0.0], [0.0, 1.0]


@pytest.mark.parametrize(
    ("function", "x", "wanted"),
    [
        (lambda x: x * tf.math.log(x), ONE, True),
        (lambda x: x * x / tf.reduce_sum(x * x), ZEROS, True),
        (lambda x: tf.sin(x) / x, ONE, True),
        (lambda x: tf.math.log(x), ONE, False),
        (lambda x: 1.0 / x, ONE, False),
        (lambda x: tf.math.log(x), [-1.0, 1.0], False),
        (lambda x: tf.sqrt(x), [-1.0, 1.0], False),
        (lambda x: tf.sqrt(x), [-1e-37, 0.0], False),
        (lambda x: tf.sqrt(x), [-2e-38, 1.0], False),
        (lambda x: x * tf.math.log(x), [-2e-38, 1.0], False),
        (lambda x: tf.math.log(tf.reduce_sum(x) / tf.reduce_sum(x * x)), ZEROS, False),
    ],
)
def test_a_hole_is_where_the_function_is_settled_all_around(
    tensors: Any, function: Callable[..., Any], x: list[float], wanted: bool
) -> None:
    assert hole(tensors, function, x) is wanted


def intersection_over_union(a: Any, b: Any) -> Any:
    both = tf.reduce_sum(a * b)
    return both / (tf.reduce_sum(a) + tf.reduce_sum(b) - both)


def test_an_intersection_of_nothings_is_a_hole_on_the_way_up(tensors: Any) -> None:
    assert hole(tensors, intersection_over_union, ZEROS, ZEROS)


def test_all_outputs_must_be_settled(tensors: Any) -> None:
    assert not hole(tensors, lambda x: (x * tf.math.log(x), tf.math.log(x)), ONE)


def test_without_exact_rules_nothing_is_known(tensors: Any) -> None:
    made = tensors(lambda x: x * tf.math.log(x), [(2,)])
    approximate = object.__new__(ApproximateTensorOracle)
    assert not is_hole(approximate, made.point(ONE), made.ordinary)


def test_the_precision_is_what_it_was(tensors: Any) -> None:
    before = ctx.prec
    hole(tensors, lambda x: x * tf.math.log(x), ONE)
    assert ctx.prec == before


def test_masks_and_labels_change_alone() -> None:
    floats, labels = np.array([1.0]), np.array([3])
    assert unmasked((floats,), (floats,)) is None
    kept = unmasked((floats, labels), (np.array([9.0]), np.array([4])))
    assert kept is not None
    assert [a.tolist() for a in kept] == [[1.0], [4]]
    assert [a.tolist() for a in above((floats, labels))] == [[2.0], [3]]


@pytest.mark.parametrize(
    ("a", "b", "wanted"), [(1.0, 1.0, True), (0.0, 1e-4, True), (-41.0, -83.0, False), (1e3, 1e3 + 0.5, True)]
)
def test_settled_is_a_thousandth(a: float, b: float, wanted: bool) -> None:
    assert settled(arb(a), arb(b)) is wanted


def test_an_output_of_another_size_does_not_tell_that_there_is_a_value(tensors: Any) -> None:
    def function(x: Any, n: Any) -> Any:
        return tf.ones(2 * tf.cast(n, tf.int32)) * tf.sqrt(x)

    made = tensors(function, [(1,), (1,)])
    assert is_defined(made.oracle, made.point([4.0], [1.0]), 2)
    assert not is_defined(made.oracle, made.point([-1.0], [1.0]), 2)
    assert not is_defined(made.oracle, made.point([-1.0], [0.0]), 2)


def test_the_truth_of_an_output_whose_size_depends_on_the_point_sums_all_of_it(tensors: Any) -> None:
    made = tensors(lambda x, n: tf.ones(2 * tf.cast(n, tf.int32)) * x, [(1,), (1,)])
    found = made.oracle.derivative(made.point([4.0], [3.0]), 0, (0,))
    assert found.value == 24
    assert found.derivative == 6
