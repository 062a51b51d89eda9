"""A Keras callback that watches `fit`."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import gradcheck
from gradcheck.observing.callbacks import callback_class


class Told:
    """Notes when it is entered and left."""

    def __init__(self, calls: list[Any]) -> None:
        self.calls, self.result = calls, "a report"

    def __enter__(self) -> None:
        self.calls.append("enter")

    def __exit__(self, *error: object) -> None:
        self.calls.append(("exit", error))


class Model:
    """Notes that its function is made anew."""

    def __init__(self, calls: list[Any]) -> None:
        self.calls = calls

    def make_train_function(self, force: bool = False) -> None:
        self.calls.append(("made", force))


def test_it_is_one_class_of_keras() -> None:
    assert callback_class() is callback_class()
    assert issubclass(callback_class(), keras.callbacks.Callback)


def test_it_watches_from_the_first_step_to_the_last() -> None:
    calls: list[Any] = []
    callback = callback_class()(Told(calls))
    callback.set_model(Model(calls))
    assert calls == []
    callback.on_train_begin()
    assert calls == ["enter", ("made", True)]
    callback.on_train_end()
    assert calls[2:] == [("exit", (None, None, None))]
    assert callback.result == "a report"


def fitted(loss: Any, rows: Any, **options: Any) -> tuple[Any, Any]:
    """The callback and the model after `fit` on these rows, one a step."""
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1, use_bias=False, name="deep")])
    model.compile(keras.optimizers.SGD(0.01, name="sgd"), loss)
    callback = gradcheck.keras_callback(**options)
    assert callback.result is None
    model.fit(rows, np.ones((len(rows), 1), np.float32), batch_size=1, shuffle=False, verbose=0, callbacks=[callback])
    return callback, model


def root(y: Any, predicted: Any) -> Any:
    return tf.sqrt(tf.reduce_sum((y * predicted) ** 2))


def test_result_after_fit() -> None:
    callback, _ = fitted("mse", np.ones((3, 2), np.float32))
    (target,) = callback.result.targets
    assert (target.training.steps, target.training.ended, callback.result.findings) == (3, "finished", ())


def test_result_after_fit_with_a_bad_step() -> None:
    rows = np.array([[1, 1], [1, 2], [0, 0], [2, 1]], np.float32)
    callback, model = fitted(root, rows, on_bad="skip-step")
    (found,) = callback.result.findings
    assert (found.code, found.training.step, found.training.optimizer) == ("GC001", 2, "sgd")
    assert [g.variable.split("/")[-2:] for g in found.training.gradients] == [["deep", "kernel"]]
    assert np.isfinite(model.get_weights()[0]).all()


def test_a_bad_step_ends_fit() -> None:
    rows = np.array([[1, 1], [0, 0], [2, 1]], np.float32)
    with pytest.raises(gradcheck.BadGradient) as raised:
        fitted(root, rows)
    (found,) = raised.value.result.findings
    assert found.training is not None
    assert found.training.step == 1
