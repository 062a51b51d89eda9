"""Special values are where functions of one float go wrong."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from gradcheck import options as opt
from gradcheck.floats import FORMATS, FloatFormat
from gradcheck.planning.specials import around, near, special_values, thresholds

each_format = pytest.mark.parametrize("fmt", FORMATS.values(), ids=list(FORMATS))
each_numpy_format = pytest.mark.parametrize("name", ["float16", "float32", "float64"])


@each_format
@pytest.mark.parametrize("few", [False, True])
def test_values_are_floats_of_the_dtype_with_both_signs(fmt: FloatFormat, few: bool) -> None:
    values = special_values(fmt, few)
    assert values.dtype == np.float64
    assert np.isfinite(values).all()
    assert np.abs(values).max() == fmt.largest
    assert np.abs(values[values != 0]).min() == fmt.smallest_subnormal
    assert set((-values).tolist()) == set(values.tolist())


@each_format
@pytest.mark.parametrize("few", [False, True])
def test_what_must_not_be_left_out(fmt: FloatFormat, few: bool) -> None:
    limits = [fmt.largest, fmt.smallest_normal, fmt.smallest_subnormal]
    wanted = [0.0, 1.0, 2.0, 10.0, 16.0, 0.5, 1 / 3, 0.75, math.pi / 4, math.pi / 2, math.pi, *limits, *thresholds(fmt)]
    wanted += [10.0**k for k in range(math.ceil(math.log10(fmt.smallest_normal)), int(math.log10(fmt.largest)) + 1)]
    assert set(wanted) <= set(special_values(fmt, few).tolist())


@each_format
def test_all_powers_of_two_integers_and_quarter_turns(fmt: FloatFormat) -> None:
    values = set(special_values(fmt, few=False).tolist())
    powers = [2.0**k for k in range(fmt.min_exponent - fmt.mantissa_bits, 2 - fmt.min_exponent)]
    assert powers[0] == fmt.smallest_subnormal
    assert powers[-1] <= fmt.largest < powers[-1] * 2 if fmt.bits < 64 else powers[-1] == 2.0**1023
    assert set(powers) <= values
    assert {float(n) for n in range(1, 257)} <= values
    assert {n * (math.pi / 4) for n in range(1, 257)} <= values
    assert {n / d for d in range(2, 13) for n in range(1, 2 * d)} <= values


@each_format
def test_few_are_fewer(fmt: FloatFormat) -> None:
    few, many = set(special_values(fmt, few=True).tolist()), set(special_values(fmt, few=False).tolist())
    assert few < many
    assert 3 * len(few) < opt.PROBE_STRATA


def values_around(name: str, value: float) -> NDArray[np.generic]:
    """The floats of a dtype from a few below `value` to a few above, in that dtype."""
    fmt = FORMATS[name]
    return fmt.decode(int(fmt.encode(value)) + np.arange(-20, 21)).astype(name)


@each_numpy_format
@pytest.mark.parametrize(
    ("index", "function", "is_gone"),
    [
        (0, np.exp, np.isinf),
        (1, lambda x: np.square(np.exp(x)), np.isinf),
        (5, np.square, np.isinf),
        (7, lambda x: 1 + x, lambda y: y != 1),
    ],
)
def test_functions_change_at_their_threshold(
    name: str,
    index: int,
    function: Callable[[NDArray[np.generic]], NDArray[np.generic]],
    is_gone: Callable[[NDArray[np.generic]], NDArray[np.bool_]],
) -> None:
    with np.errstate(over="ignore"):
        gone = is_gone(function(values_around(name, thresholds(FORMATS[name])[index])))
    assert not gone[0]
    assert gone[-1]


@each_numpy_format
@pytest.mark.parametrize(
    ("index", "function", "limit"),
    [
        (2, lambda x: np.exp(-x), "normal"),
        (3, lambda x: np.square(np.exp(-x)), "normal"),
        (6, np.square, "normal"),
        (4, lambda x: np.exp(-x), "subnormal"),
    ],
)
def test_functions_are_flushed_at_their_threshold(
    name: str, index: int, function: Callable[[NDArray[np.longdouble]], NDArray[np.longdouble]], limit: str
) -> None:
    fmt = FORMATS[name]
    tiny = fmt.smallest_normal if limit == "normal" else fmt.smallest_subnormal
    steps = values_around(name, thresholds(fmt)[index]).astype(np.longdouble)
    if limit == "subnormal" and np.finfo(np.longdouble).minexp > -16000:
        pytest.skip("no wider dtype here")
    above = function(steps) >= tiny
    assert above.any()
    assert not above.all()


@each_format
@pytest.mark.parametrize("reach", [1, 8])
@given(data=st.data())
def test_around(fmt: FloatFormat, reach: int, data: st.DataObject) -> None:
    corners = [fmt.min_ordinal, fmt.max_ordinal]
    place = st.integers(fmt.min_ordinal, fmt.max_ordinal) | st.sampled_from([*corners, corners[0] + 3, corners[1] - 3])
    ordinals = data.draw(st.lists(place, max_size=8))
    found = around(fmt, np.array(ordinals, dtype=np.int64), reach)
    wanted = {o + d for o in ordinals for d in range(-reach, reach + 1)}
    assert {o for o in wanted if fmt.min_ordinal <= o <= fmt.max_ordinal} <= set(found.tolist())
    assert found.tolist() == sorted(set(found.tolist()))
    assert all(fmt.min_ordinal <= o <= fmt.max_ordinal for o in found.tolist())
    assert len(found) <= (2 * reach + 2) * len(ordinals)


@each_format
@given(data=st.data())
def test_near(fmt: FloatFormat, data: st.DataObject) -> None:
    ordinals = data.draw(st.lists(st.integers(fmt.min_ordinal + 2048, fmt.max_ordinal - 2048), max_size=5))
    found = near(fmt, np.array(ordinals, dtype=np.int64), 5)
    steps = {*range(-5, 6), *(2**k for k in range(12)), *(-(2**k) for k in range(12))}
    assert found.tolist() == sorted({o + d for o in ordinals for d in steps})


@each_format
@pytest.mark.parametrize("inwards", [0, 5, 1000])
def test_near_the_ends_of_the_line(fmt: FloatFormat, inwards: int) -> None:
    steps = {*range(-5, 6), *(2**k for k in range(12)), *(-(2**k) for k in range(12))}
    for place in (fmt.max_ordinal - inwards, fmt.min_ordinal + inwards):
        wanted = {place + d for d in steps if fmt.min_ordinal <= place + d <= fmt.max_ordinal}
        missing = sorted(o - place for o in wanted - set(near(fmt, np.array([place]), 5).tolist()))
        assert missing == []
