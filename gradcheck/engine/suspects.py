"""Suspects: stretches of floats whose gradients look wrong, a bounded number of them.

In: flags of neighbouring floats. Out: disjoint stretches, outside of which no float is flagged.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradcheck.bisection import Indices
from gradcheck.floats import Ordinals


@dataclass(frozen=True)
class Suspects:
    """Disjoint stretches of the line.

    Attributes:
        lo, hi: first and last ordinals [n], sorted; both are flagged.
        joined: whether floats that are not lie between them, since there were too many stretches.
    """

    lo: Ordinals
    hi: Ordinals
    joined: bool = False

    def and_then(self, other: "Suspects") -> "Suspects":
        """These, and others behind them; neighbours are one."""
        if not len(other.lo):
            return self
        touching = slice(1, None) if len(self.lo) and other.lo[0] == self.hi[-1] + 1 else slice(0, None)
        lo = np.append(self.lo, other.lo[touching])
        hi = np.append(self.hi[: len(self.hi) - (touching.start or 0)], other.hi)
        return Suspects(lo, hi, self.joined or other.joined)

    def fewer(self, most: int) -> "Suspects":
        """At most so many, the widest gaps between them kept."""
        if len(self.lo) <= most:
            return self
        cuts = np.sort(np.argsort(-self.gaps, kind="stable")[: most - 1])
        return self.cut(cuts)

    def calmed(self, most: int, apart: int) -> "Suspects":
        """Where more than so many lie less than `apart` from one to the next, they are one."""
        far = self.gaps >= apart
        group = np.append(0, np.cumsum(far))
        return self.cut(np.flatnonzero(far | (np.bincount(group)[group[1:]] <= most))) if len(self.lo) else self

    @property
    def gaps(self) -> Ordinals:
        """How far it is from each to the next [n - 1]."""
        return self.lo[1:] - self.hi[:-1]

    def cut(self, cuts: Indices) -> "Suspects":
        """These stretches, apart only behind those at `cuts`."""
        joined = self.joined or len(cuts) < len(self.lo) - 1
        return Suspects(self.lo[np.append(0, cuts + 1)], self.hi[np.append(cuts, len(self.lo) - 1)], joined)


def suspects_of(lo: int, flags: NDArray[np.bool_]) -> Suspects:
    """The runs of flagged floats, the first of the flags at `lo`."""
    edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0)) + lo
    return Suspects(edges[::2], edges[1::2] - 1)


NONE = Suspects(np.empty(0, np.int64), np.empty(0, np.int64))
