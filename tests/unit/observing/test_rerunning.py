"""A unit that is run once more: eagerly, and as it was run; and that nothing is left changed by it."""

import logging
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.eager import context

from gradcheck.observing.marks import Mark
from gradcheck.observing.recording import Recorder
from gradcheck.observing.rerunning import run, run_traced
from gradcheck.observing.reruns import number
from gradcheck.observing.units import Call
from gradcheck.observing.watcher import Watcher
from gradcheck.options import WatchOptions
from gradcheck.pipeline.watched import Watching


@pytest.fixture
def watcher() -> Any:
    """A watcher whose hooks are there."""
    with Watching(WatchOptions(on_bad="warn")) as watching:
        assert isinstance(watching.hooks.watcher, Watcher)
        yield watching.hooks.watcher


def call_of(function: Any, *arguments: Any) -> Call:
    """A call of a function of TensorFlow's that was made."""
    concrete = function.get_concrete_function(*arguments)
    return Call(
        concrete,
        list(arguments),
        list(concrete.captured_inputs),
        Mark(),
        type(concrete)._call_flat,
        lambda: function(*arguments),
        {},
        lambda: function.python_function(*arguments),
    )


def training(loss_of: Callable[..., Any], jit: bool = False, optimizer: Any = None) -> tuple[Any, Any]:
    weights = tf.Variable([[0.5], [0.5]], name="weights")
    sgd = optimizer or keras.optimizers.SGD(0.1, name="sgd")
    sgd.build([weights])

    def step(x: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_of(tf.matmul(x, weights))
        sgd.apply_gradients([(tape.gradient(loss, weights), weights)])
        return loss

    return tf.function(step, jit_compile=jit), weights


def root(h: Any) -> Any:
    return tf.reduce_sum(tf.sqrt(h))


def trapped(h: Any) -> Any:
    """Eagerly TensorFlow's kernel of the root's gradient knows 0; what XLA makes of it is 0 times NaN."""
    return tf.reduce_sum(tf.where(h > 0.0, tf.sqrt(h), 0.0))


GOOD, ZERO, NEGATIVE = tf.constant([[1.0, 1.0]]), tf.constant([[0.0, 0.0]]), tf.constant([[-1.0, -1.0]])


def test_a_good_step_has_norms_and_a_loss(watcher: Any) -> None:
    step, _ = training(root)
    rerun = run(watcher, call_of(step, GOOD), Recorder())
    assert (rerun.bad, rerun.failure, rerun.loss) == (None, None, 1.0)
    (update,) = rerun.updates
    seen, before, variables, norms = update.seen, update.within, update.variables, update.norms
    assert (seen.name, before, len(variables)) == ("sgd", 0, 1)
    assert norms == [pytest.approx(0.5 * np.sqrt(2), rel=1e-6)]


def test_a_bad_step_is_stopped_before_its_update(watcher: Any) -> None:
    step, weights = training(root)
    recorder = Recorder()
    rerun = run(watcher, call_of(step, ZERO), recorder)
    assert rerun.bad is not None
    seen, given = rerun.bad
    assert (seen.name, np.isfinite(given[0][0]).any()) == ("sgd", False)
    assert recorder.bad is not None
    assert weights.numpy().tolist() == [[0.5], [0.5]]


def test_several_steps_in_one_call_are_counted(watcher: Any) -> None:
    step, _ = training(root)

    @tf.function
    def epoch(batches: Any) -> None:
        for x in batches:
            step(x)

    rerun = run(watcher, call_of(epoch, tf.stack([GOOD, GOOD, ZERO, GOOD])), Recorder())
    assert [update.within for update in rerun.updates] == [0, 1, 2]
    assert rerun.bad is not None
    assert list(rerun.calls.values()) == [2]


def test_norms_alone_need_no_recorder(watcher: Any) -> None:
    step, _ = training(root)
    rerun = run(watcher, call_of(step, GOOD), None)
    assert rerun.updates[0].norms == [pytest.approx(0.5 * np.sqrt(2), rel=1e-6)]
    assert not tf.config.functions_run_eagerly()


def test_at_gradient_stops_at_the_gradient(watcher: Any) -> None:
    step, _ = training(root)
    rerun = run(watcher, call_of(step, ZERO), Recorder(), at_gradient=True)
    assert rerun.bad is None
    assert rerun.recorder is not None
    assert rerun.recorder.bad is not None


@pytest.mark.parametrize("jit", [False, True], ids=["graph", "xla"])
def test_a_graph_is_run_as_it_was_with_every_result(watcher: Any, jit: bool) -> None:
    step, weights = training(root, jit)
    rerun = run_traced(watcher, call_of(step, ZERO), jit)
    assert rerun.failure is None
    assert rerun.bad is not None
    seen, given = rerun.bad
    assert (seen.name, given[0][1].name) == ("sgd", "weights:0")
    recorder = rerun.recorder
    assert recorder is not None
    assert recorder.bad is not None
    kinds = {o.kind: o for o in recorder.operations}
    assert kinds["Sqrt"].outputs[0].numpy().tolist() == [[0.0]]
    assert kinds["SqrtGrad"].forward == recorder.operations.index(kinds["Sqrt"])
    assert kinds["Sqrt"].place is not None
    assert kinds["Sqrt"].place.source == "return tf.reduce_sum(tf.sqrt(h))"
    assert "weights" in recorder.names.values()
    assert weights.numpy().tolist() == [[0.5], [0.5]]


def test_what_goes_bad_under_xla_alone_is_seen_there(watcher: Any) -> None:
    step, _ = training(trapped, jit=True)
    call = call_of(step, NEGATIVE)
    assert run(watcher, call, Recorder()).bad is None
    assert run_traced(watcher, call, False).bad is None
    rerun = run_traced(watcher, call, True)
    assert rerun.bad is not None
    assert rerun.recorder is not None
    assert rerun.recorder.bad is not None


@pytest.mark.parametrize("jit", [False, True], ids=["graph", "xla"])
def test_a_good_graph_is_good(watcher: Any, jit: bool) -> None:
    step, _ = training(root, jit)
    rerun = run_traced(watcher, call_of(step, GOOD), jit)
    assert (rerun.bad, rerun.failure) == (None, None)
    assert rerun.recorder is not None
    assert rerun.recorder.bad is None


def test_what_the_code_prints_is_not_printed_again(watcher: Any, capsys: pytest.CaptureFixture[str]) -> None:
    def loss(h: Any) -> Any:
        print("a loss")  # noqa: T201
        return root(h)

    step, _ = training(loss)
    call = call_of(step, ZERO)
    assert "a loss" in capsys.readouterr().out
    run(watcher, call, Recorder())
    run_traced(watcher, call, False)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("traced", [False, True])
def test_a_failure_is_kept_and_everything_is_as_it_was(watcher: Any, traced: bool) -> None:
    calls = []

    def loss(h: Any) -> Any:
        calls.append(h)
        if len(calls) > 1:
            raise LookupError("no such batch")
        return root(h)

    step, _ = training(loss)
    call = call_of(step, GOOD)
    callbacks, level = list(context.context().op_callbacks), tf.get_logger().level
    rerun = run_traced(watcher, call, False) if traced else run(watcher, call, Recorder())
    assert isinstance(rerun.failure, LookupError)
    assert list(context.context().op_callbacks) == callbacks
    assert (tf.config.functions_run_eagerly(), tf.get_logger().level) == (False, level)
    assert (watcher.rerun, watcher.busy, watcher.feeds.again) == (None, False, None)
    x = tf.constant([4.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.sqrt(x)
    assert tape.gradient(y, x).numpy().tolist() == [0.25]


def test_tensorflow_says_nothing_of_functions_that_run_eagerly(watcher: Any) -> None:
    levels = []

    def loss(h: Any) -> Any:
        levels.append(tf.get_logger().level)
        return root(h)

    step, _ = training(loss)
    run(watcher, call_of(step, GOOD), Recorder())
    assert levels[-1] == logging.ERROR
    assert tf.get_logger().level == levels[0]


def test_an_interrupt_is_no_failure_of_the_step(watcher: Any) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    unit: Any = SimpleNamespace(run=lambda longer: stop())
    with pytest.raises(KeyboardInterrupt):
        run(watcher, unit, Recorder())
    assert watcher.rerun is None
    assert not tf.config.functions_run_eagerly()


@pytest.mark.parametrize(
    ("target", "loss"),
    [(tf.constant(1.5), 1.5), (tf.constant([[1.5]]), 1.5), (tf.constant([1.0, 2.0]), None), (tf.constant([1]), None)],
)
def test_a_loss_is_one_number_whatever_its_shape(target: Any, loss: float | None) -> None:
    assert number(target) == loss
    assert number([target]) == loss
