"""What goes to a stream can steer no terminal, whatever its encoding knows; what is needed is asked for before a scan."""

import importlib.util
import io
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from gradcheck.delivery import complain, format_of, progress, put, require, say
from gradcheck.errors import CannotCheck
from gradcheck.vocabulary import COULD_NOT_CHECK, EXTRAS

NASTY = "a\x1b[2J\x9b2J\u202e\u2066\rb"
SHOWN = "a\\x1b[2J\\x9b2J\\u202e\\u2066 b"


class Terminal(io.StringIO):
    """A terminal that keeps what it gets."""

    def isatty(self) -> bool:
        return True


def test_a_complaint_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert complain("GC903", f"{NASTY}\nc") == COULD_NOT_CHECK
    assert capsys.readouterr().err == f"gradcheck: GC903 {SHOWN} c\n"


def test_an_output_keeps_lines_and_colours(capsys: pytest.CaptureFixture[str]) -> None:
    put(f"\x1b[1;31m{NASTY}\x1b[0m\nnext\n")
    assert capsys.readouterr().out == f"\x1b[1;31m{SHOWN}\x1b[0m\nnext\n"


def test_a_page_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    put("\tvar zero = '\u200b\xa0';\n", as_it_is=True)
    assert capsys.readouterr().out == "\tvar zero = '\u200b\xa0';\n"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_characters_that_a_stream_does_not_have(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    put("größe → ∞\n")
    say("größe → ∞", stream)
    stream.seek(0)
    said = stream.read()
    known = {"ascii": "gr\\xf6\\xdfe \\u2192 \\u221e\n", "latin-1": "größe \\u2192 \\u221e\n", "utf-8": "größe → ∞\n"}
    assert said == 2 * known[encoding]


def test_progress_on_a_terminal_is_text() -> None:
    terminal = Terminal()
    with progress(terminal) as show:
        show(f"{NASTY}.py:f")
    assert SHOWN in terminal.getvalue()
    assert "\u202e" not in terminal.getvalue()
    assert "\x1b[2J" not in terminal.getvalue()


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but what gradcheck brings is installed."""
    find: Any = importlib.util.find_spec
    drawing = {package for packages in EXTRAS.values() for package in packages}
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in drawing else find(name))


@pytest.mark.parametrize(
    ("extra", "option", "package"), [("html", "--format html", "plotly"), ("plot", "--plot", "uniplot")]
)
@pytest.mark.usefixtures("bare")
def test_one_line_says_what_to_install(extra: str, option: str, package: str) -> None:
    wanted = f"GC907 {option}: {package} is not installed: pip install 'gradcheck[{extra}]'"
    with pytest.raises(CannotCheck, match=re.escape(wanted)):
        require(extra, option)


@pytest.mark.usefixtures("bare")
def test_a_page_that_cannot_be_drawn_is_no_place_for_a_report(tmp_path: Path) -> None:
    with pytest.raises(CannotCheck, match=re.escape(f"--output {tmp_path}/a.html: plotly is not installed")):
        format_of(tmp_path / "a.html")


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("extra", ["table", "json"])
def test_what_is_there_from_the_start_needs_nothing(extra: str) -> None:
    require(extra, "--format")


def test_all_is_there_with_the_extras() -> None:
    for extra in EXTRAS:
        require(extra, "--format")
