"""The hook, in a git repository, by the real pre-commit: a bad commit is stopped, a good one passes."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
BIN = Path(sys.executable).parent
IDENTITY = {f"GIT_{who}_{what}": "t@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}

GOOD = """
import tensorflow as tf

# gradcheck: scan range=x=-10:10
def loss(x):
    return tf.math.softplus(x)
"""
BAD = GOOD.replace("tf.math.softplus(x)", "tf.sqrt(tf.abs(x))")
CONFIGURATION = """
repos:
  - repo: local
    hooks:
      - id: gradcheck
        name: gradcheck
        entry: gradcheck hook
        language: system
        types_or: [python, toml]
        require_serial: true
"""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in an empty repository, with the environment's own programs and nobody's git configuration."""
    for name, value in {
        **IDENTITY,
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path / "home"),
        "PRE_COMMIT_HOME": str(tmp_path / "home"),
        "GIT_CONFIG_NOSYSTEM": "1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("CI", raising=False)
    repository = tmp_path / "repository"
    repository.mkdir()

    def run(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(words, cwd=repository, capture_output=True, text=True, check=False, timeout=300)

    assert run("git", "init", "-q").returncode == 0
    return run


@pytest.mark.slow
def test_pre_commit_stops_a_bad_commit_and_lets_a_good_one_pass(run: Run, tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    (repository / ".pre-commit-config.yaml").write_text(CONFIGURATION)
    (repository / ".gitignore").write_text(".gradcheck_cache/\n__pycache__/\n")
    (repository / "losses.py").write_text(BAD)
    (repository / "README.txt").write_text("nothing\n")
    installed = run("pre-commit", "install")
    assert installed.returncode == 0, installed.stderr
    run("git", "add", ".")
    refused = run("git", "commit", "-q", "-m", "bad")
    assert refused.returncode == 1
    assert "GC001 error" in refused.stderr
    assert "losses.py:loss" in refused.stderr
    assert run("git", "log", "--oneline").returncode != 0  # there is no commit
    (repository / "losses.py").write_text(GOOD)
    run("git", "add", ".")
    passed = run("git", "commit", "-q", "-m", "good")
    assert passed.returncode == 0, passed.stderr
    assert "GC0" not in passed.stderr
    assert "good" in run("git", "log", "--oneline").stdout


def test_what_concerns_nobody_is_silent_and_imports_nothing_heavy(run: Run, tmp_path: Path) -> None:
    Path(tmp_path, "repository", "plain.py").write_text("def f(x):\n    return x\n")
    hook = run("gradcheck", "hook", "plain.py", "README.md")
    assert (hook.returncode, hook.stdout, hook.stderr) == (0, "", "")
    code = (
        "import sys; from gradcheck.cli import app;"
        "status = app(args=['hook', 'plain.py'], standalone_mode=False);"
        "print(status, sorted({'tensorflow', 'keras', 'flint', 'tabulate', 'numpy', 'pydantic'} & set(sys.modules)))"
    )
    assert run(sys.executable, "-c", code).stdout == "0 []\n"


def test_a_mistake_in_the_configuration_is_one_line(run: Run, tmp_path: Path) -> None:
    Path(tmp_path, "repository", "gradcheck.toml").write_text("rnage = 1\n")
    hook = run("gradcheck", "hook", "plain.py")
    assert (hook.returncode, hook.stdout) == (2, "")
    assert hook.stderr.startswith("gradcheck: GC907 gradcheck.toml: rnage:")
    assert hook.stderr.count("\n") == 1


@pytest.mark.slow
def test_a_clean_target_is_silent_and_one_that_cannot_be_checked_is_told(run: Run, tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    (repository / "losses.py").write_text(GOOD)
    (repository / "broken.py").write_text("# gradcheck: scan\ndef f(x):\n    return x.nosuch()\n")
    hook = run("gradcheck", "hook", "losses.py")
    assert (hook.returncode, hook.stdout, hook.stderr) == (0, "", "")
    hook = run("gradcheck", "hook", "losses.py", "broken.py")
    assert (hook.returncode, hook.stdout) == (2, "")
    assert hook.stderr.startswith("gradcheck: GC903 broken.py:f")


def test_the_manifest_is_one_that_pre_commit_takes(run: Run) -> None:
    checked = run("pre-commit", "validate-manifest", str(ROOT / ".pre-commit-hooks.yaml"))
    assert (checked.returncode, checked.stderr) == (0, "")
