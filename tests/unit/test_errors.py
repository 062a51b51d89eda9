"""Errors are one printable line with a stable code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck import errors
from gradcheck.errors import MESSAGE_LIMIT, CannotCheck, Mistakes, one_line


@given(st.text(max_size=2000))
def test_one_line_is_printable_and_short(text: str) -> None:
    line = one_line(text)
    assert line.isprintable()
    assert len(line) <= MESSAGE_LIMIT


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=MESSAGE_LIMIT))
def test_one_line_keeps_a_plain_word(text: str) -> None:
    assert one_line(text) == text


def test_one_line_folds_white_space_of_any_kind() -> None:
    assert one_line("  first\n\n   second\tthird\r\nfourth\u00a0fifth ") == "first second third fourth fifth"


@pytest.mark.parametrize("control", ["\x00", "\x07", "\x1b", "\x7f", "\u200b", "\ud800"])
def test_one_line_drops_control_characters(control: str) -> None:
    assert one_line(f"red{control}herring") == "redherring"


@pytest.mark.parametrize("text", ["end \x1b", "\x07 end", "end\n\x00\n"])
def test_one_line_leaves_no_space_where_a_control_character_stood(text: str) -> None:
    assert one_line(text) == "end"


@pytest.mark.parametrize("over", [0, 1, 50])
def test_one_line_cuts_what_is_too_long_and_shows_that_it_did(over: int) -> None:
    line = one_line("x" * (20 + over), limit=20)
    assert line == ("x" * 20 if over == 0 else "x" * 17 + "...")


def test_the_error_carries_its_code_and_its_line() -> None:
    error = CannotCheck(errors.BAD_CONFIGURATION, "--range x:\n  not a range")
    assert error.code == "GC907"
    assert error.message == "--range x: not a range"
    assert str(error) == "GC907 --range x: not a range"


def test_a_long_error_is_cut_in_the_middle_and_still_says_what_to_do() -> None:
    error = CannotCheck(errors.NOT_A_SAVED_MODEL, f"/{'deep/' * 100}model: cannot be loaded; save it again")
    assert len(error.message) == MESSAGE_LIMIT
    assert error.message.startswith("/deep/deep/")
    assert error.message.endswith("model: cannot be loaded; save it again")


def test_every_code_is_there_once_and_stays_what_it_is() -> None:
    codes = {name: value for name, value in vars(errors).items() if isinstance(value, str) and value.startswith("GC9")}
    assert len(set(codes.values())) == len(codes)
    wanted = {
        "CANNOT_IMPORT": "GC901",
        "NO_SUCH_ATTRIBUTE": "GC902",
        "CANNOT_TRACE": "GC903",
        "TIMED_OUT": "GC904",
        "CRASHED": "GC905",
        "NOT_A_SAVED_MODEL": "GC906",
        "BAD_CONFIGURATION": "GC907",
        "NO_FLOAT_INPUT": "GC908",
        "NOT_SUPPORTED_YET": "GC909",
    }
    assert {name: codes.get(name) for name in wanted} == wanted


def test_several_mistakes_are_lines_each_of_which_is_short() -> None:
    error = Mistakes(["a.toml: one\n", f"a.toml: {'two ' * 100}; write 3"])
    assert (error.code, error.message) == ("GC907", "a.toml: one")
    assert error.messages[0] == error.message
    assert len(error.messages[1]) == MESSAGE_LIMIT
    assert error.messages[1].endswith("; write 3")
    assert CannotCheck("GC901", "one").messages == ("one",)
