"""From variables that went bad to the call that did it, by running what is kept again."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gradcheck.observing import backtracking, rerunning
from gradcheck.observing.backtracking import (
    ANOTHER,
    BY_HAND,
    DRAWN,
    early_enough,
    failing,
    first_bad,
    is_trained,
    owner,
    steps_before,
    unknown,
)
from gradcheck.observing.marks import Mark
from gradcheck.observing.optimizers import KEPT
from gradcheck.observing.recording import identity
from gradcheck.observing.watcher import Watcher
from gradcheck.options import WatchOptions

Watch = Callable[..., Watcher]
Make = Callable[..., tuple[Any, Any]]

NEVER = 1000


def vector(z: Any) -> Any:
    """A loss whose NaN is not glanced at."""
    return tf.sqrt(tf.reduce_sum(z**2, keepdims=True))


def first(watcher: Watcher) -> Any:
    with watcher.ours():
        found = first_bad(watcher)
        assert found is not None
        return found
    raise AssertionError(watcher.notes)


@pytest.mark.parametrize("bad", [0, 1, 6, 11])
def test_the_call_that_did_it_is_found_among_many(
    watch: Watch, make_step: Make, good: Any, zero: Any, bad: int
) -> None:
    step, weights = make_step("graph", loss_of=vector)
    watcher, values = watch(every=NEVER), []
    for number in range(12):
        values.append(weights.numpy().tolist())
        step(zero if number == bad else good)
    with watcher.ours():
        assert not watcher.history.all_is_well()
        place, call = failing(watcher)
        assert (place, call is watcher.history.kept[bad]) == (bad, True)
        if bad < 11:  # the next call is about to be made: the last one's own variables are as it left them
            assert np.isnan(weights.numpy()).all()
    assert values[bad] != [0.0, 0.0]


def test_no_call_is_found_where_all_go_well_again(watch: Watch, make_step: Make, good: Any) -> None:
    step, weights = make_step("graph", loss_of=vector)
    watcher = watch(every=NEVER)
    for _ in range(3):
        step(good)
    with watcher.ours():
        weights.assign([np.nan, 1.0])  # by nobody who is known
        assert failing(watcher) == (0, None)
        weights.assign([np.nan, 1.0])
        found = first_bad(watcher)
    assert found is not None
    assert (found.code, found.witness.step, found.witness.optimizer, found.study) == ("GC001", 2, "sgd", None)
    assert found.witness.rerun.startswith("the steps of late were run again and went well")
    assert np.isnan(weights.numpy()[0])


@pytest.mark.parametrize("on_bad", ["warn", "skip-step"])
def test_variables_are_left_as_they_are_to_be(watch: Watch, make_step: Make, good: Any, zero: Any, on_bad: str) -> None:
    step, weights = make_step("graph", loss_of=vector)
    watcher = watch(on_bad=on_bad, every=NEVER)
    for x in (good, zero, good, good):
        step(x)
    found = first(watcher)
    assert found.witness.step == 1
    alone, other = make_step("graph", loss_of=vector)
    with watcher.ours():
        for x in (good, good, good) if on_bad == "skip-step" else (good, zero, good, good):
            alone(x)
    assert weights.numpy().tobytes() == other.numpy().tobytes()


def test_norms_of_the_steps_before_are_measured_up_to_the_bad_one(
    watch: Watch, make_step: Make, good: Any, zero: Any
) -> None:
    step, _ = make_step("graph", loss_of=lambda z: vector(z * 2), rate=1e-3)
    watcher = watch(every=NEVER)
    for number in range(30):
        step(zero if number == 25 else good)
    (norms,) = first(watcher).witness.norms
    assert norms.steps == tuple(range(6, 26))
    assert norms.norms[:-1] == pytest.approx([2.0] * 19, rel=1e-5)
    assert np.isnan(norms.norms[-1])


def test_what_is_brief_has_no_cause(watch: Watch, make_step: Make, good: Any, zero: Any) -> None:
    step, _ = make_step("graph", loss_of=vector)
    watcher = watch(on_bad="skip-step", every=NEVER)
    for x in (good, zero, good):
        step(x)
    with watcher.ours():
        found = first_bad(watcher, brief=True)
    assert found is not None
    assert (found.study, found.witness.order) == (None, 1)


# steps that go well eagerly


def fragile(z: Any) -> Any:
    """Another loss where functions run eagerly."""
    kept = z if tf.executing_eagerly() else tf.zeros_like(z) * z
    return tf.sqrt(tf.reduce_sum(kept**2, keepdims=True))


def test_a_step_that_is_bad_in_a_graph_alone_is_run_as_a_graph(watch: Watch, make_step: Make, good: Any) -> None:
    step, _ = make_step("graph", loss_of=fragile)
    watcher = watch(every=NEVER)
    step(good)
    found = first(watcher)
    assert (found.code, found.mode, found.witness.step) == ("GC001", "graph", 0)
    said = "only in graph mode it goes bad: run eagerly with the same variables and batch it goes well"
    assert found.witness.rerun == said
    assert found.study is not None


def trapped(z: Any) -> Any:
    """What XLA makes of the root's gradient is 0 times NaN."""
    return tf.reduce_sum(tf.where(z > 0.0, tf.sqrt(z), 0.0), keepdims=True)


def test_so_is_one_that_is_bad_under_xla_alone(watch: Watch, make_step: Make, good: Any) -> None:
    step, _ = make_step("xla", loss_of=trapped)
    watcher = watch(every=NEVER)
    step(-good)
    found = first(watcher)
    assert (found.mode, found.study is not None) == ("xla", True)
    assert found.witness.rerun.startswith("only compiled by XLA it goes bad")


def test_a_step_whose_code_raises_when_it_is_run_again(watch: Watch, make_step: Make, zero: Any) -> None:
    runs: list[int] = []

    def loss(z: Any) -> Any:
        runs.append(len(runs))
        if len(runs) > 1:
            raise LookupError("the file is at its end")
        return vector(z)

    step, weights = make_step("graph", loss_of=loss)
    watcher = watch(every=NEVER)
    step(zero)
    found = first(watcher)
    assert (found.study, found.witness.step, found.witness.optimizer) == (None, 0, "sgd")
    assert found.witness.rerun == "the step could not be run again: it raised LookupError: the file is at its end"
    assert np.isnan(weights.numpy()).all()


# steps that draw


def test_a_step_that_draws_is_run_until_it_goes_bad_again(watch: Watch, make_step: Make, good: Any) -> None:
    step, _ = make_step("graph", loss_of=lambda z: vector(z * tf.cast(tf.random.uniform([]) > 1.0, tf.float32)))
    watcher = watch(every=NEVER)
    step(good)
    found = first(watcher)
    assert (found.witness.rerun, found.witness.step, found.study is not None) == (ANOTHER, 0, True)


def test_one_that_never_does_again_is_told_without_a_cause(
    watch: Watch, make_step: Make, good: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[Any] = []
    again = rerunning.run

    def noted(*arguments: Any) -> Any:
        runs.append(arguments)
        return again(*arguments)

    monkeypatch.setattr(backtracking, "run", noted)
    step, _ = make_step("graph", loss_of=lambda z: fragile(z + 0.0 * tf.random.uniform([])))
    watcher = watch(every=NEVER)
    step(good)
    found = first(watcher)
    assert (found.study, found.witness.rerun, found.witness.order) == (None, DRAWN, 1)
    assert len(runs) == backtracking.DRAWS


def test_of_steps_that_draw_the_last_one_did_it(watch: Watch, make_step: Make, good: Any) -> None:
    step, weights = make_step("graph", loss_of=lambda z: vector(z + tf.random.uniform([])))
    watcher = watch(every=1)
    for _ in range(3):
        step(good)
    with watcher.ours():
        place, call = failing(watcher)
    assert (place, call) == (2, watcher.history.kept[-1])
    assert np.isfinite(weights.numpy()).all()


# which step of whom


def test_steps_before_a_call_are_those_of_the_optimizer_that_may_skip_some(watch: Watch, good: Any) -> None:
    weights, inner = tf.Variable([3.0, 4.0]), keras.optimizers.SGD(1e-3, name="inner")
    outer = keras.optimizers.LossScaleOptimizer(inner, initial_scale=2.0)
    outer.build([weights])

    @tf.function
    def step(x: Any) -> None:
        with tf.GradientTape() as tape:
            loss = outer.scale_loss(tf.reduce_sum((x * weights) ** 2))
        outer.apply([tape.gradient(loss, weights)], [weights])

    watcher = watch(every=NEVER)
    for x in (good, good * np.inf, good, good * np.inf, good):
        step(x)
    (seen,) = watcher.optimizers.all
    assert (seen.name, int(inner.iterations), seen.steps) == ("inner", 3, 5)
    calls = watcher.history.kept
    assert [steps_before(watcher, call)[id(seen)] for call in calls] == [0, 1, 2, 3, 4]
    assert watcher.found == []


def test_steps_by_hand_before_a_call(watch: Watch, make_update: Make, good: Any) -> None:
    step, _ = make_update("graph")
    watcher = watch(every=NEVER)
    for _ in range(3):
        step(good)
    assert [steps_before(watcher, call) for call in watcher.history.kept] == [{BY_HAND: n} for n in range(3)]


def test_a_bad_step_within_a_call_of_many(watch: Watch, make_step: Make, good: Any, zero: Any) -> None:
    step, _ = make_step("graph", loss_of=vector)

    @tf.function
    def epoch(batches: Any) -> None:
        for x in batches:
            step(x)

    watcher = watch(every=NEVER)
    epoch(tf.stack([good] * 3))
    epoch(tf.stack([good, good, zero]))
    assert first(watcher).witness.step == 5


def test_owner_of_variables_is_the_first_that_takes_them(make_step: Make) -> None:
    watcher = Watcher(WatchOptions())
    one, two, other = tf.Variable(1.0), tf.Variable(1.0), tf.Variable(1.0)
    assert owner(watcher, {identity(one.handle)}) is None
    sgds = [keras.optimizers.SGD(name=name) for name in ("a", "b")]
    for sgd, variable in zip(sgds, (one, two), strict=True):
        watcher.optimizers.of(sgd).takes(variable)
    owners = [owner(watcher, {identity(v.handle)}) for v in (one, two, other)]
    assert [seen.name for seen in owners if seen] == ["a", "b", "a"]


def test_variables_that_nobody_trains_are_left_out(watch: Watch, make_step: Make, good: Any) -> None:
    """A running mean of what comes in may be NaN, and nobody minds."""
    mean, weights = tf.Variable([0.0, 0.0], name="mean"), tf.Variable([3.0, 4.0])

    @tf.function
    def step(x: Any) -> None:
        with tf.GradientTape() as tape:
            loss = vector(weights)
        weights.assign_sub(0.1 * tape.gradient(loss, weights))
        mean.assign(x)

    watcher = watch(every=1)
    step(good)
    key = identity(mean.handle)
    assert key in watcher.history.watched
    step(good * np.nan)
    assert key not in watcher.history.watched
    step(good)
    assert (watcher.found, watcher.notes) == ([], [])


def test_whether_somebody_trains_them() -> None:
    watcher = Watcher(WatchOptions())
    one, two = tf.Variable(1.0), tf.Variable(1.0)
    pairs = {identity(v.handle): (v.handle, tf.float32) for v in (one, two)}
    keys = list(pairs)
    watcher.history.watched, watcher.history.trained = dict(pairs), {keys[0]}
    assert is_trained(watcher, set(keys))
    assert list(watcher.history.watched) == keys
    assert not is_trained(watcher, {keys[1]})
    assert list(watcher.history.watched) == keys[:1]
    assert unknown(watcher, {keys[1]}) is None


def test_norms_are_of_calls_that_update() -> None:
    """Micro-steps between them only gather gradients."""
    calls = [SimpleNamespace(mark=Mark({1: 1} if number % 4 == 3 else {})) for number in range(4 * KEPT + 8)]
    assert early_enough(calls) == 4 * 2 + 3  # type: ignore[arg-type]
    assert early_enough(calls[: 4 * KEPT - 1]) == 0  # type: ignore[arg-type]
