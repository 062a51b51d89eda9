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
from gradcheck.engine.glance import FEWEST, SWEPT, Glance, direct, glance_of
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
    """The fastest counter, by measuring; None where the target takes no blocks of any size, or there are few floats.

    It glances at blocks first, if there are many.
    """
    sized = [concrete for version in engine.versions if (concrete := version.sized()) is not None]
    lo, hi = max(segments, key=lambda s: s[1] - s[0])
    widths = [width for width in WIDTHS if width <= hi - lo + 1]
    if len(sized) < len(engine.versions) or not widths:
        return None
    fastest = min((Counter(engine, sized, width) for width in widths), key=lambda counter: counter.seconds(lo, hi))
    if engine.plan.floats >= FEWEST * fastest.width:
        fastest.look_first(lo)
    return fastest


class Counter:
    """Runs stretches of the line, a block each; any thread may.

    Attributes:
        width: floats of a block.
        kinds: the summaries, of the output and of each gradient, that the last blocks suggest.
        glance: what is tried before a block is looked at float by float.
        last: what the last glance gave, as bytes, and the codes that it told: block after block they are the same.
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
        self.glance: Glance | None = None
        self.last = b"", np.zeros((0, 0), np.int64)

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
        codes = self.glanced(start)
        if codes is None:
            kinds = self.kinds
            codes, last = self.summed(start, kinds)
            if (codes == UNKNOWN).any() and set(kinds) != {"any"}:
                codes, last = self.summed(start, self.every_kind)
                self.kinds = self.suggested(codes, last)
        codes = np.where((codes == UNKNOWN).any(axis=1), UNKNOWN, self.combined(codes))
        return codes if start >= 0 else codes[::-1]

    @property
    def every_kind(self) -> tuple[str, ...]:
        """The summaries that tell any class."""
        return ("any",) * len(self.kinds)

    def look_first(self, start: int) -> None:
        """Glance at blocks from now on, where the graph lets see what it makes of the input first; `start` is one."""
        every = self.every_kind

        def summed(bits: Tensor, piece: int) -> list[Tensor]:
            return self.columns(every, bits, piece)

        arguments = self.offsets, self.first(start)
        fresh = self.made(every)  # TensorFlow shows what it makes of a graph at its first run
        self.glance = glance_of(fresh, arguments, self.piece, lambda b: barrier(self.x_of(b)), summed)

    def glanced(self, start: int) -> Codes | None:
        """Codes [pieces, output and gradients] of a block by a glance; None where that tells nothing."""
        if self.glance is None:
            return None
        rows: Doubles | None = self.ran(self.glance.told, (self.offsets, self.first(start)), start)
        if rows is None:
            return None
        key, last = rows.tobytes(), self.last  # which another thread may replace
        if key != last[0]:
            self.last = last = key, self.told(self.every_kind, rows)
        return last[1]

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
        rows: Doubles = self.ran(self.graph(kinds), (self.offsets, self.first(start)), start).numpy().T
        return self.told(kinds, rows), rows[-1]

    def told(self, kinds: tuple[str, ...], rows: Doubles) -> Codes:
        """Codes [pieces, output and gradients] from the numbers [pieces, columns] of some kinds of summaries."""
        summaries = [self.summaries[kind] for kind in kinds]
        ends = np.cumsum([summary.width for summary in summaries])
        parts = np.split(rows, ends[:-1], axis=1)
        return np.stack([s.tells(part) for s, part in zip(summaries, parts, strict=True)], axis=1)

    def graph(self, kinds: tuple[str, ...]) -> Any:
        """The graph of some kinds of summaries, made once."""
        with self.lock:
            if kinds not in self.graphs:
                self.graphs[kinds] = direct(self.made(kinds))
        return self.graphs[kinds]

    def made(self, kinds: tuple[str, ...]) -> Any:
        """From offsets and the first bits to numbers [columns, pieces] in float64."""

        def run(offsets: Tensor, first: Tensor) -> Tensor:
            columns = self.columns(kinds, offsets + first, self.piece)
            return tf.stack([tf.cast(column, tf.float64) for column in columns])

        specs = [tf.TensorSpec([None], self.integer), tf.TensorSpec([], self.integer)]
        return tf.function(run, autograph=False).get_concrete_function(*specs)

    def columns(self, kinds: tuple[str, ...], bits: Tensor, piece: int) -> list[Tensor]:
        """The summaries [pieces] of what comes of bits, within a graph."""
        named = [SWEPT if i == self.engine.plan.index else None for i in range(len(self.engine.held))]
        xs = [barrier(x, name) for x, name in zip(self.inputs(bits), named, strict=True)]
        results = [concrete(*xs) for concrete in self.sized]
        wanted = [results[self.engine.written][0], *(g for _, *gradient in results for g in gradient)]
        pieces = [tf.reshape(barrier(values), [-1, piece]) for values in wanted]
        return [c for kind, p in zip(kinds, pieces, strict=True) for c in self.summaries[kind].columns(p)]

    @property
    def piece(self) -> int:
        """Floats of a piece."""
        return min(PIECE, self.width)

    def first(self, start: int) -> Tensor:
        """The first bits of a block."""
        return tf.constant(self.first_bits(start, self.width), self.integer)

    def first_bits(self, start: int, count: int) -> int:
        """The bits, signed, of the first of `count` ordinals; of negative ones, whose bits go down, of the last."""
        ordinal = start if start >= 0 else start + count - 1
        bits = int(self.fmt.to_bits(np.array([ordinal]))[0])
        return bits - (1 << self.fmt.bits) if ordinal < 0 else bits

    def inputs(self, bits: Tensor) -> list[Tensor]:
        """All inputs of a block."""
        x = self.x_of(bits)
        xs = [tf.fill(tf.shape(x), held[0]) for held in self.engine.held]
        xs[self.engine.plan.index] = x
        return xs

    def x_of(self, bits: Tensor) -> Tensor:
        """The swept input of a block."""
        return tf.bitcast(bits, self.fmt.name)

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


def barrier(x: Tensor, name: str | None = None) -> Tensor:
    """`x` as a tensor of unknown size, behind an operation that no rewriting of graphs looks through."""
    return tf.raw_ops.PlaceholderWithDefault(input=x, shape=[None], name=name)
