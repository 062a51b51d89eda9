"""`gradcheck watch --save-repro`, then `explain` and `scan` elsewhere, without the script: the same disease."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

pytestmark = pytest.mark.slow

HEAD = """
    import numpy as np
    import tensorflow as tf

    tf.random.set_seed(0)
    rng = np.random.default_rng(0)
    data = rng.uniform(1, 2, [40, 8, 3]).astype("float32")
    data[12, 3] = 0.0
    kernel = tf.Variable(tf.ones([3, 2]), name="kernel")
    bias = tf.Variable(tf.zeros([2]), name="bias")
    optimizer = tf.keras.optimizers.Adam(1e-3)

    def distance(x):
        squares = tf.reduce_sum(tf.matmul(x, kernel) ** 2, axis=1)
        return tf.sqrt(squares)  # disease
    """

TRAIN = """
    def train(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(distance(x)) + tf.reduce_sum(bias ** 2)
        gradients = tape.gradient(loss, [kernel, bias])
        optimizer.apply_gradients(zip(gradients, [kernel, bias]))
        return loss
    """

SCRIPTS = {
    "eager": dedent(HEAD) + dedent(TRAIN) + "for x in data:\n    print(float(train(tf.constant(x))))\n",
    "graph": dedent(HEAD) + "@tf.function" + dedent(TRAIN) + "for x in data:\n    train(tf.constant(x))\n",
    "xla": dedent(HEAD)
    + "@tf.function(jit_compile=True)"
    + dedent(TRAIN)
    + "for x in data:\n    train(tf.constant(x))\n",
}


def run(here: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gradcheck", *words]
    return subprocess.run(command, cwd=here, capture_output=True, text=True, check=False, env=dict(os.environ))


def finding(completed: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert "Traceback" not in completed.stderr
    assert completed.returncode == 1, completed.stderr
    found: dict[str, Any] = json.loads(completed.stdout[completed.stdout.index("{") :])["targets"][0]["findings"][0]
    return found


@pytest.mark.parametrize("mode", SCRIPTS)
def test_a_saved_step_is_read_elsewhere(tmp_path: Path, mode: str) -> None:
    home, away = tmp_path / "home", tmp_path / "away"
    home.mkdir()
    away.mkdir()
    script = home / "train.py"
    script.write_text(SCRIPTS[mode], "utf-8")
    line = SCRIPTS[mode].splitlines().index("    return tf.sqrt(squares)  # disease") + 1
    watched = finding(run(home, "watch", "--save-repro", "bad", "--format", "json", "train.py"))
    assert (watched["mode"], watched["training"]["step"], watched["training"]["repro"]) == (mode, 12, "bad")
    script.unlink()
    shutil.move(home / "bad", away / "step")
    shutil.rmtree(home)

    explained = finding(run(away, "explain", "step", "--format", "json"))
    assert explained["training"]["gradients"] == watched["training"]["gradients"]
    assert (explained["cause"]["line"], explained["cause"]["op"]) == (line, watched["cause"]["op"])
    assert explained["cause"]["source"] == "return tf.sqrt(squares)  # disease"
    assert (explained["cause"]["file"], explained["training"]["step"]) == ("train.py", 12)

    scanned = finding(run(away, "scan", "step", "--format", "json", "--budget", "1s"))
    assert (scanned["code"], scanned["wrt"], scanned["cause"]["line"]) == ("GC001", "kernel", line)
    assert scanned["witness"]["inputs"]["x"][3] == [0, 0, 0]

    (away / "step" / "batch.npz").write_bytes(b"PK")
    for command in ("explain", "scan"):
        refused = run(away, command, "step")
        assert refused.returncode == 2
        assert refused.stderr.count("\n") == 1
        assert "GC907" in refused.stderr
