"""A bad step in a directory: what is in it, whole or not at all, and what is said where it cannot be."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gradcheck import npz, repros
from gradcheck.observing import saving
from gradcheck.observing.belongings import as_array
from gradcheck.observing.keeper import portable
from gradcheck.observing.saving import placed
from gradcheck.options import WatchOptions
from gradcheck.pipeline.watched import Watching
from gradcheck.records import Finding
from gradcheck.scripts import Ending, Stopped


def watched(directory: Path, train: Callable[[], None], on_bad: str = "stop") -> Finding:
    """Run some training, and save its first bad step; what was found."""
    with Watching(WatchOptions(on_bad=on_bad, save_repro=directory), name="train.py") as watching:
        with contextlib.suppress(Stopped):
            train()
        report = watching.report("train.py", Ending("finished", 0))
    assert report.targets[0].findings, report.targets[0].notes
    return report.targets[0].findings[0]


def eager() -> None:
    w = tf.Variable([[1.0], [1.0]], name="w")
    optimizer = tf.keras.optimizers.Adam(0.1, name="adam")
    rows = np.array([[1.0, 2.0], [3.0, 4.0], [0.0, 0.0]], np.float32)
    words = tf.constant(["ä", "b"])
    for step in range(4):
        x, y = rows[step : step + 1], tf.constant([step])
        with tf.GradientTape() as tape:
            assert words.shape == [2]
            z = x @ w
            loss = tf.reduce_mean(tf.sqrt(z * z)) + tf.cast(tf.reduce_sum(y), tf.float32)
        gradients = tape.gradient(loss, [w])
        optimizer.apply_gradients(zip(gradients, [w], strict=True))


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Finding]]:
    root = tmp_path_factory.mktemp("run")
    before = Path.cwd()
    os.chdir(root)
    yield root / "bad", watched(root / "bad", eager)
    os.chdir(before)


def test_the_manifest_says_what_was_found(saved: tuple[Path, Finding]) -> None:
    manifest = repros.read(saved[0])
    assert (manifest.script, manifest.step, manifest.optimizer, manifest.order) == ("train.py", 2, "adam", 1)
    assert (manifest.code, manifest.mode, manifest.loss, manifest.shows) == ("GC001", "eager", 2.0, True)
    (part,) = manifest.gradients
    assert (part.variable, part.nan, part.shape) == ("w", 2, (2, 1))
    assert manifest.cause is not None
    assert manifest.cause.source == "loss = tf.reduce_mean(tf.sqrt(z * z)) + tf.cast(tf.reduce_sum(y), tf.float32)"
    assert (manifest.parameters, manifest.wrt) == (("w",), ("w",))


def test_no_path_of_this_machine_is_in_it(saved: tuple[Path, Finding]) -> None:
    text = (saved[0] / repros.MANIFEST).read_text("utf-8")
    assert str(Path(__file__).parent) not in text
    assert str(saved[0].parent) not in text
    model = (saved[0] / repros.MODEL / "saved_model.pb").read_bytes()
    assert str(Path(__file__).parent).encode() not in model


def test_the_finding_names_the_directory_as_it_was_written(saved: tuple[Path, Finding]) -> None:
    assert saved[1].training is not None
    assert saved[1].training.repro == "bad"


def test_arrays_are_those_before_the_step(saved: tuple[Path, Finding]) -> None:
    manifest = repros.read(saved[0])
    assert [(i.name, i.dtype, i.shape) for i in manifest.inputs] == [("x", "float32", (1, 2)), ("y", "int32", (1,))]
    x, y = npz.checked(saved[0], manifest)
    assert (x.tolist(), y.tolist()) == ([[0.0, 0.0]], [2])
    (w,) = npz.read_arrays(saved[0] / repros.VARIABLES, manifest.weights)
    assert np.isfinite(w).all()
    assert (w < 1).all()
    with np.load(saved[0] / repros.BATCH, allow_pickle=False) as batch:
        assert batch["words"].tolist() == ["ä", "b"]
    with np.load(saved[0] / repros.OPTIMIZER, allow_pickle=False) as slots:
        assert slots["1/adam/iteration"] == 2
        assert [slots[key].shape for key in slots if "momentum" in key] == [(2, 1)]


def test_the_graph_holds_the_weights_and_its_gradient_is_bad(saved: tuple[Path, Finding]) -> None:
    model = tf.saved_model.load(str(saved[0] / repros.MODEL))
    with tf.GradientTape() as tape:
        loss = model.signatures["serving_default"](x=tf.zeros([1, 2]), y=tf.constant([2]))["loss"]
    assert float(loss) == 2.0
    assert np.isnan(tape.gradient(loss, list(model.weights))[0].numpy()).all()


def test_the_first_bad_step_is_kept_and_an_older_one_replaced(tmp_path: Path) -> None:
    directory = tmp_path / "deep" / "bad"
    for _ in range(2):
        finding = watched(directory, eager, "warn")
        assert finding.training is not None
        assert repros.read(directory).step == 2
        assert [p.name for p in directory.parent.iterdir()] == ["bad"]
        (directory / "older").touch()
        directory.joinpath("older").unlink()


def test_what_cannot_be_saved_is_said_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(saving, "write_model", full)
    finding = watched(tmp_path / "bad", eager)
    assert finding.training is not None
    assert finding.training.repro is None
    assert "the step could not be saved" in finding.training.rerun
    assert "disk full" in finding.training.rerun
    assert list(tmp_path.iterdir()) == []


def test_a_directory_of_other_files_stays(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    finding = watched(tmp_path, eager)
    assert finding.training is not None
    assert "it holds other files" in finding.training.rerun
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_function_with_a_loop_over_its_batches_has_a_graph(tmp_path: Path) -> None:
    w = tf.Variable(2.0, name="w")
    optimizer = tf.keras.optimizers.SGD(0.0)

    @tf.function
    def epoch(batches: Any) -> None:
        for x in batches:
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(tf.sqrt(w * x))
            optimizer.apply([tape.gradient(loss, w)], [w])

    data = tf.constant([[1.0] * 20, [4.0] * 20, [0.0] * 20, [9.0] * 20])
    watched(tmp_path / "bad", lambda: epoch(data))
    manifest = repros.read(tmp_path / "bad")
    assert (manifest.step, manifest.no_graph, manifest.shows) == (2, "", True)


def test_a_step_that_cannot_be_run_again_is_saved_without_a_graph(tmp_path: Path) -> None:
    def train() -> None:
        w = tf.Variable(0.0, name="w")
        optimizer = tf.keras.optimizers.SGD(0.0)
        tape = tf.GradientTape()
        tape.__enter__()
        loss = tf.sqrt(w)
        tape.__exit__(None, None, None)
        optimizer.apply([tape.gradient(loss, w)], [w])

    finding = watched(tmp_path / "bad", train)
    manifest = repros.read(tmp_path / "bad")
    assert "could not be run again" in manifest.no_graph
    assert not (tmp_path / "bad" / repros.MODEL).exists()
    assert [i.name for i in manifest.weights] == ["w"]
    assert finding.training is not None
    assert "what was saved has no graph" in finding.training.rerun


def test_a_directory_is_not_there_before_all_is_written(tmp_path: Path) -> None:
    def half() -> None:
        with placed(tmp_path / "bad") as beside:
            (beside / "half").touch()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    assert list(tmp_path.iterdir()) == []


def test_an_empty_directory_is_filled(tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    with placed(tmp_path / "bad") as beside:
        (beside / repros.MANIFEST).touch()
    assert [str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*")] == ["bad", "bad/manifest.json"]


def test_paths_are_told_from_where_the_run_was_started(tmp_path: Path) -> None:
    assert portable(str(tmp_path / "src" / "train.py"), tmp_path) == "src/train.py"
    assert portable("/elsewhere/model.py", tmp_path) == "model.py"
    assert portable("train.py", tmp_path) == "train.py"


def test_small_floats_are_widened_and_objects_left_out() -> None:
    widened = as_array(tf.constant([1.5], tf.bfloat16).numpy())
    assert widened is not None
    assert (widened.dtype.name, widened.tolist()) == ("float32", [1.5])
    assert as_array(np.array([b"\xff"], dtype=object)) is None
    assert as_array(np.array([{}], dtype=object)) is None
