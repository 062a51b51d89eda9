"""Records as text, and back to the same bits."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck.cache import Unwritable, dumps, loads
from gradcheck.domains import ValueDomain
from gradcheck.floats import FORMATS
from gradcheck.options import HoldOption, RangeOption, ScanOptions
from gradcheck.records import Cause, Class, Finding, LineInterval, Sweep, TargetReport, TensorWitness

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
TREES = st.recursive(
    LEAVES, lambda t: st.lists(t) | st.lists(t).map(tuple) | st.dictionaries(st.text() | st.integers(), t)
)


@given(TREES)
def test_plain_values(value: Any) -> None:
    assert repr(loads(dumps(value))) == repr(value)


@pytest.mark.parametrize("value", [-0.0, math.inf, -math.inf, 5e-324, np.float64(-0.0), np.int64(3), np.bool_(True)])
def test_numbers_keep_their_type_and_sign(value: Any) -> None:
    back = loads(dumps(value))
    assert type(back) is type(value)
    assert back == value
    assert math.copysign(1, back) == math.copysign(1, value)


@pytest.mark.parametrize("dtype", ["float64", "float16", "int64", "bool", "complex64"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 2), (2, 3)])
def test_arrays(dtype: str, shape: tuple[int, ...]) -> None:
    array = np.arange(math.prod(shape)).reshape(shape).astype(dtype)
    back = loads(dumps(array))
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(back, array)
    back[...] = 0  # it can be written to, as any array


@pytest.mark.parametrize("value", [b"", b"\0\xff\n", {"z": b"one", "b": b"two"}])
def test_bytes(value: Any) -> None:
    assert loads(dumps(value)) == value


def test_arrays_of_objects_and_in_another_order() -> None:
    mixed = np.empty((2, 2), object)
    mixed[...] = [[1.5, None], [-0.0, (1, 2)]]
    back = loads(dumps(mixed))
    assert back.dtype == object
    assert repr(back.tolist()) == repr(mixed.tolist())
    turned = np.arange(6.0).reshape(2, 3).T
    np.testing.assert_array_equal(loads(dumps(turned)), turned)


def test_a_nan_stays_one() -> None:
    assert math.isnan(loads(dumps(math.nan)))


def test_options_records_and_enumerations() -> None:
    options = ScanOptions(
        ranges=(RangeOption(None, "", "1"),),
        holds=(HoldOption("y", "0.5"),),
        shapes={"x": (2, 3)},
        domains={"x": ValueDomain("range", -1.0, None)},
    )
    assert loads(dumps((options, Class.NAN, FORMATS["bfloat16"], frozenset({"a", "b"})))) == (
        options,
        Class.NAN,
        FORMATS["bfloat16"],
        frozenset({"a", "b"}),
    )


def test_a_swept_report(make_target: Callable[..., TargetReport], clean_sweep: Sweep, make_finding: Any) -> None:
    finding: Finding = make_finding(
        cause=Cause("Mul", None, "a.py", 3, "x * y", "node", "words\ud800"), kind="numerical"
    )
    report = make_target(clean_sweep, findings=(finding,), notes=("one",))
    assert repr(loads(dumps(report))) == repr(report)


def test_the_witness_of_a_tensor() -> None:
    truths = np.empty(2, object)
    truths[:] = [0.5, None]
    witness = TensorWitness(
        inputs={"x": np.array([-0.0, np.inf, np.nan])},
        dtypes={"x": "float32"},
        outputs={"out": np.array(1.0)},
        gradient=None,
        true_outputs={"out": truths},
        bad=((0, 1),),
        weights=(np.array([1.0, -1.0]),),
        line=LineInterval("x", (0,), -5, 5, FORMATS["float32"]),
    )
    assert repr(loads(dumps(witness))) == repr(witness)


@pytest.mark.parametrize("value", [object(), len, np.array(["text"]), {"f": lambda: 0}])
def test_what_is_no_data_cannot_be_written(value: Any) -> None:
    with pytest.raises(Unwritable):
        dumps(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"record": ["Popen", {}]}',
        '{"record": ["TargetReport", {"nothing": 1}]}',
        '{"enumeration": ["Class", "no"]}',
        '{"enumeration": ["Flag", "no"]}',
        '{"format": "float8"}',
        '{"array": ["<f8", [3], "AAAA"]}',
        '{"array": ["O", [1], "AAAAAAAAAAA="]}',
        '{"array": ["<f8", [1], "%"]}',
        '{"one": 1, "two": 2}',
        '{"unknown": 1}',
        "[" * 100_000,
    ],
)
def test_a_text_that_was_not_written_here_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        loads(text)


def test_a_field_that_is_new_has_its_default() -> None:
    text = json.loads(dumps(ScanOptions(seed=3)))
    del text["record"][1]["budget"]
    assert loads(json.dumps(text)) == replace(ScanOptions(), seed=3)
