"""Every disease is found in several spellings, and none in what cures it."""

from collections.abc import Callable
from typing import Any

import pytest
import tensorflow as tf

from gradcheck.diseases import DISEASES, find
from gradcheck.program import Program

m = tf.math
Spelling = Callable[..., Any]
Trace = Callable[..., Program]


def naive_sigmoid(x: Any) -> Any:
    return 1 / (1 + tf.exp(-x))


def by_moments(x: Any) -> Any:
    return tf.reduce_mean(x**2, axis=-1) - tf.reduce_mean(x, axis=-1) ** 2


def length(x: Any) -> Any:
    return tf.sqrt(tf.reduce_sum(x * x, axis=-1))


SPELLINGS: dict[str, tuple[Spelling, ...]] = {
    "log of one plus exp": (
        lambda x: m.log(1 + tf.exp(x)),
        lambda x: m.log(tf.exp(x) + tf.ones_like(x)),
        lambda x: m.log1p(tf.exp(x)),
        lambda x: tf.where(x > 30, x, m.log(1 + tf.exp(x))),
        lambda x: m.log(tf.identity(tf.exp(x)) - (-1.0)),
    ),
    "log of sigmoid": (
        lambda x: m.log(tf.sigmoid(x)),
        lambda x: -m.log(1 + tf.exp(-x)),
        lambda x: 0 - m.log1p(tf.exp(-1 * x)),
        lambda x: m.log(1 / (1 + tf.exp(-x))),
        lambda x: m.log(m.reciprocal(1 + tf.exp(0 - x))),
        lambda x: m.log(tf.exp(x) / (tf.exp(x) + 1)),
    ),
    "log of one minus sigmoid": (
        lambda x: m.log(1 - tf.sigmoid(x)),
        lambda x: m.log1p(-tf.sigmoid(x)),
        lambda x: m.log(1 - naive_sigmoid(x)),
    ),
    "log of softmax, last axis": (lambda x: m.log(tf.nn.softmax(x)), lambda x: m.log(tf.identity(tf.nn.softmax(x)))),
    "log of softmax": (
        lambda x: m.log(tf.exp(x) / tf.reduce_sum(tf.exp(x), axis=-1, keepdims=True)),
        lambda x: m.log(tf.exp(x) * m.reciprocal(tf.reduce_sum(tf.exp(x), axis=-1, keepdims=True))),
    ),
    "logsumexp by hand": (
        lambda x: m.log(tf.reduce_sum(tf.exp(x), axis=-1)),
        lambda x: m.log(tf.reduce_sum(tf.identity(tf.exp(x)))),
    ),
    "logmeanexp by hand": (
        lambda x: m.log(tf.reduce_mean(tf.exp(x), axis=-1)),
        lambda x: m.log(tf.reduce_mean(tf.exp(x), axis=0, keepdims=True)),
    ),
    "logaddexp by hand": (
        lambda x, y: m.log(tf.exp(x) + tf.exp(y)),
        lambda x, y: m.log(tf.exp(x - 1) + tf.exp(2 * y)),
    ),
    "log of exp": (lambda x: m.log(tf.exp(x)), lambda x: m.log(tf.identity(tf.exp(2 * x)))),
    "log of one minus exp": (
        lambda x: m.log(1 - tf.exp(x)),
        lambda x: m.log1p(-tf.exp(x)),
        lambda x: m.log(-m.expm1(x)),
        lambda x: m.log(1 - tf.exp(-x)),
    ),
    "log of exp minus one": (lambda x: m.log(tf.exp(x) - 1), lambda x: m.log(m.expm1(x))),
    "log of cosh": (
        lambda x: m.log(tf.cosh(x)),
        lambda x: m.log((tf.exp(x) + tf.exp(-x)) / 2),
        lambda x: m.log(0.5 * (tf.exp(-x) + tf.exp(x))),
    ),
    "log of one minus tanh squared": (
        lambda x: m.log(1 - tf.tanh(x) ** 2),
        lambda x: m.log1p(-tf.square(tf.tanh(x))),
        lambda x: m.log(1 - tf.tanh(x) * tf.tanh(x)),
    ),
    "log of tanh": (lambda x: m.log(tf.tanh(x)), lambda x: m.log(tf.identity(tf.tanh(x / 2)))),
    "log of erfc": (lambda x: m.log(m.erfc(x)), lambda x: m.log(1 - m.erf(x))),
    "log of the normal distribution function": (
        lambda x: m.log(0.5 * m.erfc(-x / tf.sqrt(2.0))),
        lambda x: m.log(m.erfc(-x * 0.70710678) / 2),
        lambda x: m.log(0.5 * (1 + m.erf(x / 2**0.5))),
    ),
    "logit by hand": (
        lambda x: m.log(x / (1 - x)),
        lambda x: -m.log(1 / x - 1),
        lambda x: m.log(x * m.reciprocal(1 - x)),
    ),
    "atanh by hand": (
        lambda x: 0.5 * m.log((1 + x) / (1 - x)),
        lambda x: m.log((x + 1) / (1 - x)) / 2,
    ),
    "asinh by hand": (
        lambda x: m.log(x + tf.sqrt(x * x + 1)),
        lambda x: m.log((1 + x**2) ** 0.5 + x),
    ),
    "log of one plus a square": (lambda x: m.log(1 + x * x), lambda x: m.log1p(x**2)),
    "log of a square": (lambda x: m.log(x * x), lambda x: m.log(x**2), lambda x: m.log(tf.square(x))),
    "log of a square root": (lambda x: m.log(tf.sqrt(x)), lambda x: m.log(x**0.5)),
    "log with an epsilon that is flushed": (lambda x: m.log(x + 1e-40), lambda x: m.log(1e-45 + x)),
    "log of one plus x": (lambda x: m.log(1 + x), lambda x: m.log(x + 1), lambda x: m.log(tf.ones_like(x) + x)),
    "log of one minus x": (lambda x: m.log(1 - x), lambda x: m.log(-x + 1), lambda x: m.log(-(x - 1))),
    "sigmoid by hand": (
        naive_sigmoid,
        lambda x: m.reciprocal(1 + tf.exp(-x)),
        lambda x: (1 + tf.exp(-x)) ** -1.0,
        lambda x: tf.exp(x) / (1 + tf.exp(x)),
    ),
    "reflected sigmoid by hand": (lambda x: 1 / (1 + tf.exp(x)), lambda x: m.reciprocal(tf.exp(x) + 1)),
    "two-class softmax by hand": (
        lambda x, y: tf.exp(x) / (tf.exp(x) + tf.exp(y)),
        lambda x, y: tf.exp(x) / (tf.exp(y) + tf.exp(x)),
    ),
    "silu by hand": (
        lambda x: x / (1 + tf.exp(-x)),
        lambda x: x * naive_sigmoid(x),
        lambda x: x * (tf.exp(x) / (1 + tf.exp(x))),
    ),
    "mish by hand": (
        lambda x: x * tf.tanh(m.log(1 + tf.exp(x))),
        lambda x: tf.tanh(m.log1p(tf.exp(x))) * x,
    ),
    "softmax by hand": (
        lambda x: tf.exp(x) / tf.reduce_sum(tf.exp(x), axis=-1, keepdims=True),
        lambda x: tf.exp(x) / tf.reduce_sum(tf.exp(x)),
    ),
    "tanh by hand": (
        lambda x: tf.sinh(x) / tf.cosh(x),
        lambda x: (tf.exp(x) - tf.exp(-x)) / (tf.exp(x) + tf.exp(-x)),
        lambda x: (tf.exp(2 * x) - 1) / (tf.exp(2 * x) + 1),
        lambda x: (1 - tf.exp(-2 * x)) / (1 + tf.exp(-2 * x)),
    ),
    "one minus sigmoid": (lambda x: 1 - tf.sigmoid(x), lambda x: -tf.sigmoid(x) + 1, lambda x: 1 - naive_sigmoid(x)),
    "root of sigmoid": (lambda x: tf.sqrt(tf.sigmoid(x)), lambda x: naive_sigmoid(x) ** 0.5),
    "root of one minus sigmoid": (lambda x: tf.sqrt(1 - tf.sigmoid(x)), lambda x: (1 - tf.sigmoid(x)) ** 0.5),
    "power of sigmoid": (lambda x: tf.sigmoid(x) ** 0.3, lambda x: tf.pow(naive_sigmoid(x), 0.3)),
    "power of one minus sigmoid": (
        lambda x: (1 - tf.sigmoid(x)) ** 0.3,
        lambda x: tf.pow(1 - naive_sigmoid(x), 0.3),
    ),
    "product of exps": (lambda x: tf.exp(x) * tf.exp(-x), lambda x, y: tf.exp(x) * tf.exp(2 * y) + 1),
    "quotient of exps": (lambda x, y: tf.exp(x) / tf.exp(y), lambda x, y: tf.exp(x) * m.reciprocal(tf.exp(y))),
    "exp with an upper bound": (lambda x: tf.minimum(tf.exp(x), 10.0), lambda x: tf.minimum(3.0, tf.exp(-x))),
    "root of exp": (lambda x: tf.sqrt(tf.exp(x)), lambda x: tf.exp(x) ** 0.5),
    "power of exp": (lambda x: tf.exp(x) ** 0.25, lambda x: tf.pow(tf.exp(2 * x), 0.1)),
    "one minus tanh squared": (lambda x: 1 - tf.tanh(x) ** 2, lambda x: -tf.tanh(x) * tf.tanh(x) + 1),
    "elu by hand": (
        lambda x: tf.where(x < 0, tf.exp(x) - 1, x),
        lambda x: tf.where(x > 0, x, m.expm1(x)),
        lambda x: tf.where(x <= 0, tf.exp(x) + -1.0, x),
    ),
    "scaled elu by hand": (
        lambda x: 1.05 * tf.where(x > 0, x, 1.67 * (tf.exp(x) - 1)),
        lambda x: 1.05 * tf.where(x > 0, x, 1.67 * tf.exp(x) - 1.67),
        lambda x: tf.where(x <= 0, m.expm1(x) * 0.5, x),
    ),
    "exp minus one over x": (lambda x: (tf.exp(x) - 1) / x, lambda x: m.expm1(x) / x),
    "exp minus one": (lambda x: tf.exp(x) - 1, lambda x: -1.0 + tf.exp(x), lambda x: tf.exp(x) - tf.ones_like(x)),
    "sinh by hand": (
        lambda x: (tf.exp(x) - tf.exp(-x)) / 2,
        lambda x: 0.5 * (tf.exp(x) - tf.exp(-x)),
        lambda x: tf.exp(x) / 2 - tf.exp(-x) / 2,
    ),
    "x log x": (lambda x: x * m.log(x), lambda x: -m.log(x) * x),
    "weighted logarithm": (lambda x, y: y * m.log(x), lambda x, y: m.log(x) * y + 1),
    "binary cross-entropy by hand": (
        lambda x, y: -(y * m.log(tf.sigmoid(x)) + (1 - y) * m.log(1 - tf.sigmoid(x))),
        lambda x, y: -y * m.log(tf.sigmoid(x)) - (1 - y) * m.log(1 - tf.sigmoid(x)),
        lambda x, y: -y * m.log(naive_sigmoid(x)) - (1 - y) * m.log1p(-naive_sigmoid(x)),
    ),
    "binary log-likelihood by hand": (
        lambda x, y: y * m.log(tf.sigmoid(x)) + (1 - y) * m.log(1 - tf.sigmoid(x)),
        lambda x, y: (1 - y) * m.log1p(-tf.sigmoid(x)) + m.log(tf.sigmoid(x)) * y,
    ),
    "binary cross-entropy from probabilities": (
        lambda p, y: -(y * m.log(p) + (1 - y) * m.log(1 - p)),
        lambda p, y: -y * m.log(p) - (1 - y) * m.log1p(-p),
    ),
    "binary log-likelihood from probabilities": (
        lambda p, y: y * m.log(p) + (1 - y) * m.log(1 - p),
        lambda p, y: m.log(1 - p) * (1 - y) + y * m.log(p),
    ),
    "cross-entropy by hand": (
        lambda x, y: -tf.reduce_sum(y * m.log(tf.nn.softmax(x)), axis=-1),
        lambda x, y: tf.reduce_sum(m.log(tf.nn.softmax(x)) * y),
    ),
    "x over its absolute value": (
        lambda x: x / tf.abs(x),
        lambda x: x / tf.sqrt(x * x),
        lambda x: x * m.rsqrt(x**2),
    ),
    "root of a square": (lambda x: tf.sqrt(x * x), lambda x: (x**2) ** 0.5, lambda x: tf.sqrt(tf.square(x))),
    "x over its norm": (
        lambda x: x / tf.sqrt(tf.reduce_sum(x * x, axis=-1, keepdims=True)),
        lambda x: x * m.rsqrt(tf.reduce_sum(x**2, axis=-1, keepdims=True)),
        lambda x: x / tf.norm(x, axis=-1, keepdims=True) * 2,
    ),
    "norm by hand": (length, lambda x: tf.reduce_sum(tf.square(x)) ** 0.5, lambda x: tf.norm(x)),
    "cosine similarity by hand": (
        lambda x, y: tf.reduce_sum(x * y, axis=-1) / (length(x) * length(y)),
        lambda x, y: tf.reduce_sum(x * y, axis=-1) / length(y) / length(x),
    ),
    "hypotenuse by hand": (lambda x, y: tf.sqrt(x * x + y * y), lambda x, y: (x**2 + tf.square(y)) ** 0.5),
    "root of a square plus a constant": (lambda x: tf.sqrt(x * x + 1), lambda x: (0.01 + x**2) ** 0.5),
    "root of one minus a square": (lambda x: tf.sqrt(1 - x * x), lambda x: (1 - x**2) ** 0.5),
    "standard deviation": (
        lambda x: m.reduce_std(x, axis=-1),
        lambda x: tf.sqrt(by_moments(x)),
        lambda x: tf.reduce_mean((x - tf.reduce_mean(x, -1, True)) ** 2, axis=-1) ** 0.5,
    ),
    "variance from moments": (by_moments, lambda x: tf.reduce_mean(x * x) - tf.square(tf.reduce_mean(x))),
    "root of one plus x, less one": (lambda x: tf.sqrt(1 + x) - 1, lambda x: (x + 1) ** 0.5 - 1),
    "difference of roots": (lambda x: tf.sqrt(x + 1) - tf.sqrt(x), lambda x: -(x**0.5) + (0.5 + x) ** 0.5),
    "power of zero": (lambda x: x**0.0, lambda x: tf.pow(x, tf.zeros_like(x))),
    "root at zero": (lambda x: tf.sqrt(x), lambda x: (x - 1) ** 0.5),
    "fractional power at zero": (lambda x: x**0.3, lambda x: tf.pow(tf.abs(x), 0.75)),
    "arc cosine at its ends": (tf.acos, lambda x: tf.acos(tf.clip_by_value(x, -1, 1))),
    "arc sine at its ends": (tf.asin, lambda x: tf.asin(2 * x)),
    "arc tangent of a quotient": (
        lambda x: tf.atan(1 / x),
        lambda x, y: tf.atan(y / x),
        lambda x: tf.atan(m.reciprocal(x)),
    ),
    "one minus cosine over x squared": (lambda x: (1 - tf.cos(x)) / x**2, lambda x: (1 - tf.cos(x)) / (x * x)),
    "one minus cosine over x": (lambda x: (1 - tf.cos(x)) / x, lambda x: (1 - tf.cos(x)) * m.reciprocal(x)),
    "one minus cosine": (lambda x: 1 - tf.cos(x), lambda x: -tf.cos(x) + 1),
    "sine over x": (lambda x: tf.sin(x) / x, lambda x: tf.where(tf.equal(x, 0), tf.ones_like(x), tf.sin(x) / x)),
}
UNDER_WHERE: dict[str, tuple[Spelling, ...]] = {
    "log1p": (m.log1p, lambda x: m.log(1 + x) + 1),
    "log1p of a negative": (lambda x: m.log1p(-x), lambda x: m.log(1 - x)),
    "logarithm": (m.log, lambda x: 3 * m.log(x) + 1),
    "square root": (tf.sqrt, lambda x: x**0.5 * tf.sin(x)),
    "reciprocal root": (m.rsqrt, lambda x: 2 / tf.sqrt(x)),
    "quotient": (lambda x: 1 / x, lambda x: tf.cos(x) / x),
    "power": (lambda x: x**0.25, lambda x: 1 - x**-3.0),
    "exponential": (tf.exp, lambda x: x * tf.exp(x)),
    "expm1": (m.expm1, lambda x: tf.sin(m.expm1(x)), lambda x: tf.exp(x) - 1),
    "hyperbolic sine": (tf.sinh, lambda x: -tf.sinh(x)),
    "hyperbolic cosine": (tf.cosh, lambda x: 1 / (2 + tf.cosh(x))),
    "square": (tf.square, lambda x: 0.5 * (x * x), lambda x: x**2 + 1),
    "inverse hyperbolic tangent": (tf.atanh, lambda x: tf.atanh(x) * 2),
    "inverse hyperbolic cosine": (tf.acosh, lambda x: tf.acosh(x) ** 3),
    "arc cosine": (tf.acos, lambda x: tf.acos(x) ** 2),
    "arc sine": (tf.asin, lambda x: tf.asin(x) / 2),
}
STABLE: tuple[Spelling, ...] = (
    m.softplus,
    m.log_sigmoid,
    lambda x: tf.nn.log_softmax(x),
    lambda x: tf.nn.softmax(x),
    m.log1p,
    m.expm1,
    tf.tanh,
    tf.nn.elu,
    tf.nn.selu,
    lambda x: tf.nn.silu(x),
    tf.abs,
    lambda x: m.xlogy(x, x),
    lambda x: tf.reduce_logsumexp(x, axis=-1),
    lambda x: m.log(tf.reduce_sum(tf.exp(x - tf.reduce_max(x, -1, True)), -1)),
    lambda x: tf.exp(x - tf.reduce_max(x, -1, True)) / tf.reduce_sum(tf.exp(x - tf.reduce_max(x, -1, True)), -1, True),
    lambda x: m.l2_normalize(x, axis=-1),
    lambda x, y: tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=x),
    lambda x, y: tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=x),
    lambda x: tf.where(x > 0, m.log(tf.where(x > 0, x, 1.0)), 0.0),
    lambda x: tf.where(x > 0, tf.sqrt(tf.where(x > 0, x, tf.ones_like(x))), 0.0),
    lambda x: tf.where(x > 30, x, m.log(1 + tf.exp(tf.where(x > 30, 0.0, x)))),
    lambda x: tf.where(x > 30, x, m.log(1 + tf.exp(tf.minimum(x, 30.0)))),
    lambda x: tf.where(x < 0, m.expm1(tf.minimum(x, 0.0)), x),
    lambda x: tf.where(x > 0, x, 2 * x),
    lambda x: tf.where(x > 0, m.log(2 + tf.abs(x)), 1 / (1 + tf.abs(x))),
    lambda x: tf.where(x > 0, m.log1p(tf.where(x > 0, x, 0.0)), 1 / tf.maximum(x, 1.0)),
    lambda x: tf.sqrt(x + 1e-6),
    lambda x: tf.sqrt(tf.maximum(x, 1e-6)),
    lambda x: m.log(x + 1e-6),
    lambda x: m.log(tf.clip_by_value(x, 1e-6, 1.0)),
    lambda x: x * m.log(tf.clip_by_value(x, 1e-6, 1.0)),
    lambda x: tf.acos(tf.clip_by_value(x, -0.999999, 0.999999)),
    lambda x: 1 / (x * x + 1),
    lambda x, y: tf.atan2(y, x),
    lambda x: x**2 + x**3.0,
    lambda x: 1 + tf.exp(x),
    lambda x: tf.exp(-x * x) * tf.sin(x),
    lambda x: m.reduce_variance(x, axis=-1),
    lambda x, y: tf.exp(x) / (1 + tf.exp(y)),
    lambda x, y: tf.reduce_sum(x * y, axis=-1),
)


def names(traced: Program) -> list[str]:
    return [match.disease.name for match in find(traced)]


@pytest.mark.parametrize("name", SPELLINGS)
def test_found_in_every_spelling(name: str, program: Trace) -> None:
    for k, spelling in enumerate(SPELLINGS[name]):
        found = names(program(spelling))
        assert found[:1] == [name], (k, found)


def in_branches(branch: Spelling) -> tuple[Spelling, Spelling]:
    return (
        lambda x: tf.where(x > 0.5, branch(x), 0.0),
        lambda x: tf.where(x > 0.5, tf.zeros_like(x), branch(x)),
    )


@pytest.mark.parametrize("name", UNDER_WHERE)
def test_found_in_either_branch_of_a_where(name: str, program: Trace) -> None:
    for k, branch in enumerate(UNDER_WHERE[name]):
        taken, other = in_branches(branch)
        assert f"{name} under where" in names(program(taken)), k
        assert f"{name} under where, otherwise" in names(program(other)), k


@pytest.mark.parametrize("k", range(len(STABLE)))
def test_not_found_in_what_is_stable(k: int, program: Trace) -> None:
    assert names(program(STABLE[k])) == []


def test_every_disease_has_a_spelling() -> None:
    spelt = {*SPELLINGS, *(f"{name} under where{side}" for name in UNDER_WHERE for side in ("", ", otherwise"))}
    assert {disease.name for disease in DISEASES} == spelt
    assert len(DISEASES) == len(spelt)


def test_an_operation_that_is_used_outside_of_the_branch_too_is_not_under_where(program: Trace) -> None:
    def shared(x: Any) -> Any:
        y = tf.exp(x)
        return tf.where(x > 0, y, x) + y

    assert names(program(shared)) == []


def test_in_two_places_is_found_twice(program: Trace) -> None:
    found = find(program(lambda x, y: m.log(1 + tf.exp(x)) * m.log(1 + tf.exp(y))))
    assert [match.disease.name for match in found] == ["log of one plus exp"] * 2
    assert found[0].inputs != found[1].inputs


def test_a_larger_match_hides_what_lies_within(program: Trace) -> None:
    (match,) = find(program(lambda x: x * tf.tanh(m.log(1 + tf.exp(x)))))
    assert match.disease.name == "mish by hand"
    assert match.text({"x": "z"}) == "z * tf.tanh(tf.math.softplus(z))"


def test_constants_are_in_the_text(program: Trace) -> None:
    (match,) = find(program(lambda x: m.log(tf.reduce_sum(tf.exp(x), axis=-1))))
    assert match.text({"x": "logits"}) == "tf.reduce_logsumexp(logits, axis=-1, keepdims=False)"
    (match,) = find(program(lambda x: tf.where(x > 0, x, 0.1 * (tf.exp(x) - 1))))
    assert "0.1 * tf.math.expm1" in match.text({"x": "x"})
