"""What goes to a stream can steer no terminal, and is written whatever the stream's encoding knows."""

import io
import sys

import pytest

from gradcheck.delivery import complain, progress, put, say
from gradcheck.vocabulary import COULD_NOT_CHECK

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
