"""A saved step as a target: its names, domains and weights; what is damaged is one line."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from gradcheck import npz, repros
from gradcheck.errors import BAD_CONFIGURATION, CANNOT_TRACE, NOT_A_SAVED_MODEL, CannotCheck
from gradcheck.loading import expand, load
from gradcheck.options import WatchOptions
from gradcheck.pipeline.watched import Watching
from gradcheck.scripts import Stopped


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A step that went bad: a square root at 0, with labels and a mask."""
    root = tmp_path_factory.mktemp("step")
    w = tf.Variable([[1.0], [1.0]], name="dense/kernel")
    optimizer = tf.keras.optimizers.SGD(0.1)

    def step(batch: dict[str, tf.Tensor], labels: tf.Tensor, mask: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            z = tf.boolean_mask(batch["x"], mask) @ w
            loss = tf.reduce_mean(tf.sqrt(z * z)) + tf.cast(tf.reduce_max(labels), tf.float32)
        optimizer.apply([tape.gradient(loss, w)], [w])

    x = tf.constant([[1.0, -2.0], [0.0, 0.0]])
    with Watching(WatchOptions(save_repro=root / "bad"), name="train.py"), pytest.raises(Stopped):
        step({"x": x}, tf.constant([3, 5]), tf.constant([True, True]))
    return root / "bad"


@pytest.fixture
def step(whole: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(whole, tmp_path / "step"))


def refused(directory: Path, code: str) -> str:
    with pytest.raises(CannotCheck) as caught:
        load(str(directory))
    assert caught.value.code == code
    assert "\n" not in caught.value.message
    return caught.value.message


def changed(directory: Path, **fields: object) -> None:
    path = directory / repros.MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **fields}), "utf-8")


def test_a_step_is_a_target_with_its_batch(whole: Path) -> None:
    assert expand(str(whole)) == (str(whole),)
    loaded = load(f"{whole}/")
    assert {p.name: (p.dtype, p.shape) for p in loaded.parameters} == {
        "batch['x']": ("float32", (2, 2)),
        "mask": ("bool", (2,)),
        "labels": ("int32", (2,)),
    }
    assert loaded.domains == {"batch['x']": "-2.0:1.0", "labels": "integer:3:5"}
    assert loaded.is_tensor
    assert loaded.recorded is not None
    assert loaded.recorded.wrt == ("variables",)
    by_name = dict(zip([p.name for p in loaded.parameters], loaded.recorded.point, strict=True))
    assert {name: a.dtype.name for name, a in by_name.items()} == {
        "batch['x']": "float64",
        "mask": "bool",
        "labels": "int64",
    }


def test_its_function_is_the_loss_and_its_weights_have_the_names_of_the_script(whole: Path) -> None:
    loaded = load(str(whole))
    values = {"batch['x']": tf.constant([[1.0, 1.0], [1.0, 3.0]]), "mask": tf.constant([True, False])}
    arguments = [values.get(p.name, tf.constant([1, 2])) for p in loaded.parameters]
    assert float(loaded.function(*arguments)) == 4.0
    assert [v.name for v in loaded.function.model.weights] == ["dense/kernel"]  # type: ignore[attr-defined]


def test_the_code_to_paste_runs(whole: Path) -> None:
    loaded = load(str(whole))
    known: dict[str, object] = {}
    exec("\n".join(loaded.paste), known)
    known |= {"a": tf.zeros([2, 2]), "b": tf.constant([True, True]), "c": tf.constant([3, 5])}
    order = {"batch['x']": "a", "mask": "b", "labels": "c"}
    text = loaded.call.format(*(order[p.name] for p in loaded.parameters))
    assert float(eval(text, known)) == 5.0


def truncated(name: str, size: int) -> Callable[[Path], None]:
    def damage(directory: Path) -> None:
        path = directory / name
        path.write_bytes(path.read_bytes()[:size])

    return damage


@pytest.mark.parametrize("size", [0, 5, 40])
@pytest.mark.parametrize("name", [repros.MANIFEST, repros.BATCH, repros.VARIABLES])
def test_truncated_files_are_one_line(step: Path, name: str, size: int) -> None:
    truncated(name, size)(step)
    assert name in refused(step, BAD_CONFIGURATION)


@pytest.mark.parametrize("name", [repros.BATCH, repros.VARIABLES])
def test_arrays_of_another_shape_or_of_objects_are_one_line(step: Path, name: str) -> None:
    with np.load(step / name) as archive:
        known = dict(archive)
    key = "dense/kernel" if name == repros.VARIABLES else "batch__x"
    npz.write_arrays(step / name, {**known, key: np.ones([3, 2], np.float32)})
    assert "is expected" in refused(step, BAD_CONFIGURATION)
    np.savez(step / name, **{**known, key: np.array([[{}]], dtype=object)})
    assert "Object arrays" in refused(step, BAD_CONFIGURATION)


@pytest.mark.parametrize("size", [0, 30, 400])
def test_a_damaged_model_is_one_line(step: Path, size: int) -> None:
    truncated(f"{repros.MODEL}/saved_model.pb", size)(step)
    assert "save it again" in refused(step, NOT_A_SAVED_MODEL)


def test_a_model_that_is_missing_or_another_one_is_one_line(step: Path) -> None:
    shutil.rmtree(step / repros.MODEL)
    refused(step, NOT_A_SAVED_MODEL)
    tf.saved_model.save(tf.Module(), str(step / repros.MODEL))
    refused(step, NOT_A_SAVED_MODEL)


def test_a_manifest_that_does_not_fit_the_model_is_one_line(step: Path) -> None:
    changed(step, parameters=["dense/kernel", "dense/bias"])
    refused(step, NOT_A_SAVED_MODEL)
    changed(step, parameters=["dense/kernel"], inputs=[])
    assert "not those of the manifest" in refused(step, NOT_A_SAVED_MODEL)


def test_another_version_of_the_schema_is_one_line(step: Path) -> None:
    changed(step, schema_version=2)
    assert "schema_version" in refused(step, BAD_CONFIGURATION)


def test_without_a_graph_it_cannot_be_scanned(step: Path) -> None:
    changed(step, no_graph="it reads a resource that is no variable")
    assert "gradcheck explain" in refused(step, CANNOT_TRACE)
