"""Summaries: a few numbers of a block by which its class is told, without a look at its floats.

In: a tensor of outputs or gradients, in a graph; later the numbers. Out: the class of all of them, or that
it is not told. A summary is made for what a block is expected to be, since its neighbour was: what costs is the passes
over memory.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from gradcheck.bisection import Codes
from gradcheck.floats import Doubles
from gradcheck.records import Tensor

FINITE, NAN, INF, NEGATIVE_INF, ZERO = 0, 1, 2, 3, 8
"""Codes of a block: those of the engine's classes, and a bit for finite ones that are all exactly 0."""

UNKNOWN = -1
"""A block of several classes, or one that its summary does not tell."""


@dataclass(frozen=True)
class Summary:
    """One kind.

    Attributes:
        width: how many numbers.
        columns: from a tensor [blocks, n] to those, [blocks] each.
        tells: from those of several blocks, [blocks, columns], to their codes.
    """

    width: int
    columns: Callable[[Tensor], list[Tensor]]
    tells: Callable[[Doubles], Codes]


def total(values: Tensor) -> list[Tensor]:
    """The sum: where it is finite, so is every number. One pass."""
    return [tf.reduce_sum(values, axis=-1)]


def ends(values: Tensor) -> list[Tensor]:
    """The least and the largest; NaN where one is. Two passes."""
    return [tf.reduce_min(values, axis=-1), tf.reduce_max(values, axis=-1)]


def bits_of(values: Tensor) -> Tensor:
    """The bits as signed integers: of +0 0, of -0 the least there is."""
    return tf.bitcast(values, {2: tf.int16, 4: tf.int32, 8: tf.int64}[values.dtype.size])


def zeros(values: Tensor) -> list[Tensor]:
    """Whether all are +0, or all -0. Two passes; comparing floats would take subnormals for 0."""
    bits = bits_of(values)
    low, high = ends(bits)
    return [tf.logical_and(tf.equal(low, high), tf.logical_or(tf.equal(low, 0), tf.equal(low, bits.dtype.min)))]


def least(values: Tensor) -> list[Tensor]:
    """The least. One pass."""
    return [tf.reduce_min(values, axis=-1)]


def numbers(values: Tensor) -> list[Tensor]:
    """Whether any is no NaN. Two passes."""
    return [tf.reduce_any(tf.equal(values, values), axis=-1)]


def everything(values: Tensor) -> list[Tensor]:
    """All that is needed for any block of one class."""
    bits = bits_of(values)
    zero = tf.equal(bits + bits, 0)  # without the sign
    return [*ends(values), *numbers(values), tf.reduce_any(zero, axis=-1), tf.reduce_any(tf.logical_not(zero), axis=-1)]


def told(*pairs: tuple[np.ndarray, int]) -> Codes:
    """The code of the first condition that holds, for every block."""
    return np.select([condition for condition, _ in pairs], [code for _, code in pairs], UNKNOWN).astype(np.int64)


def extremes(low: Doubles, high: Doubles) -> tuple[tuple[np.ndarray, int], ...]:
    """What both ends tell of infinities."""
    return (low == np.inf, INF), (high == -np.inf, NEGATIVE_INF)


def summaries_of(smallest: float) -> dict[str, Summary]:
    """All kinds; `smallest` is the smallest normal number: a graph may compare smaller ones as 0."""

    def by_ends(rows: Doubles) -> Codes:
        low, high = rows.T
        one_sided = np.isfinite(low) & np.isfinite(high) & ((low >= smallest) | (high <= -smallest))
        return told((one_sided, FINITE), *extremes(low, high))

    def by_everything(rows: Doubles) -> Codes:
        low, high, number, any_zero, any_other = rows.T
        finite = np.isfinite(low) & np.isfinite(high)
        only = (finite & (any_other == 0), FINITE | ZERO), (finite & (any_zero == 0), FINITE)
        return told((number == 0, NAN), *only, *extremes(low, high))

    def by_zeros(rows: Doubles) -> Codes:
        return told((rows[:, 0] == 1, FINITE | ZERO))

    return {
        "finite": Summary(1, total, lambda rows: told((np.isfinite(rows[:, 0]), FINITE))),
        "one-sided": Summary(2, ends, by_ends),
        "zero": Summary(1, zeros, by_zeros),
        "inf": Summary(1, least, lambda rows: told((rows[:, 0] == np.inf, INF))),
        "nan": Summary(1, numbers, lambda rows: told((rows[:, 0] == 0, NAN))),
        "any": Summary(5, everything, by_everything),
    }


def output_summary(code: int) -> str:
    """The kind for outputs of a class: of them zeros are of no interest."""
    return {FINITE: "finite", FINITE | ZERO: "finite", NAN: "nan", INF: "inf", NEGATIVE_INF: "one-sided"}.get(
        code, "any"
    )


def gradient_summary(code: int, everything: Doubles) -> str:
    """The kind for gradients of a class, after a summary of all; finite ones of both signs need all that there is."""
    if code == FINITE and everything[0] <= 0 <= everything[1]:
        return "any"
    return {FINITE: "one-sided", FINITE | ZERO: "zero", NAN: "nan", INF: "inf", NEGATIVE_INF: "one-sided"}.get(
        code, "any"
    )
