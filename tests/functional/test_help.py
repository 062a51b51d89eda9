"""`--help` of each command: grouped, in 80 columns, with examples that run."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main

from gradcheck.cli.app import app
from gradcheck.cli.manual import EXAMPLES, OTHER, PANELS, STATUSES, WATCHED

GROUP: Any = typer.main.get_command(app)
COMMANDS: dict[str, Any] = GROUP.commands
LOSSES = """\
import tensorflow as tf
# gradcheck: scan
def my_loss(x): return tf.sqrt(x)
def stable_loss(x): return tf.sqrt(x + 1e-12)
def cross_entropy(logit, label): return -label * tf.math.log(tf.sigmoid(logit))
def norm(x): return tf.norm(x)
"""
EXPORT = """\
import tensorflow as tf, losses, numpy
module = tf.Module()
spec = tf.TensorSpec([None], tf.float32)
tf.saved_model.save(module, "exported_model", signatures=tf.function(losses.my_loss, input_signature=[spec]))
numpy.save("batch.npy", numpy.array([1.0, 0.0], "float32"))
"""


def gradcheck(*words: str, cwd: Path, columns: int = 80) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gradcheck", *words],
        cwd=cwd,
        env={**os.environ, "COLUMNS": str(columns), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)], ids=lambda words: words[0] if words else "-")
def test_help_fits_80_columns_and_keeps_the_lines_of_its_examples(command: tuple[str, ...], tmp_path: Path) -> None:
    run = gradcheck(*command, "--help", cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, "")
    lines = run.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    name = command[0] if command else "gradcheck"
    for line, purpose in EXAMPLES[name]:
        assert [f"   {line}", f"       {purpose}"] == lines[(at := lines.index(f"   {line}")) : at + 2]
    for status, meaning in STATUSES.get(name, {}).items():
        assert f"   {status:<4} {meaning}" in lines


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_in_a_group(name: str) -> None:
    command = COMMANDS[name]
    params = command.get_params(command.make_context(name, [], resilient_parsing=True))
    grouped = {p.opts[0]: p.rich_help_panel for p in params if p.param_type_name == "option"}
    assert all(panel in PANELS for panel in grouped.values()), grouped  # a new option: add it to PANELS
    assert grouped["--help"] == OTHER
    assert len(EXAMPLES[name]) >= 1  # a new command: add examples


def test_the_groups_of_scan_stand_in_their_order(tmp_path: Path) -> None:
    text = gradcheck("scan", "--help", cwd=tmp_path).stdout
    titles = re.findall(r"^╭─ (.*?) ─", text, flags=re.MULTILINE)
    assert titles == ["Arguments", *(panel for panel in PANELS if panel != WATCHED)]
    assert "Usage: gradcheck scan [OPTIONS] [TARGET]..." in text
    assert "<bool>" not in text


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("project")
    (directory / "losses.py").write_text(LOSSES)
    (directory / "package").mkdir()
    (directory / "train.py").write_text("print('trained')\n")
    (directory / "package" / "train.py").write_text("print('trained')\n")
    (directory / "models.py").write_text("import tensorflow as tf\n# gradcheck: scan\ndef square(x): return x * x\n")
    subprocess.run([sys.executable, "-c", EXPORT], cwd=directory, check=True, capture_output=True)
    assert gradcheck("scan", "losses.py:my_loss", "--output", "report.json", cwd=directory).returncode == 1
    (directory / "diseased.py").write_text(DISEASED)
    assert gradcheck("watch", "--save-repro", "bad_step", "diseased.py", cwd=directory).returncode == 1
    return directory


DISEASED = """
import tensorflow as tf
w, optimizer = tf.Variable(0.0), tf.keras.optimizers.SGD(0.1)
with tf.GradientTape() as tape:
    loss = tf.sqrt(w)
optimizer.apply([tape.gradient(loss, w)], [w])
"""

LINES = dict.fromkeys(line for name in ("gradcheck", *COMMANDS) for line, _ in EXAMPLES[name])


@pytest.mark.slow
@pytest.mark.parametrize("line", LINES)
def test_an_example_runs(project: Path, line: str) -> None:
    run = gradcheck(*shlex.split(line)[1:], cwd=project)
    assert run.returncode in (0, 1), run.stderr
    assert run.stdout
