"""A proof of one sweep: every float of the plan was run, so the classes that a sample showed are known everywhere.

In: an engine and the samples of a sweep. Out: a `Proof`, which answers like the engine, from memory.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

import numpy as np

from gradcheck import progress
from gradcheck.bisection import Codes, Samples, extend
from gradcheck.engine import Engine
from gradcheck.engine.census import census
from gradcheck.engine.runs import Runs
from gradcheck.floats import Ordinals
from gradcheck.pipeline.resuming import Resumable

EVERY = 1.0
"""Seconds between two words on how far it is."""

NOISE = "its class changes from float to float, too often to be listed: it was sampled"


@dataclass(frozen=True)
class Proof:
    """What is known of a line.

    Attributes:
        engine: runs single floats.
        first: samples with the bits of zero gradients: those of the sample, and both ends of every run.
        runs: all floats; None where they were only sampled.
        notes: what the user should know of it.
    """

    engine: Engine
    first: Samples
    runs: Runs | None = None
    notes: tuple[str, ...] = ()

    def classify(self, ordinals: Ordinals) -> Codes:
        """Combined class codes [n] of ordinals [n]."""
        return self.engine.without_zeros(self.classify_zeros(ordinals))

    def classify_zeros(self, ordinals: Ordinals) -> Codes:
        """The same, and bits that say which gradients are exactly 0."""
        return self.engine.classify_zeros(ordinals) if self.runs is None else self.runs.code_at(ordinals)

    @property
    def zero_bits(self) -> dict[str, int]:
        """The bit for each version; none where zeros flicker."""
        return self.engine.zero_bits() if self.runs is None or self.runs.zeros else {}


def proof_of(engine: Engine, sampled: Samples) -> Proof:
    """Run every float that is not known yet; what the samples showed in blocks of their own size is held against it."""
    resumable = Resumable(engine)
    tell = teller(resumable.begun.floats, resumable.words)
    runs = census(engine, tell, resumable.begun, resumable.keep)
    if runs is None:
        return Proof(engine, sampled, notes=(NOISE,))
    here, there = runs.code_at(sampled.ordinals), sampled.codes
    if not runs.zeros:
        here, there = (engine.without_zeros(codes) for codes in (here, there))
    first = extend(Samples(sampled.ordinals, here), runs.samples().ordinals, runs.code_at)
    return Proof(engine, first, runs, words_on(engine, sampled.ordinals[here != there]))


def words_on(engine: Engine, other: Ordinals) -> tuple[str, ...]:
    """A note on floats whose class depends on whether TensorFlow knows the size of the tensor."""
    if not len(other):
        return ()
    places = f"{len(other):,} of the sampled floats, {engine.fmt.text(int(other[0]))} among them"
    return (
        f"at {places}, the class is another one in tensors that are known to hold {engine.target.block:,} floats;"
        " shown is that of tensors of unknown size",
    )


def teller(begun: int = 0, first: str = "", what: str = "floats") -> Callable[[int, int], None]:
    """Says once a second, after the `first` words, how far it is, how fast since it has begun, and how much is left.

    `what` is counted.
    """
    start = last = monotonic()
    if first:
        progress.tell(first.rstrip(":; "))

    def tell(done: int, total: int) -> None:
        nonlocal last
        now = monotonic()
        if now - last < EVERY:
            return
        last, rate = now, (done - begun) / (now - start)
        left = (total - done) / rate
        far = f"{done:,} of {total:,} {what}, {rate / 1e6:,.0f} million a second, {np.ceil(left):.0f} s left"
        progress.tell(first + far)

    return tell
