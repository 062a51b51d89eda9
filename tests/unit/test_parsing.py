"""Texts of the command line become options, or one line that says what to write instead."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck.errors import BAD_CONFIGURATION, CannotCheck
from gradcheck.floats import FORMATS, FloatFormat
from gradcheck.options import HoldOption, RangeOption
from gradcheck.parsing import ordinal, parse_choice, parse_hold, parse_range
from gradcheck.vocabulary import DTYPES, SEVERITIES

each_format = pytest.mark.parametrize("fmt", FORMATS.values(), ids=list(FORMATS))


def said(error: pytest.ExceptionInfo[CannotCheck]) -> str:
    """The message of a GC907."""
    assert error.value.code == BAD_CONFIGURATION
    return error.value.message


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("-1:1", RangeOption(None, "-1", "1")),
        ("z=-1:1", RangeOption("z", "-1", "1")),
        (" z = -1 : 1 ", RangeOption("z", "-1", "1")),
        (":5", RangeOption(None, "", "5")),
        ("y=1e-3:", RangeOption("y", "1e-3", "")),
        (":", RangeOption(None, "", "")),
        ("0x1p-3:0x1.8p+1", RangeOption(None, "0x1p-3", "0x1.8p+1")),
        ("2:2", RangeOption(None, "2", "2")),
        ("-0:0", RangeOption(None, "-0", "0")),
    ],
)
def test_a_range_is_read(text: str, wanted: RangeOption) -> None:
    assert parse_range(text) == wanted


@given(name=st.sampled_from([None, "z", "logits"]), ends=st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)))
def test_a_range_written_out_is_read_again(name: str | None, ends: tuple[float, float]) -> None:
    wanted = RangeOption(name, *(repr(end) for end in sorted(ends)))
    assert parse_range(wanted.text) == wanted


@pytest.mark.parametrize("text", ["", "5", "z", "z=5", "1:2:3", "=1:2", "  =1:2", "z=1:2:3"])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(CannotCheck) as error:
        parse_range(text)
    assert "not a range; write [NAME=]LO:HI, for example --range z=-1:1" in said(error)


@pytest.mark.parametrize("end", ["one", "1,5", "--1", "1e", "0xg"])
def test_an_end_that_is_no_number_is_refused(end: str) -> None:
    with pytest.raises(CannotCheck, match="is not a number; write"):
        parse_range(f"{end}:2")
    with pytest.raises(CannotCheck, match="is not a number; write"):
        parse_range(f"x=1:{end}")


@pytest.mark.parametrize("end", ["nan", "-nan", "inf", "-inf", "+Infinity", "INF"])
def test_an_end_that_is_not_finite_is_refused(end: str) -> None:
    for text in (f"z={end}:1", f"z=1:{end}"):
        with pytest.raises(CannotCheck, match="is not a finite number; write"):
            parse_range(text)


@pytest.mark.parametrize(
    ("text", "swapped"), [("2:1", "1:2"), ("z=1e3:-1e3", "z=-1e3:1e3"), ("0x1p0:0.5", "0.5:0x1p0")]
)
def test_ends_the_wrong_way_round_are_shown_the_right_way(text: str, swapped: str) -> None:
    with pytest.raises(CannotCheck) as error:
        parse_range(text)
    assert said(error).endswith(f"write the smaller end first: {swapped}")
    parse_range(swapped)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("y=0.5", HoldOption("y", "0.5")),
        (" y = -1e3 ", HoldOption("y", "-1e3")),
        ("y=0x1p-4", HoldOption("y", "0x1p-4")),
    ],
)
def test_a_hold_is_read(text: str, wanted: HoldOption) -> None:
    assert parse_hold(text) == wanted


@pytest.mark.parametrize("text", ["", "y", "0.5", "=0.5", "  = 1"])
def test_what_is_no_hold_is_refused(text: str) -> None:
    with pytest.raises(CannotCheck) as error:
        parse_hold(text)
    assert "not a held value; write NAME=VALUE, for example --hold y=0.5" in said(error)


@pytest.mark.parametrize(
    ("value", "why"), [("", "not a number"), ("x", "not a number"), ("nan", "not a finite number")]
)
def test_a_held_value_is_a_finite_number(value: str, why: str) -> None:
    with pytest.raises(CannotCheck) as error:
        parse_hold(f"y={value}")
    assert why in said(error)
    assert "write NAME=VALUE" in said(error)


def test_a_choice_is_one_of_the_choices() -> None:
    assert parse_choice("--fail-on", "warning", SEVERITIES) == "warning"
    with pytest.raises(CannotCheck) as error:
        parse_choice("--fail-on", "warnings", SEVERITIES)
    assert said(error) == "--fail-on warnings: unknown; write one of info, warning, error"


@each_format
@given(data=st.data())
def test_a_printed_float_is_read_as_itself(fmt: FloatFormat, data: st.DataObject) -> None:
    place = data.draw(st.integers(fmt.min_ordinal, fmt.max_ordinal) | st.integers(-3, 3))
    assert ordinal("--range", fmt.text(place), fmt) == place
    assert ordinal("--range", fmt.hex(place), fmt) == place


@pytest.mark.parametrize("text", ["0", "-0", "0.0", "-0.00", "0e9", "0x0p0", "-0x0.0p+0"])
def test_zero_is_a_number_and_keeps_its_sign(text: str) -> None:
    for fmt in FORMATS.values():
        assert ordinal("--hold", text, fmt) == (-1 if text.startswith("-") else 0)


@pytest.mark.parametrize("text", ["0x0p+1", "-0x0.0p-1074"])
def test_zero_in_hexadecimal_is_zero_whatever_its_exponent(text: str) -> None:
    assert ordinal("--hold", text, FORMATS["float32"]) == (-1 if text.startswith("-") else 0)


@pytest.mark.parametrize(
    ("name", "text", "largest", "next_step"),
    [
        ("float16", "1e5", "65500", "write a smaller number or --dtype float32"),
        ("float16", "-65520", "65500", "write a smaller number or --dtype float32"),
        ("float16", "1e200", "65500", "write a smaller number or --dtype float64"),
        ("bfloat16", "3.4e38", "3.39e+38", "write a smaller number or --dtype float32"),
        ("float32", "3.5e38", "3.4028235e+38", "write a smaller number or --dtype float64"),
        ("float32", "1e999", "3.4028235e+38", "write a smaller number"),
        ("float64", "-1e400", "1.7976931348623157e+308", "write a smaller number"),
    ],
)
def test_what_the_dtype_cannot_hold_is_refused(name: str, text: str, largest: str, next_step: str) -> None:
    with pytest.raises(CannotCheck) as error:
        ordinal(f"--hold y={text}", text, FORMATS[name])
    assert said(error) == f"--hold y={text}: {name} cannot hold {text}; its largest is {largest}: {next_step}"


@pytest.mark.parametrize("sign", ["", "-"])
def test_what_rounds_to_the_largest_is_held(sign: str) -> None:
    places = {"": FORMATS["float16"].max_ordinal, "-": FORMATS["float16"].min_ordinal}
    assert ordinal("--hold", f"{sign}65519.99", FORMATS["float16"]) == places[sign]


@pytest.mark.parametrize("text", ["1e-46", "-1e-46", "1e-999", "0x1p-160", "0x1p-2000", "7e-46"])
def test_what_rounds_to_zero_and_is_not_zero_is_refused(text: str) -> None:
    with pytest.raises(CannotCheck) as error:
        ordinal("--hold", text, FORMATS["float32"])
    assert said(error).endswith(f"float32 cannot hold {text}; its smallest is 1e-45: write 0 or a larger number")


@pytest.mark.parametrize("text", ["0xep-2000", "-0xEp-2000"])
def test_a_hexadecimal_number_that_rounds_to_zero_is_refused_whatever_its_digits(text: str) -> None:
    with pytest.raises(CannotCheck, match="its smallest is"):
        ordinal("--hold", text, FORMATS["float32"])


def test_a_hexadecimal_number_beyond_all_dtypes_is_too_large_and_not_no_number() -> None:
    with pytest.raises(CannotCheck, match="float64 cannot hold 0x1p\\+2000"):
        ordinal("--hold", "0x1p+2000", FORMATS["float64"])


def test_the_dtypes_of_the_command_line_are_the_formats() -> None:
    assert tuple(FORMATS) == DTYPES
    assert all(name == fmt.name for name, fmt in FORMATS.items())
