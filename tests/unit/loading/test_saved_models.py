"""Signatures of SavedModels, with and without their gradient overrides."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from gradcheck.loading import load
from gradcheck.loading.saved_models import override_lost, pick
from gradcheck.records import LoadedTarget, Parameter

Refused = Callable[[str, Callable[[], object]], str]


@tf.custom_gradient
def exp_times_7(x: Any) -> Any:
    """exp with a gradient that is wrong on purpose, so that it is told apart."""
    return tf.exp(x), lambda dy: dy * 7.0


def vector(dtype: str = "float32", name: str | None = None) -> Any:
    return tf.TensorSpec([None], dtype, name=name)


class Model(tf.Module):
    """One model with a signature of each kind."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = tf.Variable(2.0)

    @tf.function(input_signature=[vector(name="z")])
    def overridden(self, z: Any) -> Any:
        return exp_times_7(z) * self.scale

    @tf.function(input_signature=[vector()])
    def plain(self, x: Any) -> Any:
        return tf.sin(x)

    @tf.function(input_signature=[tf.TensorSpec([None, 1]), tf.TensorSpec([], tf.float64)])
    def ratio(self, x: Any, y: Any) -> Any:
        return {"ratio": x / tf.cast(y, tf.float32)}

    @tf.function(input_signature=[vector()])
    def several(self, x: Any) -> Any:
        return {"fifth": x, "first": -x, "fourth": x, "second": x, "sixth": x, "third": x}

    @tf.function(input_signature=[vector()] * 6)
    def product(self, q: Any, p: Any, t: Any, r: Any, s: Any, u: Any) -> Any:
        return q * p * t * r * s * u

    @tf.function(input_signature=[vector("int32")])
    def counts(self, n: Any) -> Any:
        return tf.cast(n, tf.float32)


KINDS = ("overridden", "plain", "ratio", "several", "product", "counts")


def save(directory: Path, names: tuple[str, ...] = KINDS, custom_gradients: bool = True) -> str:
    model = Model()
    signatures = {name: getattr(model, name) for name in names}
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=custom_gradients)
    tf.saved_model.save(model, str(directory), signatures=signatures or None, options=options)
    return str(directory)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return save(tmp_path_factory.mktemp("models") / "complete")


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> str:
    return save(tmp_path_factory.mktemp("models") / "lost", custom_gradients=False)


def called(loaded: LoadedTarget, **values: Any) -> list[float]:
    named = {p.name: tf.constant(values[p.name], p.dtype) for p in loaded.parameters}
    return [float(v) for v in tf.reshape(loaded.function(**named), [-1])]


def test_the_named_signature_and_its_inputs(model: str) -> None:
    loaded = load(f"{model}:overridden")
    assert loaded.name == f"{model}:overridden"
    assert loaded.parameters == (Parameter("z", "float32", (None,), keyword_only=True),)
    assert called(loaded, z=[0.0, 1.0]) == pytest.approx([2.0, 5.4365637])
    assert not loaded.autograph
    assert not loaded.override_lost
    assert loaded.notes == ()


def test_several_inputs_and_a_named_output(model: str) -> None:
    loaded = load(f"{model}:ratio")
    assert set(loaded.parameters) == {
        Parameter("x", "float32", (None, 1), keyword_only=True),
        Parameter("y", "float64", (), keyword_only=True),
    }
    assert called(loaded, x=[[6.0], [8.0]], y=2.0) == [3.0, 4.0]


def test_inputs_come_in_the_same_order_in_every_process(model: str) -> None:
    assert [p.name for p in load(f"{model}:product").parameters] == ["p", "q", "r", "s", "t", "u"]


def test_the_model_outlives_the_call_that_loaded_it(model: str) -> None:
    loaded = load(f"{model}:overridden")
    import gc

    gc.collect()
    assert called(loaded, z=[0.0]) == [2.0]


def test_a_slash_at_the_end(model: str) -> None:
    assert load(f"{model}/:plain").parameters[0].name == "x"


def test_a_lone_signature_needs_no_name(tmp_path: Path) -> None:
    assert load(save(tmp_path / "one", ("plain",))).parameters[0].name == "x"


def test_serving_default_needs_no_name() -> None:
    assert pick("t", ["other", "serving_default"], "") == "serving_default"
    assert pick("t", ["other", "serving_default"], "other") == "other"


def test_several_signatures_need_one(model: str, refused: Refused) -> None:
    message = refused("GC902", lambda: load(model))
    assert message == f"{model}: name a signature with {model}:NAME; it has: {', '.join(KINDS)}"


def test_an_unknown_signature(model: str, refused: Refused) -> None:
    assert refused("GC902", lambda: load(f"{model}:plane")).endswith(": no signature 'plane'; did you mean plain?")
    assert refused("GC902", lambda: load(f"{model}:zzz")).endswith(f"; it has: {', '.join(KINDS)}")


def test_a_model_without_signatures(tmp_path: Path, refused: Refused) -> None:
    directory = save(tmp_path / "none", ())
    assert "it has: none" in refused("GC902", lambda: load(directory))
    assert "it has: none" in refused("GC902", lambda: load(f"{directory}:plain"))


def test_an_int_input_alone_has_no_gradient(model: str, refused: Refused) -> None:
    assert "no float input: n is int32, and only float16" in refused("GC908", lambda: load(f"{model}:counts"))


def test_several_outputs_come_by_name(model: str) -> None:
    loaded = load(f"{model}:several")
    outputs = loaded.function(x=tf.constant([1.0]))
    assert sorted(outputs) == ["fifth", "first", "fourth", "second", "sixth", "third"]
    assert loaded.call == "f(x={0})"


def test_inputs_of_other_dtypes_beside_a_float(tmp_path: Path) -> None:
    module = tf.Module()
    specs = [{"image": vector(), "mask": vector("bool")}, vector("int32", name="n")]
    module.f = tf.function(
        lambda d, n: tf.where(d["mask"], d["image"], 0.0) * tf.cast(n, tf.float32), input_signature=specs
    )
    tf.saved_model.save(module, str(tmp_path / "m"), signatures={"f": module.f})
    loaded = load(str(tmp_path / "m"))
    assert sorted(p.dtype or "" for p in loaded.parameters) == ["bool", "float32", "int32"]
    assert loaded.is_tensor


def test_lines_to_paste_run_the_signature(model: str, pasted: Callable[..., Any]) -> None:
    loaded = load(f"{model}:ratio")
    assert loaded.call == 'f(x={0}, y={1})["ratio"]'
    assert pasted(loaded, tf.constant([[6.0]]), tf.constant(2.0, tf.float64)).numpy() == 3.0
    assert pasted(load(f"{model}:overridden"), tf.constant([0.0])).numpy() == [2.0]
    several = pasted(load(f"{model}:several"), tf.constant([2.0]))
    assert several["first"].numpy() == [-2.0]


def damaged(model: str, directory: Path, content: bytes) -> str:
    shutil.copytree(model, directory)
    (directory / "saved_model.pb").write_bytes(content)
    return str(directory)


@pytest.mark.parametrize("damage", ["empty", "junk", "cut", "another message"])
def test_a_damaged_model(model: str, tmp_path: Path, refused: Refused, damage: str) -> None:
    whole = (Path(model) / "saved_model.pb").read_bytes()
    content = {"empty": b"", "junk": b"\xff" * 100, "cut": whole[: len(whole) // 2], "another message": b"\x08\x01"}
    directory = damaged(model, tmp_path / "model", content[damage])
    message = refused("GC906", lambda: load(f"{directory}:plain"))
    assert message.startswith(f"{directory}:plain: cannot be loaded as a SavedModel: ")
    assert message.endswith("; save it again")


def test_a_model_whose_variables_are_missing(model: str, tmp_path: Path, refused: Refused) -> None:
    directory = shutil.copytree(model, tmp_path / "model")
    shutil.rmtree(directory / "variables")
    assert "cannot be loaded" in refused("GC906", lambda: load(f"{directory}:plain"))


def test_a_damaged_text_model(tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "saved_model.pbtxt").write_text("garbage {")
    assert "cannot be loaded" in refused("GC906", lambda: load(str(tmp_path)))


def test_overrides_that_were_not_saved_are_noticed(model: str, lost: str) -> None:
    assert override_lost("t", Path(lost))
    assert not override_lost("t", Path(model))
    loaded = load(f"{lost}:overridden")
    assert loaded.override_lost
    (note,) = loaded.notes
    assert "was not saved with it (experimental_custom_gradients=False)" in note


def test_a_model_without_overrides_has_lost_none(tmp_path: Path) -> None:
    module = tf.Module()
    module.sin = tf.function(tf.sin, input_signature=[vector()])
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    tf.saved_model.save(module, str(tmp_path / "plain"), signatures={"sin": module.sin}, options=options)
    loaded = load(str(tmp_path / "plain"))
    assert not loaded.override_lost
    assert loaded.notes == ()


def test_a_keras_export(tmp_path: Path) -> None:
    layers = [tf.keras.Input((1,)), tf.keras.layers.Activation("softplus")]
    tf.keras.Sequential(layers).export(str(tmp_path / "keras"), verbose=False)
    loaded = load(str(tmp_path / "keras"))
    assert [(p.dtype, p.shape) for p in loaded.parameters] == [("float32", (None, 1))]
    assert called(loaded, **{loaded.parameters[0].name: [[0.0]]}) == pytest.approx([0.6931472])
