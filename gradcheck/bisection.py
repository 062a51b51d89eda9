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

from gradcheck.floats import Ordinals, distinct

Codes: TypeAlias = NDArray[np.int64]
GROWTH = 8
"""Brackets a followed change may split into, on average: a bound for functions whose class is noise."""

Indices: TypeAlias = NDArray[np.intp]
Classify: TypeAlias = Callable[[Ordinals], Codes]


@dataclass(frozen=True)
class Samples:
    """Sorted, distinct ordinals, shape [n], and the class code of each, shape [n]."""

    ordinals: Ordinals
    codes: Codes

    def __len__(self) -> int:
        return len(self.ordinals)

    def between(self, lo: int, hi: int) -> "Samples":
        """The samples from ordinal `lo` to ordinal `hi`, both included."""
        start, stop = np.searchsorted(self.ordinals, lo), np.searchsorted(self.ordinals, hi, side="right")
        return Samples(self.ordinals[start:stop], self.codes[start:stop])

    def missing(self, ordinals: Ordinals) -> Ordinals:
        """Those of `ordinals`, sorted and distinct, that are not sampled."""
        wanted = distinct(ordinals)
        if not len(self):
            return wanted
        place = np.minimum(np.searchsorted(self.ordinals, wanted), len(self) - 1)
        fresh: Ordinals = wanted[self.ordinals[place] != wanted]
        return fresh

    def merge(self, ordinals: Ordinals, codes: Codes) -> "Samples":
        """These samples and more; `ordinals` are sorted, distinct and not sampled yet."""
        place = np.searchsorted(self.ordinals, ordinals)
        return Samples(np.insert(self.ordinals, place, ordinals), np.insert(self.codes, place, codes))

    def changes(self) -> Indices:
        """Indices i where the class changes between sample i and sample i + 1."""
        return np.flatnonzero(self.codes[1:] != self.codes[:-1])

    def prominent(self, at: Indices, limit: int) -> Indices:
        """The `limit` changes, of those in `at`, that bound the widest runs of one class; sorted."""
        if len(at) <= limit:
            return at
        every = self.changes()
        ends = self.ordinals[np.concatenate([[0], every + 1, [len(self) - 1]])].astype(np.float64)
        widths = np.diff(ends)
        prominence = np.maximum(widths[:-1], widths[1:])[np.searchsorted(every, at)]
        return np.sort(at[np.argsort(-prominence, kind="stable")[:limit]])

    def is_open(self, at: Indices) -> NDArray[np.bool_]:
        """Which of the changes in `at` still have floats between their two samples."""
        apart: NDArray[np.bool_] = self.ordinals[at + 1] - 1 != self.ordinals[at]
        return apart


def sample(ordinals: Ordinals, classify: Classify) -> Samples:
    """Classify `ordinals` (any order, repeats allowed)."""
    wanted = distinct(ordinals)
    return Samples(wanted, classify(wanted))


def extend(samples: Samples, ordinals: Ordinals, classify: Classify) -> Samples:
    """Classify those of `ordinals` that are not sampled yet."""
    fresh = samples.missing(ordinals)
    return samples.merge(fresh, classify(fresh)) if len(fresh) else samples


def bisect(samples: Samples, classify: Classify, limit: int) -> Samples:
    """Close every change of class down to two neighbouring floats.

    Where there are more than `limit` changes, the most prominent are closed and the rest stay open.
    """
    at = samples.changes()
    at = samples.prominent(at[samples.is_open(at)], limit)
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
    ordinals, codes = np.concatenate([o for o, _ in found]), np.concatenate([c for _, c in found])
    order = np.argsort(ordinals)
    return samples.merge(ordinals[order], codes[order])


def midpoint(lo: Ordinals, hi: Ordinals) -> Ordinals:
    """floor((lo + hi) / 2) without overflow, for a line that may span all of 64 bits."""
    return (lo & hi) + ((lo ^ hi) >> 1)
