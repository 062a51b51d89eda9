"""Words of a report that every renderer for people shares.

In: records. Out: short texts, undressed: how a result was obtained, and what it rests on.
"""

from gradcheck.records import Region, Sweep, TargetReport
from gradcheck.renderers.accuracy import accuracy


def coverage(target: TargetReport) -> str:
    """How the results were obtained."""
    proven = "of pairs the classes are proven, the truth was asked at a few" if target.plane else ""
    parts = [f"{method(target)}, {'/'.join(target.modes)} mode", accuracy(target), truth(target), proven]
    return "; ".join(part for part in parts if part)


def is_judged(target: TargetReport) -> bool:
    """Whether the verdicts rest on real arithmetic."""
    return all(s.truth and s.truth.points and not s.truth.approximate for s in target.sweeps)


def truth(target: TargetReport) -> str:
    """What the verdicts rest on."""
    references = [s.truth for s in target.sweeps]
    approximate = sorted({op for r in references if r for op in r.approximate})
    points = sum(r.points for r in references if r)
    if not all(references) or not points:
        return f"the truth is not known{' (no rule for: ' + ', '.join(approximate) + ')' if approximate else ''}"
    if approximate:
        return f"approximate: float64 stands in for the truth (no rule for: {', '.join(approximate)})"
    return f"truth from real arithmetic at {points:,} of {'the floats' if target.plane else 'them'}"


def method(target: TargetReport) -> str:
    """Exhaustive or sampled, with the counts."""
    evaluated = sum(s.evaluated for s in target.sweeps)
    floats = sum(s.plan.floats for s in target.sweeps)
    if all(s.exhaustive for s in target.sweeps):
        return f"exhaustive: all {floats:,} floats{pairs(target)} run"
    return f"sampled: {evaluated:,} of {count(floats)} floats run"


def pairs(target: TargetReport) -> str:
    """A word on the pairs that were run too."""
    return f" and all {target.plane.pairs:,} pairs" if target.plane else ""


def effective(target: TargetReport) -> str:
    """The version that training runs."""
    return "custom" if "custom" in target.versions else "autodiff"


def span(sweep: Sweep) -> str:
    """The ranges that were swept."""
    fmt = sweep.input.fmt
    if sweep.plan.segments == ((fmt.min_ordinal, fmt.max_ordinal),):
        return f"every finite {fmt.name}"
    return f"{fmt.name} " + " and ".join(f"[{fmt.text(lo)}, {fmt.text(hi)}]" for lo, hi in sweep.plan.segments)


def held(target: TargetReport, sweep: Sweep) -> str:
    """Where the other inputs were held meanwhile."""
    others = [s for s in target.sweeps if s is not sweep]
    places = [f"{s.input.name} = {s.input.fmt.text(sweep.plan.held[s.plan.index])}" for s in others]
    return f" ({', '.join(places)})" if places else ""


def share(region: Region, sweep: Sweep) -> str:
    """The share of all floats of the plan, or their number where they are few."""
    part = region.floats / sweep.plan.floats
    return f"{part:.1%}" if part >= 0.001 else count(region.floats)


def count(floats: int) -> str:
    """A number of floats, rounded where it is astronomical."""
    return f"{floats:,}" if floats < 10**12 else f"{floats:.3g}"
