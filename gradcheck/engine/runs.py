"""Runs: adjacent floats of one class, by which a whole line is known in little memory.

In: codes of neighbouring floats, or runs of parts of the line. Out: runs that are as long as they can be, so that the
same codes have the same runs whatever parts they came in.
"""

from dataclasses import dataclass

import numpy as np

from gradcheck.bisection import Codes, Samples
from gradcheck.floats import Ordinals


@dataclass(frozen=True)
class Runs:
    """Adjacent floats of one code.

    Attributes:
        lo, hi: first and last ordinals [n], sorted.
        codes: combined codes [n], as of `Engine.classify_zeros`.
        zeros: whether the codes say which gradients are 0; not where they flicker.
    """

    lo: Ordinals
    hi: Ordinals
    codes: Codes
    zeros: bool = True

    @property
    def floats(self) -> int:
        """How many floats there are in all."""
        return int((self.hi - self.lo + 1).sum())

    def samples(self) -> Samples:
        """Both ends of every run."""
        several = self.lo != self.hi
        keep = np.stack([np.ones_like(several), several], axis=1).ravel()
        return Samples(np.stack([self.lo, self.hi], axis=1).ravel()[keep], np.repeat(self.codes, 2)[keep])

    def code_at(self, ordinals: Ordinals) -> Codes:
        """The codes [n] of ordinals [n] of the plan."""
        codes: Codes = self.codes[np.searchsorted(self.lo, ordinals, side="right") - 1]
        return codes

    def between(self, lo: int, hi: int) -> "Runs":
        """What lies from one ordinal to another, both included."""
        keep = (self.hi >= lo) & (self.lo <= hi)
        return Runs(np.maximum(self.lo[keep], lo), np.minimum(self.hi[keep], hi), self.codes[keep])


def joined(parts: list[Runs]) -> Runs:
    """Parts of the line in order, neighbours of one code as one run."""
    lo, hi, codes = (np.concatenate([getattr(p, name) for p in parts]) for name in ("lo", "hi", "codes"))
    order = np.argsort(lo)
    lo, hi, codes = lo[order], hi[order], codes[order]
    first = np.ones(len(lo), bool)
    first[1:] = (codes[1:] != codes[:-1]) | (lo[1:] != hi[:-1] + 1)
    return Runs(lo[first], hi[np.append(first[1:], True)], codes[first])


def taken_apart(ordinals: Ordinals, codes: Codes) -> Runs:
    """Codes of neighbouring floats as runs."""
    first = np.flatnonzero(np.concatenate([[True], codes[1:] != codes[:-1]]))
    return Runs(ordinals[first], ordinals[np.append(first[1:] - 1, len(codes) - 1)], codes[first])
