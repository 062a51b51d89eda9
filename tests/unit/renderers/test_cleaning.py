"""Every text of a record is made printable before it is rendered for people, whatever its field."""

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck.printable import printable
from gradcheck.records import Chain, Class, Link, Witness
from gradcheck.renderers import FORMATS, Style, render
from gradcheck.renderers.chain import render_chain
from gradcheck.renderers.cleaning import cleaned
from tests.specimens import CAUSE, HOSTILE, REPORTS, SWEPT, hostile

NASTY = st.text(
    st.sampled_from("\x00\x07\x08\x1b\x7f\x85\x9b\u200f\u202a\u202e\u2066\u2069\ud800a;[]mJ\n\r\t"), min_size=1
)


@pytest.mark.parametrize("name", REPORTS)
def test_a_printable_report_is_the_same(name: str) -> None:
    assert cleaned(REPORTS[name]) == REPORTS[name]


def test_records_without_such_texts_are_not_made_again() -> None:
    assert cleaned(SWEPT.sweeps[0]) is SWEPT.sweeps[0]


LINES = [name for name in FORMATS if name != "html"]
"""A page has the code of a library in it."""


@pytest.mark.parametrize("name", LINES)
@given(text=NASTY)
def test_no_format_has_a_control_sequence_in_it(name: str, text: str) -> None:
    shown = render(hostile(text), name, Style())
    assert all(line.isprintable() for line in shown.split("\n"))
    shown.encode("utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE)
def test_a_page_has_the_characters_of_a_harmless_one(text: str) -> None:
    harmless = set(render(hostile(printable(text)), "html", Style()))
    assert set(render(hostile(text), "html", Style())) == harmless


@pytest.mark.parametrize("name", LINES)
def test_colours_are_the_tables_alone(name: str) -> None:
    plain = render(hostile(HOSTILE[1]), name, Style())
    coloured = render(hostile(HOSTILE[1]), name, Style(colour=True))
    assert "\x1b" not in plain
    assert ("\x1b" in coloured) == (name == "table")
    assert "\x1b[31mred" not in coloured


def chain(text: str) -> Chain:
    link = Link(f"Exp{text}", f"exp(z){text}", f"a.py:1{text}", 1.0, 1.0, 1.0, (2.0,), (None,), True)
    witness = Witness({f"z{text}": 1.0}, 1.0, float("nan"), 1.0, 1.0)
    return Chain(f"m:f{text}", "autodiff", "z", witness, Class.NAN, (link,), CAUSE, f"use\n    this{text}")


@given(text=NASTY)
def test_an_explanation_has_none_either(text: str) -> None:
    for name in ("table", "json"):
        assert all(line.isprintable() for line in render_chain(chain(text), name, Style()).split("\n"))


def test_the_fields_with_lines_are_there() -> None:
    assert "trap" in {field.name for field in fields(Chain)}
