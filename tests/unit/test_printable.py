"""Nothing that is printed can steer a terminal."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gradcheck.printable import COLOUR, printable, printable_lines

TEXTS = st.text(st.characters(exclude_categories=()) | st.sampled_from("\x1b\x9b\u202e\u2066\u2069\n\r\t\x7f[31m"))


@given(TEXTS)
@example("\x1b[31mred\x1b[0m")
def test_a_text_is_printable(text: str) -> None:
    assert printable(text).isprintable()


@given(st.text(st.characters(exclude_categories=("C", "Z")) | st.just(" ")))
def test_what_has_glyphs_stays(text: str) -> None:
    assert printable(text) == printable_lines(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "\\x1b[2J"),
        ("\x9b2J", "\\x9b2J"),
        ("\u202egnp", "\\u202egnp"),
        ("\u2066a\u2069", "\\u2066a\\u2069"),
        ("a\r\nb\tc\u2028d", "a  b c d"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("größe → ∞", "größe → ∞"),
    ],
)
def test_the_rest_is_written_as_an_escape_or_a_blank(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_lines_stay_where_they_are_wanted() -> None:
    assert printable("a\nb\x1b", keep="\n") == "a\nb\\x1b"


@given(TEXTS)
def test_an_output_keeps_its_lines_and_colours_alone(text: str) -> None:
    shown = printable_lines(f"\x1b[1m{text}\x1b[0m\n")
    assert shown.startswith("\x1b[1m")
    assert all(part.isprintable() for part in COLOUR.sub("", shown).split("\n"))
