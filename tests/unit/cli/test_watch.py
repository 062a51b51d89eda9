"""`gradcheck watch` around what watches: options, streams, the gate, and whose exit status it is."""

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gradcheck import scripts
from gradcheck.cli import main
from gradcheck.errors import CANNOT_IMPORT, CannotCheck
from gradcheck.options import WatchOptions
from gradcheck.records import TargetReport
from gradcheck.scripts import Ending, Script
from tests.specimens import TRAINED, TRAINED_CLEAN, report

Seen = list[tuple[Script, WatchOptions]]
Command = Callable[..., int]


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Seen:
    """What is run, and how; the working directory is empty."""
    monkeypatch.chdir(tmp_path)
    return []


@pytest.fixture
def command(seen: Seen, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command line, behind which something else than gradcheck.watching watches; its exit status."""

    def run(*words: str, found: TargetReport = TRAINED_CLEAN, ending: Any = None) -> int:
        def watched(script: Script, options: WatchOptions) -> Any:
            seen.append((script, options))
            return report(found), ending() if callable(ending) else ending or Ending("finished", 0)

        monkeypatch.setattr("gradcheck.pipeline.watched.watched", watched)
        with pytest.raises(SystemExit) as exiting:
            main(["watch", *words])
        assert isinstance(exiting.value.code, int)
        return exiting.value.code

    return run


@pytest.mark.parametrize(
    ("words", "script"),
    [
        (["train.py"], Script("train.py", None)),
        (["train.py", "--help"], Script("train.py", None, ("--help",))),
        (
            ["train.py", "--every", "x", "-m", "--", "", "-"],
            Script("train.py", None, ("--every", "x", "-m", "--", "", "-")),
        ),
        (["-m", "package.train", "-m", "--format", "xml"], Script(None, "package.train", ("-m", "--format", "xml"))),
        (["--every", "3", "-m", "package.train"], Script(None, "package.train")),
        (["--", "-odd.py", "a"], Script("-odd.py", None, ("a",))),
        (
            ["--max-steps", "9", "train.py", "a", "--max-steps", "1"],
            Script("train.py", None, ("a", "--max-steps", "1")),
        ),
    ],
)
def test_what_stands_behind_the_script_is_its_own(
    command: Command, seen: Seen, words: list[str], script: Script
) -> None:
    assert command(*words) == 0
    ((ran, _),) = seen
    assert ran == script


def test_the_options_are_taken(command: Command, seen: Seen, tmp_path: Path) -> None:
    assert command("train.py") == 0
    words = (
        "--on-bad skip-step --every 5 --max-steps 9 --save-repro bad --vanished 7 --exploding 1.5 --untrained train.py"
    )
    assert command(*words.split()) == 0
    assert [options for _, options in seen] == [
        WatchOptions(),
        WatchOptions("skip-step", 5, 9, tmp_path / "bad", 7, 1.5, True),
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--on-bad", "cry", "train.py"], "--on-bad cry: unknown; write one of stop, warn, skip-step"),
        (["--exploding", "1", "train.py"], "--exploding 1: write a number above 1, for example 100"),
        (["--exploding", "nan", "train.py"], "--exploding nan: write a number above 1"),
        (["--every", "0", "train.py"], "--every"),
        (["--save-repro", "file", "train.py"], "--save-repro file: it is a file; name a directory"),
        (["--format", "xml", "train.py"], "--format xml: unknown"),
        (["--output", "no/report.json", "train.py"], "no such directory: no"),
        (["--select", "GC099", "train.py"], "--select GC099: no such code"),
        (["-m"], "Missing argument 'SCRIPT'"),
        (["--what", "train.py"], "--what"),
    ],
)
def test_a_mistake_is_one_line_before_anything_runs(
    command: Command, seen: Seen, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    Path("file").write_text("")
    assert command(*words) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n"), seen) == ("", 1, [])
    assert err.startswith("gradcheck: GC907 ")
    assert said in err


@pytest.mark.parametrize(
    ("words", "found", "ending", "status"),
    [
        ([], TRAINED_CLEAN, Ending("finished", 0), 0),
        ([], TRAINED_CLEAN, Ending("exited", 3, SystemExit(3)), 3),
        ([], TRAINED_CLEAN, Ending("raised", 1, ValueError("x")), 1),
        ([], TRAINED_CLEAN, Ending("interrupted", 130, KeyboardInterrupt()), 130),
        ([], TRAINED, Ending("stopped", 0, scripts.Stopped()), 1),
        ([], TRAINED, Ending("exited", 3, SystemExit(3)), 3),
        (["--exit-zero"], TRAINED, Ending("stopped", 0), 0),
        (["--exit-zero"], TRAINED, Ending("exited", 4, SystemExit(4)), 4),
        (["--ignore", "GC001,GC002"], TRAINED, Ending("finished", 0), 0),
        (["--ignore", "GC001,GC002", "--fail-on", "warning"], TRAINED, Ending("finished", 0), 1),
        (["--select", "GC01"], TRAINED, Ending("finished", 0), 0),
    ],
)
def test_the_scripts_own_status_comes_first(
    command: Command, words: list[str], found: TargetReport, ending: Ending, status: int
) -> None:
    assert command(*words, "train.py", found=found, ending=ending) == status


def test_the_report_comes_behind_the_traceback_and_goes_where_it_was_asked(
    command: Command, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()

    def ending() -> Ending:
        os.chdir("elsewhere")
        return Ending("raised", 1, ValueError("its own"))

    assert command("--output", "a.json", "train.py", found=TRAINED, ending=ending) == 1
    out, err = capsys.readouterr()
    assert err == "ValueError: its own\n"
    assert out.startswith("train.py  2 errors, 1 warning, 1 suppressed\n")
    assert (tmp_path / "a.json").is_file()


def test_a_script_that_is_not_there_is_one_line(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    def ending() -> Ending:
        raise CannotCheck(CANNOT_IMPORT, "train.py: no such file")

    assert command("train.py", ending=ending) == 2
    assert capsys.readouterr() == ("", "gradcheck: GC901 train.py: no such file\n")


def test_the_gate_of_the_configuration_counts_and_its_baseline_does_not(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("gradcheck.toml").write_text('fail-on = "warning"\nbaseline = "known.json"\nignore = ["GC001", "GC002"]\n')
    assert command("train.py", found=TRAINED) == 1
    assert capsys.readouterr().err == ""
    assert command("--fail-on", "error", "train.py", found=TRAINED) == 0


def test_a_stream_that_the_script_put_there_is_not_the_reports(
    command: Command, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def ending() -> Ending:
        sys.stdout = (tmp_path / "log").open("w")
        sys.stdout.write("own\n")
        return Ending("finished", 0)

    assert command("train.py", ending=ending) == 0
    assert "clean" in capsys.readouterr().out
    assert (tmp_path / "log").read_text() == "own\n"


def test_a_fork_that_comes_back_makes_no_report(
    command: Command, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = os.getpid()

    def ending() -> Ending:
        monkeypatch.setattr("os.getpid", lambda: here + 1)
        return Ending("exited", 5, SystemExit(5))

    assert command("train.py", ending=ending) == 5
    assert capsys.readouterr().out == ""


def test_what_ran_is_named_as_it_was_written(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    command("-m", "package.train", found=replace(TRAINED_CLEAN, target="package.train"))
    assert capsys.readouterr().out == (
        "package.train  clean\n  120 steps, 2 optimizers (ftrl: 12 variables, adam: 8), no bad gradient\n"
    )
