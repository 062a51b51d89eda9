"""Numbers in JSON: strict, and as short as they read back."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck.floats import FORMATS
from gradcheck.renderers.numbers import number, numbers


@pytest.mark.parametrize(
    ("value", "shown"), [(1.5, 1.5), (-0.0, -0.0), (np.nan, "nan"), (np.inf, "inf"), (-np.inf, "-inf")]
)
def test_what_json_does_not_have_is_named(value: float, shown: Any) -> None:
    assert number(value) == shown


@pytest.mark.parametrize(
    ("array", "dtype", "shown"),
    [
        (np.array(0.5), None, 0.5),
        (np.array(float(np.float32(0.1))), "float32", 0.1),
        (np.array(float(np.float32(0.1))), "float64", 0.10000000149011612),
        (np.array([[1.0, np.nan], [np.inf, -np.inf]]), "float32", [[1.0, "nan"], ["inf", "-inf"]]),
        (np.array([True, False]), "bool", [True, False]),
        (np.array([3, -4]), "int32", [3, -4]),
        (np.array([None, 1.0], dtype=object), None, [None, 1.0]),
        (np.zeros((2, 0)), "float32", [[], []]),
    ],
)
def test_arrays_are_nested_lists(array: Any, dtype: str | None, shown: Any) -> None:
    found = numbers(array, dtype)
    assert found == shown
    assert json.loads(json.dumps(found, allow_nan=False)) == shown
    assert str(found) == str(shown)


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_float_reads_back(value: float) -> None:
    read = json.loads(json.dumps(numbers(np.array(value), "float32"), allow_nan=False))
    assert np.float32(read) == np.float32(value)
    assert np.signbit(np.float32(read)) == np.signbit(value)


@pytest.mark.parametrize("dtype", FORMATS)
def test_ends_of_each_dtype_read_back(dtype: str) -> None:
    fmt = FORMATS[dtype]
    ends = np.array([fmt.value(fmt.min_ordinal), fmt.value(1), fmt.value(fmt.max_ordinal)])
    assert fmt.encode(np.array(numbers(ends, dtype))).tolist() == [fmt.min_ordinal, 1, fmt.max_ordinal]
