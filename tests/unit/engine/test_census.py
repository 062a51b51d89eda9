"""Every float of a plan, by summaries inside the graph: the same codes as one by one, whatever the stretch."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.engine import Engine, census, counter, tally
from gradcheck.engine.census import signed, stretches_of
from gradcheck.engine.runs import Runs
from gradcheck.engine.tally import Tally
from gradcheck.floats import FORMATS, Ordinals

EngineOf = Callable[..., Engine]
F32 = FORMATS["float32"]


def my_softplus(z: Any) -> Any:
    return tf.math.log(tf.exp(z) + 1)


@tf.custom_gradient
def my_better_softplus(z: Any) -> Any:
    e = tf.exp(z)
    return tf.math.log(e + 1), lambda upstream: upstream / (1 + 1 / e)


def gaussian(x: Any) -> Any:
    """The normal distribution's logarithm, whose class depends on what constants are folded."""
    return tf.math.log(0.5 * tf.math.erfc(-x / tf.sqrt(2.0)))


def quotient(x: Any) -> Any:
    return (1 - tf.cos(x)) / x**2


def disconnected(x: Any) -> Any:
    return tf.round(x)


FUNCTIONS = [
    (my_softplus, 87.25, 87.45),
    (gaussian, -13.2, -13.1),
    (quotient, -1e-6, -0.99e-6),
    (disconnected, 0.99, 1.01),
    (tf.sqrt, -1e-41, 1e-41),
    (lambda x: 0.0 * x, 1.0, 1.01),
]
MORE = [
    (my_softplus, 88.6, 88.8),
    (my_softplus, -87.45, -87.25),
    (my_better_softplus, 87.25, 87.45),
    (my_better_softplus, 88.6, 88.8),
    (quotient, 1.0, 1.02),
    (tf.sqrt, 1.17e-38, 1.18e-38),
    (tf.abs, -1e-40, 1e-40),
    (tf.sin, 1.57, 1.58),
    (tf.math.log, -1.2e-38, -1.17e-38),
    (tf.math.reciprocal, 2.9e-39, 3e-39),
    (lambda x: -tf.math.log(-x), -1.18e-38, -1.17e-38),
    (lambda x: x * 1e-38, 0.9, 1.2),
]


@pytest.fixture(autouse=True)
def small_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of 2^12 or 2^13 floats, in pieces of 2^9."""
    monkeypatch.setattr(counter, "PIECE", 1 << 9)
    monkeypatch.setattr(counter, "WIDTHS", (1 << 12, 1 << 13))


def every(engine: Engine) -> Ordinals:
    return np.concatenate([np.arange(lo, hi + 1, dtype=np.int64) for lo, hi in engine.plan.segments])


@pytest.mark.parametrize(
    ("function", "lo", "hi"), [*FUNCTIONS, *(pytest.param(*case, marks=pytest.mark.slow) for case in MORE)]
)
def test_every_float_has_the_code_that_it_has_in_a_block(
    engine_of: EngineOf, function: Callable[..., Any], lo: float, hi: float
) -> None:
    engine = engine_of(function, lo, hi)
    ordinals = every(engine)
    assert len(ordinals) > max(counter.WIDTHS)
    runs = census.census(engine)
    assert runs is not None
    assert (runs.lo[0], runs.hi[-1], runs.floats) == (ordinals[0], ordinals[-1], len(ordinals))
    assert (runs.codes[1:] != runs.codes[:-1]).all()
    assert (runs.code_at(ordinals) == engine.classify_zeros(ordinals)).all()


@pytest.mark.parametrize("width", [pytest.param(1 << 9, marks=pytest.mark.slow), 1 << 11])
def test_the_codes_do_not_depend_on_the_width(engine_of: EngineOf, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setattr(counter, "WIDTHS", (width,))
    engine = engine_of(my_better_softplus, 88.6, 88.8)
    runs = census.census(engine)
    assert runs is not None
    assert [F32.text(int(lo)) for lo in runs.lo[1:]] == ["88.72284"]


def test_several_segments_and_both_signs(engine_of: EngineOf) -> None:
    engine = engine_of(tf.sqrt)
    engine.plan = replace(engine.plan, segments=((-30_000, 20_000), (40_000, 40_010), (50_000, 90_000)))
    ordinals = every(engine)
    runs = census.census(engine)
    assert runs is not None
    assert (runs.code_at(ordinals) == engine.classify_zeros(ordinals)).all()
    assert runs.floats == len(ordinals)
    assert {40_000, 50_000} <= set(runs.lo.tolist())  # runs do not reach over gaps


def test_other_inputs_are_held(engine_of: EngineOf) -> None:
    engine = engine_of(lambda a, x: a / (x - 1.0), 0.999, 1.001, index=1, held=3.0)
    ordinals = every(engine)
    runs = census.census(engine)
    assert runs is not None
    assert (runs.code_at(ordinals) == engine.classify_zeros(ordinals)).all()
    assert len(runs.lo) == 3


def test_float64(engine_of: EngineOf) -> None:
    engine = engine_of(my_softplus, 709.782712892, 709.782712894, dtype="float64")
    ordinals = every(engine)
    assert len(ordinals) > max(counter.WIDTHS)
    runs = census.census(engine)
    assert runs is not None
    assert (runs.code_at(ordinals) == engine.classify_zeros(ordinals)).all()
    assert len(runs.lo) == 2


def test_a_target_that_runs_point_by_point(engine_of: EngineOf) -> None:
    def branches(x: Any) -> Any:
        return tf.cond(x > 1.0, lambda: tf.sqrt(x - 1.0), lambda: x)

    engine = engine_of(branches, 0.9999999, 1.0000001)
    ordinals = every(engine)
    runs = census.census(engine)
    assert runs is not None
    assert (runs.code_at(ordinals) == engine.classify_zeros(ordinals)).all()


def test_progress_ends_with_all_of_it(engine_of: EngineOf) -> None:
    told: list[tuple[int, int]] = []
    engine = engine_of(my_softplus, 87.3, 87.4)
    census.census(engine, lambda done, total: told.append((done, total)))
    assert told[-1] == (engine.plan.floats, engine.plan.floats)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert len(told) > 1


@pytest.mark.slow
def test_zeros_that_flicker_are_not_listed_and_noise_is_none(
    engine_of: EngineOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flicker(x: Any) -> Any:
        bits = tf.bitcast(x, tf.int32)
        return x * tf.stop_gradient(tf.cast(bits % 2, tf.float32))

    def noise(x: Any) -> Any:
        bits = tf.bitcast(x, tf.int32)
        return x / tf.stop_gradient(tf.cast(bits % 2, tf.float32))

    monkeypatch.setattr(tally, "MOST_RUNS", 1 << 12)
    found = census.census(engine_of(flicker, 1.0, 1.01))
    assert found is not None
    assert not found.zeros
    assert len(found.lo) == 1
    assert census.census(engine_of(noise, 1.0, 1.01)) is None


def test_segments_are_cut_at_zero() -> None:
    assert list(signed(((-5, 3), (7, 9), (-9, -8)))) == [(-5, -1), (0, 3), (7, 9), (-9, -8)]


def test_stretches_begin_where_others_ended() -> None:
    segments = [(-10, -1), (0, 24)]
    every = list(stretches_of(segments, 10, 0))
    assert every == [(-10, -1, -10, -1), (0, 9, 0, 24), (10, 19, 0, 24), (20, 24, 0, 24)]
    assert list(stretches_of(segments, 10, 20)) == every[2:]
    assert list(stretches_of(segments, 10, 23)) == [(13, 22, 0, 24), (23, 24, 0, 24)]
    assert list(stretches_of(segments, 10, 35)) == []


def listed(runs: Runs | None) -> list[Any]:
    """All that there is of runs."""
    assert runs is not None
    return [runs.lo.tolist(), runs.hi.tolist(), runs.codes.tolist(), runs.zeros]


@pytest.mark.slow
@pytest.mark.parametrize(("sitting", "width"), [(1, 1 << 11), (5, 1 << 13)])
def test_a_census_goes_on_where_another_one_was_interrupted(
    engine_of: EngineOf, monkeypatch: pytest.MonkeyPatch, sitting: int, width: int
) -> None:
    """After a number of parts, with blocks of another width, and by bytes."""
    monkeypatch.setattr(counter, "WIDTHS", (1 << 12,))
    engine = engine_of(my_better_softplus, 88.4, 88.9)
    whole = census.census(engine)
    kept: list[bytes] = []

    def interrupt(known: Tally) -> None:
        kept.append(known.to_bytes())
        if len(kept) == sitting:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        census.census(engine, keep=interrupt)
    monkeypatch.setattr(counter, "WIDTHS", (width,))
    told: list[int] = []
    known = Tally.from_bytes(kept[-1], engine.without_zeros)
    assert known.floats == sitting << 12
    again = census.census(engine, lambda done, total: told.append(done), known)
    assert told[0] == (sitting << 12) + width
    assert listed(again) == listed(whole)


def test_a_census_that_is_done_runs_nothing(engine_of: EngineOf, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = engine_of(my_softplus, 87.3, 87.4)
    kept: list[Tally] = []
    runs = census.census(engine, keep=kept.append)
    monkeypatch.setattr(census, "counter_of", None)
    assert listed(census.census(engine, tally=kept[-1])) == listed(runs)
