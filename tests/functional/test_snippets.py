"""The README's set-ups for pre-commit, GitHub and GitLab: what those programs take, and commands that run."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
BLOCKS: list[str] = re.findall(r"^```yaml\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
BIN = Path(sys.executable).parent
MODULE = "import tensorflow as tf\n# gradcheck: scan\ndef f(x): return tf.math.softplus(x)\n"


def block(word: str) -> str:
    (found,) = [text for text in BLOCKS if word in text]
    return found


def commands(value: Any) -> list[str]:
    """Every gradcheck command in a document."""
    if isinstance(value, dict):
        return [line for item in value.values() for line in commands(item)]
    if isinstance(value, list):
        return [line for item in value for line in commands(item)]
    return [value] if isinstance(value, str) and value.startswith("gradcheck scan") else []


def checked(*words: str, cwd: Path) -> None:
    run = subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_there_are_four() -> None:
    assert len(BLOCKS) == 4


@pytest.mark.parametrize("word", ["repo: local", "additional_dependencies"])
def test_pre_commit_takes_its_configuration(tmp_path: Path, word: str) -> None:
    (tmp_path / ".pre-commit-config.yaml").write_text(block(word))
    checked(str(BIN / "pre-commit"), "validate-config", cwd=tmp_path)


@pytest.mark.parametrize(("word", "schema"), [("runs-on", "vendor.github-workflows"), ("reports:", "vendor.gitlab-ci")])
def test_a_workflow_keeps_to_its_schema(tmp_path: Path, word: str, schema: str) -> None:
    (tmp_path / "workflow.yml").write_text(block(word))
    checked(str(BIN / "check-jsonschema"), "--builtin-schema", schema, "workflow.yml", cwd=tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("word", ["runs-on", "reports:"])
def test_what_a_workflow_runs_runs(tmp_path: Path, word: str) -> None:
    (tmp_path / "losses.py").write_text(MODULE)
    (tmp_path / "gradcheck.toml").write_text('[[target]]\nname = "losses:f"\n')
    (line,) = commands(yaml.safe_load(block(word)))
    checked(sys.executable, "-m", *shlex.split(line), cwd=tmp_path)
    written = re.findall(r"--output (\S+)", line)
    assert len(written) >= 2
    assert all((tmp_path / name).stat().st_size for name in written)
    assert all(name in block(word).replace(line, "") for name in written)  # each is taken somewhere
