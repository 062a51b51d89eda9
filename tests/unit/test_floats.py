"""Ordinals against routes that do not share their code: nextafter, astype, ml_dtypes, exact fractions."""

import itertools
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from gradcheck.floats import FORMATS, FloatFormat, distinct

DTYPES: dict[str, np.dtype[np.generic]] = {
    "float16": np.dtype(np.float16),
    "bfloat16": np.dtype(ml_dtypes.bfloat16),
    "float32": np.dtype(np.float32),
    "float64": np.dtype(np.float64),
}
each_format = pytest.mark.parametrize("fmt", FORMATS.values(), ids=list(FORMATS))
each_narrow_format = pytest.mark.parametrize("fmt", [f for f in FORMATS.values() if f.bits < 64], ids=lambda f: f.name)
each_16_bit_format = pytest.mark.parametrize("fmt", [f for f in FORMATS.values() if f.bits == 16], ids=lambda f: f.name)


def places(fmt: FloatFormat) -> st.SearchStrategy[int]:
    """Ordinals: anywhere, and around zero, the smallest normal float, 1 and both ends."""
    corners = [0, 1 << fmt.mantissa_bits, int(fmt.encode(1.0)), fmt.max_ordinal]
    corners += [-corner - 1 for corner in corners]
    nearby = st.builds(lambda corner, step: corner + step, st.sampled_from(corners), st.integers(-9, 9))
    anywhere = st.integers(fmt.min_ordinal, fmt.max_ordinal)
    return anywhere | nearby.filter(lambda o: fmt.min_ordinal <= o <= fmt.max_ordinal)


def every(fmt: FloatFormat) -> NDArray[np.int64]:
    """All ordinals of a 16-bit format."""
    return np.arange(fmt.min_ordinal, fmt.max_ordinal + 1, dtype=np.int64)


def typed(fmt: FloatFormat, ordinals: NDArray[np.int64]) -> NDArray[np.generic]:
    """The floats themselves, in numpy's or ml_dtypes' own dtype."""
    return fmt.to_bits(ordinals).view(DTYPES[fmt.name])


def exact(fmt: FloatFormat, ordinal: int) -> Fraction:
    """The float's value; beyond the largest, where the next one would be."""
    if ordinal > fmt.max_ordinal:
        return Fraction(fmt.largest) + Fraction(fmt.largest_ulp)
    if ordinal < fmt.min_ordinal:
        return -exact(fmt, -ordinal - 1)
    return Fraction(float(fmt.decode(np.array([ordinal]))[0]))


@pytest.mark.parametrize(
    ("name", "count"),
    [("float16", 63_488), ("bfloat16", 65_280), ("float32", 4_278_190_080), ("float64", 2**64 - 2**53)],
)
def test_every_finite_float_has_one_ordinal(name: str, count: int) -> None:
    fmt = FORMATS[name]
    assert fmt.max_ordinal - fmt.min_ordinal + 1 == count
    assert fmt.min_ordinal == -fmt.max_ordinal - 1


@each_16_bit_format
def test_the_bit_patterns_of_all_ordinals_are_all_finite_ones(fmt: FloatFormat) -> None:
    patterns = np.arange(1 << 16, dtype=np.uint16)
    with np.errstate(invalid="ignore"):  # there are signalling NaNs among them
        finite = patterns[np.isfinite(patterns.view(DTYPES[fmt.name]))]
    assert np.array_equal(np.sort(fmt.to_bits(every(fmt))), finite)


@each_format
def test_limits_are_those_of_the_dtype(fmt: FloatFormat) -> None:
    zero, one, infinity = np.array([0.0, 1.0, np.inf]).astype(DTYPES[fmt.name])
    largest = np.nextafter(infinity, zero)
    assert fmt.largest == float(largest)
    assert fmt.largest_ulp == float(largest) - float(np.nextafter(largest, zero))
    assert fmt.smallest_subnormal == float(np.nextafter(zero, one))
    exponent = {"float16": -14, "bfloat16": -126, "float32": -126, "float64": -1022}[fmt.name]
    assert fmt.min_exponent == exponent
    assert fmt.smallest_normal == 2.0**exponent


@each_format
@given(data=st.data())
def test_order(fmt: FloatFormat, data: st.DataObject) -> None:
    ordinals = distinct(np.array(data.draw(st.lists(places(fmt), min_size=2, max_size=50)), dtype=np.int64))
    values = fmt.decode(ordinals)
    rises = values[1:] > values[:-1]
    zeros = (ordinals[:-1] == -1) & (ordinals[1:] == 0)
    assert (rises | zeros).all()


@each_16_bit_format
def test_order_of_all(fmt: FloatFormat) -> None:
    steps = np.diff(fmt.decode(every(fmt)))
    assert (steps >= 0).all()
    assert np.flatnonzero(steps == 0).tolist() == [-1 - fmt.min_ordinal]


@each_format
def test_negative_zero_comes_directly_before_zero(fmt: FloatFormat) -> None:
    values = fmt.decode(np.array([-2, -1, 0, 1]))
    tiny = fmt.smallest_subnormal
    assert values.tolist() == [-tiny, 0.0, 0.0, tiny]
    assert np.signbit(values).tolist() == [True, True, False, False]
    assert fmt.encode(np.array([-0.0, 0.0])).tolist() == [-1, 0]


@each_format
@given(data=st.data())
def test_round_trips(fmt: FloatFormat, data: st.DataObject) -> None:
    ordinals = np.array(data.draw(st.lists(places(fmt), max_size=50)), dtype=np.int64)
    patterns = fmt.to_bits(ordinals)
    assert patterns.dtype == np.dtype(f"uint{fmt.bits}")
    assert np.array_equal(fmt.from_bits(patterns), ordinals)
    assert np.array_equal(fmt.encode(fmt.decode(ordinals)), ordinals)


@each_format
@given(data=st.data())
def test_bits_are_those_of_the_dtype(fmt: FloatFormat, data: st.DataObject) -> None:
    ordinals = np.array(data.draw(st.lists(places(fmt), max_size=50)), dtype=np.int64)
    own, values = typed(fmt, ordinals).astype(np.float64), fmt.decode(ordinals)
    assert np.array_equal(own, values)
    assert np.array_equal(np.signbit(own), np.signbit(values))


@each_format
def test_shapes_are_kept(fmt: FloatFormat) -> None:
    square = np.array([[fmt.min_ordinal, -1], [0, fmt.max_ordinal]], dtype=np.int64)
    assert np.array_equal(fmt.from_bits(fmt.to_bits(square)), square)
    assert np.array_equal(fmt.encode(fmt.decode(square)), square)
    assert fmt.decode(np.array([], dtype=np.int64)).shape == fmt.encode(np.array([])).shape == (0,)
    assert int(fmt.encode(1.0)) == int(fmt.encode(np.array([1.0]))[0])


@each_format
@given(data=st.data())
def test_the_next_ordinal_is_the_next_float(fmt: FloatFormat, data: st.DataObject) -> None:
    ordinal = data.draw(places(fmt).filter(lambda o: o != fmt.max_ordinal))
    here, there = typed(fmt, np.array([ordinal])), typed(fmt, np.array([ordinal + 1]))
    if ordinal == -1:  # for nextafter both zeros are one
        assert here[0] == there[0]
        return
    following = np.nextafter(here, np.array([np.inf]).astype(DTYPES[fmt.name]))
    assert following.tobytes() == there.tobytes()


@each_16_bit_format
def test_every_next_ordinal_is_the_next_float(fmt: FloatFormat) -> None:
    ordinals = every(fmt)
    ordinals = ordinals[(ordinals != -1) & (ordinals != fmt.max_ordinal)]
    infinity = np.array(np.inf).astype(DTYPES[fmt.name])
    following = np.nextafter(typed(fmt, ordinals), infinity).view(np.uint16)
    assert np.array_equal(following, fmt.to_bits(ordinals + 1))


def doubles(fmt: FloatFormat) -> st.SearchStrategy[float]:
    """Float64 values: anything finite, floats of the format, halfway between two, and beside that."""

    def halfway(ordinal: int, side: float) -> float:
        pair = fmt.decode(np.array([ordinal, min(ordinal + 1, fmt.max_ordinal)]))
        middle = float(pair[0] / 2 + pair[1] / 2)
        return float(np.nextafter(middle, side)) if side else middle

    anything = st.floats(allow_nan=False, allow_infinity=False)
    moderate = st.floats(-100, 100)
    return anything | moderate | st.builds(halfway, places(fmt), st.sampled_from([0.0, np.inf, -np.inf]))


@each_format
@given(data=st.data())
def test_encode_rounds_to_the_nearest_float_ties_to_even(fmt: FloatFormat, data: st.DataObject) -> None:
    value = data.draw(doubles(fmt))
    ordinal = int(fmt.encode(value))
    if abs(value) > fmt.largest:
        assert ordinal == (fmt.max_ordinal if value > 0 else fmt.min_ordinal)
        return
    assert bool(np.signbit(fmt.decode(np.array([ordinal]))[0])) == bool(np.signbit(value))
    distance = abs(exact(fmt, ordinal) - Fraction(value))
    steps = (1, -1) if ordinal not in (0, -1) else (2, -2)  # past the other zero
    for neighbour in (ordinal + step for step in steps):
        other = abs(exact(fmt, neighbour) - Fraction(value))
        assert distance <= other
        if distance == other:
            assert int(fmt.to_bits(np.array([ordinal]))[0]) % 2 == 0


@each_16_bit_format
def test_encode_agrees_with_the_cast_halfway_between_all_neighbours(fmt: FloatFormat) -> None:
    values = fmt.decode(every(fmt))
    middles = values[:-1] / 2 + values[1:] / 2
    around = np.concatenate([values, middles, np.nextafter(middles, np.inf), np.nextafter(middles, -np.inf)])
    if fmt.name == "bfloat16":  # ml_dtypes casts float64 by way of float32: only what float32 holds is rounded once
        around = np.concatenate([values, middles])
        assert np.array_equal(around.astype(np.float32).astype(np.float64), around)
    assert np.array_equal(fmt.to_bits(fmt.encode(around)), around.astype(DTYPES[fmt.name]).view(np.uint16))


def test_encode_agrees_with_the_cast_to_float32() -> None:
    rng = np.random.default_rng(0)
    values = rng.integers(0, 1 << 64, 100_000, dtype=np.uint64).view(np.float64)
    values = np.concatenate([values, np.ldexp(rng.uniform(-1, 1, 100_000), rng.integers(-160, 128, 100_000))])
    values = values[np.abs(values) <= FORMATS["float32"].largest]
    assert len(values) > 100_000
    assert np.array_equal(FORMATS["float32"].to_bits(FORMATS["float32"].encode(values)), values.astype("f4").view("u4"))


@each_narrow_format
def test_encode_does_not_round_twice(fmt: FloatFormat) -> None:
    tie = 1 + 2.0 ** (-fmt.mantissa_bits - 1)  # halfway between 1 and its neighbour
    above, below = np.nextafter(tie, 2.0), np.nextafter(tie, 0.0)
    one = int(fmt.encode(1.0))
    assert fmt.encode(np.array([below, tie, above])).tolist() == [one, one, one + 1]


@each_format
@pytest.mark.parametrize("beyond", [1.0, 2.0, np.inf])
def test_beyond_the_largest_is_the_largest(fmt: FloatFormat, beyond: float) -> None:
    with np.errstate(over="ignore"):
        values = np.multiply([fmt.largest, -fmt.largest], beyond)
    assert fmt.encode(values).tolist() == [fmt.max_ordinal, fmt.min_ordinal]


@each_format
@given(data=st.data())
def test_text_reads_back(fmt: FloatFormat, data: st.DataObject) -> None:
    ordinal = data.draw(places(fmt))
    text = fmt.text(ordinal)
    assert not text.endswith(".0")
    assert repr(fmt.shortest(ordinal)).removesuffix(".0") == text
    assert int(fmt.encode(float(text))) == ordinal
    assert text.startswith("-") == (ordinal < 0)
    if ordinal not in (0, -1):
        low, value, high = (exact(fmt, ordinal + step) for step in (-1, 0, 1))
        assert (low + value) / 2 <= Fraction(text) <= (value + high) / 2
        own = np.array(float(text)).astype(DTYPES[fmt.name])
        assert own.tobytes() == typed(fmt, np.array([ordinal])).tobytes()


@each_16_bit_format
def test_texts_of_16_bits_read_back_and_differ(fmt: FloatFormat) -> None:
    ordinals = every(fmt)[::29]
    texts = [fmt.text(int(ordinal)) for ordinal in ordinals]
    assert len(set(texts)) == len(texts)
    assert np.array_equal(fmt.encode(np.array([float(text) for text in texts])), ordinals)


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("float16", 0.1, "0.1"),
        ("float16", 65504.0, "65500"),
        ("bfloat16", 0.1, "0.1"),
        ("bfloat16", -3.3895313892515355e38, "-3.39e+38"),
        ("float32", 0.1, "0.1"),
        ("float32", 88.72283935546875, "88.72284"),
        ("float32", 3.4028234663852886e38, "3.4028235e+38"),
        ("float64", 0.1, "0.1"),
        ("float64", 5e-324, "5e-324"),
        ("float32", 1.0, "1"),
        ("float32", -0.0, "-0"),
    ],
)
def test_texts_as_people_know_them(name: str, value: float, text: str) -> None:
    assert FORMATS[name].text(int(FORMATS[name].encode(value))) == text


def shorter_decimal(fmt: FloatFormat, ordinal: int) -> Fraction | None:
    """A decimal with fewer digits than the text of a positive float that reads back to it, or None."""
    low, value, high = (exact(fmt, ordinal + step) for step in (-1, 0, 1))
    low, high = (low + value) / 2, (value + high) / 2
    mantissa = fmt.text(ordinal).partition("e")[0].replace(".", "").strip("0")
    magnitude = len(str(int(value))) if value >= 1 else 1 - len(str(int(1 / value)))
    for digits, place in itertools.product(range(1, len(mantissa)), (magnitude - 1, magnitude, magnitude + 1)):
        quantum = Fraction(10) ** (place - digits)
        candidate = -(-low // quantum) * quantum
        ends = (low, high) if ordinal % 2 else ()
        while candidate <= high:
            if candidate not in ends and len(str(candidate / quantum).rstrip("0")) <= digits:
                return candidate
            candidate += quantum
    return None


@each_format
@given(data=st.data())
def test_no_shorter_decimal_reads_back(fmt: FloatFormat, data: st.DataObject) -> None:
    ordinal = data.draw(st.integers(1, fmt.max_ordinal).filter(lambda o: o % (1 << fmt.mantissa_bits)))
    assert shorter_decimal(fmt, ordinal) is None


@each_format
def test_no_shorter_decimal_reads_back_to_a_power_of_two(fmt: FloatFormat) -> None:
    # below a power of two the floats are twice as dense, so the nearest short decimal may lie on the other side
    exponents = range(fmt.min_exponent + 1, 1 - fmt.min_exponent, 1 if fmt.bits < 64 else 9)
    powers = [int(fmt.encode(2.0**exponent)) for exponent in exponents]
    found = {fmt.text(o): str(float(d)) for o in powers if (d := shorter_decimal(fmt, o)) is not None}
    assert found == {}


@each_format
@given(data=st.data())
def test_hexadecimal_is_exact(fmt: FloatFormat, data: st.DataObject) -> None:
    ordinal = data.draw(places(fmt))
    text = fmt.hex(ordinal)
    assert float.fromhex(text).hex() == float(fmt.decode(np.array([ordinal]))[0]).hex()
    digits = {"float16": 3, "bfloat16": 2, "float32": 6, "float64": 13}[fmt.name]
    assert len(text.partition(".")[2].partition("p")[0]) == digits


def test_hexadecimal_as_in_the_contract() -> None:
    fmt = FORMATS["float32"]
    assert fmt.hex(int(fmt.encode(88.72284))) == "0x1.62e430p+6"
    assert fmt.hex(-1) == "-0x0.000000p+0"


@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_distinct(values: list[int]) -> None:
    assert distinct(np.array(values, dtype=np.int64)).tolist() == sorted(set(values))


@each_format
@given(data=st.data())
def test_one_float_is_what_it_is_in_an_array(fmt: FloatFormat, data: st.DataObject) -> None:
    ordinal = data.draw(places(fmt))
    value = fmt.value(ordinal)
    assert value.hex() == float(fmt.decode(np.array([ordinal]))[0]).hex()
    assert fmt.nearest(value) == ordinal


@each_16_bit_format
def test_every_float_is_what_it_is_in_an_array(fmt: FloatFormat) -> None:
    values = fmt.decode(every(fmt)).tolist()
    assert [fmt.value(o).hex() for o in every(fmt).tolist()] == [v.hex() for v in values]
    assert [fmt.nearest(v) for v in values] == every(fmt).tolist()


@each_format
def test_beyond_the_largest_one_float_is_what_it_is_in_an_array(fmt: FloatFormat) -> None:
    assert (fmt.value(fmt.max_ordinal + 1), fmt.value(fmt.min_ordinal - 1)) == (np.inf, -np.inf)
    assert np.isnan(fmt.value(fmt.max_ordinal + 2))
    assert np.isnan(fmt.value(fmt.min_ordinal - 2))


@each_format
@given(data=st.data())
def test_the_float_nearest_to_a_number_is_that_of_an_array(fmt: FloatFormat, data: st.DataObject) -> None:
    number = data.draw(st.floats(allow_nan=False) | st.sampled_from([0.0, -0.0, fmt.largest * 2, -np.inf]))
    assert fmt.nearest(number) == int(fmt.encode(number))
    if fmt.bits < 64:  # half-way between two floats
        below = data.draw(places(fmt).filter(lambda o: o < fmt.max_ordinal))
        middle = (fmt.value(below) + fmt.value(below + 1)) / 2
        assert fmt.nearest(middle) == int(fmt.encode(middle))


@pytest.mark.slow
def test_the_shortest_decimals_are_numpys() -> None:
    """Of every float16; of float32 around the powers of 2, where the gaps beside a float differ."""
    near_powers = [(exponent << 23) + step for exponent in range(255) for step in (-1, 0, 1)]
    for name, ordinals in (("float16", every(FORMATS["float16"])), ("float32", np.array(near_powers))):
        fmt = FORMATS[name]
        wanted = [float(str(value)) for value in typed(fmt, ordinals)]
        assert [fmt.shortest(o).hex() for o in ordinals.tolist()] == [w.hex() for w in wanted]


@given(places(FORMATS["float32"]))
def test_the_shortest_decimal_of_a_float32_is_numpys(ordinal: int) -> None:
    fmt = FORMATS["float32"]
    (value,) = typed(fmt, np.array([ordinal]))
    assert fmt.shortest(ordinal).hex() == float(str(value)).hex()
