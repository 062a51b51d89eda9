"""Watchers whose hooks are there, and small steps to be watched."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import keras
import pytest
import tensorflow as tf

from gradcheck.observing.watcher import Watcher
from gradcheck.options import WatchOptions
from gradcheck.pipeline.watched import Watching


@pytest.fixture
def watch() -> Iterator[Callable[..., Watcher]]:
    """Begins to watch, with these options."""
    with contextlib.ExitStack() as stack:

        def begin(**options: Any) -> Watcher:
            watcher = stack.enter_context(Watching(WatchOptions(**options))).hooks.watcher
            assert isinstance(watcher, Watcher)
            return watcher

        yield begin


@pytest.fixture
def make_step() -> Callable[..., tuple[Any, Any]]:
    """A step, and the weights that it trains: its loss is the length of `x * weights`, which has no gradient at 0."""

    def build(
        mode: str, optimizer: Any = None, loss_of: Any = None, name: str = "weights", rate: float = 0.1
    ) -> tuple[Any, Any]:
        weights = tf.Variable([3.0, 4.0], name=name)
        loss_of = loss_of or (lambda z: tf.sqrt(tf.reduce_sum(z**2)))
        optimizer = optimizer or keras.optimizers.SGD(rate, name="sgd")
        optimizer.build([weights])

        def step(x: Any) -> Any:
            with tf.GradientTape() as tape:
                loss = loss_of(x * weights)
            optimizer.apply_gradients([(tape.gradient(loss, weights), weights)])
            return loss

        return (step if mode == "eager" else tf.function(step, jit_compile=mode == "xla")), weights

    return build


@pytest.fixture
def make_update() -> Callable[..., tuple[Any, Any]]:
    """The same, updated by hand; what becomes of the gradient before that can be chosen."""

    def build(mode: str, made: Callable[[Any], Any] = lambda gradient: gradient) -> tuple[Any, Any]:
        weights = tf.Variable([3.0, 4.0], name="weights")

        def step(x: Any) -> Any:
            with tf.GradientTape() as tape:
                loss = tf.sqrt(tf.reduce_sum((x * weights) ** 2))
            gradient = tape.gradient(loss, weights)
            weights.assign_sub(0.1 * made(gradient))
            return loss

        return (step if mode == "eager" else tf.function(step)), weights

    return build


@pytest.fixture
def good() -> Any:
    """A batch."""
    return tf.constant([1.0, 1.0])


@pytest.fixture
def zero() -> Any:
    """A batch at which the loss has no gradient."""
    return tf.constant([0.0, 0.0])
