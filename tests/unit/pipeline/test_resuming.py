"""A census that writes down how far it is, and one that goes on there."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from gradcheck import checkpoints, progress
from gradcheck.engine import counter
from gradcheck.options import ScanOptions
from gradcheck.parsing import parse_range
from gradcheck.pipeline import resuming, scan
from gradcheck.records import Environment, Report, TargetReport
from gradcheck.renderers import Style, render

CODE = """
import tensorflow as tf

def softplus(z):
    return tf.math.log(tf.exp(z) + 1)

def two(x, y):
    return tf.sqrt(x) * y
"""


class Book:
    """Keeps everything, and may interrupt a scan; `given` is what a scan begins with."""

    def __init__(self, given: Mapping[str, bytes] | None = None, stop: int = 0) -> None:
        self.given, self.stop = given, stop
        self.written: list[tuple[str, str, bytes]] = []

    def read(self, name: str) -> Mapping[str, bytes] | None:
        return self.given

    def write(self, name: str, part: str, content: bytes) -> None:
        self.written.append((name, part, content))
        if len(self.written) == self.stop:
            raise KeyboardInterrupt

    @property
    def last(self) -> dict[str, bytes]:
        return {part: content for _, part, content in self.written}


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(counter, "WIDTHS", (1 << 18,))
    monkeypatch.setattr(checkpoints, "EVERY", 0.0)
    Path("resuming_targets.py").write_text(CODE)


def scanned(book: Book, name: str = "softplus", *ranges: str) -> tuple[str, list[str]]:
    """The JSON of an exhaustive scan, and its words on progress."""
    options = ScanOptions(ranges=tuple(parse_range(text) for text in ranges or ("80:160",)), exhaustive=True)
    said: list[str] = []
    with checkpoints.kept_by(book), progress.told_to(said.append):
        report = scan(f"resuming_targets.py:{name}", options)
    return text_of(report), said


def text_of(report: TargetReport) -> str:
    assert report.error is None, report.error
    whole = Report("0", Environment("2", "3", "CPU"), (report,))
    return render(whole, "json", Style()) + render(whole, "table", Style())


def interrupted(stop: int, name: str = "softplus", *ranges: str) -> dict[str, bytes]:
    """What an interrupted scan leaves."""
    book = Book({}, stop)
    with pytest.raises(KeyboardInterrupt):
        scanned(book, name, *ranges)
    return book.last


@pytest.mark.slow
def test_it_goes_on_where_it_was_and_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Book({})
    expected, said = scanned(whole)
    assert not any("resumed" in line for line in said)
    assert {(name, part) for name, part, _ in whole.written} == {("resuming_targets.py:softplus", "z, graph")}
    assert len(whole.written) == 33
    left = interrupted(16)
    monkeypatch.setattr(counter, "WIDTHS", (1 << 19,))
    rest = Book(left)
    text, said = scanned(rest)
    assert text == expected
    assert len(rest.written) == 9
    assert said[0] == "resumed at 50%"
    text, said = scanned(Book(whole.last))
    assert (text, said) == (expected, ["all classes are known from before", "against float64"])


@pytest.mark.slow
def test_what_is_not_readable_is_begun_again() -> None:
    book = Book({"z": b"nonsense"})
    _, said = scanned(book)
    assert len(book.written) == 33
    assert not any("resumed" in line for line in said)


@pytest.mark.slow
def test_each_input_has_its_own() -> None:
    ranges = ("x=1:2", "y=1:2")
    expected, _ = scanned(Book({}), "two", *ranges)
    left = interrupted(33 + 10, "two", *ranges)
    assert set(left) == {"x, graph", "y, graph"}
    rest = Book(left)
    text, said = scanned(rest, "two", *ranges)
    assert text == expected
    assert {part for _, part, _ in rest.written} == {"y, graph"}
    assert [line for line in said if line.startswith(("resumed", "all classes")) and ";" not in line] == [
        "all classes are known from before",
        "resumed at 31%",
    ]


@pytest.mark.slow
def test_where_nobody_keeps_it_nothing_is_written() -> None:
    book = Book(None)
    scanned(book)
    assert book.written == []


@pytest.mark.slow
def test_it_is_written_once_in_a_while_and_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "EVERY", 10.0)
    clock = iter(float(i) for i in range(1000))
    monkeypatch.setattr(resuming, "monotonic", lambda: next(clock))
    book = Book({})
    scanned(book)
    assert len(book.written) == 4
