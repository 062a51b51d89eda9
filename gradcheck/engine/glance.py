"""A glance at a block: where all that a graph makes of the swept input first is one value, so is the rest.

In: a counter's graph and a block. Out: summaries of its pieces, or None where only a look at every float tells.
Rounding makes this common: exp(z) is exactly 1, 0 or inf on nine tenths of all floats. Every float goes through those
first operations (see `heads`); what is behind them runs on some floats of each piece, and would give the same for the
others, since it would get the same numbers.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from gradcheck.engine.heads import heads_of, optimized
from gradcheck.engine.summaries import bits_of
from gradcheck.floats import Doubles
from gradcheck.records import Tensor

SWEPT = "swept"
"""Name of the node behind which the swept input is."""

SOME = 64
"""Floats of a piece that go the whole way: several of the vectors in which kernels take them."""

FEWEST = 64
"""Blocks of a line from which on glances are worth their graph, which takes some tenths of a second to make."""

PAUSE = 8
"""Blocks that are looked at float by float after a glance that told nothing."""


class Glance:
    """Glances at blocks of one width; any thread may.

    Attributes:
        graph: from offsets, those of some floats of each piece, and first bits to numbers [columns, pieces]: whether
            each piece has one value behind every head, and the summary of some of its floats.
        some: the offsets of those.
    """

    def __init__(self, graph: Any, some: Tensor) -> None:
        self.graph, self.some = graph, some
        self.wait = 0

    def told(self, offsets: Tensor, first: Tensor) -> Doubles | None:
        """The summaries [pieces, columns] of the pieces of a block, if each has one value behind every head."""
        if self.wait > 0:
            self.wait -= 1
            return None
        rows: Doubles = self.graph(offsets, self.some, first).numpy().T
        if rows[:, 0].all():
            return rows[:, 1:]
        self.wait = PAUSE
        return None


def glance_of(
    concrete: Any,
    arguments: tuple[Tensor, Tensor],
    piece: int,
    swept: Callable[[Tensor], Tensor],
    summed: Callable[[Tensor, int], list[Tensor]],
) -> Glance | None:
    """A glance for the graph `concrete`, which takes offsets and the first bits; None where its heads are not told.

    `swept` makes floats of bits; `summed` is all that the graph does, from bits and the size of a piece to columns.
    """
    graph = optimized(concrete, arguments) if piece > SOME else None
    heads = heads_of(graph, SWEPT) if graph is not None else None
    if heads is None:
        return None
    offsets, first = arguments
    some = tf.reshape(tf.reshape(offsets, [-1, piece])[:, :SOME], [-1])

    def run(offsets: Tensor, some: Tensor, first: Tensor) -> Tensor:
        one = tf.reduce_all([is_one(h, piece) for h in heads(swept(offsets + first))], axis=0)
        return tf.stack([tf.cast(column, tf.float64) for column in (one, *summed(some + first, SOME))])

    specs = [tf.TensorSpec([None], offsets.dtype)] * 2 + [tf.TensorSpec([], first.dtype)]
    return Glance(direct(tf.function(run, autograph=False).get_concrete_function(*specs)), some)


def is_one(values: Tensor, piece: int) -> Tensor:
    """Whether the values of each piece, floats or truth values, have the same bits."""
    pieces = tf.reshape(values, [-1, piece])
    bits = tf.cast(pieces, tf.int8) if pieces.dtype == tf.bool else bits_of(pieces)
    return tf.equal(tf.reduce_min(bits, axis=-1), tf.reduce_max(bits, axis=-1))


def direct(concrete: Any) -> Any:
    """A concrete function without what Python does for arguments of any structure, a tenth of a block's time."""
    call = getattr(getattr(concrete, "_inference_function", None), "call_preflattened", None)
    if call is None:  # another TensorFlow
        return concrete
    return lambda *arguments: call([*arguments, *concrete.captured_inputs])
