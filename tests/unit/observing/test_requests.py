"""What is looked for on request: alike for loops that run eagerly and in graphs."""

from collections.abc import Callable
from typing import Any

import keras
import pytest
import tensorflow as tf

import gradcheck

MODES = ["eager", "graph", "xla"]


def trained(mode: str, loss_of: Callable[..., Any], pairs: Any, steps: int, **options: Any) -> Any:
    """Train by a loss of a number, the step; `pairs` are optimizers with their variables."""
    variables = list({id(v): v for _, mine in pairs for v in mine}.values())
    for optimizer, mine in pairs:
        optimizer.build(mine)

    def written(number: Any) -> None:
        with tf.GradientTape() as tape:
            loss = loss_of(number)
        gradients = dict(zip(map(id, variables), tape.gradient(loss, variables), strict=True))
        for optimizer, mine in pairs:
            optimizer.apply_gradients([(gradients[id(v)], v) for v in mine if gradients[id(v)] is not None])

    step = written if mode == "eager" else tf.function(written, jit_compile=mode == "xla")
    with gradcheck.watching(on_bad="warn", **options) as watch:
        for number in range(steps):
            step(tf.constant(number, tf.float32))
    assert watch.result is not None
    assert watch.result.targets[0].notes == ()
    return watch.result


def told(result: Any) -> list[Any]:
    return [(f.code, f.training.step, [g.variable for g in f.training.gradients]) for f in result.findings]


def sgd(rate: float = 1e-4, name: str = "sgd") -> Any:
    return keras.optimizers.SGD(rate, name=name)


def variable(name: str, value: float = 1.0) -> Any:
    return tf.Variable([value, value], name=name)


@pytest.mark.parametrize("mode", MODES)
def test_a_gradient_that_is_zero_for_some_steps_has_vanished(mode: str) -> None:
    dead, alive = variable("dead"), variable("alive")

    def loss(number: Any) -> Any:
        return tf.reduce_sum(alive**2) + tf.reduce_sum(dead) * tf.cast(number < 3.0, tf.float32)

    result = trained(mode, loss, [(sgd(), [dead, alive])], 10, vanished=4)
    assert told(result) == [("GC003", 6, ["dead"])]
    (found,) = result.findings
    assert (found.training.optimizer, found.training.order) == ("sgd", 1)
    assert found.message == "step 6: the gradient of dead has been exactly 0 for 4 steps"


@pytest.mark.parametrize("mode", ["eager", "graph"])
def test_zeros_that_end_before_the_limit_are_none(mode: str) -> None:
    rare, alive = variable("rare"), variable("alive")

    def loss(number: Any) -> Any:
        return tf.reduce_sum(alive**2) + tf.reduce_sum(rare) * tf.cast(number % 4.0 < 1.0, tf.float32)

    assert told(trained(mode, loss, [(sgd(), [rare, alive])], 12, vanished=4)) == []
    assert told(trained(mode, loss, [(sgd(), [rare, alive])], 12, vanished=3)) != []


@pytest.mark.parametrize("mode", MODES)
def test_a_norm_far_above_the_median_has_exploded(mode: str) -> None:
    weights = variable("weights")

    def loss(number: Any) -> Any:
        return tf.reduce_sum(weights) * tf.where(number >= 8.0, 50.0, 1.0 + number / 10.0)

    result = trained(mode, loss, [(sgd(), [weights])], 12, exploding=20.0)
    assert told(result) == [("GC010", 8, ["weights"])]
    norms = result.findings[0].training.norms[0]
    assert norms.steps == tuple(range(9))
    assert "35.4 times" not in result.findings[0].message
    assert "70.7, 37 times the median of the 8 steps before" in result.findings[0].message


@pytest.mark.parametrize("mode", ["eager", "graph"])
def test_a_norm_below_the_factor_or_among_the_first_is_none(mode: str) -> None:
    weights = variable("weights")

    def loss(number: Any) -> Any:
        return tf.reduce_sum(weights) * tf.where(number == 2.0, 1e6, tf.where(number == 8.0, 15.0, 1.0))

    assert told(trained(mode, loss, [(sgd(), [weights])], 12, exploding=20.0)) == []


def untrained(mode: str, steps: int = 3) -> Any:
    """A frozen, a forgotten and a shared variable."""
    wide, deep, both, frozen = (variable(name) for name in ("wide", "deep", "both", "frozen"))
    forgotten = variable("forgotten")
    one, two = sgd(name="one"), keras.optimizers.Adam(1e-4, name="two")
    one.build([wide, both, frozen])
    two.build([deep, both])

    def written(number: Any) -> None:
        with tf.GradientTape() as tape:
            loss = sum(tf.reduce_sum(v**2) for v in (wide, deep, both, forgotten)) * number
        names = [wide, deep, both, frozen]
        gradients = dict(zip(map(id, names), tape.gradient(loss, names), strict=True))
        one.apply([gradients[id(v)] for v in (wide, both, frozen)], [wide, both, frozen])
        two.apply([gradients[id(v)] for v in (deep, both)], [deep, both])

    step = written if mode == "eager" else tf.function(written)
    with gradcheck.watching(untrained=True) as watch:
        for number in range(steps):
            step(tf.constant(number + 1, tf.float32))
    return watch.result


@pytest.mark.filterwarnings("ignore:Gradients do not exist")
@pytest.mark.parametrize("mode", ["eager", "graph"])
def test_variables_that_are_left_out_or_in_two(mode: str) -> None:
    found = {f.code: f for f in untrained(mode).findings}
    assert {code: [g.variable for g in f.training.gradients] for code, f in found.items()} == {
        "GC008": ["frozen"],
        "GC011": ["forgotten"],
        "GC012": ["both"],
    }
    assert found["GC008"].message == "optimizer 1 (one) was never given a gradient of frozen"
    assert found["GC011"].message == "the loss reads forgotten, which no optimizer updates"
    assert found["GC012"].message == "optimizers 1 (one) and 2 (two) both update both"


@pytest.mark.parametrize("mode", ["eager", "graph"])
def test_nothing_is_told_of_a_loop_that_trains_all(mode: str) -> None:
    wide, deep = variable("wide"), variable("deep")

    def loss(number: Any) -> Any:
        return tf.reduce_sum(wide**2) + tf.reduce_sum(deep**2) * number

    pairs = [(sgd(name="one"), [wide]), (sgd(name="two"), [deep])]
    assert told(trained(mode, loss, pairs, 4, untrained=True)) == []


@pytest.mark.parametrize("mode", ["eager", "graph"])
def test_a_variable_that_is_frozen_for_the_tape_is_not_told(mode: str) -> None:
    weights = variable("weights")
    frozen = tf.Variable([1.0, 1.0], name="frozen", trainable=False)
    result = trained(mode, lambda n: tf.reduce_sum(weights * frozen), [(sgd(), [weights])], 3, untrained=True)
    assert told(result) == []


@pytest.mark.parametrize("mode", ["eager", "graph"])
def test_nothing_is_looked_for_that_was_not_asked_for(mode: str) -> None:
    dead = variable("dead")
    assert told(trained(mode, lambda n: tf.reduce_sum(dead) * 0.0, [(sgd(), [dead])], 12)) == []


@pytest.mark.parametrize("mode", MODES)
def test_weights_are_the_same_bit_for_bit_with_everything_asked_for(mode: str) -> None:
    def weights_of(**options: Any) -> bytes:
        weights = variable("weights", 0.7)
        trained(mode, lambda n: tf.reduce_sum(tf.sin(weights * n)), [(sgd(0.1), [weights])], 9, **options)
        return bytes(weights.numpy().tobytes())

    assert weights_of(vanished=2, exploding=1e9, untrained=True) == weights_of()
