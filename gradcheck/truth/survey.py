"""The survey: regions of classes become regions of verdicts.

In: the regions of a sweep, a judge, and a way to run points. Out: the same stretches of the line, split where the
verdict changes (inside or outside the domain; right, vanished, inaccurate or wrong; the kind of what is not finite).
The truth is asked for at a bounded number of points: both ends, the middle and the witness of each region, even draws
of ordinals and decimals from the whole line, and the middles of bisected brackets.
"""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gradcheck.bisection import Codes, Indices, Samples, bisect, extend, sample
from gradcheck.floats import FloatFormat, Ordinals, distinct
from gradcheck.options import MAX_VERDICT_CHANGES
from gradcheck.records import Class, Domain, Kind, Region
from gradcheck.simplest import simplest
from gradcheck.truth.judging import Judge, Judgement, Point

PointsAt = Callable[[Ordinals], list[Point]]
SEVERITY = (Class.WRONG, Class.INACCURATE, Class.VANISHED)
"""Of several classes in one run, the one that it is said to be; a run that is 0 in parts is inaccurate."""
KINDS = (Kind.NUMERICAL, Kind.UNDECIDED, Kind.SINGULAR, Kind.OVERFLOW)
CALM_CHANGES = 6
"""Changes of verdict in one region up to which each is followed."""

FLICKERS = 3
"""Bad runs with few good samples between them from which on they are one stretch."""

QUIET_SAMPLES = 12
"""Good samples in a row that end a stretch in which verdicts flicker."""

MAX_CLOSE_LOOKS = 128
"""Regions that are looked into; of further, narrower ones only the witness is judged."""

MIXED_LOOKS = 64
"""Points that are judged in a region whose class flickers."""


class Survey:
    """Verdicts as class codes, so that they can be bisected as classes are."""

    def __init__(self, judge: Judge, points_at: PointsAt) -> None:
        self.judge = judge
        self.points_at = points_at
        self.seen: list[Judgement] = []
        self.points: dict[int, Point] = {}

    def run(self, ordinals: Ordinals) -> None:
        """Run those points that were not run yet, all in one go."""
        fresh = np.array([o for o in distinct(ordinals).tolist() if o not in self.points], dtype=np.int64)
        if len(fresh):
            self.points |= {point.ordinal: point for point in self.points_at(fresh)}

    def classify(self, ordinals: Ordinals) -> Codes:
        """A code a point; points of one code are judged alike."""
        self.run(ordinals)
        codes = []
        for ordinal in ordinals.tolist():
            judgement = self.judge.judge(self.points[ordinal])
            if judgement not in self.seen:
                self.seen.append(judgement)
            codes.append(self.seen.index(judgement))
        return np.array(codes, dtype=np.int64)

    def split(self, region: Region, ordinals: Ordinals, budget: int) -> tuple[list[Region], int]:
        """One region by its verdicts, and how many changes were followed."""
        samples = sample(ordinals, self.classify)
        quiet = self.quiet_changes(samples)
        changes = samples.prominent(quiet, budget) if budget else quiet[:0]
        bad = [self.seen[code].is_bad for code in samples.codes.tolist()]
        left = sorted(set(quiet.tolist()) - set(changes.tolist()))
        ends = {self.rough_end(samples, i) for i in left if bad[i] != bad[i + 1]}
        brackets = [Samples(samples.ordinals[i : i + 2], samples.codes[i : i + 2]) for i in changes]
        for bracket in brackets:
            fine = bisect(bracket, self.classify, 1)
            fresh = samples.missing(fine.ordinals)
            samples = samples.merge(fresh, fine.codes[np.searchsorted(fine.ordinals, fresh)])
        return [self.judged(region, lo, hi, codes, samples) for lo, hi, codes in parts(samples, ends)], len(changes)

    def rough_end(self, samples: Samples, i: int) -> int:
        """Where a change that is not followed is cut: beside the sample that is bad, so that no good stretch is."""
        bad = self.seen[int(samples.codes[i])].is_bad
        return int(samples.ordinals[i]) if bad else int(samples.ordinals[i + 1]) - 1

    def quiet_changes(self, samples: Samples) -> Indices:
        """The changes of verdict to follow: all, or without those inside stretches that flicker.

        A gradient that has lost its digits is right here and there by chance. Where verdicts change often, good runs of
        few samples between bad ones belong to the bad stretch.
        """
        changes = samples.changes()
        if len(changes) <= CALM_CHANGES:
            return changes
        bad = flickering(np.array([self.seen[code].is_bad for code in samples.codes.tolist()]))
        both: Indices = changes[~(bad[changes] & bad[changes + 1])]
        return both

    def at_a_glance(self, region: Region, ordinals: Ordinals) -> Region:
        """A region with the worst verdict on some of its points; of a mixture, on those that are not finite."""
        samples = sample(ordinals, self.classify)
        codes = frozenset(samples.codes.tolist())
        odd = frozenset(code for code in codes if self.seen[code].is_odd)
        judged = self.judged(region, region.lo, region.hi, odd or codes, samples)
        if is_mixed(region) and not any(self.seen[code].domain is not Domain.OUTSIDE for code in odd):
            return replace(judged, domain=Domain.OUTSIDE, defect=False)  # what is not finite in it are holes
        return judged

    def judged(self, region: Region, lo: int, hi: int, codes: frozenset[int], samples: Samples) -> Region:
        """A part of a region with its verdict; of several, the worst."""
        verdict = worst([self.seen[code] for code in sorted(codes)])
        columns = dict(zip(self.judge.names, verdict.gradients, strict=True))
        own = {
            name: region.gradients[name] if region.gradients[name] is Class.MIXED else found
            for name, (found, _) in columns.items()
        }
        if lo != hi and Class.MIXED not in own.values():
            samples = extend(samples, np.array([simplest(region.fmt, lo, hi)]), self.classify)
        inside = samples.between(lo, hi)
        guilty = [
            int(o)
            for o, code in zip(inside.ordinals, inside.codes, strict=True)
            if self.seen[code].gradients == verdict.gradients
        ]
        return replace(
            region,
            lo=lo,
            hi=hi,
            gradients=own,
            domain=verdict.domain,
            defect=verdict.defect,
            border=verdict.border,
            kinds={name: kind for name, (_, kind) in columns.items() if kind is not None},
            losses={name: self.worst_loss(name, inside) for name in columns},
            witness=plainest(region.fmt, guilty or [lo]),
        )

    def worst_loss(self, name: str, samples: Samples) -> float:
        """The largest loss of one version among judged samples."""
        return max((self.judge.losses.get((name, o), 0.0) for o in samples.ordinals.tolist()), default=0.0)


def flickering(bad: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Flags of samples, where few good ones lie between bad ones, three times and more in a row, all bad."""
    edges = np.concatenate([[0], np.flatnonzero(bad[1:] != bad[:-1]) + 1, [len(bad)]]).tolist()
    runs = list(pairwise(edges))
    filled: NDArray[np.bool_] = bad.copy()
    chain: list[int] = []
    for i, (start, stop) in enumerate([*runs, (0, QUIET_SAMPLES)]):
        if i < len(runs) and bad[start]:
            chain.append(i)
        elif chain and (i >= len(runs) - 1 or stop - start >= QUIET_SAMPLES):
            if len(chain) >= FLICKERS:
                filled[runs[chain[0]][0] : runs[chain[-1]][1]] = True
            chain = []
    return filled


def survey(regions: tuple[Region, ...], judge: Judge, points_at: PointsAt, draws: Ordinals) -> tuple[Region, ...]:
    """Every region judged, and split where the verdict changes; the truth is asked at `draws` too."""
    looks = looks_at(regions, draws)
    surveyor, budget = Survey(judge, points_at), MAX_VERDICT_CHANGES
    surveyor.run(np.concatenate(looks))
    found: dict[int, list[Region]] = {}
    for i in sorted(range(len(regions)), key=lambda i: (-regions[i].floats, i)):  # the widest have the first call
        if is_mixed(regions[i]) or len(looks[i]) == 1:
            found[i] = [surveyor.at_a_glance(regions[i], looks[i])]
            continue
        found[i], followed = surveyor.split(regions[i], looks[i], budget)
        budget -= followed
    return tuple(region for i in range(len(regions)) for region in found[i])


def looks_at(regions: tuple[Region, ...], draws: Ordinals) -> list[Ordinals]:
    """The points to judge in each region: its ends, middle and simplest numbers, and the draws that fall into it."""
    widest = sorted(range(len(regions)), key=lambda i: (-regions[i].floats, i))
    close = set(widest[:MAX_CLOSE_LOOKS])
    looks = []
    for i, region in enumerate(regions):
        plain = simplest(region.fmt, region.lo, region.hi)
        own = np.array([region.lo, region.hi, (region.lo + region.hi) // 2, region.witness, plain], dtype=np.int64)
        inside = draws[(draws > region.lo) & (draws < region.hi)]
        if is_mixed(region):
            inside = np.concatenate([inside[:MIXED_LOOKS], integers(region)])
        looks.append(np.concatenate([own, inside]) if i in close or is_mixed(region) else own[3:4])
    return looks


def integers(region: Region) -> Ordinals:
    """Some integers of a region, where functions with many poles have them."""
    low, high = (region.fmt.value(o) for o in (region.lo, region.hi))
    numbers = np.unique(np.round(np.linspace(low, high, MIXED_LOOKS)))
    ordinals: Ordinals = region.fmt.encode(numbers[(numbers >= low) & (numbers <= high)])
    return ordinals


def is_mixed(region: Region) -> bool:
    """Whether the classes in a region were too many to tell apart."""
    return Class.MIXED in (region.forward, *region.gradients.values())


def parts(samples: Samples, rough: set[int]) -> list[tuple[int, int, frozenset[int]]]:
    """Runs of one code, cut at closed changes and at rough ends; between other changes a run has several codes."""
    changes = samples.changes()
    closed = samples.ordinals[changes[~samples.is_open(changes)]].tolist()
    last = int(samples.ordinals[-1])
    ends = [*sorted(e for e in {*closed, *rough} if e < last), last]
    found = []
    lo = int(samples.ordinals[0])
    for hi in ends:
        codes = samples.between(lo, hi).codes
        if len(codes):
            found.append((lo, hi, frozenset(codes.tolist())))
            lo = hi + 1
    return found


def worst(judgements: list[Judgement]) -> Judgement:
    """One judgement for a run in which several were made: the worst of each column."""
    if len(judgements) == 1:
        return judgements[0]
    domains = {j.domain for j in judgements}
    domain = Domain.INSIDE if Domain.INSIDE in domains else Domain.UNDECIDED if len(domains) > 1 else domains.pop()
    columns = []
    for column in zip(*(j.gradients for j in judgements), strict=True):
        classes = [c for c, _ in column]
        kinds = [k for _, k in column if k is not None]
        columns.append(
            (
                next((c for c in SEVERITY if c in classes), classes[0]),
                next((k for k in KINDS if k in kinds), None),
            )
        )
    return Judgement(domain, any(j.defect for j in judgements), tuple(columns), all(j.border for j in judgements))


def plainest(fmt: FloatFormat, ordinals: list[int]) -> int:
    """The ordinal whose decimal is the shortest, and of those the one nearest to 0."""
    return min(ordinals, key=lambda o: (len(fmt.text(o)), abs(o)))
