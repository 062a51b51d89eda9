"""Whether several modes agree, float by float.

In: a target in each of them, and what was found in each. Out: the findings of all of them together, what is the same
told once, and GC007 where their classes differ.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from gradcheck import checks, explaining, planning, regions
from gradcheck.bisection import sample
from gradcheck.options import ScanOptions
from gradcheck.records import (
    Domain,
    Elsewhere,
    Finding,
    InputPlan,
    ModeRegion,
    ModeResult,
    Region,
    Sweep,
    TracedTarget,
    Witness,
)
from gradcheck.vocabulary import PLACES, SEVERITIES

if TYPE_CHECKING:
    from gradcheck.engine import Engine


@dataclass(frozen=True)
class Swept:
    """One input's sweep in one mode, and what was found."""

    target: TracedTarget
    sweep: Sweep
    findings: tuple[Finding, ...]


def together(swept: Mapping[str, Swept], plan: InputPlan, options: ScanOptions) -> tuple[Finding, ...]:
    """The findings of all modes on one input."""
    found: list[Finding] = []
    for mode, one in swept.items():
        new = [f for f in one.findings if not any(is_told(f, other) for other in found)]
        where = "" if mode == next(iter(swept)) else f"{PLACES[mode]}, "
        found += [replace(f, mode=mode, message=where + f.message) for f in new]
    if len(swept) > 1:
        found += disagreements(swept, plan, options)
    return tuple(sorted(found, key=lambda f: -SEVERITIES.index(f.severity)))


def is_told(finding: Finding, other: Finding) -> bool:
    """Whether another mode's finding is the same, or overlaps: where just one of them is bad, GC007 says so."""
    same = (finding.code, finding.version, finding.severity) == (other.code, other.version, other.severity)
    if finding.lo is None or finding.hi is None or other.lo is None or other.hi is None:
        return same
    return same and finding.lo <= other.hi and other.lo <= finding.hi


def disagreements(swept: Mapping[str, Swept], plan: InputPlan, options: ScanOptions) -> list[Finding]:
    """Where the classes of the modes differ, to the exact float."""
    from gradcheck.engine import Engine
    from gradcheck.engine.panels import Panel

    panel = Panel({mode: Engine(one.target, plan) for mode, one in swept.items()})
    first = next(iter(swept.values()))
    traced = first.sweep.input
    ends = [end for one in swept.values() for r in one.sweep.regions for end in (r.lo, r.hi, r.witness)]
    planned = planning.first_ordinals(plan, traced.fmt, (), options.seed, first.target.looped)
    samples = sample(np.concatenate([planned, np.array(ends, np.int64)]), panel.classify)
    samples = regions.refine(samples, plan, traced.fmt, panel.classify)
    columns = tuple(f"{mode} {name}" for mode in swept for name in ("output", *panel.names))
    every = regions.find(samples, plan, traced, columns, lambda code: (panel.columns(code)[0], *panel.columns(code)))
    outside = [r for r in first.sweep.regions if r.domain is Domain.OUTSIDE]
    compared = tuple(mode_region(r, tuple(swept), panel.names, outside) for r in every)
    found = checks.gc007.find(compared, panel.names, traced.name)
    return [with_witness(finding, panel.engines) for finding in found]


def mode_region(region: Region, modes: tuple[str, ...], names: tuple[str, ...], outside: list[Region]) -> ModeRegion:
    """A region of all modes' columns, mode by mode."""
    results = {
        mode: ModeResult(
            region.gradients[f"{mode} output"], {name: region.gradients[f"{mode} {name}"] for name in names}
        )
        for mode in modes
    }
    inside = not any(r.lo <= region.witness <= r.hi for r in outside)
    domain = None if inside else Domain.OUTSIDE
    return ModeRegion(region.fmt, region.lo, region.hi, region.witness, results, domain)


def with_witness(finding: Finding, engines: Mapping[str, "Engine"]) -> Finding:
    """A finding with what comes out at its witness in each mode."""
    assert finding.at is not None, "a disagreement is seen at a float"
    (first, *others) = engines.items()
    inputs, output, gradients = first[1].values_at([finding.at])[0]
    elsewhere = []
    for mode, engine in others:
        ((_, y, found),) = engine.values_at([finding.at])
        at = finding.fmt.shortest(finding.at)
        elsewhere.append(Elsewhere(at, mode, engine.target.block, y, found[finding.version]))
    told = replace(finding, witness=Witness(inputs, output, gradients[finding.version]), elsewhere=tuple(elsewhere))
    return replace(told, suggestion=explaining.suggest(finding))
