"""The real command in a project that says its options in a file."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

LOSSES = """
import tensorflow as tf

# gradcheck: scan range=x=1:1.0001 -- where the data are
def f(x):
    return tf.math.sqrt(x)

def root(x):
    return tf.math.sqrt(x)

# gradcheck: scan rang=x=0:1
def g(x):
    return tf.math.sqrt(x)
"""
TARGETS = """
[tool.gradcheck]
dtype = "float16"
format = "json"
output = "report.txt"

[[tool.gradcheck.target]]
name = "losses:f"
range = "0:9"

[[tool.gradcheck.target]]
name = "losses:root"
range = "0:1"
ignore = [{code = "GC002", reason = "nobody is at 0"}]

[[tool.gradcheck.target]]
name = "losses:g"
"""


def gradcheck(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it there."""
    command = [sys.executable, "-m", "gradcheck", *arguments]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, encoding="utf-8", check=False)


@pytest.mark.slow
def test_a_scan_without_targets_is_of_those_in_the_file_whose_options_hold(tmp_path: Path) -> None:
    (tmp_path / "losses.py").write_text(LOSSES)
    (tmp_path / "pyproject.toml").write_text(TARGETS)
    below = tmp_path / "below"
    below.mkdir()
    run = gradcheck(below, "scan")
    f, root, g = json.loads(run.stdout)["targets"]
    assert (f["target"], f["inputs"][0]["dtype"], f["inputs"][0]["ranges"]) == ("losses:f", "float16", [[1.0, 1.0]])
    assert {f["code"] for f in root["findings"]} == {"GC002"}
    assert root["findings"][0]["suppressed"]["reason"] == "nobody is at 0"
    assert (root["status"], root["ignores"][0]["place"]) == ("clean", "pyproject.toml")
    assert g["error"]["code"] == "GC907"
    assert run.stderr == f"gradcheck: GC907 {g['error']['message']}\n"
    assert g["error"]["message"].startswith("losses.py:11: # gradcheck: scan rang=x=0:1: there is no such word")
    assert run.returncode == 2
    assert (tmp_path / "report.txt").read_text().startswith("losses:f  clean")
    run = gradcheck(tmp_path, "scan", "losses:f", "--range", "4:4", "--dtype", "float32")
    assert run.returncode == 0
    (f,) = json.loads(run.stdout)["targets"]
    assert (f["inputs"][0]["dtype"], f["inputs"][0]["ranges"]) == ("float32", [[4.0, 4.0]])


def test_all_mistakes_are_told_a_line_each(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.gradcheck]\nsed = 1\norder = 3\n[[tool.gradcheck.target]]\n")
    run = gradcheck(tmp_path, "scan", "nowhere:f")
    assert (run.returncode, run.stdout) == (2, "")
    assert [line.split(": ")[:3][2] for line in run.stderr.splitlines()] == [
        "[tool.gradcheck] order",
        "[[tool.gradcheck.target]] number 1",
        "[tool.gradcheck] sed",
    ]
    assert all(line.startswith("gradcheck: GC907 pyproject.toml: ") for line in run.stderr.splitlines())


def test_without_targets_it_says_what_to_write(tmp_path: Path) -> None:
    run = gradcheck(tmp_path, "scan")
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("gradcheck: GC907 no target: name one")
    assert run.stderr.count("\n") == 1


def test_init_begins_a_project_and_leaves_it_alone_the_second_time(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "p"\n')
    run = gradcheck(tmp_path, "init")
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout == "added [tool.gradcheck] to pyproject.toml\nwrote .pre-commit-config.yaml\n"
    written = (tmp_path / "pyproject.toml").read_bytes()
    run = gradcheck(tmp_path, "init")
    assert (run.returncode, run.stderr) == (0, "")
    assert "pyproject.toml has a table [tool.gradcheck] already; it may say:\n\n[tool.gradcheck]\n" in run.stdout
    assert (tmp_path / "pyproject.toml").read_bytes() == written
    assert gradcheck(tmp_path, "scan").stderr.startswith("gradcheck: GC907 no target: ")
