"""Every float: the whole plan through the output and through every version's gradient, a proof instead of a sample.

In: an engine. Out: `Runs`: adjacent floats of one class. Each thread runs its own stretches of the line, TensorFlow one
thread an operation, in blocks that stay in the cache. A call takes several blocks, one after the other, so that Python
is rarely asked; only a summary of each leaves the graph, and a block of more than one class is taken apart.

The graph is that of a tensor of unknown size, as in most training, behind barriers: what is added to it before and
behind is never folded into it.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from time import perf_counter
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

from gradcheck.bisection import Codes
from gradcheck.engine import COLUMN_BITS, NONE, ZERO_SHIFT, Engine, class_codes, doubles, words
from gradcheck.engine.runs import Runs, joined, taken_apart
from gradcheck.engine.summaries import UNKNOWN, ZERO, gradient_summary, output_summary, summaries_of
from gradcheck.engine.tally import Tally
from gradcheck.errors import CANNOT_TRACE, CannotCheck
from gradcheck.floats import Doubles
from gradcheck.records import Tensor

CALL = 1 << 20
"""Floats of one call."""

WIDTHS = (1 << 15, 1 << 16, 1 << 17, 1 << 18, 1 << 20)
"""Floats of a block that are tried."""

OPERATIONS = 4000
"""Operations of one call's graph, above which it would take too long to be made."""

TRIALS = 3
"""Calls by which a width is measured."""

Progress = Callable[[int, int], None]
Stretch: TypeAlias = tuple[int, int, int, int]
"""First and last ordinal, and those of its segment."""


def census(
    engine: Engine,
    progress: Progress = lambda done, total: None,
    tally: Tally | None = None,
    keep: Callable[[Tally], None] = lambda tally: None,
) -> Runs | None:
    """Run every float of the engine's plan; None where the class changes from float to float: that is noise.

    `progress` is told how many floats are done, and of how many. `tally` is what is known of the beginning of the line;
    `keep` gets it after every part, and a census that begins with it ends as this one does.
    """
    tally = tally or Tally(engine.without_zeros)
    for part in parts_of(engine, tally.floats):
        tally.add(part)
        progress(tally.floats, engine.plan.floats)
        if tally.is_noise:
            return None
        keep(tally)
    return tally.runs()


def one_thread_an_operation() -> None:
    """Tell TensorFlow to leave the cores to this module's threads; too late once it has run anything."""
    with contextlib.suppress(RuntimeError):
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)


def parts_of(engine: Engine, done: int = 0) -> Iterator[Runs]:
    """The runs of each stretch of the plan, but for the floats at its beginning that are done."""
    if done == engine.plan.floats:
        return
    segments = list(signed(engine.plan.segments))
    counter = counter_of(engine, segments)
    yield from runs_of(engine, counter, stretches_of(segments, size_of(engine, counter), done))


def size_of(engine: Engine, counter: "Counter | None") -> int:
    """Floats of a stretch."""
    return counter.call if counter else engine.target.block


def runs_of(engine: Engine, counter: "Counter | None", stretches: Iterator[Stretch]) -> Iterator[Runs]:
    """The runs of each stretch."""
    if counter is None:
        yield from (one_by_one(engine, lo, hi) for lo, hi, _, _ in stretches)
        return
    with ThreadPoolExecutor(threads()) as pool:
        waiting = [pool.submit(counter.stretch, *s) for s in islice(stretches, 2 * threads())]
        try:
            while waiting:
                yield waiting.pop(0).result()
                waiting += [pool.submit(counter.stretch, *s) for s in islice(stretches, 1)]
        finally:
            for future in waiting:
                future.cancel()


def stretches_of(segments: list[tuple[int, int]], size: int, done: int) -> Iterator[Stretch]:
    """First and last ordinal of each stretch of at most `size` floats, and those of its segment."""
    for lo, hi in segments:
        skipped = min(done, hi - lo + 1)
        done -= skipped
        yield from ((start, min(start + size - 1, hi), lo, hi) for start in range(lo + skipped, hi + 1, size))


def threads() -> int:
    """How many cores there are for this process."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def signed(segments: tuple[tuple[int, int], ...]) -> Iterator[tuple[int, int]]:
    """Segments, cut at 0: bits of negative floats go the other way."""
    for lo, hi in segments:
        if lo < 0:
            yield lo, min(hi, -1)
        if hi >= 0:
            yield max(lo, 0), hi


def one_by_one(engine: Engine, lo: int, hi: int) -> Runs:
    """A stretch through the ordinary engine."""
    ordinals = np.arange(lo, hi + 1, dtype=np.int64)
    return taken_apart(ordinals, engine.classify_zeros(ordinals))


def counter_of(engine: Engine, segments: list[tuple[int, int]]) -> "Counter | None":
    """The fastest counter, by measuring; None where the target takes no blocks of any size, or there are few floats."""
    sized = [concrete for version in engine.versions if (concrete := version.sized()) is not None]
    longest = max(segments, key=lambda s: s[1] - s[0])
    if len(sized) < len(engine.versions) or longest[1] - longest[0] < CALL:
        return None
    operations = sum(len(concrete.graph.get_operations()) for concrete in sized)
    widths = [w for w in WIDTHS if CALL // w * operations <= OPERATIONS] or [CALL]
    return min((Counter(engine, sized, w) for w in widths), key=lambda counter: counter.seconds(*longest))


class Counter:
    """Runs stretches of the line, a call each.

    Attributes:
        width: floats of a block.
        kinds: the summaries, of the output and of each gradient, that the last blocks suggest.
    """

    def __init__(self, engine: Engine, sized: list[Any], width: int) -> None:
        self.engine, self.sized, self.width, self.call = engine, sized, width, CALL
        self.fmt = engine.fmt
        self.integer = tf.dtypes.as_dtype(f"int{self.fmt.bits}")
        self.offsets = tf.constant(np.arange(width), self.integer)
        self.summaries = summaries_of(self.fmt.smallest_normal)
        self.kinds = ("finite", *("one-sided" for concrete in sized if has_gradient(concrete)))
        self.graphs: dict[tuple[str, ...], Any] = {}

    def seconds(self, lo: int, hi: int) -> float:
        """Time of a call, the best of a few, from 1 on or as near as a segment goes."""
        start = min(max(int(self.fmt.encode(1.0)), lo), hi - self.call + 1)
        times = []
        for _ in range(1 + TRIALS):
            began = perf_counter()
            self.stretch(start, start + self.call - 1, lo, hi)
            times.append(perf_counter() - began)
        return min(times[1:])

    def stretch(self, lo: int, hi: int, first: int, last: int) -> Runs:
        """The runs of [lo, hi], a call's worth of a segment [first, last], or what is left of it."""
        if last - first + 1 < self.call:
            return one_by_one(self.engine, lo, hi)
        start = min(lo, last - self.call + 1)  # whole calls only: the last one repeats what another one did
        codes = self.codes(start).tolist()
        blocks = [self.block(start + i * self.width, code) for i, code in enumerate(codes)]
        return joined(blocks).between(lo, hi)

    def block(self, start: int, code: int) -> Runs:
        """One block of ordinals, taken apart where it has no code."""
        last = start + self.width - 1
        if code != UNKNOWN:
            return Runs(np.array([start]), np.array([last]), np.array([code]))
        return taken_apart(np.arange(start, last + 1, dtype=np.int64), self.every_code(start))

    def every_code(self, start: int) -> Codes:
        """The codes of a block of ordinals, float by float."""
        codes = np.zeros(self.width, np.int64)
        bits = self.offsets + tf.constant(self.first_bits(start, self.width), self.integer)
        for i, concrete in enumerate(self.sized):
            y, *gradient = self.ran(concrete, self.inputs(bits), start)
            if i == self.engine.written:
                codes |= class_codes(doubles(y))
            if not gradient:
                codes |= np.int64(NONE) << (COLUMN_BITS * (i + 1))
                continue
            values = doubles(gradient[0])
            codes |= class_codes(values) << (COLUMN_BITS * (i + 1))
            codes |= (values == 0).astype(np.int64) << (ZERO_SHIFT + i)
        return codes if start >= 0 else codes[::-1]

    def codes(self, start: int) -> Codes:
        """Codes of the blocks of a call, in order of ordinals, by the expected summaries; UNKNOWN of several codes."""
        kinds = self.kinds
        codes, last = self.summed(start, kinds)
        if (codes == UNKNOWN).any() and set(kinds) != {"any"}:
            codes, last = self.summed(start, ("any",) * len(kinds))
            self.kinds = self.suggested(codes, last)
        codes = np.where((codes == UNKNOWN).any(axis=1), UNKNOWN, self.combined(codes))
        return codes if start >= 0 else codes[::-1]

    def combined(self, codes: Codes) -> Codes:
        """Codes [blocks] of the engine from those of summaries [blocks, output and gradients]."""
        result = codes[:, 0] & ~ZERO
        columns = iter(codes[:, 1:].T)
        for i, concrete in enumerate(self.sized):
            column = next(columns) if has_gradient(concrete) else np.full_like(result, NONE)
            result = result | ((column & ~ZERO) << (COLUMN_BITS * (i + 1)))
            result = result | ((column & ZERO != 0).astype(np.int64) << (ZERO_SHIFT + i))
        return result

    def suggested(self, codes: Codes, last: Doubles) -> tuple[str, ...]:
        """The kinds that the last block suggests, after a summary of all."""
        output, *gradients = codes[-1].tolist()
        parts = last.reshape(len(codes[0]), -1)[1:]
        return output_summary(output), *map(gradient_summary, gradients, parts)

    def summed(self, start: int, kinds: tuple[str, ...]) -> tuple[Codes, Doubles]:
        """Codes [blocks, output and gradients] by some kinds of summaries, and the last block's numbers."""
        if kinds not in self.graphs:
            self.graphs[kinds] = self.made(kinds)
        first = tf.constant(self.first_bits(start, self.call), self.integer)
        rows: Doubles = self.ran(self.graphs[kinds], (self.offsets, first), start).numpy()
        summaries = [self.summaries[kind] for kind in kinds]
        ends = np.cumsum([summary.width for summary in summaries])
        pieces = np.split(rows, ends[:-1], axis=1)
        return np.stack([s.tells(piece) for s, piece in zip(summaries, pieces, strict=True)], axis=1), rows[-1]

    def made(self, kinds: tuple[str, ...]) -> Any:
        """The graph of some kinds of summaries, [blocks, columns] float64."""

        def block(xs: list[Tensor]) -> list[Tensor]:
            results = [concrete(*xs) for concrete in self.sized]
            wanted = [results[self.engine.written][0], *(g for _, *gradient in results for g in gradient)]
            pairs = zip(kinds, map(barrier, wanted), strict=True)
            return [tf.cast(c, tf.float64) for kind, values in pairs for c in self.summaries[kind].columns(values)]

        def run(offsets: Tensor, first: Tensor) -> Tensor:
            rows: list[Tensor] = []
            for k in range(self.call // self.width):
                with tf.control_dependencies(rows[-1:]):  # one after the other: what was computed is in the cache
                    bits = offsets + (first + k * self.width)
                rows.append(tf.stack(block([barrier(x) for x in self.inputs(bits)])))
            return tf.stack(rows)

        specs = [tf.TensorSpec([None], self.integer), tf.TensorSpec([], self.integer)]
        return tf.function(run, autograph=False).get_concrete_function(*specs)

    def first_bits(self, start: int, count: int) -> int:
        """The bits, signed, of the first of `count` ordinals; of negative ones, whose bits go down, of the last."""
        ordinal = start if start >= 0 else start + count - 1
        bits = int(self.fmt.to_bits(np.array([ordinal]))[0])
        return bits - (1 << self.fmt.bits) if ordinal < 0 else bits

    def inputs(self, bits: Tensor) -> list[Tensor]:
        """All inputs of a block."""
        x = tf.bitcast(bits, self.fmt.name)
        xs = [tf.fill(tf.shape(x), held[0]) for held in self.engine.held]
        xs[self.engine.plan.index] = x
        return xs

    def ran(self, concrete: Any, arguments: Any, start: int) -> Any:
        """A call; what it raises is told as everywhere."""
        try:
            return concrete(*arguments)
        except tf.errors.OpError as error:
            where = self.fmt.text(start)
            message = f"{self.engine.target.name}: it raised in a block from {where} on: {words(error)}"
            raise CannotCheck(CANNOT_TRACE, f"{message}; leave that out with --range") from error


def has_gradient(concrete: Any) -> bool:
    """Whether a version gives a gradient at all."""
    return len(concrete.outputs) > 1


def barrier(x: Tensor) -> Tensor:
    """`x` as a tensor of unknown size, behind an operation that no rewriting of graphs looks through."""
    return tf.raw_ops.PlaceholderWithDefault(input=x, shape=[None])
