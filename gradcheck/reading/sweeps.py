"""The sweeps of a saved report.

In: a target's part of the document. Out: a sweep an input, its regions as they were shown: those that differ in what
has no column are one already.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

from gradcheck.floats import FORMATS, FloatFormat
from gradcheck.reading.curves import read_curve
from gradcheck.reading.parts import Part
from gradcheck.records import Class, Domain, InputPlan, Reference, Region, Screen, Sweep, TracedInput
from gradcheck.vocabulary import VERSIONS

Ends = tuple[int, int]


def read_sweeps(part: Part, versions: tuple[str, ...]) -> tuple[Sweep, ...]:
    """The sweep of every input."""
    inputs = part.key("inputs").items()
    if not inputs:
        return ()
    if "autodiff" not in versions:
        raise part.key("versions").mistake("autodiff is not among them")
    traced = [read_input(i) for i in inputs]
    names = [i.name for i in traced]
    for i, name in zip(inputs, names, strict=True):
        if names.count(name) > 1:
            raise i.mistake(f"several inputs are called {name!r}")
    held = tuple(read_held(i, t.fmt) for i, t in zip(inputs, traced, strict=True))
    plans = [
        InputPlan(index, read_segments(i.key("ranges"), t.fmt), held)
        for index, (i, t) in enumerate(zip(inputs, traced, strict=True))
    ]
    regions = regions_by_input(part, dict(zip(names, zip(traced, plans, strict=True), strict=True)), versions)
    counts, screens = read_counts(part, inputs, plans), read_screens(part, traced)
    curves = [read_curve(i.maybe("curve"), t.fmt) for i, t in zip(inputs, traced, strict=True)]
    return tuple(
        Sweep(plans[k], t, tuple(regions[t.name]), *counts[k], screen=screens[k], curve=curves[k])
        for k, t in enumerate(traced)
    )


def read_input(part: Part) -> TracedInput:
    """One input."""
    shape = part.all("shape", lambda size: None if size.value is None else size.whole())
    return TracedInput(part.key("name").text(), FORMATS[part.key("dtype").one_of(FORMATS)], shape)


def read_held(part: Part, fmt: FloatFormat) -> int:
    """Where an input was held while another one was swept."""
    found = part.maybe("held")
    return found.ordinal(fmt) if found else 0


def read_segments(part: Part, fmt: FloatFormat) -> tuple[Ends, ...]:
    """Ranges, in order."""
    segments = [read_range(item, fmt) for item in part.items()]
    if not segments or any(before[1] >= after[0] for before, after in pairwise(segments)):
        raise part.mistake("there should be ranges, the lower ones first, none of which meet")
    return tuple(segments)


def read_range(part: Part, fmt: FloatFormat) -> Ends:
    """Both ends of a range."""
    ends = [item.ordinal(fmt) for item in part.items()]
    if len(ends) != 2 or ends[0] > ends[1]:
        raise part.mistake("a range has two ends, the lower one first")
    return ends[0], ends[1]


def read_interval(part: Part, fmt: FloatFormat) -> Ends:
    """Both ends of a stretch."""
    lo, hi = part.key("lo").ordinal(fmt), part.key("hi").ordinal(fmt)
    if lo > hi:
        raise part.mistake("its lo is above its hi")
    return lo, hi


def regions_by_input(
    part: Part, known: dict[str, tuple[TracedInput, InputPlan]], versions: tuple[str, ...]
) -> dict[str, list[Region]]:
    """The regions of each input, which lie within its ranges, in order."""
    found: dict[str, list[Region]] = {name: [] for name in known}
    for item in part.key("regions").items():
        name = item.key("input").one_of(found)
        traced, plan = known[name]
        region = read_region(item, traced, versions)
        before = found[name][-1].hi + 1 if found[name] else plan.segments[0][0]
        if region.lo < before or region.hi > plan.segments[-1][1]:
            raise item.mistake("it is not in the ranges of its input, behind the one before it")
        found[name].append(region)
    return found


def read_region(part: Part, traced: TracedInput, versions: tuple[str, ...]) -> Region:
    """One region; every version of the target has a class."""
    lo, hi = read_interval(part, traced.fmt)
    columns = {name: part.maybe(name) for name in VERSIONS}
    for name in versions:
        if columns[name] is None:
            raise part.mistake(f"{name} has no class here, and is a version of the target")
    witness, domain = part.maybe("witness"), part.maybe("domain")
    return Region(
        input=traced.name,
        fmt=traced.fmt,
        lo=lo,
        hi=hi,
        forward=part.key("forward").member(Class),
        gradients={name: column.member(Class) for name, column in columns.items() if column},
        witness=witness.ordinal(traced.fmt) if witness else min(max(lo, 0), hi),
        domain=domain.member(Domain) if domain else None,
    )


Counts = tuple[int, bool, bool, "Reference | None"]
"""Of one input: floats that were run, whether those are all, whether the output varies, what the verdicts rest on."""


def read_counts(part: Part, inputs: Sequence[Part], plans: Sequence[InputPlan]) -> list[Counts]:
    """What was run of each input."""
    if all("evaluated" in i.object() for i in inputs):
        return [read_count(i) for i in inputs]
    coverage, truth = part.key("coverage"), part.maybe("truth")  # an older report tells of all inputs together
    exhaustive = coverage.key("method").one_of(("sampled", "exhaustive")) == "exhaustive"
    evaluated = shared(coverage.key("evaluated").whole(), [plan.floats for plan in plans])
    return [(n, exhaustive, True, t) for n, t in zip(evaluated, read_truths(truth, len(plans)), strict=True)]


def read_count(part: Part) -> Counts:
    """What was run of one input."""
    truth = part.maybe("truth")
    return (
        part.key("evaluated").whole(),
        part.key("exhaustive").flag(),
        part.key("varies").flag(),
        Reference(truth.key("points").whole(), truth.all("approximate", Part.text)) if truth else None,
    )


def read_truths(part: Part | None, inputs: int) -> list[Reference | None]:
    """What the verdicts rest on, where that is told of all inputs together."""
    if part is None:
        return [None] * inputs
    method, points = part.key("method").one_of(("rigorous", "approximate", "none")), part.key("points").whole()
    approximate = part.all("approximate", Part.text)
    counts = [points, *[0] * (inputs - 1)] if method == "none" else shared(points, [0] * inputs)
    return [Reference(n, approximate) for n in counts]


def shared(total: int, most: Sequence[int]) -> list[int]:
    """A number in about equal parts, that of the first what is left over; no part larger than it may be (0: any)."""
    parts = [min(total // len(most), limit) if limit else total // len(most) for limit in most]
    return [parts[0] + total - sum(parts), *parts[1:]]


def read_screens(part: Part, traced: Sequence[TracedInput]) -> list[Screen | None]:
    """How the gradients of each input compare with those in float64; of all inputs, or of none."""
    coverage = part.maybe("coverage")
    screen = coverage.maybe("screen") if coverage else None
    if screen is None:
        return [None] * len(traced)
    joined = screen.key("joined").flag()
    stretches, left = (read_stretches(screen.key(key), traced) for key in ("stretches", "unlisted"))
    return [Screen(tuple(stretches[i.name]), joined, tuple(left[i.name])) for i in traced]


def read_stretches(part: Part, traced: Sequence[TracedInput]) -> dict[str, list[Ends]]:
    """Stretches by input."""
    known: dict[str, Callable[[Part], Ends]] = {
        i.name: lambda item, fmt=i.fmt: read_interval(item, fmt)  # type: ignore[misc]
        for i in traced
    }
    found: dict[str, list[Ends]] = {name: [] for name in known}
    for item in part.items():
        name = item.key("input").one_of(known)
        found[name].append(known[name](item))
    return found
