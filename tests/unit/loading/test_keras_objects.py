"""Keras losses, metrics, models and layers as targets."""

import inspect
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from gradcheck.loading.conventions import LOSSES
from gradcheck.loading.keras_objects import NOT_BUILT, is_keras, load_keras
from gradcheck.records import LoadedTarget, Parameter

Refused = Callable[[str, Callable[[], object]], str]
keras = tf.keras
layers = keras.layers
losses = keras.losses
metrics = keras.metrics


def loaded(value: Any) -> LoadedTarget:
    assert is_keras(value)
    return load_keras("m:obj", value, ())


def space(target: LoadedTarget, value: Any, *tensors: Any) -> Any:
    """The call's text, run with the object itself under the name `f`."""
    names: dict[str, Any] = {"f": value, **{f"x{i}": x for i, x in enumerate(tensors)}}
    exec("\n".join(target.paste), names)
    return eval(target.call.format(*(f"x{i}" for i in range(len(tensors)))), names)


LOSS_DOMAINS: dict[str, tuple[Any, dict[str, str], str]] = {
    "categorical": (losses.CategoricalCrossentropy(), {"y_true": "one-hot", "y_pred": "simplex"}, "float32"),
    "of logits": (losses.CategoricalCrossentropy(from_logits=True), {"y_true": "one-hot"}, "float32"),
    "focal": (losses.CategoricalFocalCrossentropy(), {"y_true": "one-hot", "y_pred": "simplex"}, "float32"),
    "binary": (losses.BinaryCrossentropy(), {"y_true": "mask", "y_pred": "probability"}, "float32"),
    "binary of logits": (losses.BinaryFocalCrossentropy(from_logits=True), {"y_true": "mask"}, "float32"),
    "sparse": (losses.SparseCategoricalCrossentropy(), {"y_true": "integer:0:2", "y_pred": "simplex"}, "int32"),
    "sparse logits": (losses.SparseCategoricalCrossentropy(from_logits=True), {"y_true": "integer:0:2"}, "int32"),
    "divergence": (losses.KLDivergence(), {"y_true": "simplex", "y_pred": "simplex"}, "float32"),
    "poisson": (losses.Poisson(), {"y_true": "0:1e4", "y_pred": "positive"}, "float32"),
    "logarithmic": (losses.MeanSquaredLogarithmicError(), {"y_true": "positive", "y_pred": "positive"}, "float32"),
    "hinge": (losses.Hinge(), {"y_true": "mask"}, "float32"),
    "squares": (losses.MeanSquaredError(), {}, "float32"),
    "another dtype": (losses.Huber(dtype="float64"), {}, "float64"),
}


@pytest.mark.parametrize("kind", LOSS_DOMAINS)
def test_a_loss_has_the_domains_of_its_class(kind: str) -> None:
    loss, domains, true_dtype = LOSS_DOMAINS[kind]
    target = loaded(loss)
    assert target.domains == domains
    assert [p.name for p in target.parameters] == ["y_true", "y_pred"]
    assert [p.dtype for p in target.parameters] == [true_dtype, str(loss.dtype)]
    assert target.held == ("y_true",)
    assert target.is_tensor
    assert target.call == "f({0}, {1})"


KERAS_LOSSES = sorted(n for n, kind in vars(losses).items() if inspect.isclass(kind) and n not in ("Loss", "Reduction"))


@pytest.mark.parametrize("name", KERAS_LOSSES)
def test_every_loss_of_keras_runs_in_its_domain_and_has_a_gradient(name: str) -> None:
    target = loaded(getattr(losses, name)())
    values = [inside(p, target.domains.get(p.name, "any")) for p in target.parameters]
    with tf.GradientTape() as tape:
        tape.watch(values[1])
        result = target.function(*values)
    assert bool(tf.math.is_finite(result))
    assert tape.gradient(result, values[1]) is not None


def inside(parameter: Parameter, domain: str) -> Any:
    shape = [2 if d is None else d for d in parameter.shape or (2, 3)]
    row = {"one-hot": [0.0, 1.0, 0.0], "simplex": [0.2, 0.5, 0.3], "mask": [1.0, 0.0, 1.0]}.get(domain, [0.2, 0.9, 0.4])
    if domain.startswith("integer"):
        return tf.ones(shape, parameter.dtype)
    return tf.cast(tf.broadcast_to(row, shape), parameter.dtype)


def test_every_known_loss_is_one_of_keras() -> None:
    assert set(LOSSES) <= set(KERAS_LOSSES)


def test_a_loss_of_the_users() -> None:
    class Mine(losses.Loss):  # type: ignore[name-defined]
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return tf.square(y_true - y_pred)

    class Poisson(losses.Loss):  # type: ignore[name-defined]
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return y_pred

    target = loaded(Mine())
    assert target.domains == {}
    assert target.held == ("y_true",)
    assert target.function(tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0])).numpy() == 4.0
    assert loaded(Poisson()).domains == {}


@pytest.mark.parametrize("name", ["BinaryCrossentropy", "MeanSquaredError", "KLDivergence", "RootMeanSquaredError"])
def test_a_metric_is_a_function_of_one_batch(name: str) -> None:
    metric = getattr(metrics, name)()
    target = loaded(metric)
    assert [p.name for p in target.parameters] == ["y_true", "y_pred"]
    assert target.held == ("y_true",)
    true, pred = tf.constant([[0.0, 1.0]]), tf.constant([[0.4, 0.6]])
    with tf.GradientTape() as tape:
        tape.watch(pred)
        result = target.function(true, pred)
    assert tape.gradient(result, pred) is not None
    assert float(tf.reduce_mean(space(target, metric, true, pred))) == pytest.approx(float(tf.reduce_mean(result)))
    metric.reset_state()
    metric.update_state(true, pred)
    assert float(metric.result()) == pytest.approx(float(tf.reduce_mean(result)))


def test_a_metric_keeps_its_settings_and_domains() -> None:
    metric = metrics.BinaryCrossentropy(from_logits=True)
    target = loaded(metric)
    assert target.domains == {"y_true": "mask"}
    true, pred = tf.constant([[1.0]]), tf.constant([[0.0]])
    assert target.function(true, pred).numpy() == pytest.approx([0.6931472])
    assert space(target, metric, true, pred).numpy() == pytest.approx([0.6931472])
    assert loaded(metrics.SparseCategoricalCrossentropy()).parameters[0] == Parameter("y_true", "int32", (None,))


@pytest.mark.parametrize("name", ["AUC", "Precision", "BinaryAccuracy", "F1Score", "TruePositives"])
def test_a_metric_that_counts_has_no_gradient(refused: Refused, name: str) -> None:
    message = refused("GC908", partial(loaded, getattr(metrics, name)()))
    assert message == f"m:obj: {name} has no gradient, it counts or compares; name the loss instead"


def test_a_mean_of_values() -> None:
    target = loaded(metrics.Mean())
    assert [p.name for p in target.parameters] == ["values"]
    assert target.function(tf.constant([1.0, 3.0])).numpy() == 2.0


def functional(inputs: Any, *tensors: Any) -> Any:
    return keras.Model(inputs, layers.Concatenate()(list(tensors)))


def test_a_model_of_one_input() -> None:
    model = keras.Sequential([keras.Input((3,), name="image"), layers.Dropout(0.5), layers.Activation("softplus")])
    target = loaded(model)
    assert target.parameters == (Parameter("image", "float32", (None, 3)),)
    assert target.function(tf.zeros([3])[None]).numpy()[0] == pytest.approx([0.6931472] * 3)
    assert target.call == "f({0}, training=False)"
    assert target.is_tensor
    assert target.notes == ()


def test_inputs_without_a_name_of_their_own_are_named_after_their_place() -> None:
    one = keras.Input((2,))
    assert loaded(keras.Model(one, layers.Dense(1)(one))).parameters[0].name == "inputs"
    a, b = keras.Input((2,)), keras.Input((3,))
    target = loaded(functional([a, b], a, b))
    assert target.parameters == (
        Parameter("inputs[0]", "float32", (None, 2)),
        Parameter("inputs[1]", "float32", (None, 3)),
    )
    assert target.function(tf.ones([4, 2]), tf.zeros([4, 3])).shape == (4, 5)
    assert target.call == "f([{0}, {1}], training=False)"


def test_a_model_of_a_dict_of_inputs_of_several_dtypes() -> None:
    mask, image = keras.Input((2,), name="mask", dtype="bool"), keras.Input((2,), name="image")
    model = functional({"mask": mask, "image": image}, image, keras.ops.cast(mask, "float32"))
    target = loaded(model)
    assert [(p.name, p.dtype) for p in target.parameters] == [("mask", "bool"), ("image", "float32")]
    assert target.held == ("mask",)
    assert target.domains == {"mask": "mask"}
    tensors = tf.constant([[True, False]]), tf.constant([[3.0, 4.0]])
    assert target.function(*tensors).numpy().tolist() == [[3.0, 4.0, 1.0, 0.0]]
    assert target.call == 'f({{"mask": {0}, "image": {1}}}, training=False)'
    assert space(target, model, *tensors).numpy().tolist() == [[3.0, 4.0, 1.0, 0.0]]


def test_a_nested_structure_of_inputs() -> None:
    a, b = keras.Input((1,)), keras.Input((1,))
    target = loaded(functional((a, {"q": b}), a, b))
    assert [p.name for p in target.parameters] == ["inputs[0]", "inputs[1]['q']"]
    assert target.function(tf.constant([[1.0]]), tf.constant([[2.0]])).numpy().tolist() == [[1.0, 2.0]]


@pytest.mark.parametrize("dtype", ["int32", "float32"])
def test_indices_of_an_embedding_have_a_domain_and_need_no_float_beside_them(dtype: str) -> None:
    model = keras.Sequential([keras.Input((5,), dtype=dtype, name="tokens"), layers.Embedding(7, 2)])
    target = loaded(model)
    assert target.parameters == (Parameter("tokens", dtype, (None, 5)),)
    assert target.domains == {"tokens": "integer:0:6"}
    assert target.held == ("tokens",)
    layer = loaded(layers.Embedding(7, 2))
    assert layer.parameters[0].dtype == "int32"
    assert layer.domains == {"inputs": "integer:0:6"}


@pytest.mark.parametrize(("kind", "code"), [("sparse", "GC909"), ("ragged", "GC909"), ("string", "GC908")])
def test_inputs_that_are_refused(refused: Refused, kind: str, code: str) -> None:
    settings = {"dtype": "string"} if kind == "string" else {kind: True}
    tensor = keras.Input((None,), name="words", **settings)
    model = keras.Model(tensor, tensor)
    assert f"m:obj: input words is {kind}" in refused(code, partial(loaded, model))


def test_a_model_without_floats_and_variables(refused: Refused) -> None:
    tensor = keras.Input((2,), name="n", dtype="int32")
    model = keras.Model(tensor, keras.ops.cast(tensor, "float32"))
    assert "no float input: n is int32" in refused("GC908", partial(loaded, model))


def test_a_model_that_is_not_built_is_built_by_its_first_call() -> None:
    class Mine(keras.Model):  # type: ignore[name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.dense = layers.Dense(2)

        def call(self, batch: Any, training: bool) -> Any:
            assert training is False
            return self.dense(batch)

    model = Mine()
    target = loaded(model)
    assert target.parameters == (Parameter("batch", "float32"),)
    assert target.notes == (NOT_BUILT,)
    assert target.is_tensor
    assert tf.function(target.function)(tf.zeros([4, 3])).shape == (4, 2)
    built = loaded(model)
    assert built.parameters == (Parameter("batch", "float32", (None, 3)),)
    assert built.notes == ()


def test_a_layer_that_is_not_built_may_say_its_rank() -> None:
    target = loaded(keras.Sequential([layers.Dense(2)]))
    assert target.notes == (NOT_BUILT,)
    assert target.parameters[0].shape == (None, None)
    assert loaded(layers.LSTM(2)).parameters[0].shape == (None, None, None)
    assert loaded(layers.LayerNormalization()).parameters[0].shape is None


class Inner(layers.Layer):  # type: ignore[name-defined]
    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(2)

    def call(self, x: Any) -> Any:
        return self.dense(x)


class Squared(layers.Layer):  # type: ignore[name-defined]
    def call(self, x: Any) -> Any:
        return x * x


@pytest.mark.parametrize(
    ("make", "is_tensor"),
    [
        *[(layers.LayerNormalization, True), (layers.BatchNormalization, True), (Inner, True)],
        *[(Squared, False), (layers.ReLU, False), (layers.Dropout, False)],
    ],
)
def test_a_layer_that_makes_variables_for_its_first_batch_is_not_called_with_a_line(
    make: Callable[..., Any], is_tensor: bool
) -> None:
    assert loaded(make(0.5) if make is layers.Dropout else make()).is_tensor is is_tensor


LAYERS: dict[str, tuple[Any, tuple[Parameter, ...], str]] = {
    "activation": (layers.LeakyReLU(), (Parameter("inputs", "float32"),), "f({0})"),
    "dropout": (layers.Dropout(0.5), (Parameter("inputs", "float32"),), "f({0}, training=False)"),
    "merging": (
        layers.Add(),
        (Parameter("inputs[0]", "float32"), Parameter("inputs[1]", "float32")),
        "f([{0}, {1}])",
    ),
    "of half": (
        layers.Dense(1, dtype="mixed_float16"),
        (Parameter("inputs", "float16", (None, None)),),
        "f({0}, training=False)",
    ),
    "of two": (
        layers.Attention(),
        (Parameter("inputs[0]", "float32"), Parameter("inputs[1]", "float32")),
        "f([{0}, {1}], training=False)",
    ),
}


@pytest.mark.parametrize("kind", LAYERS)
def test_a_layer_is_called_as_in_inference(kind: str) -> None:
    layer, parameters, call = LAYERS[kind]
    target = loaded(layer)
    assert (target.parameters, target.call) == (parameters, call)
    values = [tf.ones([2, 3, 4], p.dtype) for p in parameters]
    assert target.function(*values).shape[:2] == (2, 3)


def test_a_layer_with_an_argument_by_name() -> None:
    class Scaled(layers.Layer):  # type: ignore[name-defined]
        def call(self, x: Any, mask: Any = None, *, scale: Any) -> Any:
            return x * scale

    layer = Scaled()
    target = loaded(layer)
    assert target.parameters == (Parameter("x", "float32"), Parameter("scale", "float32", keyword_only=True))
    assert target.call == "f({0}, scale={1})"
    assert target.function(tf.constant([2.0]), scale=tf.constant([3.0])).numpy() == [6.0]


def test_a_built_layer_of_several_arguments() -> None:
    layer = layers.MultiHeadAttention(1, 2)
    layer(tf.zeros([5, 2, 3]), tf.zeros([5, 4, 3]))
    target = loaded(layer)
    assert target.parameters == (
        Parameter("query", "float32", (None, 2, 3)),
        Parameter("value", "float32", (None, 4, 3)),
    )
    assert not target.is_tensor


@pytest.mark.parametrize("value", [tf.math.exp, 3.0, tf.Module(), keras.losses.mse, losses.Poisson, object()])
def test_what_is_no_keras_object(value: Any) -> None:
    assert not is_keras(value)


def test_a_loss_in_a_module(project: Path, write: Any, pasted: Callable[..., Any]) -> None:
    from gradcheck.loading import load

    write(
        "keras_things.py",
        """
        import keras
        loss = keras.losses.MeanSquaredError()
        rmse = keras.metrics.RootMeanSquaredError()
        class Mine(keras.losses.Loss):
            def call(self, y_true, y_pred):
                return y_pred - y_true
        """,
    )
    true, pred = tf.constant([[1.0, 2.0]]), tf.constant([[3.0, 4.0]])
    assert load("keras_things:loss").paste == ("from keras_things import loss as f",)
    for name, value in (("loss", 4.0), ("Mine()", 2.0), ("rmse", 2.0)):
        target = load(f"keras_things:{name}")
        assert target.function(true, pred).numpy() == value
        assert pasted(target, true, pred).numpy() == value
