"""Steps that run eagerly: what is looked at, which units are kept, and when an update by hand is one."""

from collections import deque
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gradcheck.observing.session import MOST_UNITS
from gradcheck.observing.watcher import Watcher
from gradcheck.scripts import Stopped

Watch = Callable[..., Watcher]
Make = Callable[..., tuple[Any, Any]]


def steps_told(watcher: Watcher) -> list[int]:
    return [found.witness.step for found in watcher.found]


def root(x: Any, weights: Any) -> Any:
    return tf.sqrt(tf.reduce_sum((x * weights) ** 2))


# what an optimizer is given


def test_a_good_step_leaves_its_norm_and_no_unit(watch: Watch, make_step: Make, good: Any) -> None:
    step, _ = make_step("eager")
    watcher = watch()
    step(good)
    (seen,) = watcher.optimizers.all
    assert dict(seen.norms) == pytest.approx({0: 1.0}, rel=1e-6)
    assert (list(watcher.units), watcher.eager.pending, watcher.by_hand) == ([], None, 0)


def test_a_bad_step_is_told_before_it_changes_anything(watch: Watch, make_step: Make, good: Any, zero: Any) -> None:
    step, weights = make_step("eager")
    watcher = watch()
    step(good)
    before = weights.numpy().tolist()
    with pytest.raises(Stopped):
        step(zero)
    (found,) = watcher.found
    assert (found.code, found.mode, found.witness.step, found.witness.optimizer) == ("GC001", "eager", 1, "sgd")
    assert [(g.variable, g.entries, g.nan) for g in found.witness.gradients] == [("weights", 2, 2)]
    assert (found.study is not None, found.witness.rerun) == (True, "")
    assert weights.numpy().tolist() == before


def test_squares_that_overflow_are_no_infinities(watch: Watch) -> None:
    weights, sgd = tf.Variable([1.0]), keras.optimizers.SGD(0.0)
    watcher = watch()
    sgd.apply([tf.constant([3e38])], [weights])
    assert watcher.found == []
    with pytest.raises(Stopped):
        sgd.apply([tf.constant([np.inf])], [weights])
    assert [found.code for found in watcher.found] == ["GC002"]


def test_a_step_without_any_gradient_is_fine(watch: Watch) -> None:
    class Mine(keras.optimizers.SGD):
        def apply(self, grads: Any, trainable_variables: Any = None) -> None:
            """Takes what it is given."""

    watcher = watch()
    seen = watcher.optimizers.of(Mine())
    assert watcher.eager.look(seen, [(None, tf.Variable(1.0))], 0)
    assert list(seen.norms) == []


def test_of_what_is_skipped_the_variables_are_kept_bit_for_bit(
    watch: Watch, make_step: Make, good: Any, zero: Any
) -> None:
    optimizer = keras.optimizers.Adam(0.1)
    step, weights = make_step("eager", optimizer)
    watch(on_bad="skip-step")
    step(good)
    before = [np.asarray(v).tobytes() for v in (weights, *optimizer.variables)]
    step(zero)
    assert [np.asarray(v).tobytes() for v in (weights, *optimizer.variables)] == before
    step(good)
    assert [np.asarray(v).tobytes() for v in (weights, *optimizer.variables)] != before


def test_gradients_that_are_gathered_are_asked_for_again_from_the_first(watch: Watch, good: Any, zero: Any) -> None:
    """No optimizer is known yet when the first step's batches are added up."""
    weights, sgd = tf.Variable([3.0, 4.0], name="weights"), keras.optimizers.SGD(0.1)
    watcher, total = watch(max_steps=2), tf.zeros(2)
    for x in (good, zero, good, good):
        with tf.GradientTape() as tape:
            loss = root(x, weights)
        total += tape.gradient(loss, weights)
    assert len(watcher.units) == 4
    with pytest.raises(Stopped):
        sgd.apply([total], [weights])
    (found,) = watcher.found
    assert (found.witness.step, found.witness.loss, found.study is not None) == (0, 0.0, True)
    assert not watcher.limited


def test_only_so_many_units_are_kept(watch: Watch, good: Any) -> None:
    weights = tf.Variable([3.0, 4.0])
    watcher = watch()
    for _ in range(MOST_UNITS + 3):
        with tf.GradientTape() as tape:
            loss = root(good, weights)
        tape.gradient(loss, weights)
    assert len(watcher.units) == MOST_UNITS


def test_what_an_optimizer_takes_is_its_doing(watch: Watch, make_step: Make, good: Any, zero: Any) -> None:
    """The first gradient waits for an update by hand; then it is known whose these variables are."""
    step, weights = make_step("eager")
    watcher = watch(on_bad="skip-step")
    step(zero)
    assert watcher.eager.pending is None
    assert watcher.eager.claimed
    assert not watcher.eager.waits
    step(good)
    weights.assign([1.0, 1.0])
    assert (watcher.by_hand, steps_told(watcher)) == (0, [0])
    with tf.GradientTape() as tape:
        loss = root(zero, weights)
    tape.gradient(loss, weights)
    assert watcher.eager.pending is None


# updates by hand


@pytest.mark.parametrize("mode", ["eager", "graph"])
def test_an_update_by_hand_tells_its_step(watch: Watch, make_update: Make, good: Any, zero: Any, mode: str) -> None:
    step, _ = make_update(mode)
    watcher, done = watch(every=1), []
    with pytest.raises(Stopped):
        done += [step(x) for x in (good, good, good, zero, good)]
    (found,) = watcher.found
    assert (found.witness.step, found.witness.optimizer, found.mode) == (3, None, mode)
    assert [g.variable for g in found.witness.gradients] == ["weights"]
    assert found.study is not None


@pytest.mark.parametrize("mode", ["eager", "graph"])
def test_updates_by_hand_that_are_skipped(watch: Watch, make_update: Make, good: Any, zero: Any, mode: str) -> None:
    alone, other = make_update(mode)
    for x in (good, good, good):
        alone(x)
    step, weights = make_update(mode)
    watcher = watch(on_bad="skip-step")
    for x in (good, zero, good, zero, good):
        step(x)
    watcher.finish()
    assert steps_told(watcher) == [1, 3]
    assert weights.numpy().tobytes() == other.numpy().tobytes()


@pytest.mark.parametrize("mode", ["eager", "graph"])
def test_where_one_is_warned_it_is_told_once(watch: Watch, make_update: Make, good: Any, zero: Any, mode: str) -> None:
    step, weights = make_update(mode)
    watcher = watch(on_bad="warn")
    for x in (good, zero, good, good, good):
        step(x)
    watcher.finish()
    assert (steps_told(watcher), watcher.steps) == ([1], 5)
    assert watcher.more == ({None: 3} if mode == "eager" else {})
    assert np.isnan(weights.numpy()).all()


@pytest.mark.parametrize("mode", ["eager", "graph"])
def test_a_gradient_that_never_reaches_a_variable_is_none(
    watch: Watch, make_update: Make, good: Any, zero: Any, mode: str
) -> None:
    step, _ = make_update(mode, lambda g: tf.where(tf.math.is_nan(g), 0.0, g))
    watcher = watch(every=1)
    for x in (good, zero, good):
        step(x)
    watcher.finish()
    assert (watcher.found, watcher.by_hand) == ([], 3)


def test_steps_by_hand_are_limited_too(watch: Watch, make_update: Make, good: Any) -> None:
    step, weights = make_update("eager")
    watcher = watch(max_steps=2)
    for _ in range(2):
        step(good)
    before = weights.numpy().tolist()
    with pytest.raises(Stopped):
        step(good)
    assert (watcher.limited, watcher.steps, weights.numpy().tolist()) == (True, 2, before)


def test_an_update_in_a_function_is_one(watch: Watch, good: Any, zero: Any) -> None:
    weights = tf.Variable([3.0, 4.0], name="weights")

    @tf.function
    def update(gradient: Any) -> None:
        weights.assign_sub(0.1 * gradient)

    watcher = watch(on_bad="warn")
    for x in (good, good, zero, good):
        with tf.GradientTape() as tape:
            loss = root(x, weights)
        update(tape.gradient(loss, weights))
    assert (steps_told(watcher), watcher.by_hand) == ([2], 3)


def test_a_gradient_that_changes_nothing_is_no_step(watch: Watch, good: Any) -> None:
    weights, other = tf.Variable([3.0, 4.0]), tf.Variable([0.0])
    watcher = watch(max_steps=2)
    for _ in range(4):
        with tf.GradientTape() as tape:
            loss = root(good, weights)
        tape.gradient(loss, weights)
        other.assign_add([1.0])
    watcher.finish()
    assert (watcher.by_hand, watcher.limited) == (0, False)


@pytest.mark.parametrize("jit", [False, True], ids=["graph", "xla"])
def test_an_update_by_hand_of_what_a_function_asks_for(watch: Watch, good: Any, zero: Any, jit: bool) -> None:
    weights = tf.Variable([3.0, 4.0], name="weights")

    @tf.function(jit_compile=jit)
    def gradient(x: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = root(x, weights)
        return loss, tape.gradient(loss, weights)

    watcher = watch(on_bad="skip-step")
    for x in (good, good, zero, good):
        weights.assign_sub(0.1 * gradient(x)[1])
    watcher.finish()
    (found,) = watcher.found
    assert (found.witness.step, found.witness.optimizer, found.mode) == (2, None, "xla" if jit else "graph")
    assert [g.variable for g in found.witness.gradients] == ["weights"]
    assert found.study is not None
    assert (watcher.by_hand, watcher.notes) == (4, [])
    assert np.isfinite(weights.numpy()).all()


@pytest.mark.parametrize("mode", ["eager", "graph"])
def test_a_function_that_only_applies_what_is_asked_for_outside(watch: Watch, good: Any, zero: Any, mode: str) -> None:
    weights, sgd = tf.Variable([3.0, 4.0], name="weights"), keras.optimizers.SGD(0.1, name="sgd")
    sgd.build([weights])

    def gradient(x: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = root(x, weights)
        return tape.gradient(loss, weights)

    @tf.function
    def update(given: Any) -> None:
        sgd.apply([given], [weights])

    asks = gradient if mode == "eager" else tf.function(gradient)
    watcher, batches = watch(), iter([good, good, zero, good, good])
    with pytest.raises(Stopped):
        deque(update(asks(x)) for x in batches)
    (found,) = watcher.found
    assert (found.witness.step, found.witness.optimizer, found.mode) == (2, "sgd", mode)
    assert found.study is not None
    assert "Sqrt" in {node.op for node in found.study.program.nodes}
