"""One tensor target, from its loaded form to its report.

In: a `LoadedTarget` and options. Out: a `TargetReport`: the target is traced, searched, what is bad is judged, shrunk,
explained and told once.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from gradcheck import checks, search, truth
from gradcheck.checks.points import PointSubject
from gradcheck.errors import BAD_CONFIGURATION, CannotCheck
from gradcheck.explaining.points import Blame, output_point_cause, point_cause
from gradcheck.loading.held_numbers import with_numbers
from gradcheck.options import ScanOptions
from gradcheck.pipeline.asked_domains import check_domains, domains_of
from gradcheck.pipeline.bench import Bench, Case, class_of
from gradcheck.pipeline.cases import cases, finite_cases, is_error
from gradcheck.pipeline.smaller import Shapes, Tailor
from gradcheck.pipeline.steps import met, recorded_cases, with_lines, with_recorded, without_again
from gradcheck.pipeline.witnesses import poisoned, shrunk, witness_of
from gradcheck.planning.allowance import ALONE, PATIENCE, Allowance
from gradcheck.records import (
    Class,
    Finding,
    LoadedTarget,
    SearchReport,
    TargetReport,
    TensorPoint,
)
from gradcheck.vocabulary import MODES

NOISE = "it draws random numbers: what is told was seen, and another run may see something else"


if TYPE_CHECKING:
    from gradcheck.engine.tensors import TensorEngine

GOOD = 32
"""Good points that are judged before those beside bad ones."""


def scan_tensors(loaded: LoadedTarget, options: ScanOptions) -> TargetReport:
    """Search one target; raises `CannotCheck` where it cannot be traced."""
    loaded, options = with_held_numbers(loaded, with_recorded(loaded, options))
    return search_tensors(loaded, options)


def with_held_numbers(loaded: LoadedTarget, options: ScanOptions) -> tuple[LoadedTarget, ScanOptions]:
    """The target with what is held as a Python number bound, and the options for the rest."""
    rest = with_numbers(loaded, {h.name: h.value for h in options.holds}, options.shapes)
    left = {p.name for p in loaded.parameters} - {p.name for p in rest.parameters}
    return rest, replace(options, holds=tuple(h for h in options.holds if h.name not in left))


def search_tensors(loaded: LoadedTarget, options: ScanOptions) -> TargetReport:
    """Search one target whose arguments are tensors."""
    from gradcheck.engine.tensors import TensorEngine, is_noisy
    from gradcheck.tracing.second import differentiated, gradient_of, labelled
    from gradcheck.tracing.tensors import Wanted, trace_tensors

    wanted = Wanted(options.shapes, domains_of(loaded, options), options.wrt, options.dtype or "float32", options.seed)
    if options.against:
        raise CannotCheck(BAD_CONFIGURATION, f"{loaded.name}: --against is for elementwise targets; scan each alone")
    if options.modes != MODES[:1] and "modes" not in options.defaults:
        mode = f"--mode {options.modes[-1]}"
        raise CannotCheck(BAD_CONFIGURATION, f"{loaded.name}: {mode} is for elementwise targets; leave it out")

    def bench_for(shapes: Shapes, alone: bool = True) -> Bench:
        second = options.order > 1
        target = trace_tensors(gradient_of(loaded, options.wrt) if second else loaded, replace(wanted, shapes=shapes))
        if second:
            target = labelled(target, differentiated(loaded, options.wrt))
        target = with_lines(target, loaded)
        settled = {i.name: i.shape for i in target.inputs}
        original = trace_tensors(loaded, replace(wanted, shapes=settled)) if second else None
        return Bench(TensorEngine(target, alone), options, original)

    bench = bench_for(options.shapes, alone=False)
    engine, target = bench.engine, bench.target
    check_domains(target, options)
    noise = (NOISE,) if is_noisy(engine, search.base_points(target.inputs)[1:3]) else ()
    recorded = [met(f, loaded) for case in recorded_cases(bench, loaded) for f in explained(bench, case, loaded, None)]
    found = search.search(ground_of(engine, options))
    tailor = Tailor(bench_for)
    told = static_findings(bench)
    for case in all_cases(bench, found):
        batch = poisoned(bench, case)
        own = (bench, batch.case) if batch else tailor.cut(bench, case) if is_error(case) else (bench, case)
        told += explained(*own, loaded, batch.words if batch else None)
    told = [*recorded, *without_again(told, recorded)]
    names = dict.fromkeys(v.name for v in target.versions)
    return TargetReport(
        target=loaded.name,
        versions=tuple(names),
        modes=("graph",),
        findings=ordered(told, tuple(names)),
        notes=(*target.notes, *noise, *said_of(found, engine.raised), *unknown(bench)),
        search=SearchReport(
            target.inputs,
            target.wrt,
            target.weights,
            found.run,
            bench.judged,
            bench.judges.missing,
            target.guessed,
            tuple(target.cotangents),
            options.order,
            found.cut,
        ),
    )


def ground_of(engine: "TensorEngine", options: ScanOptions) -> search.Ground:
    """What is searched, and how far; the clock starts now, since a model may take longer to be traced."""
    target, start = engine.target, time.monotonic()
    allowed = Allowance(options.budget, target.operations, target.size, len(engine.versions))
    return search.Ground(
        target.inputs,
        engine.classify,
        target.pull,
        target.tables,
        target.scalars,
        lambda: allowed.left(engine.evaluated, engine.calls, engine.raised, engine.width),
        lambda: max(engine.width, ALONE),
        options.seed,
        late=lambda: time.monotonic() > start + PATIENCE * options.budget,
    )


def said_of(found: search.Sightings, raised: int) -> Iterator[str]:
    """Words on a function that has no value at many of the points, or at all of them."""
    run = sum(found.run.values())
    if not found.good:
        yield f"no point was met at which its outputs and gradients are all finite; {run:,} were run"
    if raised:
        yield f"it raised, or its gradient did, at {raised:,} of the points that were run"


def unknown(bench: Bench) -> Iterator[str]:
    """Why nothing was held against real arithmetic, where nothing was."""
    if bench.judged:
        return
    if not bench.judges.judges:
        reason = "no result was met that could be judged"
    elif bench.judges.missing:
        reason = f"{', '.join(bench.judges.missing)} has no rule, and TensorFlow cannot run it in float64"
        if bench.judges.missing == (truth.TOO_LARGE,):
            reason = f"it is {truth.TOO_LARGE}, and TensorFlow cannot run it in float64"
    elif bench.judges.original and len(bench.judges.original.wrt) > 1:
        reason = "second derivatives are judged by one input alone; choose it with --wrt"
    else:
        reason = "TensorFlow cannot make one graph of the function and its gradient"
    yield f"the truth is not known, since {reason}"


def all_cases(bench: Bench, found: search.Sightings) -> Iterable[Case]:
    """What is not finite, shrunk, then what is finite and wrong."""
    beside: list[TensorPoint] = []
    for case in cases(bench, found):
        small = shrunk(bench, case)
        beside.append(small.seen.point)
        yield small
    overflowed = [p for s, kept in found.bad.items() if s[0] != 0 and 0 in s[1:] for p in kept[:4]]
    yield from finite_cases(bench, [*found.good[:GOOD], *beside, *overflowed[:16], *found.good[GOOD:]])


def explained(bench: Bench, case: Case, loaded: LoadedTarget, poisons: str | None) -> list[Finding]:
    """The findings of one case, with witness, cause and what next."""
    found = checks.find_at(case.subject)
    if not found:
        return []
    witness = replace(witness_of(bench, case, loaded), poisons=poisons)
    study = bench.study_of(case.seen.column)
    cause, trap = None, None
    if study is not None and case.seen.key == "output":
        cause = output_point_cause(study, case.seen.point)
    elif study is not None and case.seen.gradient is not None:
        exact = partial(truth.exact_arrays_at, point=case.seen.point)
        blame = Blame(case.seen.column.position, case.subject.gradient, case.seen.column.wrt, exact)
        cause, trap = point_cause(study, case.seen.point, blame)
    return [replace(f, tensor=witness, cause=cause, suggestion=trap or f.suggestion) for f in found]


def static_findings(bench: Bench) -> list[Finding]:
    """What is wrong of a version as a whole: its gradient raises, or is not connected."""
    found: list[Finding] = []
    target = bench.target
    for version in target.versions:
        if version.failure is not None:
            own, effective = bench.fmt(target.wrt[0]), version.name in ("custom", bench.effective)
            subject = PointSubject(version.name, effective, target.wrt[0], own, Class.FINITE, Class.FINITE)
            found += checks.find_at(replace(subject, said=version.failure))
    first = next(iter(target.cotangents))
    for column in bench.engine.columns:
        if not column.version.connected[column.position] and column.version.cotangent == first:
            subject = replace(
                bench.subject(column, Class.FINITE, Class.NONE), varies=varies(bench, column), stops=target.stops
            )
            found += checks.find_at(subject)
    return found


def varies(bench: Bench, column) -> bool:  # type: ignore[no-untyped-def]
    """Whether the outputs change with an input, at ordinary points; of weights that is taken to be so."""
    place = bench.input_of(column)
    if place is None:
        return False
    points = search.base_points(bench.target.inputs)
    for base in points[1:]:
        for other in points:
            moved = tuple(o if k == place else b for k, (b, o) in enumerate(zip(base, other, strict=True)))
            before, after = column.version.forward(base), column.version.forward(moved)
            if any(not np.array_equal(a, b, equal_nan=True) for a, b in zip(before, after, strict=True)):
                return class_of(before) is Class.FINITE
    return False


def ordered(found: list[Finding], versions: tuple[str, ...]) -> tuple[Finding, ...]:
    """Most severe first, then by code, version and input; each bug of a line once a code."""
    order = {"error": 0, "warning": 1, "info": 2}
    once = {(f.severity, f.code, f.version, f.wrt, f.message, f.cause, place_of(f)): f for f in found}
    return tuple(sorted(once.values(), key=lambda f: (order[f.severity], f.code, versions.index(f.version), f.wrt)))


def place_of(finding: Finding) -> str:
    """Where it was seen: two cases may shrink to one point."""
    return "" if finding.tensor is None else repr([a.tolist() for a in finding.tensor.inputs.values()])
