"""Real processes, real signals: a target that hangs, exits, crashes or prints costs itself alone.

No test depends on the clock: where a time must run out, the targets that it is for never end, and the others take a
fraction of it.
"""

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SET = ("TF_CPP_MIN_LOG_LEVEL", "PYTHONUNBUFFERED")
"""Of no ordinary user."""

ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in SET}

TARGETS = """
    import ctypes, os, re, signal, sys, time
    import tensorflow as tf

    print("imported")

    def good(x):
        return tf.sqrt(x)

    def chatty(x):
        print("{}")
        os.write(1, b"{}\\n")
        return x * 2.0

    def hangs(x):
        while True:
            pass

    def matches_forever(x):
        re.match(r"(a+)+$", "a" * 60 + "b")

    def ignores_sigterm(x):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        ctypes.CDLL(None).sleep(100000)

    def hangs_when_run(x):
        return tf.numpy_function(lambda v: time.sleep(100000), [x], tf.float32)

    def leaves(x):
        os._exit(3)

    def crashes(x):
        ctypes.string_at(0)

    def is_killed(x):
        os.kill(os.getpid(), signal.SIGKILL)

    def runs_out(x):
        raise MemoryError("no")

    def interrupts(x):
        raise KeyboardInterrupt

    def leaves_a_child(x):
        os.system("sleep 100000 &")
        os._exit(4)

    def forks(x):
        os.fork()
        return x * 3.0

    def announces(x):
        open("announced", "w").close()
        time.sleep(100000)
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory with the targets."""
    (tmp_path / "bad.py").write_text(textwrap.dedent(TARGETS), encoding="utf-8")
    (tmp_path / "leaves_at_import.py").write_text("import os\nos._exit(5)\n", encoding="utf-8")
    return tmp_path


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "gradcheck", "scan", "--no-cache", *arguments]


def scan(place: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        cwd=place,
        env={**ENVIRONMENT, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=500,
    )


def errors(run: subprocess.CompletedProcess[str]) -> list[tuple[str, str]]:
    """Code and message of every target, or its status; the report on standard output is valid JSON."""
    return [
        (t["error"]["code"], t["error"]["message"]) if t["error"] else (t["status"], "")
        for t in json.loads(run.stdout)["targets"]
    ]


def running(words: str) -> list[str]:
    """Command lines of the processes that have these words in them."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # it ended just now
            continue
        if words in line:
            found.append(line)
    return found


def workers(place: Path) -> list[str]:
    """The workers whose module path begins in this directory (sys.path is in their program)."""
    return [line for line in running(str(place)) if "gradcheck.pipeline.worker" in line]


def until(condition: Callable[[], bool]) -> None:
    """Wait for what must come; gives up after minutes."""
    end = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


@pytest.mark.slow
def test_whatever_ends_its_process_costs_one_target(place: Path) -> None:
    good, chatty = "bad:good", "bad:chatty"
    ends = ("leaves", "crashes", "is_killed", "runs_out", "interrupts", "leaves_a_child")
    run = scan(
        place, good, *(f"bad:{name}" for name in ends), chatty, "leaves_at_import.py", "bad:forks", good,
        "--format", "json", "--jobs", "2",
    )  # fmt: skip
    assert run.returncode == 2, run.stderr
    found = errors(run)
    codes = [code for code, _ in found]
    assert codes == [
        "findings",
        "GC905",
        "GC905",
        "GC905",
        "GC903",
        "GC905",
        "GC905",
        "clean",
        "GC905",
        "clean",
        "findings",
    ]
    said = [message for _, message in found]
    assert "bad:leaves: its process exited with status 3 while being scanned" in said[1]
    assert "was killed by SIGSEGV while being scanned (in crashes)" in said[2]
    assert "was killed by SIGKILL (out of memory?)" in said[3]
    assert "was ended by KeyboardInterrupt" in said[5]
    assert "exited with status 4" in said[6]
    assert "leaves_at_import.py: its process exited with status 5 while being imported" in said[8]
    first, *_, last = json.loads(run.stdout)["targets"]
    assert first == last
    assert [line for line in run.stderr.splitlines() if line == "imported"]
    assert not [line for line in run.stderr.splitlines() if "Traceback" in line]
    until(lambda: not running("sleep 100000"))


@pytest.mark.slow
def test_a_report_does_not_depend_on_what_runs_beside_it(place: Path) -> None:
    alone = json.loads(scan(place, "bad:good", "--format", "json").stdout)["targets"]
    beside = scan(place, "bad:leaves", "bad:good", "bad:crashes", "--format", "json", "--jobs", "3")
    assert [t for t in json.loads(beside.stdout)["targets"] if not t["error"]] == alone


@pytest.mark.slow
def test_what_hangs_is_ended_and_named(place: Path) -> None:
    names = ("hangs", "matches_forever", "ignores_sigterm", "hangs_when_run")
    run = scan(place, *(f"bad:{n}" for n in names), "bad:good", "--timeout", "20", "--format", "json", "--jobs", "3")
    assert run.returncode == 2
    found = errors(run)
    assert [code for code, _ in found] == ["GC904"] * 4 + ["findings"]
    for name, (_, message) in zip(names, found, strict=False):
        assert re.match(rf"bad:{name}: scanning it took more than 20 s.*; give it more: --timeout 40s$", message)
    assert "(in hangs)" in found[0][1]
    assert not workers(place)


@pytest.mark.slow
def test_what_a_target_prints_goes_to_standard_error(place: Path) -> None:
    run = scan(place, "bad:chatty", "--format", "json")
    assert run.returncode == 0
    assert json.loads(run.stdout)["summary"]["clean"] == 1
    assert {"imported", "{}"} <= set(run.stderr.splitlines())


SAME = """
    import random
    import keras
    import tensorflow as tf

    random.seed(5)

    def make():
        return keras.Sequential([keras.layers.Input([3]), keras.layers.Dense(2), keras.layers.Dense(1)])

    # gradcheck: scan
    def branches(x):
        if tf.reduce_sum(x) > 0:
            return tf.sqrt(x)
        return x

    # gradcheck: scan
    def softplus(x):
        return tf.math.log(tf.exp(x) + 1)
"""


@pytest.mark.slow
def test_the_same_bytes_however_many_work(tmp_path: Path) -> None:
    """Twins with the same lines, factories with random weights and names of Keras's, and the samples."""
    for name in ("one", "two"):
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(SAME), encoding="utf-8")
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    targets = (
        "one:make()",
        "one.py",
        "two.py",
        "two:make()",
        "one:make()",
        "samples/softplus.py",
        "samples/blocking.py",
    )
    runs = [scan(tmp_path, *targets, "--format", "json", "--budget", "30s", "--jobs", n).stdout for n in ("1", "2")]
    assert runs[0] == runs[1]
    found = json.loads(runs[0])["targets"]
    assert found[0] == found[6]
    assert [t["error"] for t in found] == [None] * len(found)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "status", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
    ids=["SIGINT", "SIGTERM"],
)
def test_a_signal_ends_everything_in_one_line(place: Path, number: signal.Signals, status: int, word: str) -> None:
    report = place / "report.json"
    report.write_text("as before", encoding="utf-8")
    with subprocess.Popen(
        command("bad:announces", "bad:hangs", "--output", "report.json", "--jobs", "2"),
        cwd=place,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        until((place / "announced").exists)
        assert workers(place)
        process.send_signal(number)
        output, said = process.communicate(timeout=300)
    assert process.returncode == status
    assert output == ""
    assert [line for line in said.splitlines() if line != "imported"] == [f"gradcheck: {word}"]
    assert report.read_text(encoding="utf-8") == "as before"
    assert not [path for path in place.iterdir() if path.name.startswith(".report")]
    until(lambda: not workers(place))


@pytest.mark.slow
def test_nothing_survives_a_parent_that_is_killed(place: Path) -> None:
    with subprocess.Popen(
        command("bad:announces", "bad:matches_forever", "--jobs", "2"), cwd=place, env=ENVIRONMENT,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        until((place / "announced").exists)
        process.kill()
    until(lambda: not workers(place))


@pytest.mark.parametrize("reader", ["head -1", "true"])
def test_a_pipe_that_is_closed_is_no_matter(place: Path, reader: str) -> None:
    line = f"{sys.executable} -m gradcheck scan --no-cache nosuch:f --format json 2>errors | {reader}"
    run = subprocess.run(
        ["bash", "-c", line], cwd=place, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=300
    )
    assert run.returncode == 0
    assert (place / "errors").read_text(encoding="utf-8").count("\n") == 1


def test_a_closed_pipe_for_everything_is_no_matter_either(place: Path) -> None:
    (place / "loud.py").write_text("for i in range(10000): print('loud')\n", encoding="utf-8")
    line = f"{sys.executable} -m gradcheck scan --no-cache loud:f nosuch:f 2>&1 | head -1; exit ${{PIPESTATUS[0]}}"
    run = subprocess.run(
        ["bash", "-c", line], cwd=place, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=300
    )
    assert run.returncode == 141
    assert run.stdout == "loud\n"
    assert run.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_standard_output_that_is_full_is_one_line(place: Path) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        run = subprocess.run(
            command("nosuch:f", "--format", "json"), cwd=place, env=ENVIRONMENT, stdout=full, stderr=subprocess.PIPE,
            text=True, check=False,
        )  # fmt: skip
    assert run.returncode == 2
    first, second = run.stderr.splitlines()
    assert first.startswith("gradcheck: GC901")
    assert second == "gradcheck: GC907 standard output: No space left on device; write elsewhere"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_standard_error_that_is_full_changes_nothing(place: Path) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        run = subprocess.run(
            command("nosuch:f", "--format", "json"), cwd=place, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=full,
            text=True, check=False,
        )  # fmt: skip
    assert run.returncode == 2
    assert errors(run)[0][0] == "GC901"


def written(place: Path, *, blocks: str = "unlimited") -> Any:
    """A scan that writes a report, with a limit to the size of files."""
    line = f"ulimit -f {blocks}; exec {' '.join(command(*['nosuch:f'] * 20, '--output', 'out/report.json'))}"
    return subprocess.run(
        ["bash", "-c", line], cwd=place, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=300
    )


@pytest.mark.slow
def test_a_report_that_does_not_fit_leaves_the_old_one(place: Path) -> None:
    (place / "out").mkdir()
    report = place / "out" / "report.json"
    report.write_text("as before", encoding="utf-8")
    run = written(place, blocks="1")
    assert run.returncode == 2
    assert (
        run.stderr.splitlines()[-1] == "gradcheck: GC907 --output out/report.json: File too large; choose another place"
    )
    assert [path.name for path in report.parent.iterdir()] == ["report.json"]
    assert report.read_text(encoding="utf-8") == "as before"
    assert written(place).returncode == 2
    assert len(json.loads(report.read_text(encoding="utf-8"))["targets"]) == 20


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_directory_that_is_read_only_is_one_line(place: Path) -> None:
    (place / "out").mkdir(mode=0o555)
    run = written(place)
    assert run.returncode == 2
    assert run.stderr.splitlines()[-1].startswith("gradcheck: GC907 --output out/report.json: Permission denied")


@pytest.mark.slow
def test_progress_is_lines_in_the_logs_of_ci(place: Path) -> None:
    run = scan(place, "bad:good", "bad:hangs", "--timeout", "20", "--jobs", "1", CI="true")
    lines = [line for line in run.stderr.splitlines() if line.startswith("gradcheck: scanning")]
    assert "gradcheck: scanning bad:hangs (2 of 2)" in lines
    assert "gradcheck: scanning" not in scan(place, "bad:good").stderr
