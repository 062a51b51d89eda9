"""Regions: maximal intervals of one class, their ends exact.

In: samples of a sweep and a classifier. Out: the regions of each segment of the plan. Every change of class between two
samples is bisected to neighbouring floats; what is found is then doubted: the floats around every end, and the simplest
float of every region, are run too, until nothing new turns up.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradcheck.bisection import Classify, Samples, bisect, extend
from gradcheck.floats import FloatFormat, Ordinals
from gradcheck.options import MAX_CHANGES
from gradcheck.records import Class, InputPlan, Region, TracedInput
from gradcheck.simplest import simplest

ROUNDS = 4
"""Times that found ends and witnesses are doubted."""

DOUBTS = np.unique(np.concatenate([2 ** np.arange(12), -(2 ** np.arange(12)), np.arange(-8, 9)]))
"""Floats around an end, by distance, that are run to see whether the class changes back."""


@dataclass(frozen=True)
class Run:
    """Adjacent floats of one class, or of a mixture: first and last ordinal, and the codes that were seen."""

    lo: int
    hi: int
    codes: frozenset[int]

    @property
    def is_mixed(self) -> bool:
        """Whether more than one code was seen."""
        return len(self.codes) > 1

    @property
    def floats(self) -> int:
        """How many floats it holds."""
        return self.hi - self.lo + 1


MIXTURE_GAP = 4
"""Regions between two mixed stretches that may be no more than a gap in the sampling, if they are narrow too."""

Columns = Callable[[int], tuple[Class, ...]]


def refine(samples: Samples, plan: InputPlan, fmt: FloatFormat, classify: Classify) -> Samples:
    """Bisect all changes of class, doubt them, and bisect what the doubts turn up; segment by segment."""
    parts = [refined(samples.between(lo, hi), fmt, classify) for lo, hi in plan.segments]
    return Samples(np.concatenate([p.ordinals for p in parts]), np.concatenate([p.codes for p in parts]))


def refined(samples: Samples, fmt: FloatFormat, classify: Classify) -> Samples:
    """`refine` for the samples of one segment, both ends among them."""
    for _ in range(ROUNDS):
        samples = bisect(samples, classify, MAX_CHANGES)
        known = len(samples.changes())
        samples = extend(samples, doubtful(samples, fmt), classify)
        if len(samples.changes()) == known:
            break
    return bisect(samples, classify, MAX_CHANGES)


def doubtful(samples: Samples, fmt: FloatFormat) -> Ordinals:
    """Floats around the closed ends, and the simplest float between each two."""
    at = samples.changes()
    at = samples.prominent(at[~samples.is_open(at)], MAX_CHANGES)
    near = (samples.ordinals[at][:, None] + DOUBTS).ravel()
    simple = [simplest(fmt, run.lo, run.hi) for run in segment_runs(samples)]
    wanted = np.concatenate([near, np.array(simple, dtype=np.int64)])
    inside: Ordinals = wanted[(wanted >= samples.ordinals[0]) & (wanted <= samples.ordinals[-1])]
    return inside


def find(
    samples: Samples, plan: InputPlan, traced: TracedInput, versions: tuple[str, ...], columns: Columns
) -> tuple[Region, ...]:
    """The regions of refined samples, for the swept input and the names of the gradient columns."""
    regions = []
    for run in runs(samples, plan):
        forward, *gradients = merged([columns(code) for code in sorted(run.codes)])
        witness = witness_of(samples, traced.fmt, run.lo, run.hi)
        by_version = dict(zip(versions, gradients, strict=True))
        regions.append(Region(traced.name, traced.fmt, run.lo, run.hi, forward, by_version, witness))
    return tuple(regions)


def merged(seen: list[tuple[Class, ...]]) -> list[Class]:
    """Column by column the one class that was seen, or mixed."""
    return [column[0] if len(set(column)) == 1 else Class.MIXED for column in zip(*seen, strict=True)]


def runs(samples: Samples, plan: InputPlan) -> list[Run]:
    """The runs of one class within each segment."""
    return [run for lo, hi in plan.segments for run in segment_runs(samples.between(lo, hi))]


def segment_runs(samples: Samples) -> list[Run]:
    """The runs of one class in the samples of one segment.

    Samples between which a change of class was left open, or is one of too many, belong to one run: it is mixed.
    """
    changes = samples.changes()
    ends = samples.prominent(changes[~samples.is_open(changes)], MAX_CHANGES)
    found = []
    for a, b in zip([0, *(ends + 1)], [*ends, len(samples) - 1], strict=True):
        inside = changes[(changes >= a) & (changes < b)]
        codes = frozenset(samples.codes[[a, *(inside + 1)]].tolist())
        found.append(Run(int(samples.ordinals[a]), int(samples.ordinals[b]), codes))
    return absorbed(found)


def absorbed(segment: list[Run]) -> list[Run]:
    """Join mixed runs with what little lies between them: a gap in the sampling of one mixture."""
    kept: list[Run] = []
    for run in segment:
        kept.append(run)
        while run.is_mixed:
            before = next((i for i in range(len(kept) - 2, -1, -1) if kept[i].is_mixed), None)
            if before is None or len(kept) - before - 2 > MIXTURE_GAP:
                break
            if kept[-1].lo - kept[before].hi > max(kept[-1].floats, kept[before].floats):
                break
            joined = frozenset().union(*(r.codes for r in kept[before:]))
            kept[before:] = [Run(kept[before].lo, kept[-1].hi, joined)]
    return kept


def witness_of(samples: Samples, fmt: FloatFormat, lo: int, hi: int) -> int:
    """The simplest float of a run, if it was sampled (and so confirmed), else the sample next to it."""
    wanted = simplest(fmt, lo, hi)
    at = int(np.searchsorted(samples.ordinals, wanted))
    nearest = int(samples.ordinals[min(at, len(samples) - 1)])
    return nearest if lo <= nearest <= hi else lo
