"""What has been run of late, run again: every state bit for bit, and the first step after which something is bad."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gradcheck.observing import history as module
from gradcheck.observing.history import SEGMENT, History, Set, restore
from gradcheck.observing.marks import Mark
from gradcheck.observing.recording import identity
from gradcheck.observing.units import Call


def digest(state: list[Set]) -> list[bytes]:
    """A state, to compare bit for bit."""
    return [np.asarray(event.value).tobytes() for event in state]


class Training:
    """A function that trains, called through a history."""

    def __init__(self, function: Callable[..., Any], jit: bool = False) -> None:
        self.history = History()
        self.function = tf.function(function, jit_compile=jit)
        self.before: list[list[bytes]] = []

    def step(self, *arguments: Any) -> None:
        concrete = self.function.get_concrete_function(*arguments)
        execute = type(concrete)._call_flat
        call = Call(concrete, list(arguments), list(concrete.captured_inputs), Mark(), execute, None, {})
        self.history.before(call)
        self.before.append(digest(self.history.state()))
        call.first()

    def again(self) -> list[list[bytes]]:
        """The state before each call, when all are run again."""
        return [digest(self.history.state()) for _ in self.history.replayed()]


def dense(optimizer: Any = None) -> tuple[Callable[..., Any], list[Any]]:
    """A step of a network, by hand or with an optimizer."""
    weights = tf.Variable(np.linspace(-1, 1, 12).reshape(4, 3).astype(np.float32))
    if optimizer is not None:
        optimizer.build([weights])

    def step(x: Any) -> None:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.sin(tf.matmul(x, weights)) ** 2)
        gradient = tape.gradient(loss, weights)
        if optimizer is None:
            weights.assign_sub(0.1 * gradient)
        else:
            optimizer.apply_gradients([(gradient, weights)])

    return step, [weights]


def batch(number: int) -> Any:
    return tf.constant(np.random.default_rng(number).normal(size=(2, 4)).astype(np.float32))


@pytest.mark.parametrize("jit", [False, True], ids=["graph", "xla"])
@pytest.mark.parametrize("optimizer", [None, keras.optimizers.Adam, keras.optimizers.Ftrl])
def test_every_state_comes_back_bit_for_bit(optimizer: Any, jit: bool) -> None:
    """XLA is free to write into the memory of a variable; values that were kept must not change with it."""
    step, variables = dense(optimizer and optimizer(0.05))
    training = Training(step, jit)
    for number in range(7):
        training.step(batch(number))
    end = variables[0].numpy().tobytes()
    assert len({b"".join(state) for state in training.before}) == 7
    assert training.again() == training.before
    assert variables[0].numpy().tobytes() == end


def test_random_numbers_of_a_generator_are_drawn_again() -> None:
    dropout = keras.layers.Dropout(0.5, seed=3)
    weights = tf.Variable(tf.ones([4, 3]))

    def step(x: Any) -> None:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(dropout(tf.matmul(x, weights), training=True) ** 2)
        weights.assign_sub(0.1 * tape.gradient(loss, weights))

    dropout(tf.ones([1, 3]), training=True)
    training = Training(step)
    for _ in range(5):
        training.step(batch(0))
    end = weights.numpy().tobytes()
    assert training.again() == training.before
    assert weights.numpy().tobytes() == end


def test_what_is_set_between_calls_is_set_again() -> None:
    step, (weights,) = dense()
    training = Training(step)
    for number in range(3):
        training.step(batch(number))
        weights.assign(weights * 0.5)
        training.history.changed(weights.handle)
        weights.scatter_nd_update([[number, 0]], [7.0])
        training.history.changed(weights.handle)
    training.step(batch(3))
    assert training.again() == training.before


def test_a_variable_of_others_is_nobodys_business() -> None:
    step, _ = dense()
    training = Training(step)
    other = tf.Variable(1.0)
    training.step(batch(0))
    training.history.changed(other.handle)
    assert len(training.history.state()) == 1
    assert training.again() == training.before


def test_a_variable_that_comes_later_is_known_from_then_on() -> None:
    first, _ = dense()
    second, _ = dense()
    training = Training(first)
    training.step(batch(0))
    training.function = tf.function(second)
    training.step(batch(1))
    assert [len(state) for state in training.before] == [1, 2]
    assert training.again()[1] == training.before[1]


@pytest.mark.parametrize("steps", [SEGMENT, SEGMENT + 1, 2 * SEGMENT, 2 * SEGMENT + 1, 3 * SEGMENT + 5])
def test_the_last_steps_are_kept_and_no_more_than_two_segments(steps: int) -> None:
    step, _ = dense()
    training = Training(step)
    for number in range(steps):
        training.step(batch(number))
    kept = training.history.calls
    assert min(steps, SEGMENT) <= kept <= 2 * SEGMENT
    assert len(training.history.kept) == kept
    assert training.again() == training.before[-kept:]


def test_batches_are_kept_up_to_a_number_of_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    step, _ = dense()
    monkeypatch.setattr(module, "MOST_BYTES", 10 * 32)  # ten batches of 8 float32
    training = Training(step)
    for number in range(30):
        training.step(batch(number))
        assert training.history.calls <= 12
    assert training.history.calls >= 5
    assert training.again() == training.before[-training.history.calls :]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_bad_variable_is_seen_and_told(bad: float) -> None:
    step, (weights,) = dense()
    training = Training(step)
    training.step(batch(0))
    assert training.history.all_is_well()
    weights.scatter_nd_update([[2, 1]], [bad])
    assert not training.history.all_is_well()
    assert len(training.history.bad_ones()) == 1
    training.history.leave_out(training.history.bad_ones())
    assert training.history.all_is_well()


def test_a_variable_that_is_nan_from_the_start_is_not_looked_at() -> None:
    step, (weights,) = dense()
    best = tf.Variable([np.nan, np.nan])
    training = Training(lambda x: (step(x), best.assign(best + 1)))
    training.step(batch(0))
    assert training.history.all_is_well()
    weights.assign(weights * np.nan)
    assert not training.history.all_is_well()


def test_huge_finite_weights_are_well() -> None:
    step, (weights,) = dense()
    training = Training(step)
    training.step(batch(0))
    weights.assign(tf.fill([4, 3], 3e38))
    assert training.history.all_is_well()


def test_a_single_number_that_nobody_trains_may_be_nan() -> None:
    """The mean of a metric before its first value, a best loss."""
    metric = tf.Variable(0.0)
    trained = tf.Variable(0.0)

    def step(x: Any) -> None:
        metric.assign(tf.reduce_sum(x))
        trained.assign(tf.reduce_sum(x))

    training = Training(step)
    concrete = training.function.get_concrete_function(batch(0))
    sources = {i: (v.handle, v.dtype) for i, v in ((identity(trained.handle), trained),)}
    execute = type(concrete)._call_flat
    mark = Mark(sources=sources)
    call = Call(concrete, [batch(0)], list(concrete.captured_inputs), mark, execute, None, {})
    training.history.before(call)
    metric.assign(np.nan)
    assert training.history.all_is_well()
    trained.assign(np.nan)
    assert not training.history.all_is_well()


def test_restore_and_same() -> None:
    step, (weights,) = dense()
    training = Training(step)
    training.step(batch(0))
    before = training.history.state()
    training.step(batch(1))
    after = training.history.state()
    assert digest(before) != digest(after)
    restore(before)
    assert digest(training.history.state()) == digest(before)
    assert weights.numpy().tobytes() == digest(before)[0]


def test_forgotten_steps_are_not_run_again() -> None:
    step, _ = dense()
    training = Training(step)
    training.step(batch(0))
    training.history.forget()
    assert training.history.calls == 0
    training.step(batch(1))
    assert training.again() == training.before[1:]
