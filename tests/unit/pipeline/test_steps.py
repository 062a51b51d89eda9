"""A saved step, run again: what explain tells, and that a scan finds it first, with the lines of the script."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from gradcheck import npz, repros
from gradcheck.errors import CannotCheck
from gradcheck.options import Said, WatchOptions
from gradcheck.pipeline.scanning import scan
from gradcheck.pipeline.steps import explain
from gradcheck.pipeline.watched import Watching
from gradcheck.records import Finding
from gradcheck.scripts import Stopped


def saved(directory: Path, step: Callable[[Any, Any], Any], x: Any) -> Path:
    """Save a step of one weight `w`, whose loss a function computes."""
    w = tf.Variable([1.0, 1.0], name="w")
    optimizer = tf.keras.optimizers.SGD(0.1, name="sgd")

    def train() -> None:
        with tf.GradientTape() as tape:
            loss = step(x, w)
        optimizer.apply([tape.gradient(loss, w)], [w])

    with Watching(WatchOptions(save_repro=directory), name="train.py"), pytest.raises(Stopped):
        train()
    return directory


def rooted(x: Any, w: Any) -> Any:
    z = tf.linalg.matvec(x, w)
    return tf.reduce_mean(tf.sqrt(z * z))


def logarithm(x: Any, w: Any) -> Any:
    return tf.reduce_sum(tf.math.log(tf.linalg.matvec(x, w)))


@tf.custom_gradient
def bad_custom(x: Any) -> Any:
    return tf.identity(x), lambda dy: dy * tf.math.log(-tf.ones_like(dy))


def custom(x: Any, w: Any) -> Any:
    return tf.reduce_sum(tf.linalg.matvec(x, bad_custom(w)))


def line_with(text: str) -> int:
    lines = Path(__file__).read_text("utf-8").splitlines()
    return next(i for i, line in enumerate(lines, 1) if text in line)


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("step") / "bad", rooted, tf.constant([[1.0, 2.0], [0.0, 0.0]]))


@pytest.fixture
def step(root: Path, tmp_path: Path) -> Path:
    """A copy to change."""
    return Path(shutil.copytree(root, tmp_path / "step"))


def changed(directory: Path, **fields: object) -> str:
    path = directory / repros.MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **fields}), "utf-8")
    return str(directory)


def explained(directory: Path | str) -> Finding:
    (target,) = explain(str(directory)).targets
    (finding,) = target.findings
    return finding


def test_explain_runs_the_step_again(root: Path) -> None:
    finding = explained(root)
    assert (finding.code, finding.severity, finding.wrt, finding.version) == ("GC001", "error", "w", "training")
    witness = finding.training
    assert witness is not None
    assert (witness.step, witness.optimizer, witness.loss, witness.repro) == (0, "sgd", 1.5, str(root))
    assert [(g.variable, g.entries, g.nan, g.inf) for g in witness.gradients] == [("w", 2, 2, 0)]
    assert witness.rerun == ""
    assert finding.cause is not None
    assert (finding.cause.op, finding.cause.forward_op) == ("SqrtGrad", "Sqrt")
    assert finding.cause.line == line_with("tf.reduce_mean(tf.sqrt(z * z))")
    assert finding.cause.source == "return tf.reduce_mean(tf.sqrt(z * z))"


def test_explain_takes_numbers_from_the_files_and_not_from_the_manifest(step: Path) -> None:
    manifest = repros.read(step)
    arrays = dict(zip([i.key for i in manifest.inputs], npz.checked(step, manifest), strict=True))
    npz.write_arrays(step / repros.BATCH, {key: array + 1 for key, array in arrays.items()})
    (target,) = explain(str(step)).targets
    assert target.findings == ()
    assert "finite here" in target.notes[0]


def test_explain_tells_a_step_without_a_graph_as_it_was_found(step: Path) -> None:
    finding = explained(changed(step, no_graph="it reads a resource that is no variable"))
    assert finding.training is not None
    assert finding.training.rerun.startswith("told as it was found: not run again, since it reads a resource")
    assert [g.nan for g in finding.training.gradients] == [2]
    assert finding.cause is not None
    assert finding.cause.source == "return tf.reduce_mean(tf.sqrt(z * z))"


def test_explain_tells_a_custom_gradient_as_it_was_found(tmp_path: Path) -> None:
    finding = explained(saved(tmp_path / "bad", custom, tf.constant([[1.0, 2.0]])))
    assert finding.training is not None
    assert "custom gradient" in finding.training.rerun
    assert [g.nan for g in finding.training.gradients] == [2]


def test_explain_of_a_damaged_step_is_one_line(step: Path) -> None:
    (step / repros.BATCH).write_bytes(b"PK")
    with pytest.raises(CannotCheck, match=r"batch\.npz"):
        explain(str(step))


def test_a_scan_shows_the_step_first_by_its_weights(root: Path) -> None:
    report = scan(str(root), Said(budget=0.1))
    first = next(f for f in report.findings if "this is the step that was saved" in f.message)
    assert (first.code, first.severity, first.wrt) == ("GC001", "error", "w")
    assert first.tensor is not None
    assert first.tensor.inputs["x"].tolist() == [[1.0, 2.0], [0.0, 0.0]]
    assert first.cause is not None
    assert first.cause.line == line_with("tf.reduce_mean(tf.sqrt(z * z))")
    alike = [
        f for f in report.findings if (f.code, f.wrt, f.cause and f.cause.line) == ("GC001", "w", first.cause.line)
    ]
    assert alike == [first]


def test_a_step_outside_the_domain_is_an_error_since_training_met_it(tmp_path: Path) -> None:
    directory = saved(tmp_path / "bad", logarithm, tf.constant([[-1.0, -2.0], [0.0, 0.0]]))
    report = scan(str(directory), Said(budget=0.1))
    assert [f.severity for f in report.findings if "the step that was saved" in f.message] == ["error"]


def test_a_scan_by_an_input_is_by_that_input(root: Path) -> None:
    report = scan(str(root), Said(budget=0.1, wrt=("x",)))
    assert {f.wrt for f in report.findings} == {"x"}


def test_a_scan_searches_the_range_of_the_batch_unless_another_is_said(root: Path) -> None:
    report = scan(str(root), Said(budget=0.1))
    assert report.search is not None
    assert [i.domain.text for i in report.search.inputs] == ["0:2"]
