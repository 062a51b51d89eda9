"""Runs of gradients that are exactly 0: where a gradient may have vanished.

In: regions, the first samples of a sweep and a classifier that tells 0 from other numbers. Out: the same regions, split
at the ends of runs of zeros. A gradient that is noise, or oscillates, is 0 in many places; it is left alone.
"""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from gradcheck.bisection import Classify, Samples, bisect
from gradcheck.options import MAX_ZERO_CHANGES
from gradcheck.records import Class, Region


def split_at_zeros(
    regions: tuple[Region, ...], samples: Samples, classify: Classify, zeros: dict[str, int]
) -> tuple[Region, ...]:
    """Split regions where a gradient becomes 0; `zeros` has, for each version, the bit mask of its being 0."""
    every = sum(zeros.values())
    flags = Samples(samples.ordinals, samples.codes & every)
    changes = flags.changes()
    if len(changes) > MAX_ZERO_CHANGES:
        return regions
    followed = set(samples.ordinals[changes].tolist())
    found: list[Region] = []
    for region in regions:
        if Class.MIXED in (region.forward, *region.gradients.values()) or region.lo == region.hi:
            found.append(region)
            continue
        found += split(region, flags, followed, lambda o: classify(o) & every, zeros)
    return tuple(found)


def split(
    region: Region, flags: Samples, followed: set[int], classify: Classify, zeros: dict[str, int]
) -> list[Region]:
    """One region, split at the ends of its runs of zeros."""
    inside = flags.between(region.lo, region.hi)
    ends = np.array([region.lo, region.hi], dtype=np.int64)
    inside = inside.merge(fresh := inside.missing(ends), classify(fresh)) if len(inside.missing(ends)) else inside
    at = [i for i in inside.changes() if int(inside.ordinals[i]) in followed or i in (0, len(inside) - 2)]
    cuts = [closed(Samples(inside.ordinals[i : i + 2], inside.codes[i : i + 2]), classify) for i in at]
    edges = [region.lo, *(c + 1 for c in cuts if c < region.hi), region.hi + 1]
    return [marked(cut(region, lo, hi - 1), inside, zeros) for lo, hi in pairwise(edges) if lo < hi]


def cut(region: Region, lo: int, hi: int) -> Region:
    """A part of a region."""
    return replace(region, lo=lo, hi=hi, witness=region.witness if lo <= region.witness <= hi else lo)


def closed(bracket: Samples, classify: Classify) -> int:
    """The last float in front of a change between two samples."""
    fine = bisect(bracket, classify, 1)
    return int(fine.ordinals[fine.changes()[0]])


def marked(region: Region, samples: Samples, zeros: dict[str, int]) -> Region:
    """A region in which every sampled gradient of a version is 0, said to be so."""
    codes = samples.between(region.lo, region.hi).codes
    if not len(codes):
        return region
    common = int(np.bitwise_and.reduce(codes))
    gradients = {
        name: Class.ZERO if found is Class.FINITE and common & zeros[name] else found
        for name, found in region.gradients.items()
    }
    return replace(region, gradients=gradients)
