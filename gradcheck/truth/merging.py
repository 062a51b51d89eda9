"""Merging: judged stretches that differ in nothing worth telling are one region.

In: regions of verdicts, as the survey left them. Out: fewer of them, which touch where theirs did.
"""

from dataclasses import replace

from gradcheck.records import Class, Region

SMALLEST_ROUNDING = 2.0**-15
"""Loss of a stretch below which it is not the rounding of sums: a 64th of u S, in units of ROUNDINGS u S."""

NARROW = 8
"""A stretch this many times narrower than both of its inaccurate neighbours happens to be right there. (One of zeros is
a part of them at any width: what has lost its digits takes few values, and 0 is one.)"""


def merged(regions: tuple[Region, ...]) -> tuple[Region, ...]:
    """Neighbours that differ in nothing as one region; gradients of exactly 0 are then finite."""
    plain_ones = [replace(r, gradients={n: plain(c) for n, c in r.gradients.items()}) for r in regions]
    once = joined(plain_ones)
    while len(calm := joined(calmed(once))) < len(once):
        once = calm
    return tuple(joined(noticeable(calm)))


def noticeable(regions: list[Region]) -> list[Region]:
    """Regions without the wrong gradients that rounding explains (judging.py); adjacent ones are taken together."""
    found = list(regions)
    for name in regions[0].gradients:
        bad = [r.gradients[name] in (Class.VANISHED, Class.INACCURATE) for r in regions]
        start = 0
        while start < len(regions):
            stop = start + 1
            while stop < len(regions) and bad[stop] == bad[start] and regions[stop - 1].hi + 1 == regions[stop].lo:
                stop += 1
            if bad[start] and SMALLEST_ROUNDING <= max(r.losses.get(name, 0.0) for r in regions[start:stop]) < 1:
                for i in range(start, stop):
                    found[i] = replace(found[i], gradients={**found[i].gradients, name: Class.FINITE})
            start = stop
    return found


def calmed(regions: list[Region]) -> list[Region]:
    """Regions in which what is narrow and lies in the middle of an inaccurate stretch is a part of it."""
    found = list(regions)
    for i in range(1, len(found) - 1):
        before, here, after = found[i - 1 : i + 2]
        if before.hi + 1 == here.lo and here.hi + 1 == after.lo:
            narrow = here.floats * NARROW < min(before.floats, after.floats)
            absorbed = {
                n: c is Class.VANISHED or (narrow and c.is_number)
                for n, c in here.gradients.items()
                if before.gradients[n] is after.gradients[n] is Class.INACCURATE
            }
            gradients = {n: Class.INACCURATE if absorbed.get(n) else c for n, c in here.gradients.items()}
            found[i] = replace(here, gradients=gradients)
    return [with_defect(found, i) for i in range(len(found))]


def with_defect(regions: list[Region], i: int) -> Region:
    """A region at the edge of the largest floats, where rounding might explain an infinity, beside one where not."""
    here = regions[i]
    beside = [
        r
        for r in regions[max(i - 1, 0) : i + 2]
        if r.defect and r.forward is here.forward and r.floats > NARROW * here.floats
    ]
    return replace(here, defect=True, border=False) if beside and here.border else here


def joined(regions: list[Region]) -> list[Region]:
    """Neighbours that differ in nothing as one region."""
    found: list[Region] = []
    for region in regions:
        if found and alike(found[-1], region):
            keep = min(found[-1], region, key=lambda r: (len(r.fmt.text(r.witness)), abs(r.witness)))
            losses = {n: max(found[-1].losses.get(n, 0.0), loss) for n, loss in region.losses.items()}
            found[-1] = replace(found[-1], hi=region.hi, witness=keep.witness, losses=losses)
        else:
            found.append(region)
    return found


def plain(found: Class) -> Class:
    """A class as it is reported."""
    return Class.FINITE if found is Class.ZERO else found


def alike(a: Region, b: Region) -> bool:
    """Whether two regions touch and differ in no column."""
    return a.hi + 1 == b.lo and replace(a, lo=0, hi=0, witness=0) == replace(b, lo=0, hi=0, witness=0)
