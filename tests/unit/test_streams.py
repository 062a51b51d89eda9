"""The filter on descriptor 2: TensorFlow's chatter goes, everything else stays.

Each test is a process of its own, since a descriptor belongs to the process; none of them imports TensorFlow.
"""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gradcheck.streams import CHATTER, LOG_LEVEL, without_tensorflow_logs

PRELUDE = """
import os, subprocess, sys
from gradcheck.streams import without_tensorflow_logs as quiet

def log(text):
    os.write(2, text.encode())
"""


def errors_of(body: str, tmp_path: Path, status: int = 0, **environment: str) -> str:
    """What a script wrote to standard error, once it has ended by itself with the wanted status."""
    kept = {name: value for name, value in os.environ.items() if name != LOG_LEVEL}
    with (tmp_path / "stderr").open("wb") as errors:
        run = subprocess.run(
            [sys.executable, "-c", PRELUDE + body], stderr=errors, env={**kept, **environment}, timeout=10, check=False
        )
    text = (tmp_path / "stderr").read_text(encoding="utf-8")
    assert run.returncode == status, text
    return text


@pytest.mark.parametrize(
    "line",
    [
        b"WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
        b"I0000 00:00:1795425145.167489    7727 single_machine.cc:376] Starting new session",
        b"W0000 00:00:1795425145.167489    7727 gpu_device.cc:2341] Cannot dlopen some GPU libraries.",
        b"E0000 00:00:1795425145.258116    7727 cuda_dnn.cc:8579] Unable to register cuDNN factory",
        b"I1123 09:12:45.258240    7727 devices.cc:67] Number of eligible GPUs: 0",
    ],
)
def test_chatter(line: bytes) -> None:
    assert CHATTER.match(line)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"gradcheck: GC901 losses: no module named 'losses'",
        b"WARNING:tensorflow:AutoGraph could not transform <function f>",
        b"I am a user's print",
        b"I0000 things were counted",
        b"F0000 00:00:1795425145.258240    7727 array_ops.cc:67] Check failed: a fatal error ends the process",
        b"seen: I0000 00:00:1795425145.258240    7727 devices.cc:67] in the middle of a line",
        b'  File "losses.py", line 3, in f',
    ],
)
def test_no_chatter(line: bytes) -> None:
    assert not CHATTER.match(line)


def test_chatter_goes_and_the_rest_stays_in_order(tmp_path: Path) -> None:
    body = r"""
with quiet():
    print("one", file=sys.stderr)
    sys.stderr.flush()
    log("I0000 00:00:1795425145.167489    7727 single_machine.cc:376] Starting new session\ntwo\n")
    log("\n  indented\n")
    subprocess.run(["echo three >&2; echo 'W0000 00:00:1795425145.1 1 a.cc:1] x' >&2"], shell=True)
print("four", file=sys.stderr)
"""
    assert errors_of(body, tmp_path) == "one\ntwo\n\n  indented\nthree\nfour\n"


def test_a_line_that_comes_in_pieces(tmp_path: Path) -> None:
    body = r"""
with quiet():
    for piece in ("I0000 00:00:17954", "25145.1 1 a.cc:1] x", "\nke", "pt\n", "W0000 00", ":00:1 1 b.cc:1] y\n"):
        log(piece)
"""
    assert errors_of(body, tmp_path) == "kept\n"


def test_a_last_line_without_an_end(tmp_path: Path) -> None:
    assert errors_of("with quiet():\n    log('kept')", tmp_path) == "kept"
    assert errors_of("with quiet():\n    log('I0000 00:00:1.1 1 a.cc:1] x')", tmp_path) == ""


def test_much_output_neither_blocks_nor_gets_lost(tmp_path: Path) -> None:
    body = r"""
with quiet():
    for i in range(20000):
        log(f"line {i}\nI0000 00:00:1795425145.1 1 a.cc:1] {'x' * 80}\n")
    log("y" * 300000 + "\n")
"""
    assert errors_of(body, tmp_path) == "".join(f"line {i}\n" for i in range(20000)) + "y" * 300000 + "\n"


def test_text_beyond_ascii(tmp_path: Path) -> None:
    body = r"""
with quiet() as terminal:
    log("é 漢\n")
    print("ü", file=terminal)
"""
    assert sorted(errors_of(body, tmp_path, PYTHONUTF8="1").split()) == ["é", "ü", "漢"]


def test_the_stream_that_it_gives_goes_past_the_filter(tmp_path: Path) -> None:
    body = r"""
with quiet() as terminal:
    print("I0000 00:00:1795425145.1 1 a.cc:1] written on purpose", file=terminal)
    assert terminal.fileno() != 2
"""
    assert errors_of(body, tmp_path) == "I0000 00:00:1795425145.1 1 a.cc:1] written on purpose\n"


def test_everything_is_as_before_afterwards(tmp_path: Path) -> None:
    body = r"""
assert "TF_CPP_MIN_LOG_LEVEL" not in os.environ
opened = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
for _ in range(3):
    with quiet():
        assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "3"
assert "TF_CPP_MIN_LOG_LEVEL" not in os.environ
assert not opened or len(os.listdir("/proc/self/fd")) == opened
log("I0000 00:00:1795425145.1 1 a.cc:1] not filtered any more\n")
"""
    assert errors_of(body, tmp_path).endswith("not filtered any more\n")


@pytest.mark.parametrize("level", ["0", "3"])
def test_a_log_level_of_the_users_own_is_left_alone(tmp_path: Path, level: str) -> None:
    body = r"""
with quiet() as terminal:
    assert terminal is sys.stderr
    log("I0000 00:00:1795425145.1 1 a.cc:1] wanted\n")
    print(os.environ["TF_CPP_MIN_LOG_LEVEL"], file=sys.stderr)
"""
    assert errors_of(body, tmp_path, 0, **{LOG_LEVEL: level}) == f"I0000 00:00:1795425145.1 1 a.cc:1] wanted\n{level}\n"


def test_an_exception_passes_through_and_nothing_is_lost(tmp_path: Path) -> None:
    body = r"""
try:
    with quiet():
        log("before\n")
        raise ValueError("boom")
except ValueError as error:
    log(f"caught {error}\n")
"""
    assert errors_of(body, tmp_path) == "before\ncaught boom\n"
    assert errors_of("with quiet():\n    sys.exit(3)", tmp_path, status=3) == ""


def test_a_process_that_is_left_running_does_not_hold_the_run_up(tmp_path: Path) -> None:
    body = r"""
with quiet():
    left = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
left.stdin.close()
left.wait()
log("ended\n")
"""
    assert errors_of(body, tmp_path) == "ended\n"


def test_standard_error_that_is_no_descriptor_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(LOG_LEVEL, raising=False)
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with without_tensorflow_logs() as terminal:
        assert terminal is stream
        assert LOG_LEVEL not in os.environ
