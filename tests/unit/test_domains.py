"""Domains: what is inside stays, what is outside moves inside, and mistakes say what to write."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gradcheck.domains import LARGEST_INTEGER, ROW_ULPS, ValueDomain, misfit, parse_domain, rounded
from gradcheck.errors import BAD_CONFIGURATION, CannotCheck
from gradcheck.floats import FORMATS, FloatFormat

TEXTS = (
    *("any", "probability", "simplex", "one-hot", "positive", "unit", "mask"),
    *("integer:0:9", "integer:-3:3000", "-1:1", "0.1:0.3", "2:", ":-2", "1e-30:1e30"),
)
FRACTIONS = ("probability", "simplex", "unit")
AWKWARD = [math.nan, math.inf, -math.inf, 0.0, -0.0, 5e-324, 1e-45, 6e-8, 1e-310, 3e38, -3e38, 1.7e308, -1.7e308, 0.5]
SHAPES = ((), (1,), (4,), (2, 3), (2, 1, 3), (0,), (2, 0))

each_format = pytest.mark.parametrize("fmt", FORMATS.values(), ids=list(FORMATS))
each_text = pytest.mark.parametrize("text", TEXTS)
numbers = st.floats() | st.sampled_from(AWKWARD) | st.floats(-4, 4)


def domain(text: str) -> ValueDomain:
    """The domain of a text."""
    return parse_domain("--domain", text)


def points(data: st.DataObject, elements: st.SearchStrategy[float], dtype: str) -> NDArray[np.generic]:
    """A few points of some shape."""
    shape = (3, *data.draw(st.sampled_from(SHAPES)))
    size = int(np.prod(shape))
    drawn = data.draw(st.lists(elements, min_size=size, max_size=size))
    return np.array(drawn, dtype=dtype).reshape(shape)


def bits(values: NDArray[np.generic]) -> bytes:
    """What `-0 == 0` and `nan != nan` hide."""
    return values.tobytes()


def check_projection(text: str, values: NDArray[np.generic], fmt: FloatFormat | None) -> None:
    """Inside, idempotent, of the same shape and dtype, and those inside are untouched."""
    held, before = domain(text), bits(values)
    projected, inside = held.project(values, fmt), held.contains(values, fmt)
    assert bits(values) == before
    assert (projected.shape, projected.dtype) == (values.shape, values.dtype)
    assert inside.shape == (len(values),)
    assert held.contains(projected, fmt).all()
    assert bits(held.project(projected, fmt)) == bits(projected)
    assert bits(projected[inside]) == bits(values[inside])


@each_format
@each_text
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_floats_are_projected(text: str, fmt: FloatFormat, data: st.DataObject) -> None:
    values = points(data, numbers, "float64")
    check_projection(text, values, fmt)
    projected = domain(text).project(values, fmt)
    assert np.isfinite(projected).all()
    assert bits(fmt.decode(fmt.encode(projected))) == bits(projected)


@each_text
@pytest.mark.parametrize("dtype", ["int64", "bool"])
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_integers_and_truths_are_projected(text: str, dtype: str, data: st.DataObject) -> None:
    elements = st.integers(-(2**63), 2**63 - 1) | st.integers(-4, 4) if dtype == "int64" else st.booleans()
    check_projection(text, points(data, elements, dtype), None)


@each_format
@pytest.mark.parametrize("text", ["simplex", "unit"])
@pytest.mark.parametrize("length", [1, 2, 7, 100, pytest.param(3000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("scale", ["even", "log", "equal"])
def test_long_rows_add_up(fmt: FloatFormat, text: str, length: int, scale: str) -> None:
    rng = np.random.default_rng(length)
    even = rng.uniform(0, 1, (20, length))
    values = {"even": even, "log": 10.0 ** (600 * even - 300), "equal": np.ones((20, length))}[scale]
    rows = domain(text).project(values, fmt)
    check_projection(text, values, fmt)
    for row in rows:
        total = sum((Fraction(float(x)) ** (2 if text == "unit" else 1) for x in row), Fraction(0))
        slack = ROW_ULPS * 2.0**-fmt.mantissa_bits + length * 2.0**-53
        assert abs(float(total) ** (0.5 if text == "unit" else 1) - 1) <= slack * 1.01


def test_subnormal_shares_add_up() -> None:
    rows = domain("simplex").project(np.ones((1, 1_000_000)), FORMATS["float16"])
    assert rows.min() > 0
    assert abs(rows.sum() - 1) <= ROW_ULPS * 2.0**-10


def test_softmaxes_are_inside() -> None:
    x = np.random.default_rng(0).normal(size=(500, 6)).astype(np.float32)
    shares = np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True)
    assert shares.dtype == np.float32
    assert domain("simplex").contains(shares.astype(np.float64), FORMATS["float32"]).all()


F32 = FORMATS["float32"]
INF, NAN = math.inf, math.nan


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("any", [NAN, INF, -INF, 0.1, -0.0], [0.0, F32.largest, -F32.largest, float(np.float32(0.1)), -0.0]),
        ("probability", [NAN, INF, -INF, -1e-30, 2.0, 0.5], [0.0, 1.0, 0.0, 0.0, 1.0, 0.5]),
        ("positive", [0.0, -5.0, 1e-45, 3.0, INF], [*[F32.smallest_normal] * 3, 3.0, F32.largest]),
        ("-1:0.5", [-INF, -2.0, 0.25, 0.75, NAN], [-1.0, -1.0, 0.25, 0.5, 0.0]),
        ("2:", [NAN, 1.0, 5.0, INF], [2.0, 2.0, 5.0, F32.largest]),
        ("0.1:0.3", [0.0, 1.0], [float(np.float32(0.1)), float(np.float32(0.3))]),
        ("integer:-1:3", [-7.0, -0.4, 1.6, 2.5, NAN, INF], [-1.0, 0.0, 2.0, 2.0, 0.0, 3.0]),
        ("mask", [0.5, 0.51, -3.0, NAN, INF, 1.0], [0.0, 1.0, 0.0, 0.0, 1.0, 1.0]),
        ("one-hot", [0.5, 3.0, 3.0], [0.0, 1.0, 0.0]),
        ("one-hot", [NAN, -INF, -3.0], [0.0, 0.0, 1.0]),
        ("simplex", [1.0, 3.0, -2.0, 4.0], [0.125, 0.375, 0.0, 0.5]),
        ("simplex", [3e38, 3e38, 0.0, 0.0], [0.5, 0.5, 0.0, 0.0]),
        ("simplex", [0.0, 0.0, 0.0, 0.0], [0.25, 0.25, 0.25, 0.25]),
        ("simplex", [NAN, 1.0], [0.5, 0.5]),
        ("simplex", [INF, 1.0], [0.5, 0.5]),
        ("unit", [3e38, 0.0], [1.0, 0.0]),
        ("unit", [3e-40, -4e-40], [float(np.float32(0.6)), float(np.float32(-0.8))]),
        ("unit", [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]),
        ("unit", [NAN, 0.0], [1.0, 0.0]),
    ],
)
def test_what_floats_become(text: str, before: list[float], after: list[float]) -> None:
    assert bits(domain(text).project(np.array([before]), F32)) == bits(np.array([after]))


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("any", [-5, 0, 1, 9], [0, 0, 1, 1]),
        ("positive", [-5, 0, 1, 9, 2**62], [1, 1, 1, 9, LARGEST_INTEGER]),
        ("integer:-1:3", [-5, 0, 3, 9], [-1, 0, 3, 3]),
        ("-1.5:2.5", [-5, 0, 9], [-1, 0, 2]),
        ("0.2:0.8", [-5, 9], [1, 1]),
        ("one-hot", [-5, 7, 7], [0, 1, 0]),
        ("simplex", [5, 7], [0, 1]),
        ("unit", [-5, 4], [1, 0]),
        ("unit", [-1, 0], [-1, 0]),
        ("integer:0:4611686018427387905", [4611686018427387903, -1], [4611686018427387903, 0]),
    ],
)
def test_what_integers_become(text: str, before: list[int], after: list[int]) -> None:
    assert domain(text).project(np.array([before]), None).tolist() == [after]


@pytest.mark.parametrize(
    ("text", "after"),
    [
        *[("any", [False, True, True]), ("mask", [False, True, True]), ("probability", [False, True, True])],
        *[("positive", [True, True, True]), ("one-hot", [False, True, False]), ("simplex", [False, True, False])],
        *[("integer:3:9", [True, True, True]), ("integer:-9:0", [False, False, False])],
    ],
)
def test_what_truths_become(text: str, after: list[bool]) -> None:
    assert domain(text).project(np.array([[False, True, True]]), None).tolist() == [after]


@pytest.mark.parametrize("text", ["simplex", "one-hot", "unit"])
def test_a_scalar_is_a_row_of_one(text: str) -> None:
    assert domain(text).project(np.array([0.0, 3.0, math.nan]), F32).tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("text", "values", "inside"),
    [
        ("any", [[0.1], [0.5], [NAN], [INF]], [False, True, False, False]),
        ("probability", [[0.0], [1.0], [-1e-30], [2.0]], [True, True, False, False]),
        ("positive", [[0.0], [F32.smallest_subnormal], [F32.smallest_normal]], [False, False, True]),
        ("simplex", [[0.5, 0.5], [0.5, 0.25], [1.5, -0.5]], [True, False, False]),
        ("one-hot", [[0.0, 1.0], [1.0, 1.0], [0.0, 0.0], [0.5, 0.5]], [True, False, False, False]),
        ("unit", [[0.0, -1.0], [1.0, 1.0], [0.0, 0.0]], [True, False, False]),
        ("mask", [[0.0, 1.0], [0.5, 1.0]], [True, False]),
        ("integer:0:9", [[0.0, 9.0], [0.5, 1.0], [10.0, 1.0]], [True, False, False]),
    ],
)
def test_what_is_inside(text: str, values: list[list[float]], inside: list[bool]) -> None:
    assert domain(text).contains(np.array(values), F32).tolist() == inside


def test_ends_of_integers_are_floats_inside() -> None:
    held = domain("integer:2049:2051")
    assert held.ends(FORMATS["float16"]) == (2050.0, 2050.0)
    assert domain("integer:-2051:2051").ends(FORMATS["float16"]) == (-2050.0, 2050.0)
    assert domain("integer:0:1e9").ends(FORMATS["float16"]) == (0.0, 65504.0)


@each_text
def test_texts_are_read_back(text: str) -> None:
    held = domain(text)
    assert parse_domain("", held.text) == held
    assert held.text == text or float(held.text.split(":")[1]) == float(text.split(":")[1])


def test_spelling_is_free() -> None:
    assert domain("  One-Hot ").kind == "one-hot"
    assert domain("integer: 0 : 9") == ValueDomain("integer", 0.0, 9.0)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        *[("simplx", "did you mean simplex?"), ("one_hot", "did you mean one-hot?")],
        *[("prob", "did you mean probability?"), ("int:0:9", "did you mean integer:LO:HI?")],
        ("zzz", "write any, probability, simplex, one-hot, positive, unit, mask, integer:LO:HI or LO:HI"),
        *[("", "write any, "), (":", "for example -1:1"), ("1:2:3", "for example -1:1"), ("1:nan", "finite numbers")],
        *[("1:1e999", "finite numbers"), ("any:1:2", "did you mean any?"), ("3", "write any, ")],
        *[("2:1", "write the smaller end first: 1:2"), ("integer:9:0", "write the smaller end first: 0:9")],
        *[("integer", "integer:0:9"), ("integer:0.5:3", "two whole numbers"), ("integer:3:", "two whole numbers")],
    ],
)
def test_mistakes_say_what_to_write(text: str, wanted: str) -> None:
    with pytest.raises(CannotCheck) as caught:
        parse_domain("--domain x", text)
    assert caught.value.code == BAD_CONFIGURATION
    assert caught.value.message.startswith("--domain x: ")
    assert wanted in caught.value.message


@each_text
@pytest.mark.parametrize(
    "dtype", ["float64", pytest.param("int64", marks=pytest.mark.slow), pytest.param("bool", marks=pytest.mark.slow)]
)
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_any_numbers_are_admitted(text: str, dtype: str, data: st.DataObject) -> None:
    fmt = FORMATS["bfloat16"] if dtype == "float64" else None
    numbers_of = points(data, numbers, "float64")
    admitted = domain(text).admit(numbers_of.astype(np.float64), fmt, dtype)
    assert (admitted.dtype, admitted.shape) == (np.dtype(dtype), numbers_of.shape)
    assert domain(text).contains(admitted, fmt).all()


def test_the_greatest_wins_before_it_is_rounded() -> None:
    assert domain("one-hot").admit(np.array([[0.1, 0.3, 0.2]]), None, "bool").tolist() == [[False, True, False]]
    assert domain("integer:0:9").admit(np.array([[0.6, 8.9, math.nan]]), None, "int64").tolist() == [[1, 9, 0]]


@each_format
@given(values=st.lists(numbers.filter(lambda x: not math.isnan(x)) | st.floats(-70000, 70000, width=32), min_size=1))
def test_rounding_is_that_of_the_ordinals(fmt: FloatFormat, values: list[float]) -> None:
    near = np.array(values)
    halves = fmt.decode(fmt.encode(near)) * 0.5 + fmt.decode(np.minimum(fmt.encode(near) + 1, fmt.max_ordinal)) * 0.5
    for each in (near, halves, halves * (1 - 2.0**-50), np.nextafter(halves, 0)):
        assert bits(rounded(each, fmt)) == bits(fmt.decode(fmt.encode(each)))


@pytest.mark.parametrize(
    ("text", "dtype", "why"),
    [
        *[(kind, "int32", "int32 has no fractions; write integer:LO:HI, mask or one-hot") for kind in FRACTIONS],
        *[(kind, "bool", "bool has no fractions; write mask") for kind in FRACTIONS],
        ("0.2:0.8", "int64", "int64 has no number in it; write integer:LO:HI, mask or one-hot"),
        ("integer:0:9", "bool", "bool holds 0 to 1; write mask"),
        ("integer:0:200", "int8", "int8 holds -128 to 127; write ends between these"),
        ("-1:", "uint8", "uint8 holds 0 to 255; write ends between these"),
        ("0:1e300", "float32", "float32 ends at 3.4028235e+38; write smaller numbers"),
        ("integer:0:70000", "float16", "float16 ends at 65500; write smaller numbers"),
        *[
            (text, "int32", None)
            for text in ("any", "mask", "one-hot", "positive", "integer:0:9", "-1:1", "0.5:", ":7")
        ],
        *[(text, "bool", None) for text in ("any", "mask", "one-hot", "integer:0:1", "1:1", "0:")],
        *[(text, "float16", None) for text in (*FRACTIONS, "mask", "one-hot", "integer:0:9", "0.2:0.8", "1e-9:65504")],
    ],
)
def test_domains_that_no_input_of_a_dtype_has(text: str, dtype: str, why: str | None) -> None:
    assert misfit(domain(text), dtype) == why
