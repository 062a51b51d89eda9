"""From a step that was run again to what there is to say of it, and why there may be nothing."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gradcheck.observing.diagnosing import asked_gradients, how_run, shown_by, shows, told, why_not
from gradcheck.observing.recording import Asked, Recorder
from gradcheck.observing.reruns import Rerun
from gradcheck.observing.watcher import Watcher
from gradcheck.options import WatchOptions
from gradcheck.scripts import Stopped

Watch = Callable[..., Watcher]
Make = Callable[..., tuple[Any, Any]]

NAN = tf.constant([np.nan, 1.0])


class Piece:
    """A unit that does what it is told."""

    named: dict[str, Any] = {}  # noqa: RUF012

    def __init__(self, run: Callable[[bool], Any]) -> None:
        self.does = run

    def run(self, longer: bool = False) -> None:
        self.does(longer)


def root(x: Any) -> Any:
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.sqrt(x)
    return tape.gradient(loss, x)


# which unit shows it


def test_the_first_unit_that_shows_it_is_taken(watch: Watch) -> None:
    watcher, runs = watch(on_bad="warn"), []

    def piece(number: int, value: float) -> Any:
        def does(longer: bool) -> None:
            runs.append((number, longer))
            root(tf.constant(value))

        return Piece(does)

    units = [piece(0, 1.0), piece(1, 0.0), piece(2, 0.0)]
    rerun, unit = shown_by(watcher, units)
    assert unit is units[1]
    assert rerun is not None
    assert rerun.recorder is not None
    assert rerun.recorder.bad is not None
    assert runs == [(0, True), (1, True)]


def test_units_are_run_to_the_gradient_alone_where_further_they_raise(watch: Watch) -> None:
    def does(longer: bool) -> None:
        if longer:
            raise NameError("optimizer")
        root(tf.constant(0.0))

    watcher = watch(on_bad="warn")
    unit: Any = Piece(does)
    rerun, shown = shown_by(watcher, [unit])
    assert shown is unit
    assert rerun is not None
    assert shows(rerun)


def test_without_units_nothing_is_run_again(watch: Watch) -> None:
    assert shown_by(watch(), []) == (None, None)


def test_a_rerun_shows_what_went_bad_wherever() -> None:
    recorder, seen = Recorder(), Watcher(WatchOptions()).optimizers.of(keras.optimizers.SGD())
    assert not shows(Rerun(None, at_gradient=False))
    assert not shows(Rerun(recorder, at_gradient=False))
    assert shows(Rerun(None, at_gradient=False, bad=(seen, [])))
    recorder.bad = Asked(None, (), (NAN,), 0)
    assert shows(Rerun(recorder, at_gradient=False))


# why there is no cause


@pytest.mark.parametrize(
    ("failure", "mode", "words"),
    [
        (LookupError("no\nbatch"), "eager", "the step could not be run again: it raised LookupError: no batch"),
        (None, "eager", "run again with the same variables and batch the step went well: it draws random numbers"),
        (
            None,
            "graph",
            "the step goes bad in graph mode alone; run eagerly with the same variables and batch it went well",
        ),
        (
            None,
            "xla",
            "the step goes bad compiled by XLA alone; run eagerly with the same variables and batch it went well",
        ),
    ],
)
def test_why_no_cause_is_known(failure: BaseException | None, mode: str, words: str) -> None:
    assert why_not(Rerun(Recorder(), at_gradient=False, failure=failure), mode) == words


def test_why_no_cause_is_known_of_what_was_not_run_again() -> None:
    said = "its code could not be run again: the tape is not entered by a with statement whose source is known"
    assert why_not(None, "eager") == said
    assert [how_run(mode) for mode in ("graph", "xla")] == ["in graph mode", "compiled by XLA"]


def bad_step(watcher: Watcher, gradient_of: Callable[[Any], Any]) -> Any:
    """What is found where an optimizer is given this."""
    weights, sgd = tf.Variable([0.0, 4.0], name="weights"), keras.optimizers.SGD(0.1, name="sgd")
    with pytest.raises(Stopped):
        sgd.apply([gradient_of(weights)], [weights])
    (found,) = watcher.found
    return found


def test_a_tape_that_is_entered_by_hand(watch: Watch) -> None:
    def gradient_of(weights: Any) -> Any:
        tape = tf.GradientTape()
        tape.__enter__()
        loss = tf.reduce_sum(tf.sqrt(weights))
        tape.__exit__(None, None, None)
        return tape.gradient(loss, weights)

    found = bad_step(watch(), gradient_of)
    assert found.witness.rerun == why_not(None, "eager")
    assert (found.code, found.study, found.mode, found.witness.step) == ("GC002", None, "eager", 0)
    assert [(g.variable, g.inf) for g in found.witness.gradients] == [("weights", 1)]


def test_a_step_that_raises_when_it_is_run_again(watch: Watch) -> None:
    batches = iter([tf.constant([1.0, 1.0])])

    def gradient_of(weights: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.sqrt(weights * next(batches)))
        return tape.gradient(loss, weights)

    found = bad_step(watch(), gradient_of)
    assert (found.study, found.witness.rerun) == (None, "the step could not be run again: it raised StopIteration")


def test_a_step_that_draws_others(watch: Watch) -> None:
    draws = [0.0, *[1.0] * 9]

    def gradient_of(weights: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.sqrt(weights + 1.0) * tf.sqrt(weights + draws.pop(0)))
        return tape.gradient(loss, weights)

    found = bad_step(watch(), gradient_of)
    assert found.study is None
    assert found.witness.rerun.endswith("it draws random numbers")


# what is told


def test_what_is_told_of_a_bad_step(watch: Watch) -> None:
    def gradient_of(weights: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.sqrt(weights))
        return tape.gradient(loss, weights)

    found = bad_step(watch(), gradient_of)
    witness = found.witness
    assert (found.code, witness.step, witness.optimizer, witness.order, witness.loss) == ("GC002", 0, "sgd", 1, 2.0)
    assert (found.after, witness.rerun, witness.variables) == (False, "", 1)
    assert [norms.steps for norms in witness.norms] == [(0,)]
    assert "Sqrt" in {node.op for node in found.study.program.nodes}


def test_what_the_code_makes_of_a_good_gradient(watch: Watch) -> None:
    """Clipped by a norm of 0: the gradient is fine, what becomes of it is not."""
    weights, sgd = tf.Variable([0.0, 0.0], name="weights"), keras.optimizers.SGD(0.1)
    watcher = watch()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(weights**2)
    gradient = tape.gradient(loss, weights)
    with pytest.raises(Stopped):
        sgd.apply([gradient / tf.norm(gradient)], [weights])
    (found,) = watcher.found
    assert (found.code, found.after, found.study is not None) == ("GC001", True, True)
    assert [(g.variable, g.nan) for g in found.witness.gradients] == [("weights", 2)]


def test_of_nothing_that_was_run_again_the_step_is_told() -> None:
    watcher = Watcher(WatchOptions())
    found = told(watcher, None, 7, None, None, (), "why")
    assert (found.code, found.mode, found.study, found.after) == ("GC001", "eager", None, False)
    assert (found.witness.step, found.witness.rerun, found.witness.loss) == (7, "why", None)


def test_gradients_that_no_optimizer_takes_are_those_that_were_asked_for() -> None:
    one, two = tf.Variable([1.0, 1.0], name="one"), tf.Variable([1.0], name="two")
    recorder = Recorder()
    assert asked_gradients(None) == asked_gradients(recorder) == ()
    recorder.bad = Asked(None, (one, two), (NAN, tf.constant([1.0])), 0)
    assert [(g.variable, g.nan, g.entries) for g in asked_gradients(recorder)] == [("one", 1, 2)]
