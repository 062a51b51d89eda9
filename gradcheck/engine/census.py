"""Every float: the whole plan through the output and through every version's gradient, a proof instead of a sample.

In: an engine. Out: `Runs`: adjacent floats of one class. Each Python thread runs its own stretches of the line, and
TensorFlow one thread an operation.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import TypeAlias

import tensorflow as tf

from gradcheck.engine import Engine
from gradcheck.engine.counter import Counter, counter_of, one_by_one
from gradcheck.engine.runs import Runs
from gradcheck.engine.tally import Tally
from gradcheck.machine import cores, in_order, keep_memory

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


def set_up() -> None:
    """Tell TensorFlow to leave the cores to this module's threads, which is too late once it has run anything."""
    keep_memory()
    with contextlib.suppress(RuntimeError):
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(cores())  # graphs run on these, not on the callers


def parts_of(engine: Engine, done: int = 0) -> Iterator[Runs]:
    """The runs of each stretch of the plan, but for the floats at its beginning that are done."""
    if done == engine.plan.floats:
        return
    segments = list(signed(engine.plan.segments))
    counter = counter_of(engine, segments)
    yield from runs_of(engine, counter, stretches_of(segments, size_of(engine, counter), done))


def size_of(engine: Engine, counter: Counter | None) -> int:
    """Floats of a stretch."""
    return counter.width if counter else engine.target.block


def runs_of(engine: Engine, counter: Counter | None, stretches: Iterator[Stretch]) -> Iterator[Runs]:
    """The runs of each stretch."""
    if counter is None:
        yield from (one_by_one(engine, lo, hi) for lo, hi, _, _ in stretches)
        return
    yield from in_order(lambda stretch: counter.stretch(*stretch), stretches)


def stretches_of(segments: list[tuple[int, int]], size: int, done: int) -> Iterator[Stretch]:
    """First and last ordinal of each stretch of at most `size` floats, and those of its segment."""
    for lo, hi in segments:
        skipped = min(done, hi - lo + 1)
        done -= skipped
        yield from ((start, min(start + size - 1, hi), lo, hi) for start in range(lo + skipped, hi + 1, size))


def signed(segments: tuple[tuple[int, int], ...]) -> Iterator[tuple[int, int]]:
    """Segments, cut at 0: bits of negative floats go the other way."""
    for lo, hi in segments:
        if lo < 0:
            yield lo, min(hi, -1)
        if hi >= 0:
            yield max(lo, 0), hi
