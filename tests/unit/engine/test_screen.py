"""Every finite gradient beside that of the graph in float64: what is further off than an error may be is found."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.engine import Engine, census, counter, screen
from gradcheck.engine.screen import Allowance, screened
from gradcheck.engine.suspects import Suspects
from gradcheck.floats import FORMATS, Doubles

EngineOf = Callable[..., Engine]
F32 = FORMATS["float32"]
ALLOWED = Allowance(1e-3, 2.0**-24, F32.smallest_normal * 2.0**24)


def softplus(z: Any) -> Any:
    return tf.math.log(tf.exp(z) + 1)


@tf.custom_gradient
def better_softplus(z: Any) -> Any:
    e = tf.exp(z)
    return tf.math.log(e + 1), lambda upstream: upstream / (1 + 1 / e)


def absorbing(x: Any) -> Any:
    """2 x; between 2.6999 and 2.7001 float32 loses one of both halves."""
    inside = tf.abs(x - 2.7) < 1e-4
    return x + tf.where(inside, (x + 1e8 * x) - 1e8 * x, x)


def quotient(x: Any) -> Any:
    d = (x - 2.5) + 1e-5
    return (tf.exp(d) - 1) / d


@tf.custom_gradient
def half_right(x: Any) -> Any:
    return x * x, lambda upstream: upstream * tf.where(x > 1.5, 2 * x, 2.01 * x)


@pytest.fixture(autouse=True)
def small_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls of 2^13 floats in blocks of 2^11."""
    monkeypatch.setattr(counter, "WIDTHS", (1 << 13,))
    monkeypatch.setattr(counter, "PIECE", 1 << 11)


def suspects(engine: Engine, allowed: Allowance = ALLOWED) -> Suspects:
    runs = census.census(engine)
    assert runs is not None
    found = screened(engine, runs, allowed)
    assert found is not None
    return found


def texts(found: Suspects) -> list[tuple[str, str]]:
    return [(F32.text(int(lo)), F32.text(int(hi))) for lo, hi in zip(found.lo, found.hi, strict=True)]


OFF = [
    (absorbing, 2.69, 2.71, [("2.6999002", "2.7001")]),
    (absorbing, 2.7, 2.7002, [("2.7", "2.7001")]),  # less than a call
]
MORE_OFF = [
    (softplus, 87.2, 88.8, [("87.33655", "88.72283")]),
    (lambda x: absorbing(-x), -2.71, -2.69, [("-2.7001", "-2.6999002")]),
    (lambda x: absorbing(x) + tf.sqrt(-x), 2.69, 2.71, []),  # not finite anywhere
    (half_right, 1.49, 1.51, [("1.49", "1.5")]),  # one of two versions
    (better_softplus, 708.0, 712.0, [("708.3964", "712")]),  # where float64 is wrong, then silent
]


@pytest.mark.parametrize(
    ("function", "lo", "hi", "wanted"), [*OFF, *(pytest.param(*case, marks=pytest.mark.slow) for case in MORE_OFF)]
)
def test_what_is_off_is_found_to_the_float(
    engine_of: EngineOf, function: Callable[..., Any], lo: float, hi: float, wanted: list[tuple[str, str]]
) -> None:
    assert texts(suspects(engine_of(function, lo, hi))) == wanted


RIGHT = [
    (tf.tanh, 8.9, 9.1),  # 0 where the true one is 6e-8: a rounding of the output
]
MORE_RIGHT = [
    (lambda x: tf.cos(3 * x), 1e4, 1.001e4),  # ill-conditioned: a rounding of the input
    (tf.nn.softplus, -1.0, -0.99),
    (tf.sigmoid, 17.0, 17.1),
    (tf.abs, -1e-40, 1e-40),
    (tf.exp, 1.17e-38, 1.18e-38),
    (lambda x: x * x, -1.18e-38, -1.17e-38),
]


@pytest.mark.parametrize(
    ("function", "lo", "hi"), [*RIGHT, *(pytest.param(*case, marks=pytest.mark.slow) for case in MORE_RIGHT)]
)
def test_what_rounding_explains_is_not(engine_of: EngineOf, function: Callable[..., Any], lo: float, hi: float) -> None:
    assert texts(suspects(engine_of(function, lo, hi))) == []


def true_quotient(x: Doubles) -> Doubles:
    """The derivative of (exp(d) - 1) / d for small d: its series."""
    d = (x - 2.5) + float(np.float32(1e-5))
    return 1 / 2 + d / 3 + d**2 / 8 + d**3 / 30


@pytest.mark.slow
def test_outside_every_float_is_within_the_tolerance(engine_of: EngineOf) -> None:
    engine = engine_of(quotient, 2.4985, 2.5015)
    found = suspects(engine)
    ordinals = np.arange(engine.plan.segments[0][0], engine.plan.segments[0][1] + 1)
    inside = np.zeros(len(ordinals), bool)
    for lo, hi in zip(found.lo - ordinals[0], found.hi - ordinals[0], strict=True):
        inside[lo : hi + 1] = True
    (computed,) = engine.values(ordinals).gradients
    assert computed is not None
    true = true_quotient(F32.decode(ordinals))
    error = np.abs(computed - true)
    allowed = 1e-3 * true + 128 * 2.0**-24 / F32.decode(ordinals)
    assert len(found.lo) > 100
    assert (error[~inside] <= 1.001 * allowed[~inside]).all()
    ends = np.concatenate([found.lo, found.hi]) - ordinals[0]
    assert (np.isnan(error[ends]) | (error[ends] >= 0.99 * allowed[ends])).all()


@pytest.mark.slow
def test_other_inputs_are_held(engine_of: EngineOf) -> None:
    engine = engine_of(lambda a, x: a * absorbing(x), 2.69, 2.71, index=1, held=3.0)
    assert texts(suspects(engine)) == [("2.6999002", "2.7001")]


@pytest.mark.slow
def test_noise_keeps_a_bounded_number_and_its_ends(engine_of: EngineOf, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = engine_of(quotient, 2.4985, 2.5015)
    monkeypatch.setattr(screen, "MOST_OF_A_PIECE", 1 << 20)
    every = suspects(engine)
    monkeypatch.setattr(screen, "MOST_OF_A_PIECE", 3)
    few = suspects(engine)
    assert few.joined
    assert not every.joined
    assert len(few.lo) < len(every.lo)
    assert (few.lo[0], few.hi[-1]) == (every.lo[0], every.hi[-1])


@pytest.mark.parametrize("dtype", ["float16", pytest.param("bfloat16", marks=pytest.mark.slow)])
def test_narrow_floats(engine_of: EngineOf, dtype: str) -> None:
    engine = engine_of(lambda x: x + tf.where(x > 2, (2 * x + 1e4 * x) - 1e4 * x, 2 * x), 1.0, 4.0, dtype=dtype)
    fmt = engine.fmt
    allowed = Allowance(1e-2, 2.0 ** -(fmt.mantissa_bits + 1), fmt.smallest_normal)
    found = suspects(engine, allowed)
    assert found.lo.tolist() == [int(fmt.encode(2.0)) + 1]


def reads_bits(x: Any) -> Any:
    return x * tf.cast(tf.bitcast(x, tf.int32) % 2, tf.float32)


@pytest.mark.parametrize(("function", "dtype"), [(reads_bits, "float32"), (tf.exp, "float64"), (tf.round, "float32")])
def test_there_may_be_nothing_to_compare_with(engine_of: EngineOf, function: Callable[..., Any], dtype: str) -> None:
    engine = engine_of(function, 1.0, 1.0 + 1e-14 if dtype == "float64" else 1.00001, dtype=dtype)
    runs = census.census(engine)
    assert runs is not None
    assert screened(engine, runs, ALLOWED) is None


@pytest.mark.slow
def test_progress_ends_with_all_of_it(engine_of: EngineOf) -> None:
    told: list[tuple[int, int]] = []
    engine = engine_of(softplus, 87.3, 87.4)
    runs = census.census(engine)
    assert runs is not None
    screened(engine, runs, ALLOWED, lambda done, total: told.append((done, total)))
    assert told[-1] == (engine.plan.floats, engine.plan.floats)
