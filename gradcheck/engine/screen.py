"""The screen: the gradient of every float beside the one that the same graph has in float64.

In: an engine, all floats' classes, and how far off a gradient may be. Out: `Suspects`, stretches of the line. Outside
of them no finite gradient g of any version is further from g64, that of the stripped graph in float64, than

    tolerance |g64|  +  max |g64(x +- k ulp) - g64(x)|  +  k u |f64| / max(1, |x|)  +  floor,

the formula of truth/judging.py. A call compares the pieces of a block without the second term, and says of each
whether a float in it is suspicious. Only such pieces are taken apart, float by float, by the whole formula. What is not
finite in float64 allows for nothing; blocks in which no gradient is finite are not run.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from gradcheck.engine import CLASSES, COLUMN_BITS, Engine, to_tensor
from gradcheck.engine import counter as counting
from gradcheck.engine.census import Progress, signed, stretches_of
from gradcheck.engine.counter import Counter, barrier, has_gradient
from gradcheck.engine.runs import Runs
from gradcheck.engine.suspects import NONE, Suspects, suspects_of
from gradcheck.machine import in_order
from gradcheck.options import CONDITION_ULPS
from gradcheck.records import Class, Tensor

MOST_OF_A_PIECE = 64
"""Runs of suspicious floats that are kept of one piece; more are noise."""

MOST_KEPT = 1 << 16
"""The same of all pieces."""

SHARPER = 1 - 2.0**-10
"""Part of the allowed error from which on a gradient is suspicious: float64 has errors of its own."""


@dataclass(frozen=True)
class Allowance:
    """How far off a gradient may be: relative, the unit roundoff, and absolute."""

    tolerance: float
    unit: float
    floor: float


def screened(
    engine: Engine, runs: Runs, allowance: Allowance, progress: Progress = lambda done, total: None
) -> Suspects | None:
    """What differs from float64 of the finite gradients of a plan; None where the graph has no such form.

    `runs` say of every float of the plan which gradients are finite.
    """
    if (screener := screener_of(engine, runs, allowance)) is None:
        return None
    found, done = NONE, 0
    try:
        for part, floats in parts_of(screener, list(signed(engine.plan.segments))):
            found, done = found.and_then(part).fewer(MOST_KEPT), done + floats
            progress(done, engine.plan.floats)
    except tf.errors.OpError:  # raised in float64 alone
        return None
    return found


def parts_of(screener: "Screener", segments: list[tuple[int, int]]) -> Iterator[tuple[Suspects, int]]:
    """What is suspicious in each stretch of the plan, and how many floats that has."""
    stretches = stretches_of(segments, screener.width, 0)
    yield from in_order(lambda s: (screener.stretch(*s), s[1] - s[0] + 1), stretches)


def screener_of(engine: Engine, runs: Runs, allowance: Allowance) -> "Screener | None":
    """What compares; None where there is nothing to compare with, or with no gradient."""
    wide = engine.versions[0].in_doubles()
    sized = [concrete for version in engine.versions if (concrete := version.sized()) is not None]
    if wide is None or not has_gradient(wide) or len(sized) < len(engine.versions) or engine.fmt.bits == 64:
        return None
    return Screener(engine, sized, wide, runs, allowance)


class Screener:
    """Compares stretches of the line, a block each.

    Attributes:
        sized, wide: the versions as functions of blocks of any size, and the stripped one in float64.
        counter: makes the inputs of a block.
        width: floats of a block; half of what TensorFlow is fastest with, since float64 takes twice the room.
        roughly: the comparison of a block, which tells of each piece whether there is something in it.
        closely: that of floats, which tells of each.
    """

    def __init__(self, engine: Engine, sized: list[Any], wide: Any, runs: Runs, allowance: Allowance) -> None:
        self.engine, self.wide, self.runs, self.allowed = engine, wide, runs, allowance
        self.places = [i for i, concrete in enumerate(sized) if has_gradient(concrete)]
        self.sized = [sized[i] for i in self.places]
        self.width = counting.WIDTHS[0]
        self.piece = min(counting.PIECE, self.width)
        self.counter = Counter(engine, sized, self.width)
        self.roughly = self.made()
        spec = tf.TensorSpec([None], engine.fmt.name)
        self.closely = tf.function(self.compared, autograph=False).get_concrete_function(spec)

    def stretch(self, lo: int, hi: int, first: int, last: int) -> Suspects:
        """What is suspicious in [lo, hi], a block of a segment [first, last] at most."""
        if last - first + 1 < self.width or not self.finite(lo, hi).any():
            return self.apart(lo, hi, first, last)
        start, found = min(lo, last - self.width + 1), NONE
        for i, flags in enumerate(self.suspicious(start)):
            low, high = max(lo, start + i * self.piece), min(hi, start + (i + 1) * self.piece - 1)
            if low > high:
                continue
            finite = self.finite(low, high)
            if flags[-1] and finite.all(axis=0).any():
                found = found.and_then(suspects_of(low, np.ones(high - low + 1, bool)))
            elif self.is_flushed(low, high) or (flags[:-1] & finite.any(axis=0)).any():
                found = found.and_then(self.apart(low, high, first, last))
        return found

    def apart(self, lo: int, hi: int, first: int, last: int) -> Suspects:
        """The same float by float, with neighbours as far as the segment goes."""
        found = NONE
        for low in range(lo, hi + 1, self.piece) if self.finite(lo, hi).any() else ():
            high = min(low + self.piece - 1, hi)
            near = np.arange(low - CONDITION_ULPS, high + CONDITION_ULPS + 1, dtype=np.int64).clip(first, last)
            part = suspects_of(low, self.closely(to_tensor(self.engine.fmt, near)).numpy())
            found = found.and_then(part.fewer(MOST_OF_A_PIECE))
        return found

    def finite(self, lo: int, hi: int) -> NDArray[np.bool_]:
        """Which gradients are finite in the runs of [lo, hi]: [runs, gradients]."""
        start = int(np.searchsorted(self.runs.lo, lo, side="right")) - 1
        codes = self.runs.codes[start : int(np.searchsorted(self.runs.lo, hi, side="right"))]
        mask, finite = (1 << COLUMN_BITS) - 1, CLASSES.index(Class.FINITE)
        return np.stack([codes >> (COLUMN_BITS * (i + 1)) & mask == finite for i in self.places], axis=1)

    def is_flushed(self, lo: int, hi: int) -> bool:
        """Whether there are floats in [lo, hi] that the device takes for 0; blocks take them for what they are."""
        fmt = self.engine.fmt
        tiny = int(fmt.encode(fmt.smallest_normal))
        return fmt.flushes and lo < tiny and hi >= -tiny

    def suspicious(self, start: int) -> NDArray[np.bool_]:
        """Which pieces of a block, in order of ordinals, have a suspicious float: [pieces, gradients + 1].

        The last column says in which of them float64 has no finite gradient at all.
        """
        first = tf.constant(self.counter.first_bits(start, self.width), self.counter.integer)
        flags: NDArray[np.bool_] = self.roughly(self.counter.offsets, first).numpy().T
        return flags if start >= 0 else flags[::-1]

    def made(self) -> Any:
        """From offsets and the first bits to whether a gradient of each piece is suspicious, [gradients + 1, pieces].

        What its input may explain is not allowed for.
        """

        def run(offsets: Tensor, first: Tensor) -> Tensor:
            xs = [barrier(x) for x in self.counter.inputs(offsets + first)]
            y, reference = self.wide(*(tf.cast(x, tf.float64) for x in xs))
            rounded = self.rounded(xs[self.engine.plan.index], y)
            slack, known = self.slack(reference) + rounded, tf.reduce_max(self.pieces(rounded), axis=1) < np.inf
            gradients = [tf.cast(barrier(concrete(*xs)[1]), tf.float64) for concrete in self.sized]
            right = [tf.reduce_all(self.pieces(tf.abs(g - reference) <= slack), axis=1) for g in gradients]
            finite = tf.reduce_any(self.pieces(tf.math.is_finite(reference)), axis=1)
            return tf.stack([*(~(known & r) for r in right), ~finite])

        specs = [tf.TensorSpec([None], self.counter.integer), tf.TensorSpec([], self.counter.integer)]
        return tf.function(run, autograph=False).get_concrete_function(*specs)

    def pieces(self, values: Tensor) -> Tensor:
        """A block [pieces, floats of a piece]."""
        return tf.reshape(values, [-1, self.piece])

    def compared(self, x: Tensor) -> Tensor:
        """Which floats [n] have a suspicious gradient; x [n + 2 k] are they and k neighbours on both sides."""
        k = CONDITION_ULPS
        xs = [tf.fill(tf.shape(x), held[0]) for held in self.engine.held]
        xs[self.engine.plan.index] = x
        y, g = self.wide(*(self.exactly(v) for v in xs))
        reference, rounded = g[k:-k], self.rounded(x, y)[k:-k]
        moved = SHARPER * tf.maximum(tf.abs(g[: -2 * k] - reference), tf.abs(g[2 * k :] - reference))
        slack = self.slack(reference) + finite_or_0(rounded) + finite_or_0(moved)
        gradients = [tf.cast(barrier(concrete(*(v[k:-k] for v in xs))[1]), tf.float64) for concrete in self.sized]
        off = [tf.math.is_finite(v) & negated(tf.abs(v - reference) <= slack) for v in gradients]
        return tf.reduce_any(off, axis=0)

    def slack(self, reference: Tensor) -> Tensor:
        """The allowed error beside gradients, without what the rounding of the input and of the output explains."""
        return SHARPER * self.allowed.tolerance * tf.abs(reference) + SHARPER * self.allowed.floor

    def rounded(self, x: Tensor, y: Tensor) -> Tensor:
        """What the rounding of the output explains, beside inputs and outputs."""
        part = SHARPER * CONDITION_ULPS * self.allowed.unit / tf.maximum(tf.abs(tf.cast(x, tf.float32)), 1)
        return tf.cast(part, tf.float64) * tf.abs(y)

    def exactly(self, x: Tensor) -> Tensor:
        """Floats as float64, those that the device takes for 0 as that."""
        wide, fmt = tf.cast(x, tf.float64), self.engine.fmt
        return tf.where(tf.abs(wide) < fmt.smallest_normal, tf.zeros_like(wide), wide) if fmt.flushes else wide


def finite_or_0(values: Tensor) -> Tensor:
    """Numbers, with 0 for what is none."""
    return tf.where(tf.math.is_finite(values), values, tf.zeros_like(values))


def negated(flags: Tensor) -> Tensor:
    """What is not so. As `not (a <= b)` TensorFlow would make it `a > b`, which is another thing for a NaN."""
    return tf.not_equal(flags, tf.ones_like(flags))
