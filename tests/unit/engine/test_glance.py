"""Glances: the same codes as without them, and they do tell where rounding makes a function's first steps constant."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.engine import Engine, census, counter, glance
from gradcheck.engine.summaries import FINITE

EngineOf = Callable[..., Engine]


def softplus(z: Any) -> Any:
    return tf.math.log(tf.exp(z) + 1)


@tf.custom_gradient
def better_softplus(z: Any) -> Any:
    e = tf.exp(z)
    return tf.math.log(e + 1), lambda upstream: upstream / (1 + 1 / e)


def guarded(x: Any) -> Any:
    """Two first operations, which change at different places."""
    return tf.where(x > 1.5e-8, tf.exp(x), 1.0)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of 2^12 floats, in pieces of 2^9, and a glance at every one of them."""
    monkeypatch.setattr(counter, "PIECE", 1 << 9)
    monkeypatch.setattr(counter, "WIDTHS", (1 << 12,))
    monkeypatch.setattr(counter, "FEWEST", 1)
    monkeypatch.setattr(glance, "PAUSE", 0)


def counted(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, int]:
    """The runs, and how many blocks a glance told."""
    told = 0
    original = glance.Glance.told

    def counting(self: glance.Glance, *arguments: Any) -> Any:
        nonlocal told
        rows = original(self, *arguments)
        told += rows is not None
        return rows

    monkeypatch.setattr(glance.Glance, "told", counting)
    return census.census(engine), told


@pytest.mark.parametrize(
    ("function", "lo", "hi", "most"),
    [
        (softplus, 1e-9, 1.001e-9, True),  # exp(z) is 1
        (softplus, -87.4, -87.25, False),  # it becomes 0 in between
        (softplus, 88.6, 89.0, False),  # and inf
        (softplus, 100.0, 100.1, True),
        (better_softplus, -150.0, -149.5, True),
        (better_softplus, 88.6, 89.0, False),
        (softplus, 1.0, 1.01, None),
        (guarded, 1.495e-8, 1.505e-8, False),
        (lambda x: tf.exp(x) - 1, -1.2e-38, 1.2e-38, None),
        (lambda x: tf.sqrt(x + 1.0) - 1.0, 5.95e-8, 5.97e-8, False),
        (lambda x: x * tf.tanh(x), 20.0, 20.1, None),
        (lambda x: 1 / (x - x + tf.tanh(x)), 20.0, 20.1, True),  # TensorFlow takes x - x out
    ],
)
def test_the_codes_are_those_of_every_float(
    engine_of: EngineOf,
    monkeypatch: pytest.MonkeyPatch,
    function: Callable[[Any], Any],
    lo: float,
    hi: float,
    most: bool | None,
) -> None:
    """`most`: whether glances tell nearly all blocks, some of them (False), or none (None)."""
    engine = engine_of(function, lo, hi)
    first, last = engine.plan.segments[0]
    if last - first > 1 << 20:  # across 0: its neighbourhood
        engine = engine_of(function, -1e-40, 1e-40)
        first, last = engine.plan.segments[0]
    runs, told = counted(engine, monkeypatch)
    assert runs is not None
    ordinals = np.arange(first, last + 1, dtype=np.int64)
    assert (runs.code_at(ordinals) == engine.classify_zeros(ordinals)).all()
    blocks = -(-(last - first + 1) // (1 << 12))
    if most is None:
        assert told == 0
    else:
        assert told >= blocks - 3 if most else 0 < told < blocks
    assert blocks > 1


def test_a_block_that_is_not_told_is_followed_by_a_pause(engine_of: EngineOf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glance, "PAUSE", 3)
    engine = engine_of(softplus, 1.0, 1.01)
    found = counter.counter_of(engine, [engine.plan.segments[0]])
    assert found is not None
    assert found.glance is not None
    waits = []
    for _ in range(5):
        assert found.glanced(engine.plan.segments[0][0]) is None
        waits.append(found.glance.wait)
    assert waits == [3, 2, 1, 0, 3]


def test_few_blocks_are_not_worth_a_glance(engine_of: EngineOf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counter, "FEWEST", 1000)
    engine = engine_of(softplus, 1e-9, 1.001e-9)
    found = counter.counter_of(engine, [engine.plan.segments[0]])
    assert found is not None
    assert found.glance is None


def test_what_a_glance_tells_is_what_the_kernels_say(engine_of: EngineOf) -> None:
    engine = engine_of(softplus, 1e-9, 1.001e-9)
    found = counter.counter_of(engine, [engine.plan.segments[0]])
    assert found is not None
    codes = found.glanced(engine.plan.segments[0][0])
    assert codes is not None
    assert codes.tolist() == [[FINITE, FINITE]] * 8


def test_a_direct_call_gives_what_the_call_gives() -> None:
    weight = tf.Variable(2.0)
    concrete = tf.function(lambda x, y: x * weight + y).get_concrete_function(tf.TensorSpec([None]), tf.TensorSpec([]))
    arguments = tf.constant([1.0, 2.0]), tf.constant(3.0)
    assert glance.direct(concrete)(*arguments).numpy().tolist() == concrete(*arguments).numpy().tolist() == [5.0, 7.0]
    assert glance.direct(len) is len  # another TensorFlow
