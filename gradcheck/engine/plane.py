"""Every pair: all floats of one input with all floats of another, through the output and every gradient by either.

In: an engine for each of two inputs. Out: a `PlaneMap` for each gradient: where on the plane which class is found,
and how often. As in the census, each thread runs its own rows of the plane, TensorFlow one thread an operation, in
blocks that stay in the cache, in graphs of tensors of unknown size behind barriers.

Numbers leave the graph, and numpy looks at their bits: it finds the largest of 16-bit numbers in 0.03 ns each,
TensorFlow in 0.4. That tells the class of most stretches of a row; those of several classes are taken apart.
"""

from collections.abc import Iterator
from time import perf_counter
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from gradcheck.bisection import Codes
from gradcheck.engine import COLUMN_BITS, NONE, Engine, to_tensor, words
from gradcheck.engine.boxes import Boxes, row_boxes
from gradcheck.engine.census import Progress
from gradcheck.engine.counter import TRIALS, barrier, has_gradient
from gradcheck.engine.mapped import Mapped
from gradcheck.engine.summaries import bits_of
from gradcheck.errors import CANNOT_TRACE, CannotCheck
from gradcheck.floats import FORMATS, FloatFormat, Ordinals
from gradcheck.machine import in_order
from gradcheck.records import PlaneMap, Tensor

BLOCKS = (1 << 17, 1 << 18, 1 << 19, 1 << 20)
"""Pairs of a call that are tried."""

STRETCH = 1 << 10
"""Numbers of a row that are looked at as one. Rows are filled up to a multiple of it, which is one of every vector
register too: no number goes through the scalar end of a kernel."""

UNKNOWN = np.uint8(255)
"""Code of a stretch of several classes."""


def plane(x: Engine, y: Engine, progress: Progress = lambda done, total: None) -> tuple[PlaneMap, ...] | None:
    """Run every pair of two plans; None where the target takes no blocks of any size.

    `x` sweeps the first input, `y` the second. `progress` is told how many pairs are done, and of how many.
    """
    counter = counter_of(x, y)
    if counter is None:
        return None
    columns, rows = counter.columns, counter.rows
    inside_x, inside_y = ((int(ordinals[0]), int(ordinals[-1])) for ordinals in (columns, rows))
    names = [engine.target.inputs[engine.plan.index].name for engine in (x, y)]
    found = [
        Mapped(version.name, wrt, inside_x, inside_y)
        for wrt, e in zip(names, (x, y), strict=True)
        for version in e.versions
    ]
    done = 0
    for count, parts in every_part(counter):
        for mapped, boxes in zip(found, parts, strict=True):
            mapped.add(boxes)
        done += count * len(columns)
        progress(done, len(rows) * len(columns))
    return tuple(mapped.map() for mapped in found)


def every_part(counter: "Counter") -> Iterator[tuple[int, list[Boxes]]]:
    """How many rows, and the boxes of each gradient on them, in order."""
    blocks = (counter.rows[s : s + counter.height] for s in range(0, len(counter.rows), counter.height))
    yield from in_order(lambda block: (len(block), counter.boxes(block)), blocks)


def counter_of(x: Engine, y: Engine) -> "Counter | None":
    """The fastest counter, by measuring; None where the target takes no blocks of any size."""
    sized = [[version.sized() for version in engine.versions] for engine in (x, y)]
    if any(concrete is None for of_input in sized for concrete in of_input):
        return None
    counter = Counter(x, y, sized)
    heights = sorted({max(1, min(block // counter.width, len(counter.rows))) for block in BLOCKS})
    counter.resize(min(heights, key=counter.seconds) if len(counter.rows) > heights[-1] else heights[-1])
    return counter


class Counter:
    """Runs rows of the plane, several a call.

    Attributes:
        columns, rows: ordinals of the first and of the second input.
        width: numbers of a row, filled up.
        height: rows of a call.
        formats: of the output, and of each gradient that there is.
    """

    def __init__(self, x: Engine, y: Engine, sized: list[list[Any]]) -> None:
        self.x, self.y, self.sized = x, y, sized
        self.columns, self.rows = every(x), every(y)
        self.width = -(-len(self.columns) // STRETCH) * STRETCH
        self.formats: list[FloatFormat] = []
        self.resize(1)
        self.graph = self.made()

    def resize(self, height: int) -> None:
        """Take so many rows a call."""
        self.height = height
        row = np.append(self.columns, np.full(self.width - len(self.columns), self.columns[-1]))
        self.xs = to_tensor(self.x.fmt, np.tile(row, height))

    def seconds(self, height: int) -> float:
        """Time of a row with so many of them a call, the best of a few, from 1 on or as near as the rows go."""
        self.resize(height)
        near = int(np.searchsorted(self.rows, int(self.y.fmt.encode(1.0))))
        start = max(0, min(near, len(self.rows) - height))
        times = []
        for _ in range(1 + TRIALS):
            began = perf_counter()
            self.boxes(self.rows[start : start + height])
            times.append(perf_counter() - began)
        return min(times[1:]) / height

    def boxes(self, rows: Ordinals) -> list[Boxes]:
        """The boxes of each gradient on at most `height` rows."""
        output, *gradients = self.run(rows)
        columns = iter(gradients)
        connected = [has_gradient(concrete) for of_input in self.sized for concrete in of_input]
        return [
            row_boxes(*self.taken_apart(output, next(columns) if has else None), rows, self.columns)
            for has in connected
        ]

    def taken_apart(self, output: "Column", gradient: "Column | None") -> tuple[NDArray[np.intp], Codes]:
        """Where codes begin in rows that follow one another, and those; of stretches of several, number by number."""
        above = gradient.told if gradient else np.full_like(output.told, NONE)
        mixed = (output.told == UNKNOWN) | (above == UNKNOWN)
        codes = (output.told | above << np.uint8(COLUMN_BITS)).astype(np.int64)
        inside = output.codes(mixed) | (gradient.codes(mixed) if gradient else np.uint8(NONE)) << np.uint8(COLUMN_BITS)
        change = np.ones(inside.shape, bool)
        np.not_equal(inside[:, 1:], inside[:, :-1], out=change[:, 1:])
        stretch, offset = np.nonzero(change)
        first = np.append(np.flatnonzero(~mixed) * STRETCH, np.flatnonzero(mixed)[stretch] * STRETCH + offset)
        order = np.argsort(first)
        row, column = np.divmod(first[order], self.width)
        real = column < len(self.columns)
        found = np.append(codes[~mixed], inside[stretch, offset])[order]
        return (row * len(self.columns) + column)[real], found[real]

    def run(self, rows: Ordinals) -> list["Column"]:
        """The output on some rows, and each gradient that there is."""
        xs = self.xs[: len(rows) * self.width] if len(rows) < self.height else self.xs
        try:
            results = self.graph(xs, to_tensor(self.y.fmt, rows))
        except tf.errors.OpError as error:
            name, where = self.y.target.inputs[self.y.plan.index].name, self.y.fmt.text(int(rows[0]))
            message = f"{self.y.target.name}: it raised for pairs from {name} = {where} on: {words(error)}"
            raise CannotCheck(CANNOT_TRACE, f"{message}; leave that out with --range") from error
        return [Column(np.asarray(memoryview(bits)), fmt) for bits, fmt in zip(results, self.formats, strict=True)]

    def made(self) -> Any:
        """The graph, from all numbers of the rows and one number a row."""

        def run(xs: Tensor, ys: Tensor) -> list[Tensor]:
            shape = tf.stack([tf.shape(ys)[0], self.width])
            pair = [barrier(xs), barrier(tf.reshape(tf.broadcast_to(ys[:, None], shape), [-1]))]
            results = [[concrete(*pair) for concrete in of_input] for of_input in self.sized]
            gradients = [g for of_input in results for _, *gradient in of_input for g in gradient]
            wanted = [results[0][self.x.written][0], *gradients]
            self.formats = [FORMATS[values.dtype.name] for values in wanted]
            return [bits_of(barrier(values)) for values in wanted]

        specs = [tf.TensorSpec([None], engine.fmt.name) for engine in (self.x, self.y)]
        return tf.function(run, autograph=False).get_concrete_function(*specs)


class Column:
    """The output, or one gradient, on some rows: stretches of equal length.

    Attributes:
        bits: as signed integers [stretches, STRETCH].
        told: the code of each stretch, UNKNOWN where there are several.
    """

    def __init__(self, bits: NDArray[Any], fmt: FloatFormat) -> None:
        self.bits = bits.reshape(-1, STRETCH)
        self.magnitude = np.iinfo(bits.dtype).max
        self.infinity = bits.dtype.type(fmt.max_ordinal + 1)
        unsigned = f"uint{fmt.bits}"
        negative = np.dtype(unsigned).type(fmt.max_ordinal + 1 + (1 << (fmt.bits - 1)))
        odd = self.bits.max(axis=1) >= self.infinity  # of numbers above 0
        odd |= self.bits.view(unsigned).max(axis=1) >= negative  # of those below, whose bits are larger
        self.told = np.where(odd, UNKNOWN, np.uint8(0))
        if odd.any():
            self.told[odd] = self.of_one_class(odd)

    def of_one_class(self, stretches: NDArray[np.bool_]) -> NDArray[np.uint8]:
        """The codes of some stretches that are not all finite."""
        bits = self.bits[stretches]
        least, most = bits.min(axis=1), bits.max(axis=1)
        low = (bits & self.magnitude).min(axis=1)
        infinite = (least == most) & (low == self.infinity)
        sign = np.where(least < 0, np.uint8(3), np.uint8(2))
        told: NDArray[np.uint8] = np.where(low > self.infinity, np.uint8(1), np.where(infinite, sign, UNKNOWN))
        return told

    def codes(self, stretches: NDArray[np.bool_]) -> NDArray[np.uint8]:
        """Codes [of them, STRETCH] of some stretches, number by number."""
        bits = self.bits[stretches]
        sizes = bits & self.magnitude
        infinite = sizes == self.infinity
        codes: NDArray[np.uint8] = (sizes > self.infinity).view(np.uint8)
        codes |= infinite.view(np.uint8) << np.uint8(1)
        codes |= (infinite & (bits < 0)).view(np.uint8)
        return codes


def every(engine: Engine) -> Ordinals:
    """All ordinals of a plan."""
    return np.concatenate([np.arange(lo, hi + 1, dtype=np.int64) for lo, hi in engine.plan.segments])
