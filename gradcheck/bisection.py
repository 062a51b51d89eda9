"""Bisection on the line of floats, all changes at once.

In: samples (ordinals with a class code each) and a function that classifies an array of ordinals. Out: more samples,
so that every change of class lies between two neighbouring floats. One call of the classifier halves every bracket;
where the middle belongs to a third class, both halves go on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from gradcheck.floats import Ordinals

Codes: TypeAlias = NDArray[np.int64]
GROWTH = 8
"""Brackets a followed change may split into, on average: a bound for functions whose class is noise."""

Classify: TypeAlias = Callable[[Ordinals], Codes]


@dataclass(frozen=True)
class Samples:
    """Sorted, distinct ordinals, shape [n], and the class code of each, shape [n]."""

    ordinals: Ordinals
    codes: Codes

    def __len__(self) -> int:
        return len(self.ordinals)

    def merge(self, ordinals: Ordinals, codes: Codes) -> "Samples":
        """These samples and more; where an ordinal is in both, the code that was there first stays."""
        if not len(ordinals):
            return self
        both, first = np.unique(np.concatenate([self.ordinals, ordinals]), return_index=True)
        return Samples(both, np.concatenate([self.codes, codes])[first])

    def changes(self) -> NDArray[np.intp]:
        """Indices i where the class changes between sample i and sample i + 1."""
        return np.flatnonzero(self.codes[1:] != self.codes[:-1])

    def open_changes(self) -> NDArray[np.intp]:
        """The changes that still have floats between their two samples."""
        at = self.changes()
        return at[self.ordinals[at + 1] - 1 != self.ordinals[at]]


def sample(ordinals: Ordinals, classify: Classify) -> Samples:
    """Classify `ordinals` (any order, repeats allowed)."""
    distinct = np.unique(ordinals)
    return Samples(distinct, classify(distinct))


def extend(samples: Samples, ordinals: Ordinals, classify: Classify) -> Samples:
    """Classify those of `ordinals` that are not sampled yet."""
    fresh = np.setdiff1d(ordinals, samples.ordinals)
    return samples.merge(fresh, classify(fresh)) if len(fresh) else samples


def bisect(samples: Samples, classify: Classify, limit: int, centre: int = 0) -> Samples:
    """Close every change of class down to two neighbouring floats.

    At most `limit` changes are followed; where there are more, those nearest to the ordinal `centre` (in absolute
    value) are, and the rest stay open (`Samples.open_changes`).
    """
    at = samples.open_changes()
    if len(at) > limit:
        distance = np.abs(np.abs(samples.ordinals[at].astype(np.float64)) - centre)
        at = np.sort(at[np.argsort(distance, kind="stable")[:limit]])
    lo, hi = samples.ordinals[at], samples.ordinals[at + 1]
    lo_codes, hi_codes = samples.codes[at], samples.codes[at + 1]
    found: list[tuple[Ordinals, Codes]] = []
    while len(lo):
        middle = midpoint(lo, hi)
        codes = classify(middle)
        found.append((middle, codes))
        left, right = codes != lo_codes, codes != hi_codes
        lo, hi, lo_codes, hi_codes = (
            np.concatenate([lo[left], middle[right]]),
            np.concatenate([middle[left], hi[right]]),
            np.concatenate([lo_codes[left], codes[right]]),
            np.concatenate([codes[left], hi_codes[right]]),
        )
        wide = hi - 1 != lo
        wide &= np.cumsum(wide) <= GROWTH * limit
        lo, hi, lo_codes, hi_codes = lo[wide], hi[wide], lo_codes[wide], hi_codes[wide]
    if not found:
        return samples
    return samples.merge(np.concatenate([o for o, _ in found]), np.concatenate([c for _, c in found]))


def midpoint(lo: Ordinals, hi: Ordinals) -> Ordinals:
    """floor((lo + hi) / 2) without overflow, for a line that may span all of 64 bits."""
    return (lo & hi) + ((lo ^ hi) >> 1)
