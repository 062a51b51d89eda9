"""One input of one target, from its plan to its explained findings.

In: a traced target, a plan and options. Out: a `Sweep` and its findings.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from gradcheck import checks, explaining, planning, regions, truth
from gradcheck.bisection import Samples, sample
from gradcheck.floats import Ordinals
from gradcheck.options import ScanOptions
from gradcheck.pipeline.curves import Remembering, curve_of
from gradcheck.planning.dangers import danger_ordinals
from gradcheck.records import Finding, InputPlan, Reference, Study, Sweep, TracedTarget, Version

if TYPE_CHECKING:
    from gradcheck.engine import Engine


def sweep_and_check(
    target: TracedTarget, plan: InputPlan, options: ScanOptions, original: Study | None = None
) -> tuple[Sweep, tuple[Finding, ...]]:
    """Sweep one input: a plan becomes samples, samples regions, regions findings, findings explained findings.

    `original` is the function whose truth is to be met, where that is not the target's own.
    """
    from gradcheck.engine import Engine
    from gradcheck.engine.evidence import require_elementwise, varies
    from gradcheck.pipeline.accuracy import NOT_SCREENED, screening_of
    from gradcheck.pipeline.proofs import Proof, proof_of
    from gradcheck.pipeline.rechecks import rechecked

    engine = Engine(target, plan)
    require_elementwise(engine, options.seed)
    traced, versions = target.inputs[plan.index], engine.versions
    exhaustive = planning.is_exhaustive(plan, traced.fmt, target.looped)
    first = sample(first_ordinals(engine, plan, exhaustive, options.seed), engine.classify_zeros)
    proof = proof_of(engine, first) if options.exhaustive and not exhaustive else Proof(engine, first)
    samples = Samples(proof.first.ordinals, engine.without_zeros(proof.first.codes))
    if not exhaustive:
        samples = regions.refine(samples, plan, traced.fmt, proof.classify)
    names = tuple(v.name for v in versions)
    found = regions.find(samples, plan, traced, names, engine.columns)
    judge, reference = judge_of(target, plan, versions, options, original)
    every, evaluated, screening = proof.runs is not None, len(samples), NOT_SCREENED
    run = Remembering(points_of(engine))
    draws = truth.drawn(plan, traced.fmt, judge.held if judge else (), options.seed)
    if judge is not None:
        if proof.zero_bits:
            found = truth.split_at_zeros(found, proof.first, proof.classify_zeros, proof.zero_bits)
        screening = screening_of(proof, judge) if options.exhaustive and (exhaustive or every) else NOT_SCREENED
        found = truth.survey(found, judge, run, np.concatenate([draws, screening.points]))
        reference = replace(reference, points=len(judge.known)) if reference else None
    found = truth.merged(found)
    sweep = Sweep(
        plan,
        traced,
        found,
        evaluated=plan.floats if every else evaluated,
        exhaustive=exhaustive or every,
        varies=varies(engine, samples.ordinals),
        truth=reference,
        notes=(*proof.notes, *screening.notes),
        screen=screening.listed(found),
    )
    if original is None:  # a replacement is only tried
        sweep = replace(sweep, curve=curve_of(sweep, draws, run, judge))
    findings = checks.find(target.name, sweep, versions, target.stops)
    told = explaining.explain(findings, knowledge_of(engine, versions, judge))
    return sweep, told if original else rechecked(engine, told)  # of a replacement nothing else is asked


def knowledge_of(engine: "Engine", versions: tuple[Version, ...], judge: truth.Judge | None) -> explaining.Knowledge:
    """What explaining may ask of one sweep."""
    return explaining.Knowledge(
        values_at=engine.values_at,
        true_values=partial(truth.true_values, judge) if judge else lambda ordinal: (None, None),
        studies={version.name: version.study() for version in versions},
        local_errors=truth.local_errors_at,
    )


def judge_of(
    target: TracedTarget,
    plan: InputPlan,
    versions: tuple[Version, ...],
    options: ScanOptions,
    original: Study | None = None,
) -> tuple[truth.Judge | None, Reference | None]:
    """Who judges the gradients; None where TensorFlow could not make a program, or an operation has no rule."""
    studies = {version.name: study for version in versions if (study := version.study()) is not None}
    if len(studies) < len(versions):
        return None, None
    judge, missing = truth.judge_of(original or next(iter(studies.values())), studies, target.inputs, plan, options)
    return judge, (Reference(0, missing) if judge or missing else None)


def points_of(engine: "Engine") -> Callable[[Ordinals], list[truth.Point]]:
    """A way to run points and get them one by one."""

    def points_at(ordinals: Ordinals) -> list[truth.Point]:
        values = engine.values(ordinals)
        columns = [[None] * len(ordinals) if g is None else g.tolist() for g in values.gradients]
        rows = zip(*columns, strict=True)
        return [
            truth.Point(o, y, tuple(row))
            for o, y, row in zip(ordinals.tolist(), values.outputs.tolist(), rows, strict=True)
        ]

    return points_at


def first_ordinals(engine: "Engine", plan: InputPlan, exhaustive: bool, seed: int) -> Ordinals:
    """Where the sweep starts: the plan's own ordinals, and those that drive an intermediate into danger."""
    from gradcheck.engine.probing import Prober

    constants = tuple(sorted({c for version in engine.versions for c in version.constants}))
    ordinals = planning.first_ordinals(plan, engine.fmt, constants, seed, engine.target.looped)
    if exhaustive:
        return ordinals
    probes = [Prober(engine, version.probe) for version in engine.versions if version.probe]
    return np.concatenate([ordinals, *(danger_ordinals(plan, engine.fmt, p.look, seed) for p in probes)])
