"""A real scheduler and two real workers on this machine: the same bytes as without them, even where one is killed."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

pytest.importorskip("distributed")

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "CI": "true", "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}

FILES = {
    "kit/__init__.py": "",
    "kit/helper.py": "ONE = 1.0\n\ndef shifted(x):\n    return x + ONE\n",
    "losses.py": """
        import os
        import tensorflow as tf
        from kit.helper import shifted

        def softplus(z):
            return tf.math.log(shifted(tf.exp(z)))

        def leaves(z):
            os._exit(3)
    """,
}


def until(condition: Callable[[], object]) -> None:
    """Wait for what must come; gives up after minutes."""
    end = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


@dataclass
class Machines:
    """A scheduler, its workers, and a directory with targets that is not theirs."""

    directory: Path
    running: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    def started(self, program: str, *arguments: str) -> "subprocess.Popen[bytes]":
        elsewhere = self.directory / "elsewhere"
        elsewhere.mkdir(exist_ok=True)
        words = ["-m", f"distributed.cli.dask_{program}", "--scheduler-file", str(self.directory / "scheduler.json")]
        process = subprocess.Popen(
            [sys.executable, *words, *arguments],
            cwd=elsewhere,
            env=ENVIRONMENT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.running.append(process)
        return process

    def worker(self) -> "subprocess.Popen[bytes]":
        return self.started("worker", "--nthreads", "1", "--no-nanny", "--no-dashboard")

    @property
    def address(self) -> str:
        path = self.directory / "scheduler.json"
        until(lambda: path.exists() and path.read_text().endswith("}"))
        return str(json.loads(path.read_text())["address"])

    def scan(self, *arguments: str) -> "subprocess.Popen[str]":
        """A scan in the directory of the targets; its words go to a file."""
        home = self.directory / "home"
        with (self.directory / "errors").open("w", encoding="utf-8") as errors:
            return subprocess.Popen(
                [sys.executable, "-m", "gradcheck", "scan", "--format", "json", "--no-cache", *arguments],
                cwd=home,
                env=ENVIRONMENT,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def said(self, *arguments: str) -> tuple[int, str]:
        scan = self.scan(*arguments)
        output, _ = scan.communicate(timeout=500)
        return scan.returncode, output

    @property
    def errors(self) -> str:
        return (self.directory / "errors").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    made = Machines(tmp_path_factory.mktemp("machines"))
    for name, text in FILES.items():
        path = made.directory / "home" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
    made.started("scheduler", "--host", "127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0")
    yield made
    for process in reversed(made.running):  # workers first: they wait for a scheduler that is gone
        process.kill()
        process.wait(60)


@pytest.mark.slow
def test_without_workers_it_is_one_line(machines: Machines) -> None:
    status, output = machines.said("losses:softplus", "--cluster", machines.address)
    assert (status, output) == (2, "")
    assert machines.errors.startswith(f"gradcheck: GC907 --cluster {machines.address}: it has no workers; start some")
    assert machines.errors.count("\n") == 1


@pytest.mark.slow
def test_one_of_two_workers_is_killed_and_nothing_is_lost(machines: Machines) -> None:
    """Enough shares for both: a thousand million floats are twenty-five."""
    line = ("losses:softplus", "--exhaustive", "--range", "1e-30:1e30")
    expected = machines.said(*line)
    assert expected[0] == 1
    one, _ = machines.worker(), machines.worker()
    until(lambda: machines.said("nosuch:f", "--cluster", machines.address)[0] == 2 and "GC901" in machines.errors)
    scan = machines.scan(*line, "--cluster", machines.address)
    until(lambda: "gradcheck: scanning" in machines.errors and " of 27 tasks are done" in machines.errors)
    one.send_signal(signal.SIGKILL)
    output, _ = scan.communicate(timeout=500)
    assert (scan.returncode, output) == expected
    assert "Traceback" not in machines.errors


@pytest.mark.slow
def test_targets_are_the_tasks_and_one_that_ends_its_process_is_one_error(machines: Machines) -> None:
    machines.worker()
    line = ("losses:softplus", "losses:leaves", "nosuch:f", "losses.py:softplus", "--dtype", "float16")
    assert machines.said(*line, "--cluster", machines.address) == machines.said(*line)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("127.0.0.1:1", "there is no scheduler"),
        pytest.param("127.0.0.1:99999", "there is no scheduler", marks=pytest.mark.slow),
        ("nonsense", "no address"),
        pytest.param("", "no address", marks=pytest.mark.slow),
        pytest.param("tcp://:", "no address", marks=pytest.mark.slow),
    ],
)
def test_a_wrong_address_is_one_line(tmp_path: Path, address: str, words: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "gradcheck", "scan", "nosuch:f", "--no-cache", "--cluster", address],
        cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith(f"gradcheck: GC907 --cluster {address}: {words}")
    assert run.stderr.count("\n") == 1
