"""An exhaustive scan that is interrupted by a real signal goes on where it was, and says the same bytes.

No test depends on the clock: a target waits in the middle of its census for as long as there is a file.
"""

import os
import re
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ENVIRONMENT = {**os.environ, "CI": "true"}

TARGET = """
    import os, time
    import tensorflow as tf
    from gradcheck import checkpoints
    from gradcheck.engine import counter

    checkpoints.EVERY = 0.0
    counter.WIDTHS = (1 << 18,)
    write, written = checkpoints.write, []

    def write_and_wait(name, part, content):
        write(name, part, content)
        written.append(part)
        if len(written) == 16:
            open("worker", "w").write(str(os.getpid()))
            while os.path.exists("wait"):
                time.sleep(0.05)

    checkpoints.write = write_and_wait

    def softplus(z):
        return tf.math.log(tf.exp(z) + 1)
"""
LARGE = """
    import tensorflow as tf
    from gradcheck import checkpoints

    checkpoints.EVERY = 0.1

    def softplus(z):
        return tf.math.log(tf.exp(z) + 1)
"""
SOME = ("--range", "80:160")
MANY = ("--range", "1e-30:1e30")


@dataclass
class Place:
    """A directory with a target, and what a scan of it says that nobody interrupts."""

    directory: Path
    ranges: tuple[str, ...]
    expected: tuple[str, str] = ("", "")

    def begun(self, *more: str) -> "subprocess.Popen[str]":
        """A scan; its words go to a file."""
        (self.directory / "worker").unlink(missing_ok=True)
        with (self.directory / "errors").open("w", encoding="utf-8") as errors:
            return subprocess.Popen(
                [sys.executable, "-m", "gradcheck", "scan", "target:softplus", "--exhaustive", *self.ranges]
                + ["--format", "json", "--output", "report.txt", *more],
                cwd=self.directory,
                env=ENVIRONMENT,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def ended(self, scan: "subprocess.Popen[str]") -> tuple[str, str]:
        """The JSON and the table of a scan that was begun."""
        output, _ = scan.communicate(timeout=500)
        assert scan.returncode == 1, self.errors
        return output, (self.directory / "report.txt").read_text(encoding="utf-8")

    @property
    def errors(self) -> str:
        return (self.directory / "errors").read_text(encoding="utf-8")

    @property
    def worker(self) -> Path:
        """Where the worker writes its number when it waits."""
        return self.directory / "worker"

    def drafts(self) -> list[str]:
        """What the cache holds of scans that are not finished."""
        path = self.directory / ".gradcheck_cache" / "results.sqlite"
        if not path.exists():
            return []
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=60)) as database:
            tables = database.execute("SELECT name FROM sqlite_master WHERE name = 'results'").fetchall()
            found = database.execute("SELECT text FROM results WHERE key LIKE '%draft%'").fetchall() if tables else []
        return [text for (text,) in found]

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Within it a target waits after some parts of its census."""
        (self.directory / "wait").touch()
        try:
            yield
        finally:
            (self.directory / "wait").unlink()


def made(directory: Path, target: str, ranges: tuple[str, ...]) -> Place:
    (directory / "target.py").write_text(textwrap.dedent(target), encoding="utf-8")
    place = Place(directory, ranges)
    place.expected = place.ended(place.begun("--no-cache"))
    assert not (directory / ".gradcheck_cache").exists()
    assert "resumed" not in place.errors
    return place


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return made(tmp_path_factory.mktemp("resuming"), TARGET, SOME)


def until(condition: Callable[[], object]) -> None:
    """Wait for what must come; gives up after minutes."""
    end = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


def goes_on(place: Place) -> None:
    """The same command again: it says where it begins, ends as if nothing had been, and leaves no draft."""
    with place.waiting():
        scan = place.begun()
        until(lambda: "resumed at " in place.errors)
    assert place.ended(scan) == place.expected
    assert place.drafts() == []
    assert re.search(r"^gradcheck: scanning target:softplus \(1 of 1\): resumed at \d+%", place.errors, re.MULTILINE)
    (place.directory / ".gradcheck_cache" / "results.sqlite").unlink()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)],
    ids=["SIGINT", "SIGTERM", "SIGKILL"],
)
def test_after_a_signal_it_goes_on(place: Place, number: signal.Signals, status: int) -> None:
    with place.waiting():
        scan = place.begun()
        until(lambda: place.worker.exists() and place.drafts())
        scan.send_signal(number)
        output, _ = scan.communicate(timeout=300)
    assert (scan.returncode, output) == (status, "")
    assert "Traceback" not in place.errors
    goes_on(place)


@pytest.mark.slow
def test_after_the_death_of_the_worker_it_goes_on(place: Place) -> None:
    with place.waiting():
        scan = place.begun()
        until(lambda: place.worker.exists() and place.worker.read_text() and place.drafts())
        os.kill(int(place.worker.read_text()), signal.SIGKILL)
        output, _ = scan.communicate(timeout=300)
    assert scan.returncode == 2
    assert "was killed by SIGKILL" in output
    goes_on(place)


@pytest.mark.slow
def test_a_target_that_was_changed_is_begun_again_and_no_cache_leaves_it_alone(place: Place) -> None:
    with place.waiting():
        scan = place.begun()
        until(lambda: place.worker.exists() and place.drafts())
        scan.kill()
        scan.communicate(timeout=300)
    (before,) = place.drafts()
    assert place.ended(place.begun("--no-cache")) == place.expected
    assert "resumed" not in place.errors
    assert place.drafts() == [before]
    source = place.directory / "target.py"
    text = source.read_text(encoding="utf-8")
    source.write_text(text.replace("+ 1)", "+ 1.0)"), encoding="utf-8")
    place.ended(place.begun())
    source.write_text(text, encoding="utf-8")
    assert "resumed" not in place.errors
    assert place.drafts() == []


@pytest.mark.slow
def test_a_thousand_million_floats_that_are_killed_in_their_midst(tmp_path: Path) -> None:
    large = made(tmp_path, LARGE, MANY)
    scan = large.begun()
    until(large.drafts)
    scan.kill()
    scan.communicate(timeout=300)
    assert large.drafts()
    goes_on(large)
