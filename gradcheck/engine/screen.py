"""The screen: the gradient of every float beside the one that the same graph has in float64.

In: an engine, all floats' classes, and how far off a gradient may be. Out: a `Screen`: stretches of the line, outside
of which no finite gradient g of any version is further from that of the stripped graph in float64, g64, than

    tolerance |g64|  +  max |g64(x +- k ulp) - g64(x)|  +  k u |f64| / max(1, |x|)  +  floor,

the formula of truth/judging.py. A call compares several blocks without the second term, and says one thing of each:
whether a float in it is suspicious. Only such blocks are taken apart, float by float, by the whole formula. What is not
finite in float64 allows for nothing; calls in which no gradient is finite are not run.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from gradcheck.engine import CLASSES, COLUMN_BITS, Engine, to_tensor
from gradcheck.engine import census as whole
from gradcheck.engine.census import Counter, Progress, Runs, barrier, has_gradient, signed
from gradcheck.engine.suspects import NONE, Suspects, suspects_of
from gradcheck.options import CONDITION_ULPS
from gradcheck.records import Class, Screen, Tensor

MOST_STRETCHES = 48
"""Stretches that are told apart; of more, those with the narrowest gaps between them become one."""

MOST_OF_A_BLOCK = 64
"""Runs of suspicious floats in one block; more are noise, and one run."""

MOST_KEPT = 1 << 16
"""Runs that are kept in memory."""

SHARPER = 1 - 2.0**-10
"""Part of the allowed error from which on a gradient is suspicious: float64 has errors of its own."""

PATIENCE = 16
"""Calls after which the cheap comparison is tried again where it told nothing."""


@dataclass(frozen=True)
class Allowance:
    """How far off a gradient may be: relative, the unit roundoff, and absolute."""

    tolerance: float
    unit: float
    floor: float


def screened(
    engine: Engine, runs: Runs, allowance: Allowance, progress: Progress = lambda done, total: None
) -> Screen | None:
    """Hold every finite gradient of the plan against float64; None where the graph has no such form.

    `runs` say of every float of the plan which gradients are finite.
    """
    if (screener := screener_of(engine, runs, allowance)) is None:
        return None
    found, crowded, done = NONE, False, 0
    try:
        for part, noisy, floats in parts_of(screener, list(signed(engine.plan.segments))):
            found, crowded, done = found.and_then(part), crowded or noisy, done + floats
            if len(found.lo) > MOST_KEPT:
                found = found.fewer(MOST_KEPT // 16)
            progress(done, engine.plan.floats)
    except tf.errors.OpError:  # raised in float64 alone
        return None
    few = found.fewer(MOST_STRETCHES)
    joined = crowded or few.floats > found.floats
    return Screen(tuple(zip(few.lo.tolist(), few.hi.tolist(), strict=True)), joined)


def parts_of(screener: "Screener", segments: list[tuple[int, int]]) -> Iterator[tuple[Suspects, bool, int]]:
    """What is suspicious in each stretch of the plan, whether there is too much, and how many floats were looked at."""
    calls = [
        (s, min(s + screener.call - 1, hi), lo, hi) for lo, hi in segments for s in range(lo, hi + 1, screener.call)
    ]
    pool = ThreadPoolExecutor(whole.threads())
    try:
        for found, (lo, hi, _, _) in zip(pool.map(lambda call: screener.stretch(*call), calls), calls, strict=True):
            yield *found, hi - lo + 1
    finally:
        pool.shutdown(cancel_futures=True)


def screener_of(engine: Engine, runs: Runs, allowance: Allowance) -> "Screener | None":
    """What compares; None where there is nothing to compare with, or with no gradient."""
    wide = engine.versions[0].in_doubles()
    sized = [concrete for version in engine.versions if (concrete := version.sized()) is not None]
    if wide is None or not has_gradient(wide) or len(sized) < len(engine.versions) or engine.fmt.bits == 64:
        return None
    return Screener(engine, sized, wide, runs, allowance)


class Screener:
    """Compares stretches of the line, a call each.

    Attributes:
        sized, wide: the versions as functions of blocks of any size, and the stripped one in float64.
        counter: makes the inputs of a block.
        cheap: whether the last calls needed no more than the cheap comparison.
    """

    def __init__(self, engine: Engine, sized: list[Any], wide: Any, runs: Runs, allowance: Allowance) -> None:
        self.engine, self.wide, self.runs, self.allowed = engine, wide, runs, allowance
        self.places = [i for i, concrete in enumerate(sized) if has_gradient(concrete)]
        self.sized = [sized[i] for i in self.places]
        self.call = whole.CALL
        operations = sum(len(concrete.graph.get_operations()) for concrete in (wide, *self.sized))
        widths = (w for w in whole.WIDTHS if self.call // w * operations <= whole.OPERATIONS)
        self.counter = Counter(engine, sized, next(widths, self.call))
        self.graphs = {fully: self.made(fully) for fully in (False, True)}
        spec = tf.TensorSpec([None], engine.fmt.name)
        self.closely = tf.function(self.compared, autograph=False).get_concrete_function(spec)
        self.cheap, self.calls = True, 0

    def stretch(self, lo: int, hi: int, first: int, last: int) -> tuple[Suspects, bool]:
        """What is suspicious in [lo, hi], a call of a segment [first, last] at most; and whether too much is."""
        if last - first + 1 < self.call or not self.finite(lo, hi).any():
            return self.apart(lo, hi, first, last)
        start, width = min(lo, last - self.call + 1), self.counter.width
        found, crowded = NONE, False
        for i, flags in enumerate(self.suspicious(start)):
            low, high = max(lo, start + i * width), min(hi, start + (i + 1) * width - 1)
            if low <= high and (self.is_flushed(low, high) or (flags & self.finite(low, high)).any()):
                part, noisy = self.apart(low, high, first, last)
                found, crowded = found.and_then(part), crowded or noisy
        return found, crowded

    def apart(self, lo: int, hi: int, first: int, last: int) -> tuple[Suspects, bool]:
        """The same float by float, with neighbours as far as the segment goes."""
        found, crowded, width = NONE, False, self.counter.width
        for low in range(lo, hi + 1, width) if self.finite(lo, hi).any() else ():
            high = min(low + width - 1, hi)
            near = np.arange(low - CONDITION_ULPS, high + CONDITION_ULPS + 1, dtype=np.int64).clip(first, last)
            part = suspects_of(low, self.closely(to_tensor(self.engine.fmt, near)).numpy())
            noisy = len(part.lo) > MOST_OF_A_BLOCK
            found, crowded = found.and_then(part.fewer(1) if noisy else part), crowded or noisy
        return found, crowded

    def finite(self, lo: int, hi: int) -> NDArray[np.bool_]:
        """Which gradients are finite somewhere in [lo, hi]."""
        start = int(np.searchsorted(self.runs.lo, lo, side="right")) - 1
        codes = self.runs.codes[start : int(np.searchsorted(self.runs.lo, hi, side="right"))]
        mask, finite = (1 << COLUMN_BITS) - 1, CLASSES.index(Class.FINITE)
        return np.array([(codes >> (COLUMN_BITS * (i + 1)) & mask == finite).any() for i in self.places])

    def is_flushed(self, lo: int, hi: int) -> bool:
        """Whether there are floats in [lo, hi] that the device takes for 0; calls take them for what they are."""
        fmt = self.engine.fmt
        tiny = int(fmt.encode(fmt.smallest_normal))
        return fmt.flushes and lo < tiny and hi >= -tiny

    def suspicious(self, start: int) -> NDArray[np.bool_]:
        """Which blocks of a call, in order of ordinals, have a suspicious float: [blocks, gradients]."""
        self.calls += 1
        if self.cheap or self.calls % PATIENCE == 0:
            flags = self.flags(start, False)
            self.cheap = not (flags & self.finite(start, start + self.call - 1)).any()
            if self.cheap:
                return flags
        return self.flags(start, True)

    def flags(self, start: int, fully: bool) -> NDArray[np.bool_]:
        """The same by one of the comparisons."""
        first = tf.constant(self.counter.first_bits(start, self.call), self.counter.integer)
        flags: NDArray[np.bool_] = self.graphs[fully](self.counter.offsets, first).numpy()
        return flags if start >= 0 else flags[::-1]

    def made(self, fully: bool) -> Any:
        """The graph of a call: whether a gradient of each block is suspicious, without what its input may explain."""

        def block(xs: list[Tensor]) -> Tensor:
            y, reference = self.wide(*(tf.cast(x, tf.float64) for x in xs))
            slack = self.slack(tf.cast(xs[self.engine.plan.index], tf.float64), y, reference, fully)
            gradients = [tf.cast(barrier(concrete(*xs)[1]), tf.float64) for concrete in self.sized]
            return tf.stack([tf.logical_not(tf.reduce_all(tf.abs(g - reference) <= slack)) for g in gradients])

        def run(offsets: Tensor, first: Tensor) -> Tensor:
            rows: list[Tensor] = []
            for k in range(self.call // self.counter.width):
                with tf.control_dependencies(rows[-1:]):  # one after the other: what was computed is in the cache
                    bits = offsets + (first + k * self.counter.width)
                rows.append(block([barrier(x) for x in self.counter.inputs(bits)]))
            return tf.stack(rows)

        integer = self.counter.integer
        specs = [tf.TensorSpec([None], integer), tf.TensorSpec([], integer)]
        return tf.function(run, autograph=False).get_concrete_function(*specs)

    def compared(self, x: Tensor) -> Tensor:
        """Which floats [n] have a suspicious gradient; x [n + 2 k] are they and k neighbours on both sides."""
        inside = slice(CONDITION_ULPS, -CONDITION_ULPS)
        xs = [tf.fill(tf.shape(x), held[0]) for held in self.engine.held]
        xs[self.engine.plan.index] = x
        here, *wide = (self.exactly(v) for v in (x, *xs))
        y, g = self.wide(*wide)
        moved = tf.maximum(
            *(tf.abs(g[near] - g[inside]) for near in (slice(-2 * CONDITION_ULPS), slice(2 * CONDITION_ULPS, None)))
        )
        slack = self.slack(here[inside], y[inside], g[inside], True)
        slack += tf.where(tf.math.is_finite(moved), SHARPER * moved, tf.zeros_like(moved))
        gradients = [tf.cast(barrier(concrete(*(v[inside] for v in xs))[1]), tf.float64) for concrete in self.sized]
        near = [tf.abs(v - g[inside]) <= slack for v in gradients]
        return tf.reduce_any([tf.math.is_finite(v) & ~n for v, n in zip(gradients, near, strict=True)], axis=0)

    def slack(self, x: Tensor, y: Tensor, gradient: Tensor, fully: bool) -> Tensor:
        """The allowed error, without what the input's rounding may explain; or without the output's too."""
        allowed = SHARPER * self.allowed.tolerance * tf.abs(gradient) + SHARPER * self.allowed.floor
        if not fully:
            return allowed
        rounded = SHARPER * CONDITION_ULPS * self.allowed.unit * tf.abs(y) / tf.maximum(tf.abs(x), 1)
        return allowed + tf.where(tf.abs(y) < tf.float64.max, rounded, tf.zeros_like(rounded))

    def exactly(self, x: Tensor) -> Tensor:
        """Floats as float64, those that the device takes for 0 as that."""
        wide, fmt = tf.cast(x, tf.float64), self.engine.fmt
        return tf.where(tf.abs(wide) < fmt.smallest_normal, tf.zeros_like(wide), wide) if fmt.flushes else wide
