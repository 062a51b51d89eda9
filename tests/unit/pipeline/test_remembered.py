"""What is answered from the cache, what is scanned again, and what is not kept; with a scanner that only counts."""

import importlib
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gradcheck import checkpoints
from gradcheck.cache import DIRECTORY
from gradcheck.configuration import EMPTY, Configuration, RunOptions, TargetTable
from gradcheck.errors import CRASHED, NO_FLOAT_INPUT, TIMED_OUT
from gradcheck.options import GateOptions, Said
from gradcheck.parsing import parse_hold
from gradcheck.pipeline import Progress, Scanned, silent
from gradcheck.pipeline.remembered import remembering
from gradcheck.records import Cause, Environment, Finding, SearchReport, TargetError, TargetReport

HERE = Environment("2.21.0", "3.11.7", "CPU")


class Desk:
    """A run's answers, and what was scanned for them."""

    def __init__(self) -> None:
        self.scanned: list[str] = []
        self.said: list[str] = []
        self.fields: dict[str, Any] = {"versions": ("autodiff",)}
        self.environment: Environment | None = HERE
        self.meanwhile: Callable[[], object] = lambda: None

    def scan(
        self, texts: tuple[str, ...], said: Said, configured: Configuration, progress: Progress
    ) -> Iterator[Scanned]:
        for text in texts:
            self.scanned.append(text)
            self.meanwhile()
            yield Scanned(
                text, (TargetReport(text, notes=(f"scan {len(self.scanned)}",), **self.fields),), self.environment
            )

    def ask(self, *texts: str, configured: Configuration = EMPTY, **options: Any) -> list[Scanned]:
        """The answers; `scanned` then holds what this run scanned."""
        self.scanned.clear()
        return list(remembering(self.scan, self.said.append)(texts, Said(**options), configured, silent))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name, source in {"one": "import near\n", "two": "\n", "near": "A = 1\n"}.items():
        Path(f"{name}.py").write_text(source)
    importlib.invalidate_caches()
    return Desk()


def test_what_has_not_changed_is_answered_from_the_cache(desk: Desk) -> None:
    first = desk.ask("one:f", "two.py")
    assert desk.scanned == ["one:f", "two.py"]
    assert desk.ask("one:f", "two.py") == first
    assert desk.scanned == []
    assert desk.said == []


def test_answers_come_in_order_whoever_gives_them(desk: Desk) -> None:
    desk.ask("two:f")
    answers = desk.ask("one:f", "two:f", "one:g", "one:f")
    assert [a.text for a in answers] == ["one:f", "two:f", "one:g", "one:f"]
    assert desk.scanned == ["one:f", "one:g", "one:f"]


def test_only_what_changed_is_scanned_again(desk: Desk) -> None:
    desk.ask("one:f", "two:f")
    Path("near.py").write_text("A = 2\n")
    desk.ask("one:f", "two:f")
    assert desk.scanned == ["one:f"]


@pytest.mark.parametrize(
    "options", [{"seed": 1}, {"dtype": "float16"}, {"holds": (parse_hold("y=1"),)}, {"shapes": {"x": (2,)}}]
)
def test_options_count(desk: Desk, options: dict[str, Any]) -> None:
    desk.ask("one:f")
    desk.ask("one:f", **options)
    assert desk.scanned == ["one:f"]
    desk.ask("one:f", **options)
    assert desk.scanned == []


def test_what_counts_and_how_it_is_run_do_not(desk: Desk) -> None:
    desk.ask("one:f")
    gate = GateOptions(select=("GC001",), fail_on="info", baseline=Path("known.json"))
    desk.ask("one:f", configured=replace(EMPTY, gate=gate, run=RunOptions(2, 9.0, ("a.json",), "json")))
    assert desk.scanned == []


def test_a_default_that_is_said_is_a_default(desk: Desk) -> None:
    """It may be the other way round: a project's default changes what is not said."""
    desk.ask("one:f", seed=0)
    desk.ask("one:f", seed=0, configured=replace(EMPTY, top=Said(seed=1)))
    assert desk.scanned == ["one:f"]


def test_configuration_counts_where_it_is_about_the_target(desk: Desk) -> None:
    top = Said(holds=(parse_hold("y=1"),))
    held = TargetTable(top)
    desk.ask("one:f")
    desk.ask("one:f", configured=replace(EMPTY, targets={"two:f": held}))
    assert desk.scanned == []
    for configured in (
        replace(EMPTY, targets={"one:f": held}),
        replace(EMPTY, targets={"one": held}),
        replace(EMPTY, top=top),
    ):
        desk.ask("one:f", configured=configured)
        assert desk.scanned == ["one:f"]
    desk.ask("one")
    desk.ask("one", configured=replace(EMPTY, targets={"one:f": held}))
    assert desk.scanned == ["one"]


def test_the_target_that_it_is_compared_with_counts(desk: Desk) -> None:
    desk.ask("two:f", against="one:f")
    Path("near.py").write_text("A = 2\n")
    desk.ask("two:f", against="one:f")
    assert desk.scanned == ["two:f"]


def test_the_target_that_a_file_compares_it_with_counts(desk: Desk) -> None:
    configured = replace(EMPTY, targets={"two:f": TargetTable(Said(against="one:f"))})
    desk.ask("two:f", configured=configured)
    Path("near.py").write_text("A = 2\n")
    desk.ask("two:f", configured=configured)
    assert desk.scanned == ["two:f"]


def test_a_copy_in_another_directory_does_not_count(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.ask("one:f")
    shutil.copytree(".", "copy", ignore=shutil.ignore_patterns("copy"))
    monkeypatch.chdir("copy")
    desk.ask("one:f")
    assert desk.scanned == ["one:f"]


@pytest.mark.parametrize(
    ("code", "scanned"), [(TIMED_OUT, 1), (CRASHED, 1), ("GC901", 1), ("GC907", 1), (NO_FLOAT_INPUT, 0)]
)
def test_errors_of_the_moment_are_not_kept(desk: Desk, code: str, scanned: int) -> None:
    desk.fields = {"error": TargetError(code, "no")}
    desk.ask("one:f")
    desk.ask("one:f")
    assert len(desk.scanned) == scanned


@pytest.mark.parametrize("cut", [False, True])
def test_what_the_clock_cut_short_is_not_kept(desk: Desk, cut: bool) -> None:
    desk.fields = {"search": SearchReport((), (), (), {}, 0, (), False, (), cut=cut)}
    desk.ask("one:f")
    desk.ask("one:f")
    assert len(desk.scanned) == cut


def test_what_was_not_measured_anywhere_is_not_kept(desk: Desk) -> None:
    desk.environment = None
    desk.ask("one:f")
    desk.ask("one:f")
    assert desk.scanned == ["one:f"]


def test_a_change_during_the_scan_is_noticed(desk: Desk) -> None:
    desk.meanwhile = lambda: Path("near.py").write_text(f"A = '{len(desk.said)}'\n")
    desk.ask("one:f")
    Path("near.py").write_text("A = 1\n")
    desk.meanwhile = lambda: None
    desk.ask("one:f")
    assert desk.scanned == ["one:f"]


def test_what_cannot_be_told_from_files_is_scanned_every_time(desk: Desk) -> None:
    Path("near.py").write_text("import sys\nsys.path.append('..')\n")
    for _ in range(2):
        desk.ask("one:f", "nowhere.py:f", "no/where")
        assert desk.scanned == ["one:f", "nowhere.py:f", "no/where"]
    assert not Path(DIRECTORY).exists()


def test_a_cited_line_is_compared_with_its_comment(desk: Desk, make_finding: Callable[..., Finding]) -> None:
    Path("near.py").write_text("# one\nA = 1  # two\n")
    cause = Cause("Mul", None, str(Path("near.py").resolve()), 2, "A = 1  # two", "", "")
    desk.fields = {"findings": (make_finding(cause=cause),), "modes": ("graph",)}
    desk.ask("one:f")
    Path("near.py").write_text("# another\nA = 1  # two\n")
    desk.ask("one:f")
    assert desk.scanned == []
    Path("near.py").write_text("# another\nA = 1  # three\n")
    desk.ask("one:f")
    assert desk.scanned == ["one:f"]


def test_an_entry_that_is_not_readable_is_made_anew(desk: Desk) -> None:
    first = desk.ask("one:f")
    for text in ("{", "[]", '[{"record":["TargetError",{"code":"a","message":"b"}]},[]]', "[null,[null]]", "3"):
        database = sqlite3.connect(Path(DIRECTORY, "results.sqlite"))
        database.execute("UPDATE results SET text = ?", (text,))
        database.commit()
        database.close()
        assert desk.ask("one:f") == first
        assert desk.scanned == ["one:f"], text
    assert desk.said == []


def test_a_cache_that_cannot_be_used_costs_one_warning(desk: Desk) -> None:
    Path(DIRECTORY).write_text("mine")
    assert len(desk.ask("one:f", "two:f")) == 2
    (line,) = desk.said
    assert "going on without it" in line


def test_what_is_not_finished_is_kept_for_the_same_command(desk: Desk) -> None:
    """A module, whose targets have drafts of their own; other things that count are the same command."""
    found: list[Any] = []

    def half() -> None:
        found.append(checkpoints.read("one:f"))
        checkpoints.write("one:f", "x", b"half")
        raise KeyboardInterrupt

    desk.meanwhile = half
    for gate, options in ((GateOptions(fail_on="info"), {}), (GateOptions(), {}), (GateOptions(), {"seed": 1})):
        with pytest.raises(KeyboardInterrupt):
            desk.ask("one", exhaustive=True, configured=replace(EMPTY, gate=gate), **options)
    with pytest.raises(KeyboardInterrupt):
        desk.ask("one:f", exhaustive=True)
    Path("near.py").write_text("A = 2\n")
    with pytest.raises(KeyboardInterrupt):
        desk.ask("one", exhaustive=True)
    assert found == [{}, {"x": b"half"}, {}, {"x": b"half"}, {}]
    assert checkpoints.read("one:f") is None


def test_only_exhaustive_scans_are_kept_half(desk: Desk) -> None:
    found: list[Any] = []
    desk.meanwhile = lambda: found.append(checkpoints.read("one:f"))
    desk.ask("one:f")
    assert found == [None]


def test_a_scan_that_a_file_makes_exhaustive_is_kept_half_too(desk: Desk) -> None:
    found: list[Any] = []
    desk.meanwhile = lambda: found.append(checkpoints.read("one:f"))
    desk.ask("one", configured=replace(EMPTY, targets={"one:f": TargetTable(Said(exhaustive=True))}))
    assert found == [{}]


def test_an_exception_of_the_scanner_passes(desk: Desk) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    desk.ask("two:f")
    desk.meanwhile = interrupt
    with pytest.raises(KeyboardInterrupt):
        desk.ask("two:f", "one:f")
