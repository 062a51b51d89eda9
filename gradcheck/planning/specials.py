"""Special values: where functions of one float go wrong whatever they are.

In: a dtype. Out: float64 values, and the neighbours of ordinals.
"""

import math

import numpy as np

from gradcheck.floats import Doubles, FloatFormat, Ordinals, distinct

INTEGERS = 256
"""Integers up to this size, of both signs; poles and factorials live there."""

PI_MULTIPLES = 256
"""Multiples of pi/4 up to this many."""

DENOMINATORS = 12
"""Simple fractions have denominators up to this."""


def special_values(fmt: FloatFormat, few: bool) -> Doubles:
    """Zero, the ends of the normal and subnormal floats, powers, integers, fractions, multiples of pi, thresholds."""
    integers, turns = (16, 16) if few else (INTEGERS, PI_MULTIPLES)
    exponents = np.arange(fmt.min_exponent - fmt.mantissa_bits, 2 - fmt.min_exponent, 8 if few else 1)
    positive = np.concatenate(
        [
            [fmt.largest, fmt.smallest_normal, fmt.smallest_subnormal, *thresholds(fmt)],
            np.ldexp(1.0, exponents[exponents < 2 - fmt.min_exponent]),
            np.arange(1.0, integers + 1),
            [n / d for d in range(2, DENOMINATORS + 1) for n in range(1, 2 * d)],
            np.arange(1, turns + 1) * (math.pi / 4),
            [10.0**k for k in range(math.ceil(math.log10(fmt.smallest_normal)), int(math.log10(fmt.largest)) + 1)],
        ]
    )
    return np.concatenate([[0.0], positive, -positive])


def thresholds(fmt: FloatFormat) -> list[float]:
    """Where exp, its square and x*x overflow, and where they are flushed to zero."""
    return [
        math.log(fmt.largest),
        math.log(fmt.largest) / 2,
        -math.log(fmt.smallest_normal),
        -math.log(fmt.smallest_normal) / 2,
        -math.log(fmt.smallest_subnormal),
        math.sqrt(fmt.largest),
        math.sqrt(fmt.smallest_normal),
        math.ldexp(1.0, -fmt.mantissa_bits - 1),
        math.log(2.0) * (fmt.mantissa_bits + 1),
    ]


def around(fmt: FloatFormat, ordinals: Ordinals, reach: int) -> Ordinals:
    """`ordinals` and all neighbours up to `reach` floats away."""
    return clipped(fmt, ordinals, np.arange(-reach, reach + 1))


def near(fmt: FloatFormat, ordinals: Ordinals, reach: int) -> Ordinals:
    """`ordinals`, all neighbours up to `reach` floats away, and those at powers of two up to 2^11 floats."""
    powers = 2 ** np.arange(12)
    return clipped(fmt, ordinals, np.unique(np.concatenate([np.arange(-reach, reach + 1), powers, -powers])))


def clipped(fmt: FloatFormat, ordinals: Ordinals, offsets: Ordinals) -> Ordinals:
    """Every ordinal plus every offset that is still a finite float (an int64 holds them all)."""
    every = (ordinals[:, None] + offsets).ravel()
    return distinct(every[(every >= fmt.min_ordinal) & (every <= fmt.max_ordinal)])
