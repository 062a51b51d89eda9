"""Suspects: stretches of floats whose gradients look wrong, a bounded number of them.

In: flags of neighbouring floats. Out: disjoint stretches, outside of which no float is flagged.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradcheck.floats import Ordinals


@dataclass(frozen=True)
class Suspects:
    """Disjoint stretches of the line, first and last ordinals [n], sorted."""

    lo: Ordinals
    hi: Ordinals

    @property
    def floats(self) -> int:
        """How many floats they hold."""
        return int((self.hi - self.lo + 1).sum())

    def and_then(self, other: "Suspects") -> "Suspects":
        """These, and others behind them."""
        return Suspects(np.append(self.lo, other.lo), np.append(self.hi, other.hi)) if len(other.lo) else self

    def fewer(self, most: int) -> "Suspects":
        """At most so many, the widest gaps between them kept; neighbours without a gap are one anyway."""
        gaps = self.lo[1:] - self.hi[:-1] - 1
        cuts = np.sort(np.argsort(-gaps, kind="stable")[: most - 1])
        cuts = cuts[gaps[cuts] > 0]
        return (
            Suspects(self.lo[np.append(0, cuts + 1)], self.hi[np.append(cuts, len(self.hi) - 1)]) if len(gaps) else self
        )


def suspects_of(lo: int, flags: NDArray[np.bool_]) -> Suspects:
    """The runs of flagged floats, the first of the flags at `lo`."""
    edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0)) + lo
    return Suspects(edges[::2], edges[1::2] - 1)


NONE = Suspects(np.empty(0, np.int64), np.empty(0, np.int64))
