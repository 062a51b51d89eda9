"""Models in .keras files."""

import json
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from gradcheck.loading import expand, load
from gradcheck.records import Parameter

Refused = Callable[[str, Callable[[], object]], str]
keras = tf.keras
layers = keras.layers


def saved(model: Any, path: Path) -> str:
    model.save(path)
    return str(path)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    a, b = keras.Input((2,), name="a"), keras.Input((3,), name="b", dtype="int32")
    joined = layers.Concatenate()([a, keras.ops.cast(b, "float32")])
    return saved(keras.Model({"a": a, "b": b}, layers.Dense(2)(joined)), tmp_path_factory.mktemp("models") / "m.keras")


def test_a_model_with_its_inputs(model: str, pasted: Callable[..., Any]) -> None:
    assert expand(model) == (model,)
    target = load(model)
    assert target.name == model
    assert target.parameters == (Parameter("a", "float32", (None, 2)), Parameter("b", "int32", (None, 3)))
    assert target.paste == (
        "import tensorflow as tf",
        f'f = tf.keras.models.load_model("{model}", compile=False)',
    )
    assert target.call == 'f({{"a": {0}, "b": {1}}}, training=False)'
    values = tf.ones([4, 2]), tf.ones([4, 3], "int32")
    assert target.function(*values).shape == (4, 2)
    assert pasted(target, *values).numpy().tolist() == target.function(*values).numpy().tolist()


def test_a_subclass_that_is_registered(tmp_path: Path) -> None:
    @keras.utils.register_keras_serializable("gradcheck_tests")
    class Registered(keras.Model):  # type: ignore[name-defined]
        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            self.dense = layers.Dense(2)

        def call(self, x: Any) -> Any:
            return self.dense(x)

    instance = Registered()
    instance(tf.zeros([1, 3]))
    assert load(saved(instance, tmp_path / "sub.keras")).parameters == (Parameter("x", "float32", (None, 3)),)


def test_a_lambda_layer_is_not_run(tmp_path: Path, refused: Refused) -> None:
    path = saved(keras.Sequential([keras.Input((2,)), layers.Lambda(lambda x: x * 2)]), tmp_path / "l.keras")
    message = refused("GC901", lambda: load(path))
    assert message.startswith(f"{path}: it holds a Lambda layer, whose code Keras's safe mode does not run;")
    assert "module:make_model()" in message


def test_a_class_that_nothing_registers(tmp_path: Path, refused: Refused) -> None:
    class Unknown(layers.Layer):  # type: ignore[name-defined]
        def call(self, x: Any) -> Any:
            return x

    path = saved(keras.Sequential([keras.Input((2,)), Unknown()]), tmp_path / "u.keras")
    message = refused("GC901", lambda: load(path))
    assert message.startswith(f"{path}: its class Unknown is not known; import the module that registers it with")
    assert "module:make_model()" in message


def test_a_model_that_was_saved_before_it_was_built(tmp_path: Path, refused: Refused) -> None:
    path = saved(keras.Sequential([layers.Dense(2)]), tmp_path / "empty.keras")
    assert "it was saved before it was built, so it holds no weights;" in refused("GC901", lambda: load(path))


def without(model: str, path: Path, name: str, content: bytes | None = None) -> None:
    with zipfile.ZipFile(model) as old, zipfile.ZipFile(path, "w") as new:
        for entry in old.namelist():
            if entry != name:
                new.writestr(entry, old.read(entry))
            elif content is not None:
                new.writestr(entry, content)


@pytest.mark.parametrize("damage", ["empty", "junk", "cut"])
def test_a_file_that_is_no_archive(model: str, tmp_path: Path, refused: Refused, damage: str) -> None:
    whole = Path(model).read_bytes()
    path = tmp_path / "bad.keras"
    path.write_bytes({"empty": b"", "junk": b"\xff" * 100, "cut": whole[: len(whole) // 2]}[damage])
    assert refused("GC901", partial(load, str(path))) == (
        f"{path}: damaged, it is no zip archive as .keras files are; save it again"
    )


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.json", None),
        ("config.json", b"{"),
        ("config.json", json.dumps({"class_name": "Functional"}).encode()),
        ("model.weights.h5", None),
        ("model.weights.h5", b"junk"),
    ],
)
def test_a_damaged_archive(model: str, tmp_path: Path, refused: Refused, name: str, content: bytes | None) -> None:
    path = tmp_path / "bad.keras"
    without(model, path, name, content)
    message = refused("GC901", partial(load, str(path)))
    assert message.startswith(f"{path}: cannot be loaded as a Keras model: ")
    assert message.endswith("; save it again")
