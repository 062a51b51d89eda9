"""Regions as they are shown.

In: the regions of a sweep, which are split wherever a verdict changes. Out: those that differ in a column, and what is
to be seen of one at a glance.
"""

from dataclasses import replace

from gradcheck.records import Class, Domain, Region


def visible(regions: tuple[Region, ...]) -> tuple[Region, ...]:
    """Neighbours that differ only in what has no column (the kind of a finding) as one region."""
    shown: list[Region] = []
    for region in regions:
        last = shown[-1] if shown else None
        if last and last.hi + 1 == region.lo and columns(last) == columns(region):
            shown[-1] = replace(last, hi=region.hi)
        else:
            shown.append(region)
    return tuple(shown)


def columns(region: Region) -> tuple[object, ...]:
    """What is shown of a region besides its ends."""
    return region.input, region.forward, region.domain, *sorted((n, c.value) for n, c in region.gradients.items())


def kind_of(region: Region, version: str) -> str:
    """Which mark a region gets for a version: good, forward (only the output is not finite), wrong, bad, undefined."""
    if region.domain is Domain.OUTSIDE:
        return "undefined"
    if region.gradients[version] in (Class.VANISHED, Class.INACCURATE, Class.WRONG):
        return "wrong"
    if region.gradients[version] not in (Class.FINITE, Class.NONE):
        return "bad"
    return "good" if region.forward is Class.FINITE else "forward"
