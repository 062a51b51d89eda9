"""Wide & Deep learns what it says it learns; its diseased twin dies where a loop of our own sees it die.

`tests/corpus/wide_deep_nan.json` says at which step, of which optimizer and in which variables the first gradient is
NaN, as seen without gradcheck, so that a watch and a scan can be held against it.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
DISEASE = json.loads((ROOT / "tests" / "corpus" / "wide_deep_nan.json").read_text(encoding="utf-8"))


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False
    )


@pytest.fixture
def wide_deep(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(ROOT)
    from samples import wide_deep

    return wide_deep


@pytest.mark.slow
def test_the_loop_reaches_its_accuracy() -> None:
    trained = run("samples.wide_deep", "--epochs", "15")
    *epochs, last = trained.stdout.splitlines()
    assert [line.split("  loss")[0] for line in epochs] == [f"epoch {n:2d}/15" for n in range(1, 16)]
    losses = [float(re.findall(r"loss ([\d.]+)", line)[0]) for line in epochs]
    assert losses[-1] < 0.1 * losses[0]
    assert (
        94 <= float(last.removeprefix("test accuracy ").rstrip("%")) <= 100
    )  # 95.8 when it was written; 63 is a guess


@pytest.mark.slow
def test_the_wide_path_forgets_what_adam_alone_keeps(wide_deep: Any, capsys: pytest.CaptureFixture[str]) -> None:
    wide_deep.compare(epochs=4, seeds=2)
    heading, *rows = capsys.readouterr().out.splitlines()
    assert heading == "seed  two optimizers  zeros  model.fit()  zeros"
    assert [row.split()[0] for row in rows] == ["0", "1", "mean", "std"]
    mine, my_zeros, plain, plain_zeros = (float(word.rstrip("%")) for word in rows[2].split()[1:])
    assert min(mine, plain) > 88
    assert my_zeros > 20 + plain_zeros


def test_crosses_have_numbers_of_their_own(wide_deep: Any) -> None:
    learned, held_out = wide_deep.data(seed=0)
    assert (len(learned.labels), len(held_out.labels)) == (426, 143)
    first = wide_deep.BUCKETS**2 * np.arange(45)
    for rows in (learned, held_out):
        assert ((rows.crosses >= first) & (rows.crosses < first + wide_deep.BUCKETS**2)).all()


def test_without_scikit_learn_it_is_one_line(wide_deep: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(SystemExit, match=r"needs scikit-learn.*pip install 'gradcheck\[samples\]'$"):
        wide_deep.data(seed=0)


@pytest.mark.slow
def test_the_first_bad_gradient_of_the_disease(wide_deep: Any) -> None:
    from samples.wide_deep_nan import cross_entropy

    assert first_bad_gradient(wide_deep, cross_entropy) == {
        key: DISEASE[key] for key in ("step", "epoch", "loss", "optimizers", "gradients")
    }


@pytest.mark.slow
def test_the_healthy_loss_has_none(wide_deep: Any) -> None:
    assert first_bad_gradient(wide_deep, wide_deep.cross_entropy) is None


@pytest.mark.slow
def test_a_scan_finds_the_disease_beforehand_on_the_same_line() -> None:
    scanned = run("gradcheck", "scan", "samples/wide_deep.py", "samples/wide_deep_nan.py", "--format", "json")
    assert scanned.returncode == 1
    healthy, diseased = json.loads(scanned.stdout)["targets"]
    assert (healthy["target"], healthy["status"]) == ("samples/wide_deep.py:cross_entropy", "clean")
    (error,) = [f for f in diseased["findings"] if f["severity"] == "error"]
    cause = error["cause"]
    assert (error["code"], error["wrt"], error["lo"]) == (DISEASE["code"], "logit", 16.635532)
    assert error["lo"] < DISEASE["logit"] < error["hi"]
    assert (cause["file"], cause["line"], cause["source"]) == (DISEASE["file"], DISEASE["line"], DISEASE["source"])


def first_bad_gradient(wide_deep: Any, loss: Any, epochs: int = 30, seed: int = 0) -> dict[str, Any] | None:
    """Train as the sample does, with every gradient worked out a second time before each step, and looked at."""
    import keras
    import tensorflow as tf

    keras.utils.clear_session()  # else the optimizers are ftrl_1 and adam_2, after those of other tests
    keras.utils.set_random_seed(seed)
    learned, _ = wide_deep.data(seed)
    training = wide_deep.Training(loss)
    owned = [(training.ftrl, 1, v) for v in training.wide] + [(training.adam, 2, v) for v in training.deep]

    @tf.function(reduce_retracing=True)
    def looked_at(features: Any, labels: Any) -> Any:
        with tf.GradientTape() as tape:
            value = tf.reduce_mean(loss(training.model(features, training=True), labels))
        gradients = tape.gradient(value, [v.value for *_, v in owned])
        values = [g.values if isinstance(g, tf.IndexedSlices) else g for g in gradients]
        count = [
            [tf.reduce_sum(tf.cast(is_bad(v), tf.int32)) for v in values] for is_bad in (tf.math.is_nan, tf.math.is_inf)
        ]
        return value, [tf.size(v) for v in values], *count

    sparse = {training.wide[0].path}
    batches, step = learned.batches(seed), 0
    for epoch in range(1, epochs + 1):
        for features, labels in batches:
            value, *counts = looked_at(features, labels)
            if any(map(int, (*counts[1], *counts[2]))):
                return {
                    "step": step,
                    "epoch": epoch,
                    "loss": str(float(value)),
                    "optimizers": [training.ftrl.name, training.adam.name],
                    "gradients": [
                        {
                            "optimizer": optimizer.name,
                            "order": order,
                            "variable": v.path,
                            "sparse": v.path in sparse,
                            "entries": int(e),
                            "nan": int(n),
                            "inf": int(i),
                        }
                        for (optimizer, order, v), e, n, i in zip(owned, *counts, strict=True)
                    ],
                }
            training.step(features, labels)
            step += 1
    return None
