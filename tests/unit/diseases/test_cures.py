"""Every cure has the value and the gradient that mpmath computes, at ordinary points and at edges."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import tensorflow as tf

from gradcheck.diseases import DISEASES

HUGE, TINY = float(np.finfo(np.float32).max), float(np.finfo(np.float32).tiny)
SIZES: tuple[float, ...] = (
    1e-30,
    1e-10,
    1e-5,
    1e-3,
    0.01,
    0.1,
    0.3,
    0.45,
    0.55,
    0.7,
    0.9,
    1.1,
    1.7,
    2,
    3,
    4.9,
    5.1,
    8,
    10,
    13,
    17,
    20,
)
SIZES += (30, 50, 80, 87, 88.8, 100, 1e4)
POSITIVE = tuple(float(np.float32(x)) for x in SIZES)
NEGATIVE = tuple(-x for x in POSITIVE)
NONZERO = (*NEGATIVE, *POSITIVE)
ALL = (0.0, *NONZERO)
SMALL = tuple(x for x in ALL if abs(x) < 80)
OPEN = (*(x for x in ALL if abs(x) < 1), 0.99, -0.99, 1 - 2.0**-24, 2.0**-24 - 1)
UNIT = tuple(x for x in OPEN if x > 0)
BY_NAME = {disease.name: disease for disease in DISEASES}
LAST = {"axis": -1, "keepdims": False}
REAL = Callable[..., Any]


def first(x: Any) -> dict[str, Any]:
    return {"x": x}


def with_y(value: float) -> Callable[[Any], dict[str, Any]]:
    return lambda x: {"x": x, "y": tf.fill(tf.shape(x), value)}


def second(value: float) -> Callable[[Any], dict[str, Any]]:
    return lambda y: {"x": tf.fill(tf.shape(y), value), "y": y}


def row(x: Any) -> Any:
    """Three numbers of which two grow with x."""
    return tf.stack([x, 0.5 * x, tf.ones_like(x)], axis=-1)


def of_row(f: REAL) -> REAL:
    return lambda x: f([x, x / 2, mp.mpf(1)])


@dataclass(frozen=True)
class Case:
    """A cure's inputs as a function of x, and what should come out; errors below `floor` are forgiven."""

    name: str
    real: REAL
    points: tuple[float, ...]
    inputs: Callable[[Any], dict[str, Any]] = first
    constants: Mapping[str, Any] = field(default_factory=dict)
    floor: float = 0.0


def rowed(x: Any) -> dict[str, Any]:
    return {"x": row(x)}


def sigmoid(x: Any) -> Any:
    return 1 / (1 + mp.exp(-x))


def logsumexp(v: list[Any]) -> Any:
    return mp.log(mp.fsum(mp.exp(x) for x in v))


def norm(v: list[Any]) -> Any:
    return mp.sqrt(mp.fsum(x * x for x in v))


def variance(v: list[Any]) -> Any:
    average = mp.fsum(v) / len(v)
    return mp.fsum((x - average) ** 2 for x in v) / len(v)


def cosine(v: list[Any], w: list[Any]) -> Any:
    return mp.fsum(a * b for a, b in zip(v, w, strict=True)) / norm(v) / norm(w)


def entropy(y: Any, p: Any) -> Any:
    """y log p + (1 - y) log(1 - p), with 0 log 0 = 0."""
    return (y * mp.log(p) if y else 0) + ((1 - y) * mp.log(1 - p) if y != 1 else 0)


def likelihood(y: Any, x: Any) -> Any:
    return y * mp.log(sigmoid(x)) + (1 - y) * mp.log(sigmoid(-x))


def removable(f: REAL, value: float, slope: float) -> REAL:
    """A function with its limit at 0, and its tangent next to it."""
    return lambda x: f(x) if abs(x) > mp.mpf(10) ** -40 else value + slope * x


def gaussian(x: Any) -> Any:
    return mp.log(mp.erfc(-x / mp.sqrt(2)) / 2)


def weights(x: Any) -> Any:
    return tf.constant([0.2, 0.0, 0.8]) + 0 * row(tf.zeros_like(x))


ROUNDS = 3e-7
"""What TensorFlow's own sigmoid and tanh are off by in their gradients, y (1 - y) and 1 - y * y."""
POWER = {"k": 0.25}
CASES = (
    Case("log of one plus exp", lambda x: mp.log1p(mp.exp(x)), ALL, floor=ROUNDS),
    Case("log of sigmoid", lambda x: -mp.log1p(mp.exp(-x)), ALL, floor=ROUNDS),
    Case("log of one minus sigmoid", lambda x: -mp.log1p(mp.exp(x)), ALL, floor=ROUNDS),
    Case("log of softmax, last axis", of_row(lambda v: v[0] - logsumexp(v)), SMALL, rowed, floor=2e-6),
    Case("log of softmax", of_row(lambda v: v[0] - logsumexp(v)), SMALL, rowed, LAST, floor=2e-6),
    Case("logsumexp by hand", of_row(logsumexp), ALL, rowed, LAST),
    Case("logmeanexp by hand", of_row(lambda v: logsumexp(v) - mp.log(3)), ALL, rowed, LAST, floor=ROUNDS),
    Case("logaddexp by hand", lambda x: logsumexp([x, mp.mpf(0.5)]), ALL, with_y(0.5)),
    Case("logaddexp by hand", lambda y: logsumexp([y, mp.mpf(-3)]), ALL, second(-3.0), floor=ROUNDS),
    Case("log of exp", lambda x: x, ALL),
    Case("log of one minus exp", lambda x: mp.log(-mp.expm1(x)), NEGATIVE),
    Case("log of exp minus one", lambda x: mp.log(mp.expm1(x)), POSITIVE, floor=ROUNDS),
    Case("log of cosh", lambda x: mp.log(mp.cosh(x)), ALL),
    Case("log of one minus tanh squared", lambda x: -2 * mp.log(mp.cosh(x)), ALL),
    Case("log of tanh", lambda x: mp.log(mp.tanh(x)), POSITIVE, floor=1e-20),
    Case("log of erfc", lambda z: mp.log(mp.erfc(z)), ALL, lambda z: {"z": z}),
    Case("log of the normal distribution function", gaussian, ALL, floor=1e-25),
    Case("logit by hand", lambda x: mp.log(x / (1 - x)), UNIT, floor=ROUNDS),
    Case("atanh by hand", mp.atanh, OPEN),
    Case("asinh by hand", mp.asinh, ALL),
    Case("log of one plus a square", lambda x: mp.log1p(x * x), (*ALL, 1e30, -1e36)),
    Case("log of a square", lambda x: 2 * mp.log(abs(x)), NONZERO),
    Case("log of a square root", lambda x: mp.log(x) / 2, POSITIVE),
    Case("log with an epsilon that is flushed", mp.log, POSITIVE),
    Case("log of one plus x", mp.log1p, (*POSITIVE, *OPEN)),
    Case("log of one minus x", lambda x: mp.log1p(-x), (*NEGATIVE, *OPEN)),
    Case("sigmoid by hand", sigmoid, ALL, floor=ROUNDS),
    Case("reflected sigmoid by hand", lambda x: sigmoid(-x), ALL, floor=ROUNDS),
    Case("two-class softmax by hand", lambda x: sigmoid(x - 2), ALL, with_y(2.0), floor=ROUNDS),
    Case("two-class softmax by hand", lambda y: sigmoid(2 - y), ALL, second(2.0), floor=ROUNDS),
    Case("silu by hand", lambda x: x * sigmoid(x), ALL, floor=1e-5),
    Case("mish by hand", lambda x: x * mp.tanh(mp.log1p(mp.exp(x))), ALL, floor=1e-5),
    Case("softmax by hand", of_row(lambda v: mp.exp(v[0] - logsumexp(v))), SMALL, rowed, LAST, floor=1e-5),
    Case("tanh by hand", mp.tanh, ALL, floor=1e-6),
    Case("one minus sigmoid", lambda x: sigmoid(-x), ALL, floor=ROUNDS),
    Case("root of sigmoid", lambda x: mp.sqrt(sigmoid(x)), ALL, floor=ROUNDS),
    Case("root of one minus sigmoid", lambda x: mp.sqrt(sigmoid(-x)), ALL, floor=ROUNDS),
    Case("power of sigmoid", lambda x: sigmoid(x) ** 0.25, ALL, constants=POWER, floor=ROUNDS),
    Case("power of one minus sigmoid", lambda x: sigmoid(-x) ** 0.25, ALL, constants=POWER, floor=ROUNDS),
    Case("product of exps", lambda x: mp.exp(x + 0.5), ALL, with_y(0.5), floor=ROUNDS),
    Case("quotient of exps", lambda x: mp.exp(x - 0.5), ALL, with_y(0.5), floor=ROUNDS),
    Case("quotient of exps", lambda y: mp.exp(2 - y), ALL, second(2.0), floor=ROUNDS),
    Case("exp with an upper bound", lambda x: min(mp.exp(x), mp.mpf(0.25)), ALL, constants=POWER),
    Case("root of exp", lambda x: mp.exp(x / 2), ALL),
    Case("power of exp", lambda x: mp.exp(x / 4), ALL, constants=POWER),
    Case("one minus tanh squared", lambda x: mp.cosh(x) ** -2, ALL, floor=ROUNDS),
    Case("elu by hand", lambda x: mp.expm1(x) if x < 0 else x, ALL),
    Case("scaled elu by hand", lambda x: mp.expm1(x) / 4 if x < 0 else x, NONZERO, constants=POWER),
    Case("exp minus one over x", removable(lambda x: mp.expm1(x) / x, 1, 0.5), tuple(x for x in ALL if x < 88)),
    Case("exp minus one", mp.expm1, ALL),
    Case("sinh by hand", mp.sinh, ALL),
    Case("x log x", lambda x: x * mp.log(x), POSITIVE),
    Case("weighted logarithm", lambda x: mp.log(x) / 2, POSITIVE, with_y(0.5)),
    Case("weighted logarithm", lambda x: x * 0, (0.0, *POSITIVE), with_y(0.0)),
    Case("weighted logarithm", lambda y: y * mp.log(2), ALL[1:], second(2.0)),
    Case("binary cross-entropy by hand", lambda x: -likelihood(0.25, x), ALL, with_y(0.25), floor=ROUNDS),
    Case("binary cross-entropy by hand", lambda x: mp.log1p(mp.exp(x)), ALL, with_y(0.0), floor=ROUNDS),
    Case("binary cross-entropy by hand", lambda x: mp.log1p(mp.exp(-x)), ALL, with_y(1.0), floor=ROUNDS),
    Case("binary cross-entropy by hand", lambda y: -likelihood(y, 3), ALL, second(3.0), floor=ROUNDS),
    Case("binary log-likelihood by hand", lambda x: likelihood(0.25, x), ALL, with_y(0.25), floor=ROUNDS),
    Case("binary log-likelihood by hand", lambda y: likelihood(y, -40), ALL, second(-40.0), floor=ROUNDS),
    Case(
        "binary cross-entropy from probabilities",
        lambda p: -entropy(0, p),
        (0.0, *UNIT),
        lambda p: {"p": p, "y": tf.zeros_like(p)},
    ),
    Case(
        "binary cross-entropy from probabilities",
        lambda p: -entropy(1, p),
        (*UNIT, 1.0),
        lambda p: {"p": p, "y": tf.ones_like(p)},
    ),
    Case(
        "binary log-likelihood from probabilities",
        lambda p: entropy(0.25, p),
        UNIT,
        lambda p: {"p": p, "y": tf.fill(tf.shape(p), 0.25)},
        floor=1e-6,
    ),
    Case(
        "cross-entropy by hand",
        of_row(lambda v: v[0] * 0.2 + v[2] * 0.8 - logsumexp(v)),
        SMALL,
        lambda x: {"x": row(x), "y": weights(x)},
        LAST,
        floor=3e-6,
    ),
    Case("x over its absolute value", mp.sign, NONZERO),
    Case("root of a square", abs, NONZERO),
    Case("x over its norm", of_row(lambda v: v[0] / norm(v)), ALL, rowed, LAST, floor=ROUNDS),
    Case("norm by hand", of_row(norm), ALL, rowed, LAST),
    Case("norm by hand", lambda x: abs(x), (1e25, 1e-25, -1e-30, 3.0), lambda x: {"x": x[..., None]}, LAST),
    Case(
        "cosine similarity by hand",
        lambda x: cosine([x, x / 2, mp.mpf(1)], [mp.mpf(1)] * 3),
        ALL,
        lambda x: {"x": row(x), "y": tf.ones_like(row(x))},
        LAST,
        floor=1e-6,
    ),
    Case("hypotenuse by hand", lambda x: mp.hypot(x, 2), (*ALL, 1e30), with_y(2.0)),
    Case("hypotenuse by hand", lambda y: mp.hypot(2, y), (*ALL, 1e30), second(2.0)),
    Case("hypotenuse by hand", abs, (*NONZERO, 1e30), with_y(0.0)),
    Case(
        "root of a square plus a constant", lambda x: mp.sqrt(x * x + 0.25), (*ALL, 1e30, -1e38), constants={"k": 0.25}
    ),
    Case("root of one minus a square", lambda x: mp.sqrt(1 - x * x), OPEN),
    Case("standard deviation", of_row(lambda v: mp.sqrt(variance(v))), ALL, rowed, LAST, floor=1e-6),
    Case("variance from moments", of_row(variance), ALL, rowed, LAST, floor=1e-6),
    Case("root of one plus x, less one", lambda x: mp.sqrt(1 + x) - 1, (*POSITIVE, *OPEN)),
    Case(
        "difference of roots",
        lambda x: 1 / (mp.sqrt(x + 1) + mp.sqrt(x)),
        (*POSITIVE, 1e10, 1e30),
        constants={"k": 1.0},
    ),
    Case("power of zero", lambda x: mp.mpf(1), ALL),
    Case("root at zero", mp.sqrt, POSITIVE),
    Case("fractional power at zero", lambda x: x**0.25, POSITIVE, constants=POWER),
    Case("arc cosine at its ends", mp.acos, OPEN),
    Case("arc sine at its ends", mp.asin, OPEN),
    Case(
        "arc tangent of a quotient",
        lambda x: mp.atan(1 / x) if x else mp.pi / 2,
        (*NONZERO, 1e-38, -1e-20),
        with_y(1.0),
    ),
    Case("arc tangent of a quotient", lambda y: mp.atan(y / -2), ALL, second(-2.0)),
    Case(
        "one minus cosine over x squared",
        removable(lambda x: (1 - mp.cos(x)) / x**2, 0.5, 0),
        ALL,
        floor=1e-7,
    ),
    Case("one minus cosine over x", removable(lambda x: (1 - mp.cos(x)) / x, 0, 0.5), ALL, floor=1e-6),
    Case("one minus cosine", lambda x: 1 - mp.cos(x), ALL, floor=1e-20),
    Case("sine over x", removable(lambda x: mp.sin(x) / x, 1, 0), ALL, floor=1e-7),
)
AT_SINGULAR_POINTS: tuple[tuple[str, tuple[float, ...], Any, Any], ...] = (
    ("root of a square", (0.0,), first, {}),
    ("x over its absolute value", (0.0,), first, {}),
    ("root at zero", (0.0,), first, {}),
    ("fractional power at zero", (0.0,), first, POWER),
    ("arc cosine at its ends", (1.0, -1.0), first, {}),
    ("arc sine at its ends", (1.0, -1.0), first, {}),
    ("root of one minus a square", (1.0, -1.0), first, {}),
    ("hypotenuse by hand", (0.0,), with_y(0.0), {}),
    ("norm by hand", (0.0,), lambda x: {"x": tf.stack([x, -x], -1)}, LAST),
    ("x over its norm", (0.0,), lambda x: {"x": tf.stack([x, -x], -1)}, LAST),
    ("cosine similarity by hand", (0.0,), lambda x: {"x": tf.stack([x, -x], -1), "y": tf.stack([x, x], -1)}, LAST),
    ("standard deviation", (0.0, 3.0), lambda x: {"x": tf.stack([x, x], -1)}, LAST),
    ("x log x", (0.0,), first, {}),
    ("log with an epsilon that is flushed", (0.0, -1.0), first, {}),
)


def computed(case: Case) -> tuple[Any, Any]:
    """Value and gradient of a cure at a case's points; of a vector result the first element."""
    x = tf.constant(case.points, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = BY_NAME[case.name].cure(tf, **case.inputs(x), **case.constants)
        y = y[:, 0] if y.shape.rank == 2 else y
        assert y.shape == x.shape
    return y.numpy(), tape.gradient(y, x, unconnected_gradients="zero").numpy()


def close(got: float, wanted: Any, floor: float) -> bool:
    """Within 1e-5, or the floor, or flushed to 0, or overflown."""
    wanted = float(wanted)
    if abs(wanted) > HUGE:
        return bool(np.isinf(got)) and np.sign(got) == np.sign(wanted)
    return bool(abs(got - wanted) <= max(1e-5 * abs(wanted), floor, TINY))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_has_the_value_and_the_gradient(case: Case) -> None:
    values, gradients = computed(case)
    with mp.workdps(100):
        for point, value, gradient in zip(np.array(case.points, np.float32), values, gradients, strict=True):
            x = mp.mpf(float(point))
            wanted, slope = case.real(x), mp.diff(case.real, x, h=mp.mpf(10) ** -60)
            assert close(value, mp.re(wanted), case.floor), f"value at {point}: {value}, not {mp.nstr(wanted)}"
            assert close(gradient, mp.re(slope), case.floor), f"gradient at {point}: {gradient}, not {mp.nstr(slope)}"


@pytest.mark.parametrize(("name", "points", "inputs", "constants"), AT_SINGULAR_POINTS)
def test_is_finite_where_the_function_has_no_derivative(
    name: str, points: tuple[float, ...], inputs: Any, constants: Any
) -> None:
    assert not BY_NAME[name].exact
    values, gradients = computed(Case(name, abs, points, inputs, constants))
    assert np.isfinite(values).all()
    assert np.isfinite(gradients).all()


@pytest.mark.parametrize("name", [disease.name for disease in DISEASES if disease.branch])
def test_a_second_where_is_finite_on_both_sides(name: str) -> None:
    disease = BY_NAME[name]
    x = tf.constant([-1e4, -2, 0, 0.25, 0.5, 2, 1e4, 88.8])
    condition = tf.logical_and(x > 0, x < 1)
    x = x + 1.5 if "acosh" in disease.replacement else x  # which is real above 1
    kept = condition if disease.branch == 1 else tf.logical_not(condition)
    with tf.GradientTape() as tape:
        tape.watch(x)
        inputs = {"x": x, "c": kept, "n": tf.ones_like(x), "k": -0.5}
        holes = {name: inputs[name] for name in inputs if f"{{{name}}}" in disease.replacement}
        y = disease.cure(tf, **holes)
    gradient = tape.gradient(y, x)
    assert np.isfinite(y.numpy()).all()
    assert np.isfinite(gradient.numpy()).all()
    assert (gradient.numpy() != 0).tolist() == condition.numpy().tolist()


def test_every_disease_is_covered() -> None:
    assert {case.name for case in CASES} == {disease.name for disease in DISEASES if not disease.branch}


@pytest.mark.parametrize("dtype", ["float64", "bfloat16", "float16"])
def test_cures_work_in_every_dtype(dtype: str) -> None:
    for case in CASES:
        x = tf.cast(tf.constant([0.25, 0.5]), dtype)
        inputs = {name: tf.cast(value, dtype) for name, value in case.inputs(tf.cast(x, tf.float32)).items()}
        y = BY_NAME[case.name].cure(tf, **inputs, **case.constants)
        assert y.dtype == dtype, case.name
