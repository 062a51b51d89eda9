"""The simplest float of an interval is one that a person would write."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck.floats import FORMATS, FloatFormat
from gradcheck.simplest import simplest

FLOAT32 = FORMATS["float32"]
each_format = pytest.mark.parametrize("fmt", FORMATS.values(), ids=list(FORMATS))


def at(value: float, fmt: FloatFormat = FLOAT32) -> int:
    return int(fmt.encode(value))


def intervals(fmt: FloatFormat) -> st.SearchStrategy[tuple[int, int]]:
    """Two ordinals in order, far apart or near."""
    place = st.integers(fmt.min_ordinal, fmt.max_ordinal) | st.integers(-50, 50)
    anywhere = st.tuples(place, place).map(lambda pair: (min(pair), max(pair)))
    near = st.tuples(place, st.integers(0, 1 << fmt.mantissa_bits)).map(
        lambda pair: (pair[0], min(sum(pair), fmt.max_ordinal))
    )
    return anywhere | near


@each_format
@given(data=st.data())
def test_the_simplest_float_lies_inside(fmt: FloatFormat, data: st.DataObject) -> None:
    lo, hi = data.draw(intervals(fmt))
    assert lo <= simplest(fmt, lo, hi) <= hi


@each_format
@given(data=st.data())
def test_zero_then_one_is_simplest(fmt: FloatFormat, data: st.DataObject) -> None:
    lo, hi = data.draw(intervals(fmt))
    one = at(1.0, fmt)
    wanted = next((o for o in (0, -1, one, -one - 1) if lo <= o <= hi), None)
    if wanted is not None:
        assert simplest(fmt, lo, hi) == wanted


@each_format
@given(data=st.data())
def test_the_simplest_float_mirrors(fmt: FloatFormat, data: st.DataObject) -> None:
    lo, hi = data.draw(intervals(fmt).filter(lambda pair: not pair[0] <= 0 <= pair[1]))
    assert simplest(fmt, -hi - 1, -lo - 1) == -simplest(fmt, lo, hi) - 1 or lo == -1 or hi == -1


@each_format
@given(data=st.data())
def test_a_power_of_ten_is_simpler_than_other_numbers(fmt: FloatFormat, data: st.DataObject) -> None:
    largest = int(np.log10(fmt.largest))
    exponent = data.draw(st.integers(1 - largest, largest))
    power = at(float(f"1e{exponent}"), fmt)
    step = 1 << fmt.mantissa_bits  # a factor of two: no other power of ten is that near
    lo, hi = power - data.draw(st.integers(1, step)), power + data.draw(st.integers(1, step))
    assert simplest(fmt, lo, hi) == power


@pytest.mark.parametrize(
    ("name", "lo", "hi", "wanted"),
    [
        ("float32", 88.72284, 3.4028235e38, 100.0),
        ("float32", -3.4028235e38, -88.72284, -100.0),
        ("float32", 2.0, 3.0, 2.0),
        ("float32", 2.1, 3.5, 3.0),
        ("float32", 87.33655, 88.72283, 88.0),
        ("float64", 88.72284, 89.5, 89.0),
        ("float32", 0.21, 0.39, 0.3),
        ("float16", 20000.0, 65504.0, 20000.0),
        ("float32", 3.0e-3, 5e5, 1.0),
    ],
)
def test_the_simplest_float_as_a_person_would_choose(name: str, lo: float, hi: float, wanted: float) -> None:
    fmt = FORMATS[name]
    assert fmt.text(simplest(fmt, at(lo, fmt), at(hi, fmt))) == fmt.text(at(wanted, fmt))


@pytest.mark.parametrize(
    ("name", "lo", "hi", "wanted"),
    [
        ("float32", 1, at(1e-38), "1e-38"),  # 1e-38 as a float32 is below 1e-38
        ("float32", at(1e-3), at(5e-3), "0.001"),  # 1e-3 as a float32 is above 1e-3
        ("float64", at(1e3, FORMATS["float64"]) + 1, at(5e5, FORMATS["float64"]), "10000"),  # log10 is rounded to 3
        ("float64", at(1e-5, FORMATS["float64"]), at(1e-3, FORMATS["float64"]) - 1, "0.0001"),  # rounded to -3
    ],
)
def test_a_power_of_ten_at_the_very_end_is_not_missed(name: str, lo: int, hi: int, wanted: str) -> None:
    assert FORMATS[name].text(simplest(FORMATS[name], lo, hi)) == wanted


@each_format
@given(data=st.data())
def test_no_number_of_fewer_digits_lies_inside(fmt: FloatFormat, data: st.DataObject) -> None:
    """Three-digit decimals are tried one by one; a power of ten may have more characters."""
    start = data.draw(st.integers(at(1e-3, fmt), at(1e3, fmt)))
    lo, hi = start, start + data.draw(st.integers(1, 1 << (fmt.mantissa_bits - 1)))
    found = fmt.value(simplest(fmt, lo, hi))
    digits = len(f"{fmt.shortest(at(found, fmt)):e}".partition("e")[0].replace(".", "").rstrip("0"))
    step = 10.0 ** (np.floor(np.log10(fmt.value(lo))) - 1)
    short = step * np.arange(np.ceil(fmt.value(lo) / step), np.floor(fmt.value(hi) / step) + 1)
    inside = [o for o in fmt.encode(short) if lo < o < hi]
    assert digits <= 2 or not inside


@each_format
def test_a_single_float_is_itself(fmt: FloatFormat) -> None:
    for ordinal in (fmt.min_ordinal, -1, 0, 1, at(0.1, fmt), fmt.max_ordinal):
        assert simplest(fmt, ordinal, ordinal) == ordinal
