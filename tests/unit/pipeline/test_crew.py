"""Words and bookkeeping of the parent, without a process; frames cut anywhere; deaths from what was left behind."""

import pickle
import signal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck import checkpoints
from gradcheck.configuration import EMPTY
from gradcheck.errors import CRASHED, TIMED_OUT, CannotCheck
from gradcheck.options import BUDGETS, LONGEST, TIMEOUT, ScanOptions
from gradcheck.parsing import parse_timeout
from gradcheck.pipeline import Scanned
from gradcheck.pipeline.crew import LOADING_TIMEOUT, Crew, Shift, WorkerBug
from gradcheck.pipeline.deaths import Death
from gradcheck.pipeline.messages import (
    Bug,
    Done,
    Ended,
    Expand,
    Finished,
    Inbox,
    Loaded,
    Names,
    Note,
    Scan,
    Setting,
    frame,
)
from gradcheck.records import Environment, TargetReport

MESSAGES: list[Any] = [
    Setting(ScanOptions(seed=3), EMPTY),
    Expand("losses.py"),
    Scan("losses.py:f"),
    Scan("losses.py:f", {"x": b"half of it"}),
    Loaded(),
    Finished("x", bytes(100_000)),
    Note("45%"),
    Names(("losses.py:f",)),
    Done(TargetReport("losses.py:f"), Environment("2.21.0", "3.11.7", "CPU")),
]
ALL = b"".join(map(frame, MESSAGES))


@given(st.lists(st.integers(0, len(ALL)), max_size=20).map(sorted))
def test_messages_arrive_whole_however_they_are_cut(cuts: list[int]) -> None:
    inbox = Inbox()
    pieces = [ALL[a:b] for a, b in zip([0, *cuts], [*cuts, len(ALL)], strict=True)]
    assert [m for piece in pieces for m in inbox.taken(piece)] == MESSAGES


def test_half_a_message_is_none() -> None:
    assert list(Inbox().taken(frame(Note("a word"))[:-1])) == []


def test_bytes_that_are_no_message_raise() -> None:
    with pytest.raises(pickle.UnpicklingError):
        list(Inbox().taken(b"\0" * 7 + b"\1" + b"x"))


STACK = """Fatal Python error: Segmentation fault

Thread 0x01 (most recent call first):
  File "/home/me/other.py", line 3 in waits

Current thread 0x02 (most recent call first):
  File "{library}", line 519 in string_at
  File "/home/me/losses.py", line 12 in f
  File "/home/me/losses.py", line 40 in g

Thread 0x03 (most recent call first):
  File "/home/me/third.py", line 3 in waits
"""


AUTOGRAPH = "".join(
    f'  File "/tmp/__autograph_generated_file{i}.py", line 3 in tf__{name}\n'
    for i, name in enumerate(("string_at", "f", "call"))
)


@pytest.mark.parametrize(
    ("death", "how", "where"),
    [
        (Death(3), "exited with status 3", ""),
        (Death(0), "exited with status 0", ""),
        (Death(-signal.SIGSEGV, STACK.format(library=signal.__file__)), "was killed by SIGSEGV", " (losses.py:12)"),
        (Death(-signal.SIGKILL), "was killed by SIGKILL (out of memory?)", ""),
        (Death(-250), "was killed by signal 250", ""),
        (Death(-15, STACK.replace("Current thread", "Thread")), "was killed by SIGTERM", " (other.py:3)"),
        (Death(-15, AUTOGRAPH), "was killed by SIGTERM", " (in f)"),
        (Death(-15, f'  File "{signal.__file__}", line 3 in f\n  File "<frozen x>", line 3 in f\n'), "was killed by SIGTERM", ""),
    ],
)  # fmt: skip
def test_how_a_worker_ended(death: Death, how: str, where: str) -> None:
    assert (death.how, death.where) == (how, where)


class FakeHand:
    """A worker that takes what it is sent, and does nothing."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.ended = False

    def send(self, request: Any) -> None:
        self.sent.append(request)

    def end(self) -> Death:
        self.ended = True
        return Death(-15)


@pytest.fixture
def shift(monkeypatch: pytest.MonkeyPatch) -> Shift:
    """Two workers that do nothing by themselves, for a module and a function."""
    shift = Shift(("module", "m:f"), Setting(ScanOptions(), EMPTY), Crew(2, 5.0), lambda line: None)
    monkeypatch.setattr(shift, "hired", FakeHand)
    monkeypatch.setattr(shift, "forget", lambda hand: shift.busy.pop(hand, None))
    shift.hand_out()
    return shift


def test_targets_are_handed_out_in_order_and_counted(shift: Shift) -> None:
    first, second = shift.busy
    assert [h.sent for h in (first, second)] == [[Expand("module")], [Expand("m:f")]]  # type: ignore[attr-defined]
    assert shift.status() == "module (1 of 2), m:f (2 of 2)"
    shift.answered(second, Names(("m:f",)))
    shift.answered(first, Names(("module:a", "module:b", "module:c")))
    shift.hand_out()
    assert shift.status() == "module:a (1 of 4), module:b (2 of 4)"
    shift.answered(second, Note("45%"))
    assert "45%" in shift.status()
    environment = Environment("2.21.0", "3.11.7", "CPU")
    shift.answered(next(iter(shift.busy)), Done(TargetReport("module:a"), environment))
    shift.hand_out()
    assert "module:c (3 of 4)" in shift.status()
    assert shift.texts[0].environment == environment
    assert not shift.texts[0].is_done


class Book:
    """Keeps what is finished."""

    def __init__(self) -> None:
        self.written: list[tuple[str, str, bytes]] = []

    def read(self, name: str) -> dict[str, bytes]:
        return {"x": f"half of {name}".encode()}

    def write(self, name: str, part: str, content: bytes) -> None:
        self.written.append((name, part, content))


def test_what_is_finished_goes_to_whoever_keeps_it_and_back(shift: Shift) -> None:
    first, second = shift.busy
    book = Book()
    with checkpoints.kept_by(book):
        shift.answered(second, Names(("m:f",)))
        shift.hand_out()
        assert second.sent[-1] == Scan("m:f", {"x": b"half of m:f"})  # type: ignore[attr-defined]
        shift.answered(second, Finished("x", b"all"))
    shift.answered(second, Finished("x", b"too late"))
    assert book.written == [("m:f", "x", b"all")]
    shift.answered(first, Names(("module:a",)))
    shift.hand_out()
    assert first.sent[-1] == Scan("module:a")  # type: ignore[attr-defined]


def test_a_text_that_cannot_be_expanded_is_done_with_one_report(shift: Shift) -> None:
    hand = next(iter(shift.busy))
    shift.answered(hand, Names((), TargetReport("module")))
    assert shift.texts[0].is_done
    assert shift.texts[0].reports == [TargetReport("module")]


def test_the_clock_begins_again_when_the_target_is_loaded(shift: Shift) -> None:
    hand, work = next(iter(shift.busy.items()))
    assert work.limit == LOADING_TIMEOUT
    shift.answered(hand, Loaded())
    assert work.limit == 5.0
    work.deadline = 0.0
    shift.watch()
    (report,) = shift.texts[0].reports
    assert report is not None
    assert report.error is not None
    assert report.error.code == TIMED_OUT
    assert report.error.message == "module: scanning it took more than 5 s; give it more: --timeout 10s"
    assert hand.ended  # type: ignore[attr-defined]
    assert hand not in shift.busy


def test_a_last_word_is_a_crash_and_what_comes_after_is_not_heard(shift: Shift) -> None:
    hand = next(iter(shift.busy))
    shift.answered(hand, Ended("SystemExit: 3"))
    shift.answered(hand, Done(TargetReport("late"), None))
    (report,) = shift.texts[0].reports
    assert report is not None
    assert report.error is not None
    assert report.error.code == CRASHED
    assert "its process was ended by SystemExit: 3 while being imported" in report.error.message


def test_a_bug_in_a_worker_is_a_bug_with_its_traceback(shift: Shift) -> None:
    with pytest.raises(WorkerBug, match="ValueError") as raised:
        shift.answered(next(iter(shift.busy)), Bug("ValueError()", "Traceback: line 3"))
    assert "line 3" in str(raised.value.__cause__)


def test_a_machine_without_processes_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, **options: Any) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("subprocess.Popen", refuse)
    with pytest.raises(CannotCheck, match="cannot be started: Resource temporarily unavailable"):
        list(Crew(1, 5.0)(("m:f",), ScanOptions(), EMPTY, lambda line: None))


def test_targets_that_cannot_be_imported_come_in_order_from_real_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "leaves.py").write_text("import os\nos._exit(7)\n", encoding="utf-8")
    (tmp_path / "raises.py").write_text("raise SystemExit(3)\n", encoding="utf-8")
    texts = ("leaves.py", "nosuch:f", "raises.py", "leaves.py:f", "raises:f")
    lines: list[str] = []
    found = list(Crew(2, 60.0)(texts, ScanOptions(), EMPTY, lines.append))
    assert [scanned.text for scanned in found] == list(texts)
    assert all(isinstance(scanned, Scanned) and scanned.environment is None for scanned in found)
    codes = [report.error.code for scanned in found for report in scanned.reports if report.error]
    assert codes == ["GC905", "GC901", "GC901", "GC905", "GC901"]
    assert any("nosuch:f (2 of 5)" in line for line in lines)


def test_a_target_may_take_a_minute_or_ten_budgets_or_what_was_said() -> None:
    assert parse_timeout(None, ScanOptions()) == TIMEOUT
    assert parse_timeout(None, ScanOptions(budget=100.0)) == BUDGETS * 100.0
    assert parse_timeout(None, ScanOptions(exhaustive=True)) == LONGEST
    assert parse_timeout("5m", ScanOptions(exhaustive=True)) == 300.0
    with pytest.raises(CannotCheck, match="--timeout 10s"):
        parse_timeout("soon", ScanOptions())
