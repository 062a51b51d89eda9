"""Shell completion, through the protocol that the shells speak, and through bash itself."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LOSSES = """\
import tensorflow as tf
raise SystemExit("completion must not run this")

@tf.custom_gradient
def focal(logit, label):
    return logit, lambda dy: (dy, dy)

def focal_stable(logit, label, *, gamma=2.0):
    return logit

def _hidden(x):
    return x

made = tf.custom_gradient(focal)
NUMBER = 3
"""
CONFIGURATION = """\
[[tool.gradcheck.target]]
name = "package.deep:far"
[tool.gradcheck.targets."losses:focal"]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "losses.py").write_text(LOSSES)
    (tmp_path / "broken.py").write_text("def f(:\n")
    (tmp_path / "pyproject.toml").write_text(CONFIGURATION)
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("")
    (tmp_path / "package" / "deep.py").write_text("def far(x): return x\n")
    (tmp_path / "exported").mkdir()
    (tmp_path / "exported" / "saved_model.pb").write_bytes(b"")
    (tmp_path / "model.keras").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("")
    (tmp_path / ".hidden").mkdir()
    return tmp_path


def ask(project: Path, *words: str, shell: str = "bash") -> list[str]:
    """What is answered when the last word is being typed."""
    typed = ["gradcheck", *words]
    if shell == "bash":
        asked = {"COMP_WORDS": "\n".join(typed), "COMP_CWORD": str(len(typed) - 1)}
    else:
        asked = {"_TYPER_COMPLETE_ARGS": " ".join(typed), "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    run = subprocess.run(
        [sys.executable, "-m", "gradcheck"],
        cwd=project,
        env={**os.environ, "_GRADCHECK_COMPLETE": f"complete_{shell}", **asked},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert run.stderr == ""
    assert "Traceback" not in run.stdout
    return run.stdout.split()


def test_commands_and_options(project: Path) -> None:
    assert {"scan", "explain", "rules"} <= set(ask(project, ""))
    assert ask(project, "scan", "--exh") == ["--exhaustive"]


def test_targets_are_configured_ones_files_modules_and_models(project: Path) -> None:
    found = ask(project, "scan", "")
    assert found[:2] == ["package.deep:far", "losses:focal"]
    assert {"losses.py", "broken.py", "model.keras", "exported", "package/", "losses", "package."} <= set(found)
    assert not {"notes.txt", ".hidden/", "__pycache__/", "exported/"} & set(found)


@pytest.mark.parametrize(
    ("words", "answers"),
    [
        (["losses:f"], ["focal", "focal_stable"]),
        (["losses", ":", "f"], ["focal", "focal_stable"]),  # as bash takes it apart
        (["losses.py", ":"], ["focal", "focal_stable", "made"]),
        (["losses.p"], ["losses.py", *(f"losses.py:{name}" for name in ("focal", "focal_stable", "made"))]),
        (["package.d"], ["package.deep:far", "package.deep"]),
        (["package/d"], ["package/deep.py", "package/deep.py:far"]),
        (["losses:focal", "package/"], ["package/__init__.py", "package/deep.py"]),
        (["--against", "losses:ma"], ["made"]),
        (["broken.py", ":", "f"], []),
        (["no/such/thing"], []),
        (["losses:_h"], []),
    ],
)
def test_a_target_is_completed(project: Path, words: list[str], answers: list[str]) -> None:
    assert ask(project, "scan", *words) == answers


@pytest.mark.parametrize(
    ("words", "answers"),
    [
        (["scan", "--format", "js"], ["json"]),
        (["scan", "--format", "=", "js"], ["json"]),
        (["scan", "--mode", ""], ["graph", "eager", "xla"]),
        (["scan", "--dtype", "bf"], ["bfloat16"]),
        (["scan", "--fail-on", "w"], ["warning"]),
        (["scan", "losses", ":", "focal", "--hold", ""], ["logit=", "label="]),
        (["scan", "losses", ":", "focal", "--wrt", ""], ["logit", "label", "variables"]),
        (["scan", "losses:focal", "--domain", "label", "=", "o"], ["one-hot"]),
        (["rules", "GC00"], [f"GC00{i}" for i in range(1, 10)]),
        (["rules", "GC01"], ["GC010", "GC011", "GC012"]),
        (["explain", "losses", ":", "focal", "--gradient", "c"], ["custom"]),
        (["watch", "--on-bad", "s"], ["stop", "skip-step"]),
        (["watch", ""], ["broken.py", "losses.py", "package/"]),
        (["watch", "-m", "package."], ["package.deep"]),
    ],
)
def test_a_value_is_completed(project: Path, words: list[str], answers: list[str]) -> None:
    assert ask(project, *words)[:9] == answers


def test_fish_and_zsh_have_the_whole_word(project: Path) -> None:
    assert ask(project, "scan", "losses:ma", shell="fish") == ["losses:made"]
    (line,) = (part for part in ask(project, "scan", "losses:ma", shell="zsh") if "losses" in part)
    assert re.search(r'"losses\\*:made"', line)


def test_a_broken_configuration_is_no_traceback(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool")
    assert ask(project, "scan", "losses:f") == []


def test_completing_imports_neither_numpy_nor_tensorflow(project: Path) -> None:
    program = (
        "import atexit, sys\n"
        "heavy = {'numpy', 'tensorflow', 'flint'}\n"
        "atexit.register(lambda: print('heavy:', sorted(heavy & set(sys.modules))))\n"
        "from gradcheck.cli import main\nmain()\n"
    )
    environment = {"_GRADCHECK_COMPLETE": "complete_bash", "COMP_WORDS": "gradcheck scan losses:", "COMP_CWORD": "2"}
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=project,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout.split("heavy:") == ["focal\nfocal_stable\nmade\n", " []\n"]


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash here")
def test_bash_with_the_script_that_is_shown(project: Path) -> None:
    command = f"{sys.executable} -m gradcheck"
    script = subprocess.run(
        [*command.split(), "--show-completion", "bash"],
        capture_output=True,
        text=True,
        check=False,
        cwd=project,
        env={**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
    ).stdout
    assert "_GRADCHECK_COMPLETE=complete_bash" in script
    (project / "gradcheck").write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    (project / "gradcheck").chmod(0o755)
    typed = "COMP_WORDS=(gradcheck scan losses : foc); COMP_CWORD=4"
    program = f'{script}\n{typed}\n_gradcheck_completion ./gradcheck\nprintf "%s\\n" "${{COMPREPLY[@]}}"\n'
    run = subprocess.run(["bash", "-c", program], cwd=project, capture_output=True, text=True, check=False)
    assert run.stdout.split() == ["focal", "focal_stable"], run.stderr
