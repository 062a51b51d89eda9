"""Blocks of the line through the output and every gradient, of which only summaries leave the graph.

In: an engine and a stretch of its line. Out: the runs of that stretch. A block is one call, as large as is fastest;
its pieces are summed up side by side, and a piece of more than one class is taken apart.

The graph is that of a tensor of unknown size, as in most training, behind barriers: what is added to it before and
behind is never folded into it.
"""

import threading
from collections.abc import Iterator
from time import perf_counter
from typing import Any

import numpy as np
import tensorflow as tf

from gradcheck.bisection import Codes
from gradcheck.engine import COLUMN_BITS, NONE, ZERO_SHIFT, Engine, class_codes, doubles, words
from gradcheck.engine.runs import Runs, joined, taken_apart
from gradcheck.engine.summaries import UNKNOWN, ZERO, gradient_summary, output_summary, summaries_of
from gradcheck.errors import CANNOT_TRACE, CannotCheck
from gradcheck.floats import Doubles
from gradcheck.records import Tensor

WIDTHS = (1 << 17, 1 << 18, 1 << 19, 1 << 20)
"""Floats of a block that are tried."""

PIECE = 1 << 13
"""Floats of a piece of a block; a piece of several classes costs as much as a hundred of one."""

TRIALS = 5
"""Calls by which a width is measured."""


def one_by_one(engine: Engine, lo: int, hi: int) -> Runs:
    """A stretch through the ordinary engine."""
    ordinals = np.arange(lo, hi + 1, dtype=np.int64)
    return taken_apart(ordinals, engine.classify_zeros(ordinals))


def counter_of(engine: Engine, segments: list[tuple[int, int]]) -> "Counter | None":
    """The fastest counter, by measuring; None where the target takes no blocks of any size, or there are few floats."""
    sized = [concrete for version in engine.versions if (concrete := version.sized()) is not None]
    lo, hi = max(segments, key=lambda s: s[1] - s[0])
    widths = [width for width in WIDTHS if width <= hi - lo + 1]
    if len(sized) < len(engine.versions) or not widths:
        return None
    return min((Counter(engine, sized, width) for width in widths), key=lambda counter: counter.seconds(lo, hi))


class Counter:
    """Runs stretches of the line, a block each; any thread may.

    Attributes:
        width: floats of a block.
        kinds: the summaries, of the output and of each gradient, that the last blocks suggest.
    """

    def __init__(self, engine: Engine, sized: list[Any], width: int) -> None:
        self.engine, self.sized, self.width = engine, sized, width
        self.fmt = engine.fmt
        self.integer = tf.dtypes.as_dtype(f"int{self.fmt.bits}")
        self.offsets = tf.constant(np.arange(width), self.integer)
        self.summaries = summaries_of(self.fmt.smallest_normal)
        self.kinds = ("finite", *("one-sided" for concrete in sized if has_gradient(concrete)))
        self.graphs: dict[tuple[str, ...], Any] = {}
        self.lock = threading.Lock()

    def seconds(self, lo: int, hi: int) -> float:
        """Time of a float, the best of a few calls, from 1 on or as near as a segment goes."""
        start = min(max(int(self.fmt.encode(1.0)), lo), hi - self.width + 1)
        times = []
        for _ in range(1 + TRIALS):
            began = perf_counter()
            self.stretch(start, start + self.width - 1, lo, hi)
            times.append(perf_counter() - began)
        return min(times[1:]) / self.width

    def stretch(self, lo: int, hi: int, first: int, last: int) -> Runs:
        """The runs of [lo, hi], a block's worth of a segment [first, last], or what is left of it."""
        if last - first + 1 < self.width:
            return one_by_one(self.engine, lo, hi)
        start = min(lo, last - self.width + 1)  # whole blocks only: the last one repeats what another one did
        return joined(list(self.parts(start))).between(lo, hi)

    def parts(self, start: int) -> Iterator[Runs]:
        """The runs of a block from `start` on; pieces without a code are taken apart."""
        codes = self.codes(start)
        size = self.width // len(codes)
        starts = start + size * np.arange(len(codes))
        told = codes != UNKNOWN
        yield Runs(starts[told], starts[told] + size - 1, codes[told])
        for first in starts[~told].tolist():
            yield taken_apart(np.arange(first, first + size, dtype=np.int64), self.every_code(first, size))

    def every_code(self, start: int, size: int) -> Codes:
        """The codes of a piece of ordinals, float by float."""
        codes = np.zeros(size, np.int64)
        bits = self.offsets[:size] + tf.constant(self.first_bits(start, size), self.integer)
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
        """Codes of the pieces of a block, in order of ordinals, by the expected summaries; UNKNOWN of several codes."""
        kinds = self.kinds
        codes, last = self.summed(start, kinds)
        if (codes == UNKNOWN).any() and set(kinds) != {"any"}:
            codes, last = self.summed(start, ("any",) * len(kinds))
            self.kinds = self.suggested(codes, last)
        codes = np.where((codes == UNKNOWN).any(axis=1), UNKNOWN, self.combined(codes))
        return codes if start >= 0 else codes[::-1]

    def combined(self, codes: Codes) -> Codes:
        """Codes [pieces] of the engine from those of summaries [pieces, output and gradients]."""
        result = codes[:, 0] & ~ZERO
        columns = iter(codes[:, 1:].T)
        for i, concrete in enumerate(self.sized):
            column = next(columns) if has_gradient(concrete) else np.full_like(result, NONE)
            result = result | ((column & ~ZERO) << (COLUMN_BITS * (i + 1)))
            result = result | ((column & ZERO != 0).astype(np.int64) << (ZERO_SHIFT + i))
        return result

    def suggested(self, codes: Codes, last: Doubles) -> tuple[str, ...]:
        """The kinds that the last piece suggests, after a summary of all."""
        output, *gradients = codes[-1].tolist()
        parts = last.reshape(len(codes[0]), -1)[1:]
        return output_summary(output), *map(gradient_summary, gradients, parts)

    def summed(self, start: int, kinds: tuple[str, ...]) -> tuple[Codes, Doubles]:
        """Codes [pieces, output and gradients] by some kinds of summaries, and the last piece's numbers."""
        first = tf.constant(self.first_bits(start, self.width), self.integer)
        rows: Doubles = self.ran(self.graph(kinds), (self.offsets, first), start).numpy().T
        summaries = [self.summaries[kind] for kind in kinds]
        ends = np.cumsum([summary.width for summary in summaries])
        parts = np.split(rows, ends[:-1], axis=1)
        return np.stack([s.tells(part) for s, part in zip(summaries, parts, strict=True)], axis=1), rows[-1]

    def graph(self, kinds: tuple[str, ...]) -> Any:
        """The graph of some kinds of summaries, made once."""
        with self.lock:
            if kinds not in self.graphs:
                self.graphs[kinds] = self.made(kinds)
        return self.graphs[kinds]

    def made(self, kinds: tuple[str, ...]) -> Any:
        """From offsets and the first bits to numbers [columns, pieces] in float64."""

        def run(offsets: Tensor, first: Tensor) -> Tensor:
            xs = [barrier(x) for x in self.inputs(offsets + first)]
            results = [concrete(*xs) for concrete in self.sized]
            wanted = [results[self.engine.written][0], *(g for _, *gradient in results for g in gradient)]
            pieces = [tf.reshape(barrier(values), [-1, min(PIECE, self.width)]) for values in wanted]
            pairs = zip(kinds, pieces, strict=True)
            return tf.stack([tf.cast(c, tf.float64) for kind, p in pairs for c in self.summaries[kind].columns(p)])

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
