"""Looks at many tensors: norms, whether they are finite, and counts; only a few numbers leave the device."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.observing.looks import counts, dense, finite_look, is_finite, norms, value_of


def pair(variable: Any) -> tuple[Any, Any]:
    return variable.handle, variable.dtype


def test_norms_are_euclidean_one_a_gradient() -> None:
    gradients = [tf.constant([3.0, 4.0]), tf.constant([[1.0, 2.0], [2.0, 4.0]]), tf.constant(-7.0)]
    assert norms(gradients) == pytest.approx([5.0, 5.0, 7.0], rel=1e-6)


def test_norms_of_another_shape_and_another_list() -> None:
    assert norms([tf.ones([4])]) == [2.0]
    assert norms([tf.ones([9])]) == [3.0]
    assert norms([tf.ones([4, 4]), tf.ones([1])]) == [4.0, 1.0]
    assert norms([]) == []


def test_norm_of_slices_is_that_of_their_values() -> None:
    slices = tf.IndexedSlices(tf.constant([[3.0], [4.0]]), tf.constant([1, 1]), tf.constant([1000, 1]))
    assert dense(slices) is slices.values
    assert norms([dense(slices)]) == [5.0]


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16])
def test_norm_of_half_floats_does_not_overflow(dtype: Any) -> None:
    """The square of 300 is beyond float16."""
    assert norms([tf.constant([4096.0] * 4, dtype)]) == [8192.0]


def test_norm_of_float64() -> None:
    assert norms([tf.constant([3e-3, 4e-3], tf.float64)])[0] == pytest.approx(5e-3, rel=1e-6)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [tf.float16, tf.float32, tf.float64])
def test_norm_shows_one_bad_entry(value: float, dtype: Any) -> None:
    entries = np.ones(1000)
    entries[517] = value
    assert not np.isfinite(norms([tf.constant(entries, dtype)]))[0]


@pytest.mark.parametrize(
    ("entries", "dtype", "expected"),
    [
        ([3e30, 4e30], tf.float32, 5e30),
        ([3e-30, 4e-30], tf.float32, 5e-30),
        ([1e-45], tf.float32, 1.401298464324817e-45),
        ([3e-30, 4e-30], tf.bfloat16, 5e-30),
        ([3e200, 4e200], tf.float64, 5e200),
        ([3e-200, 4e-200], tf.float64, 5e-200),
        ([0.0, -0.0], tf.float32, 0.0),
        ([], tf.float32, 0.0),
    ],
)
def test_norm_where_squares_are_out_of_range(entries: list[float], dtype: Any, expected: float) -> None:
    """A gradient of 1e-30 is no gradient of 0, though its square is."""
    assert norms([tf.constant(entries, dtype)])[0] == pytest.approx(
        expected, rel=1e-2 if dtype == tf.bfloat16 else 1e-6
    )


def test_norm_of_complex_numbers() -> None:
    assert norms([tf.constant([3 + 4j, 0j], tf.complex64)]) == pytest.approx([5.0])
    assert not np.isfinite(norms([tf.complex(tf.constant([1.0]), tf.constant([np.nan]))]))[0]


def test_huge_entries_are_finite_though_their_squares_are_not() -> None:
    huge = tf.constant([1e38, -1e38])
    assert is_finite(huge)
    assert counts(huge) == (2, 0, 0)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.0, np.nan, np.inf, -np.inf, np.nan], (5, 2, 2)),
        ([], (0, 0, 0)),
        ([[0.0, -0.0], [3.4e38, 1e-45]], (4, 0, 0)),
    ],
)
def test_counts(values: Any, expected: tuple[int, int, int]) -> None:
    tensor = tf.constant(values, tf.float32)
    assert counts(tensor) == expected
    assert is_finite(tensor) == (expected[1:] == (0, 0))


def test_counts_of_complex_numbers() -> None:
    tensor = tf.complex(tf.constant([1.0, np.nan, 1.0]), tf.constant([1.0, 1.0, np.inf]))
    assert counts(tensor) == (3, 1, 1)


def test_finite_look_follows_the_variables() -> None:
    variables = [tf.Variable([1.0, 2.0]), tf.Variable(3.0, dtype=tf.float64), tf.Variable([1.0], dtype=tf.float16)]
    look = finite_look([pair(v) for v in variables])
    assert look()
    for variable in variables:
        kept = tf.identity(variable)
        variable.assign(tf.ones_like(variable) * np.nan)
        assert not look()
        variable.assign(kept)
        assert look()
    variables[0].assign([1.0, np.inf])
    assert not look()


def test_finite_look_at_nothing() -> None:
    assert finite_look([])()


def test_a_value_outlives_the_change_of_its_variable() -> None:
    variable = tf.Variable([1.0, 2.0])
    value = value_of(*pair(variable))
    variable.assign_add([10.0, 10.0])
    assert value.numpy().tolist() == [1.0, 2.0]
    assert value_of(*pair(variable)).numpy().tolist() == [11.0, 12.0]
