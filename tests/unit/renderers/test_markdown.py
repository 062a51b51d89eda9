"""Markdown: a parser finds a table, lists and code, and the texts of the user's as text."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from gradcheck.printable import printable
from gradcheck.records import Report
from gradcheck.renderers import Style, render
from gradcheck.renderers.markdown import MOST, escaped, fenced
from tests.specimens import BROKEN, CLEAN, HOSTILE, NAN_FINDING, REPORTS, SEVERAL, SWEPT, hostile, report

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
OURS = {
    "heading", "paragraph", "bullet_list", "list_item", "table", "thead", "tbody", "tr", "th", "td", "strong", "fence",
    "inline", "text", "text_special",
}  # fmt: skip


def tokens(found: Report) -> list[Token]:
    parsed = PARSER.parse(render(found, "markdown", Style()))
    return [token for top in parsed for token in (top, *(top.children or ()))]


def kinds(found: Report) -> list[str]:
    """The structure; a suggestion of several lines has code in it."""
    return [token.type for token in tokens(found) if token.type not in ("text", "fence")]


@pytest.mark.parametrize("name", REPORTS)
def test_it_is_made_of_what_it_should_be(name: str) -> None:
    found = {token.type.removesuffix("_open").removesuffix("_close") for token in tokens(REPORTS[name])}
    assert found <= OURS


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_change_nothing_of_the_structure(text: str) -> None:
    assert kinds(hostile(text)) == kinds(REPORTS["all"])


@given(st.text())
def test_any_text_is_text(text: str) -> None:
    clean = printable(text)
    (paragraph, inline, end) = PARSER.parse(f"x{escaped(clean)}x")
    assert [t.type for t in inline.children or ()] == ["text"]
    assert inline.children is not None
    assert inline.children[0].content == f"x{clean.strip()}x"
    assert (paragraph.type, end.type) == ("paragraph_open", "paragraph_close")


@given(st.lists(st.text(st.sampled_from("`~ ab\\")), min_size=1))
def test_any_code_stays_in_its_fence(lines: list[str]) -> None:
    code = "\n".join(lines)
    (fence,) = PARSER.parse("\n".join(fenced(code, "python", "")))
    assert fence.type == "fence"
    assert fence.content == code + "\n"


def test_a_row_a_target() -> None:
    text = render(report(SWEPT, SEVERAL, CLEAN, BROKEN), "markdown", Style())
    assert text.startswith("## gradcheck: 4 targets, 1 clean, 2 with findings, 1 not checked\n")
    cells = [t.content for t in tokens(report(SWEPT, SEVERAL, CLEAN, BROKEN)) if t.type == "inline"][1:11]
    assert cells == [
        "target", "result",
        "samples.softplus:my\\_softplus", "2 errors",
        "m:several", "1 warning, 1 suppressed",
        "m:clean", "clean",
        "m:broken", "**GC902** m: has no broken; it has: working",
    ]  # fmt: skip


def test_a_finding_has_its_witness_line_and_code() -> None:
    text = render(report(SWEPT), "markdown", Style())
    assert "- **GC001 error** (nan-gradient) the autodiff gradient is NaN on" in text
    assert "  - at z = 100: output inf (true 100), gradient nan (true 1)\n" in text
    assert "  - in samples/softplus.py:12\n" in text
    fences = [t.content for t in tokens(report(SWEPT)) if t.type == "fence"]
    assert fences == ["return tf.math.log(tf.exp(z) + 1)\n", "    def f(z):\n        return tf.math.softplus(z)\n"]


def test_there_is_room_for_it() -> None:
    many = replace(SWEPT, findings=(NAN_FINDING,) * (MOST + 7))
    text = render(report(many, SWEPT), "markdown", Style())
    assert text.count("**GC001 error**") == MOST
    assert "- and 7 more findings\n" in text
    assert "- and 2 more findings\n" in text
    assert len(text) < 1 << 20


def test_an_empty_report() -> None:
    assert render(REPORTS["empty"], "markdown", Style()) == "## gradcheck: 0 targets\n"
