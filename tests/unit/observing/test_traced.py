"""Steps in traced functions: when the variables are looked at, and what is known of a call."""

from collections import deque
from collections.abc import Callable
from typing import Any

import keras
import pytest
import tensorflow as tf

from gradcheck.observing.traced import EVERY, GLANCE, writes
from gradcheck.observing.watcher import Watcher
from gradcheck.scripts import Stopped

Watch = Callable[..., Watcher]
Make = Callable[..., tuple[Any, Any]]


def looked(watcher: Watcher, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """After how many calls the variables are looked at, from now on."""
    found: list[int] = []
    look = watcher.traced.look

    def noted() -> None:
        found.append(watcher.history.calls)
        look()

    monkeypatch.setattr(watcher.traced, "look", noted)
    return found


def vector(z: Any) -> Any:
    return tf.sqrt(tf.reduce_sum(z**2, keepdims=True))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [EVERY, 2 * EVERY]),
        ({"every": 10}, [10, 20, 30]),
        ({"on_bad": "warn"}, list(range(1, 34))),
        ({"on_bad": "warn", "every": 12}, [12, 24]),
    ],
)
def test_how_often_variables_are_looked_at(
    watch: Watch, make_step: Make, good: Any, monkeypatch: pytest.MonkeyPatch, options: Any, expected: list[int]
) -> None:
    step, _ = make_step("graph", loss_of=vector, rate=1e-4)
    watcher = watch(**options)
    found = looked(watcher, monkeypatch)
    for _ in range(33):
        step(good)
    assert found[: len(expected)] == expected


def test_a_step_that_draws_is_looked_at_each_time(
    watch: Watch, make_step: Make, good: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, _ = make_step("graph", loss_of=lambda z: tf.reduce_sum(z * tf.random.normal([2])))
    found = looked(watch(), monkeypatch)
    for _ in range(3):
        step(good)
    assert found == [1, 2, 3]


@pytest.mark.parametrize(
    ("result", "calls"),
    [
        (lambda loss: loss, GLANCE),
        (lambda loss: {"loss": loss}, GLANCE),
        (lambda loss: (tf.constant(1), loss), GLANCE),
        (lambda loss: loss[None], EVERY),  # no single number
        (lambda loss: None, EVERY),
    ],
)
def test_a_result_that_is_nan_is_looked_at_early(
    watch: Watch, good: Any, zero: Any, result: Callable[[Any], Any], calls: int
) -> None:
    weights = tf.Variable([3.0, 4.0])

    @tf.function
    def step(x: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.sqrt(tf.reduce_sum((x * weights) ** 2))
        weights.assign_sub(0.01 * tape.gradient(loss, weights))
        return result(loss)

    watcher, batches = watch(), iter([good, zero, *[good] * EVERY])
    with pytest.raises(Stopped):
        deque(map(step, batches))
    assert [found.witness.step for found in watcher.found] == [1]
    assert len(list(batches)) == EVERY + 2 - calls


def test_a_call_that_raises_is_no_step(watch: Watch, good: Any, zero: Any) -> None:
    weights, sgd = tf.Variable([3.0, 4.0]), keras.optimizers.SGD(0.1)
    sgd.build([weights])

    @tf.function
    def step(x: Any) -> None:
        with tf.control_dependencies([tf.debugging.Assert(tf.reduce_sum(x) < 10.0, [x])]):
            with tf.GradientTape() as tape:
                loss = tf.sqrt(tf.reduce_sum((x * weights) ** 2))
            sgd.apply([tape.gradient(loss, weights)], [weights])

    watcher = watch(every=100)
    step(good)
    with pytest.raises(tf.errors.InvalidArgumentError):
        step(10 * good)
    step(good)
    step(zero)
    assert (watcher.steps, watcher.notes) == (3, [])
    with pytest.raises(Stopped):
        watcher.traced.look()
    assert [found.witness.step for found in watcher.found] == [2]


def test_what_is_bad_is_seen_before_it_is_set_back(watch: Watch, make_step: Make, good: Any, zero: Any) -> None:
    step, weights = make_step("graph", loss_of=vector)
    watcher = watch(on_bad="warn", every=100)
    step(good)
    step(zero)
    weights.assign([3.0, 4.0])
    assert [found.witness.step for found in watcher.found] == [1]
    step(good)
    watcher.finish()
    assert [found.witness.step for found in watcher.found] == [1]


def test_variables_that_are_set_one_by_one_are_looked_at_once(
    watch: Watch, make_step: Make, good: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, weights = make_step("graph", loss_of=vector)
    watcher = watch(every=100)
    step(good)
    found = looked(watcher, monkeypatch)
    for _ in range(3):
        weights.assign([3.0, 4.0])
    assert found == [1]
    step(good)
    weights.assign([3.0, 4.0])
    assert found == [1, 2]


def test_a_value_that_is_set_is_there_when_calls_are_run_again(watch: Watch, make_step: Make, good: Any) -> None:
    """At the weights as they were no batch has a bad gradient; at those that are set the next one has."""
    step, weights = make_step("graph", loss_of=vector)
    watcher = watch(every=100)
    for values in ([3.0, 4.0], [1.0, 1.0], [0.0, 0.0]):
        weights.assign(values)
        step(good)
    with pytest.raises(Stopped):
        watcher.traced.look()
    (found,) = watcher.found
    assert (found.witness.step, found.study is not None) == (2, True)


def test_each_step_is_measured_where_norms_are_asked_for(watch: Watch, make_step: Make, good: Any) -> None:
    alone, other = make_step("graph")
    step, weights = make_step("graph")
    for _ in range(3):
        alone(good)
    watcher = watch(exploding=1e6)
    for _ in range(3):
        step(good)
    (seen,) = watcher.optimizers.all
    assert dict(seen.norms) == pytest.approx({0: 1.0, 1: 1.0, 2: 1.0}, rel=1e-5)
    assert weights.numpy().tobytes() == other.numpy().tobytes()


def test_a_function_that_only_asks_is_a_unit_of_the_loop(watch: Watch, good: Any, zero: Any) -> None:
    weights, sgd = tf.Variable([3.0, 4.0]), keras.optimizers.SGD(0.1)

    @tf.function
    def gradients(x: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.sqrt(tf.reduce_sum((x * weights) ** 2))
        return tape.gradient(loss, [weights])

    watcher = watch()
    sgd.apply(gradients(good), [weights])
    assert len(watcher.units) == 0
    bad = gradients(zero)
    assert len(watcher.units) == 1
    with pytest.raises(Stopped):
        sgd.apply(bad, [weights])
    (found,) = watcher.found
    assert (found.mode, found.witness.step, found.study is not None) == ("graph", 1, True)


def test_calls_are_those_under_way(watch: Watch, good: Any) -> None:
    watcher, seen = watch(), []

    @tf.function
    def outer(x: Any) -> Any:
        seen.append([dict(named.items()) for _, named in watcher.traced.calls])
        return x

    outer(good)
    assert [list(names) for names in seen[0]] == [["x"]]
    assert watcher.traced.calls == []


def test_whether_a_function_changes_variables() -> None:
    weights = tf.Variable([3.0, 4.0])
    spec = tf.TensorSpec([2], tf.float32)
    reads = tf.function(lambda x: x * weights).get_concrete_function(spec)
    sets = tf.function(lambda x: weights.assign(x)).get_concrete_function(spec)
    assert (writes(reads), writes(sets), writes(sets)) == (False, True, True)
