"""The run: targets and options become a report, stage by stage.

This is the only file that sees every stage. TensorFlow is imported by loading a SavedModel, by tracing and by the
engine, so those two are imported when the first target has been loaded: a target that cannot be imported is told at
once.
"""

import platform
import sys
from collections.abc import Callable
from functools import partial
from importlib import metadata
from typing import TYPE_CHECKING

import numpy as np

from gradcheck import __version__, checks, explaining, loading, planning, regions, truth
from gradcheck.bisection import Samples, sample
from gradcheck.errors import CannotCheck
from gradcheck.floats import Ordinals
from gradcheck.options import ScanOptions
from gradcheck.planning.dangers import danger_ordinals
from gradcheck.records import (
    Environment,
    Finding,
    InputPlan,
    Reference,
    Report,
    Sweep,
    TargetError,
    TargetReport,
    TracedTarget,
    Version,
)

if TYPE_CHECKING:
    from gradcheck.engine import Engine

TENSORFLOW_PACKAGES = ("tensorflow", "tensorflow-cpu", "tensorflow-intel", "tf-nightly", "tensorflow-macos")

Progress = Callable[[str], None]


def run(targets: tuple[str, ...], options: ScanOptions, progress: Progress = lambda target: None) -> Report:
    """Scan every target; what goes wrong with one is in its report, and the rest still run."""
    loading.make_working_directory_importable()
    reports: list[TargetReport] = []
    for text in targets:
        progress(text)
        try:
            names = loading.expand(text)
        except CannotCheck as error:
            reports.append(failed(text, error))
            continue
        for name in names:
            progress(name)
            reports.append(scan(name, options))
    return Report(__version__, environment(), tuple(reports), options.seed)


def scan(name: str, options: ScanOptions) -> TargetReport:
    """One target, from its name to its report."""
    try:
        loaded = loading.load(name)
        against = loading.load(options.against) if options.against else None
        from gradcheck import tracing  # imports TensorFlow

        target = tracing.trace(loaded, options.dtype, against)
        plans = planning.plan_inputs(name, target.inputs, options)
        results = [sweep_and_check(target, plan, options) for plan in plans]
    except CannotCheck as error:
        return failed(name, error)
    return TargetReport(
        target=name,
        inputs=target.inputs,
        versions=tuple(v.name for v in target.versions[0]),
        modes=("graph",),
        sweeps=tuple(sweep for sweep, _ in results),
        findings=tuple(finding for _, findings in results for finding in findings),
        notes=target.notes,
    )


def sweep_and_check(target: TracedTarget, plan: InputPlan, options: ScanOptions) -> tuple[Sweep, tuple[Finding, ...]]:
    """Sweep one input: a plan becomes samples, samples regions, regions findings, findings explained findings."""
    from gradcheck.engine import Engine
    from gradcheck.engine.evidence import require_elementwise, varies

    engine = Engine(target, plan)
    require_elementwise(engine, options.seed)
    traced, versions = target.inputs[plan.index], engine.versions
    exhaustive = planning.is_exhaustive(plan, traced.fmt, target.looped)
    first = sample(first_ordinals(engine, plan, exhaustive, options.seed), engine.classify_zeros)
    samples = Samples(first.ordinals, engine.without_zeros(first.codes))
    if not exhaustive:
        samples = regions.refine(samples, plan, traced.fmt, engine.classify)
    names = tuple(v.name for v in versions)
    found = regions.find(samples, plan, traced, names, engine.columns)
    judge, reference = judge_of(target, plan, versions, options)
    if judge is not None:
        found = truth.split_at_zeros(found, first, engine.classify_zeros, engine.zero_bits())
        found = truth.survey(found, plan, judge, points_of(engine), options.seed)
        reference = Reference(len(judge.known))
    found = truth.merged(found)
    sweep = Sweep(plan, traced, found, len(samples), exhaustive, varies(engine, samples.ordinals), reference)
    findings = checks.find(target.name, sweep, versions, target.stops)
    knowledge = explaining.Knowledge(
        values_at=engine.values_at,
        true_values=partial(truth.true_values, judge) if judge else lambda ordinal: (None, None),
        studies={version.name: version.study() for version in versions},
        local_errors=truth.local_errors_at,
    )
    return sweep, explaining.explain(findings, knowledge)


def judge_of(
    target: TracedTarget, plan: InputPlan, versions: tuple[Version, ...], options: ScanOptions
) -> tuple[truth.Judge | None, Reference | None]:
    """Who judges the gradients; None where TensorFlow could not make a program, or an operation has no rule."""
    studies = {version.name: version.study() for version in versions}
    programs = {name: study.program for name, study in studies.items() if study is not None}
    if len(programs) < len(studies):
        return None, None
    judge, missing = truth.judge_of(programs, target.inputs, plan, options)
    return judge, (Reference(0, missing) if missing else None)


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


def failed(name: str, error: CannotCheck) -> TargetReport:
    """The report of a target that could not be checked."""
    return TargetReport(target=name, error=TargetError(error.code, error.message))


def environment() -> Environment:
    """Where this run was measured; TensorFlow is asked only if a target brought it in."""
    version, device = installed_tensorflow(), "CPU"
    if "gradcheck.tracing" in sys.modules:
        from gradcheck import tracing

        version, device = tracing.environment()
    return Environment(version, platform.python_version(), device)


def installed_tensorflow() -> str:
    """The version of the installed TensorFlow, without importing it."""
    return next((d.version for d in map(distribution, TENSORFLOW_PACKAGES) if d), "not installed")


def distribution(name: str) -> metadata.Distribution | None:
    """An installed package, or None."""
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None
