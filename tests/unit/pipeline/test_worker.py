"""The child, talked to over its pipes as the parent does; no TensorFlow is imported."""

import os
import selectors
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gradcheck.configuration import EMPTY
from gradcheck.options import ScanOptions
from gradcheck.pipeline.hands import Hand
from gradcheck.pipeline.messages import Done, Ended, Expand, Finished, Names, Scan, Setting


@pytest.fixture
def hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hand]:
    """A worker in an empty directory, ended after the test unless that did."""
    monkeypatch.chdir(tmp_path)
    worker = Hand()
    worker.send(Setting(ScanOptions(), EMPTY))
    yield worker
    if worker.process.poll() is None:
        worker.end()


def answers(hand: Hand) -> list[Any] | None:
    """What it says next; None where it has ended."""
    with selectors.DefaultSelector() as selector:
        selector.register(hand.stream, selectors.EVENT_READ)
        assert selector.select(300), "it never answered"
    return hand.received()


def only(found: list[Any] | None) -> Any:
    """The one answer there is."""
    assert found is not None
    (answer,) = found
    return answer


def test_a_text_is_expanded_and_why_it_cannot_be_is_told(hand: Hand) -> None:
    hand.send(Expand("losses:f"))
    assert answers(hand) == [Names(("losses:f",))]
    hand.send(Expand("nowhere.py"))
    answer = only(answers(hand))
    assert answer.names == ()
    assert answer.failure.error.code == "GC901"


def test_one_target_after_another(hand: Hand) -> None:
    for name in ("nosuch:f", "nowhere.py:f"):
        hand.send(Scan(name))
        answer = only(answers(hand))
        assert isinstance(answer, Done)
        assert answer.environment is None, "TensorFlow was not needed"
        assert answer.report.target == name


def test_what_is_kept_of_a_target_arrives_and_what_is_finished_is_told(hand: Hand, tmp_path: Path) -> None:
    source = "from gradcheck import checkpoints\nkept = checkpoints.read('f')\ncheckpoints.write('f', 'y', repr(kept).encode())\n"
    (tmp_path / "keeps.py").write_text(source + "raise ValueError('no')\n", encoding="utf-8")
    for kept in ({"x": b"half"}, {}, None):
        hand.send(Scan("keeps.py:f", kept))
        found = answers(hand) or []
        while not isinstance(found[-1], Done):
            found += answers(hand) or []
        assert found[0] == Finished("y", repr(kept).encode())


def test_what_an_import_prints_is_no_answer(hand: Hand, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "prints.py").write_text("print('words'); raise ValueError('no')\n", encoding="utf-8")
    hand.send(Scan("prints.py:f"))
    answer = only(answers(hand))
    assert "ValueError: no (prints.py:1)" in answer.report.error.message


def test_an_interrupt_of_the_targets_own_is_its_last_word(hand: Hand, tmp_path: Path) -> None:
    (tmp_path / "interrupts.py").write_text("raise KeyboardInterrupt('mine')\n", encoding="utf-8")
    hand.send(Scan("interrupts.py:f"))
    assert answers(hand) == [Ended("KeyboardInterrupt: mine")]
    assert answers(hand) is None
    assert hand.died().status == 1


def test_a_death_has_its_line(hand: Hand, tmp_path: Path) -> None:
    (tmp_path / "crashes.py").write_text("import ctypes\n\nctypes.string_at(0)\n", encoding="utf-8")
    hand.send(Scan("crashes.py:f"))
    assert answers(hand) is None
    death = hand.died()
    assert (death.how, death.where) == ("was killed by SIGSEGV", " (crashes.py:3)")


def test_ending_it_names_the_line_that_it_hung_in(hand: Hand, tmp_path: Path) -> None:
    (tmp_path / "hangs.py").write_text("open('begun', 'w').close()\nwhile True:\n    pass\n", encoding="utf-8")
    hand.send(Scan("hangs.py:f"))
    while not (tmp_path / "begun").exists():
        assert hand.process.poll() is None
    death = hand.end()
    assert death.how == "was killed by SIGTERM"
    assert death.where in (" (hangs.py:1)", " (hangs.py:2)", " (hangs.py:3)")


def test_it_does_not_outlive_its_requests(hand: Hand) -> None:
    hand.send(Expand("losses:f"))
    assert answers(hand)
    os.dup2(os.open(os.devnull, os.O_WRONLY), hand.requests)
    assert hand.process.wait(300) == -9
