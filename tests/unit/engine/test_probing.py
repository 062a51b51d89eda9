"""Intermediates along the line: codes that change where they meet danger, and distances from it."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.engine import Engine
from gradcheck.engine.probing import Prober, intermediate_codes

EngineOf = Callable[..., Engine]
Codes = list[int]

TINY = 2.0**-126


def test_codes_without_danger_points() -> None:
    values = np.array([0.0, -0.0, TINY / 2, -TINY / 2, -TINY, -5.0, TINY, 5.0, math.nan, math.inf, -math.inf])
    assert intermediate_codes(values, (), TINY).tolist() == [0, 0, 0, 0, 1, 1, 2, 2, 3, 4, 5]
    assert intermediate_codes(values, (0.0,), TINY).tolist() == [0, 0, 0, 0, 1, 1, 2, 2, 3, 4, 5]


def test_codes_tell_the_sides_of_every_danger_point_apart() -> None:
    values = np.array([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0])
    codes = intermediate_codes(values, (-1.0, 0.0, 1.0), TINY)
    assert len(set(codes.tolist())) == len(values)
    more = intermediate_codes(np.array([-3.0, -0.75, 0.75, 3.0]), (-1.0, 0.0, 1.0), TINY)
    assert more.tolist() == codes[[0, 2, 4, 6]].tolist()


def prober_of(engine: Engine, version: int = 0) -> Prober:
    probe = engine.versions[version].probe
    assert probe is not None
    return Prober(engine, probe)


def changes(prober: Prober, points: list[float]) -> set[tuple[float, float]]:
    """Pairs of neighbouring points between which any intermediate changes its code."""
    codes, _ = prober.look(prober.engine.fmt.encode(points))
    _, at = np.nonzero(codes[:, 1:] != codes[:, :-1])
    return {(points[i], points[i + 1]) for i in at}


def planted_denominator(x: Any) -> Any:
    return 1.0 / (x - 3.0)


def test_a_planted_pole(engine_of: EngineOf) -> None:
    prober = prober_of(engine_of(planted_denominator))
    assert (2.5, 3.5) in changes(prober, [1.5, 2.5, 3.5, 4.5])
    assert (2.9999998, 3.0) in changes(prober, [2.5, 2.9999998, 3.0, 3.0000002, 3.5])
    assert (1.5, 2.5) not in changes(prober, [1.5, 2.5, 3.5, 4.5])
    _, distances = prober.look(prober.engine.fmt.encode([1.5, 3.0, 4.25]))
    assert pytest.approx([1.5, 0.0, 1.25]) in distances.tolist()


@pytest.mark.parametrize(
    ("function", "left", "right"),
    [
        (lambda x: tf.math.log(x - 3.0), 2.5, 3.5),
        (lambda x: tf.sqrt(9.0 - x * x), 2.5, 3.5),
        (lambda x: tf.asin(x / 3.0), 2.5, 3.5),
        (lambda x: tf.math.log1p(-x / 3.0), 2.5, 3.5),
        (lambda x: tf.exp(x) * 0.0, 88.0, 89.0),
        (lambda x: tf.exp(-x) + 1.0, 87.0, 88.0),
        (lambda x: tf.math.log(x) * 0.0, -0.5, 0.5),
    ],
    ids=["log", "sqrt", "asin", "log1p", "overflow", "flushed", "nan"],
)
def test_other_planted_dangers(engine_of: EngineOf, function: Callable[..., Any], left: float, right: float) -> None:
    assert (left, right) in changes(prober_of(engine_of(function)), [left - 0.25, left, right, right + 0.25])


def test_a_danger_that_is_approached_but_not_passed(engine_of: EngineOf) -> None:
    prober = prober_of(engine_of(lambda x: tf.sqrt(tf.square(x - 3.0))))
    ordinals = prober.engine.fmt.encode([2.0, 2.9, 3.0, 3.1, 4.0])
    _, distances = prober.look(ordinals)
    assert any(row.argmin() == 2 and row[2] == 0.0 for row in distances)


def test_a_healthy_function_has_no_changes_between_moderate_points(engine_of: EngineOf) -> None:
    prober = prober_of(engine_of(lambda x: tf.exp(x) + 1.0))
    assert changes(prober, [0.25, 0.5, 1.0, 2.0]) == set()


def test_shapes_and_blocks(engine_of: EngineOf) -> None:
    engine = engine_of(lambda x: tf.asin(x) + 1.0 / (x - 3.0))
    prober = prober_of(engine)
    ordinals = np.linspace(0, int(engine.fmt.encode(5.0)), 2 * engine.target.block + 3).astype(np.int64)
    codes, distances = prober.look(ordinals)
    assert codes.shape == (len(prober.probe.dangers), len(ordinals))
    assert distances.shape == (sum(len(d) for d in prober.probe.dangers), len(ordinals))
    few, few_distances = prober.look(ordinals[[5, 20_000, -1]])
    assert (few == codes[:, [5, 20_000, -1]]).all()
    np.testing.assert_array_equal(few_distances, distances[:, [5, 20_000, -1]])


def test_a_function_without_dangers_has_no_distances(engine_of: EngineOf) -> None:
    _, distances = prober_of(engine_of(tf.exp)).look(np.arange(10))
    assert distances.shape == (0, 10)


def test_the_other_inputs_are_held(engine_of: EngineOf) -> None:
    engine = engine_of(lambda x, y: 1.0 / (x - y), held=3.0)
    assert (2.5, 3.5) in changes(prober_of(engine), [1.5, 2.5, 3.5, 4.5])


@tf.custom_gradient
def danger_in_the_custom_gradient(x: Any) -> Any:
    return x * 2.0, lambda dy: dy / (x - 3.0)


def test_each_version_has_its_own_dangers(engine_of: EngineOf) -> None:
    engine = engine_of(danger_in_the_custom_gradient)
    points = [1.5, 2.5, 3.5, 4.5]
    assert changes(prober_of(engine, 0), points) == set()
    assert changes(prober_of(engine, 1), points) == {(2.5, 3.5)}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_tiny_is_that_of_the_dtype(engine_of: EngineOf, dtype: str) -> None:
    engine = engine_of(lambda x: x * 2.0, dtype=dtype)
    tiny = engine.fmt.smallest_normal
    assert (tiny * 0.125, tiny * 4) in changes(prober_of(engine), [tiny * 0.125, tiny * 4, tiny * 8])
