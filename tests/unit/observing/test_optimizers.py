"""Optimizers, in the order in which they come first, and how many steps each has made."""

from typing import Any

import keras
import pytest
import tensorflow as tf

from gradcheck.observing.optimizers import KEPT, Optimizers, handles_of, iterations, name_of, wraps
from gradcheck.observing.recording import identity


def stepped(optimizer: Any, steps: int) -> Any:
    weights = tf.Variable([1.0])
    optimizer.build([weights])
    for _ in range(steps):
        optimizer.apply_gradients([(tf.constant([1.0]), weights)])
    return optimizer


def test_they_are_numbered_as_they_come() -> None:
    optimizers = Optimizers()
    adam, sgd = keras.optimizers.Adam(name="deep"), keras.optimizers.SGD(name="wide")
    assert [optimizers.of(o).order for o in (sgd, adam, sgd)] == [1, 2, 1]
    assert [s.name for s in optimizers.all] == ["wide", "deep"]


def test_an_optimizer_that_scales_losses_is_none_of_them() -> None:
    optimizers = Optimizers()
    outer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(name="inner"))
    assert wraps(outer)
    optimizers.of(outer)
    assert optimizers.of(outer.inner_optimizer).order == 1
    assert [s.name for s in optimizers.all] == ["inner"]


def test_steps_are_counted_from_when_it_was_first_seen() -> None:
    sgd = stepped(keras.optimizers.SGD(), 3)
    seen = Optimizers().of(sgd)
    assert seen.steps == 0
    sgd.apply_gradients([(tf.constant([1.0]), sgd._trainable_variables[0])])
    assert seen.steps == 1


def test_one_that_comes_late_began_with_its_first_count() -> None:
    sgd = stepped(keras.optimizers.SGD(), 3)
    (key,) = handles_of([sgd.iterations])
    assert Optimizers().of(sgd, {key: tf.constant(1)}).steps == 2
    assert Optimizers().of(sgd, {key + 1: tf.constant(1)}).steps == 0


def test_steps_of_one_that_another_hands_its_gradients_to_are_those_of_the_other() -> None:
    optimizers = Optimizers()
    outer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD())
    around, inner = optimizers.of(outer), optimizers.of(outer.inner_optimizer)
    inner.outer, around.calls = around, 4
    assert inner.steps == 4


def test_an_optimizer_of_ones_own_is_counted_by_its_calls() -> None:
    class Mine:
        pass

    seen = Optimizers().of(Mine())
    seen.calls = 2
    assert (seen.name, seen.steps) == ("Mine", 2)


def test_the_last_norms_are_kept() -> None:
    seen = Optimizers().of(keras.optimizers.SGD(name="wide"))
    for step in range(KEPT + 5):
        seen.norms.append((step, step / 2))
    told = seen.told
    assert (told.optimizer, told.order) == ("wide", 1)
    assert told.steps == tuple(range(5, KEPT + 5))
    assert told.norms[0] == 2.5


def test_iterations_inside_a_graph_that_is_being_built() -> None:
    sgd = stepped(keras.optimizers.SGD(), 3)
    found = []

    @tf.function
    def step() -> None:
        found.append(iterations(sgd))

    step()
    assert found == [3]
    assert iterations(object()) == 0


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: tf.Variable(1.0, name="scale"), "scale"),
        (lambda: keras.Variable(1.0, name="scale"), "scale"),
        (
            lambda: keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1, name="deep")]).weights[0],
            "deep/kernel",
        ),
    ],
)
def test_names(make: Any, name: str) -> None:
    assert name_of(make()).endswith(name)
    assert not name_of(make()).endswith(":0")


def test_handles_of_variables_among_sources() -> None:
    plain, kept = tf.Variable(1.0), keras.Variable([1.0, 2.0])
    found = handles_of({"a": [plain, tf.constant(1.0)], "b": kept})
    assert list(found) == [identity(plain.handle), identity(kept.value.handle)]
    assert [dtype for _, dtype in found.values()] == [tf.float32, tf.float32]
