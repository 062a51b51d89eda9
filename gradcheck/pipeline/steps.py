"""A bad training step that was saved: run again, and told again.

In: a loaded target with its recorded point. Out: findings at that point, before anything is searched; and what
`gradcheck explain` shows of it. Lines are those of the manifest: a SavedModel has none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gradcheck import __version__, loading, npz, repros
from gradcheck.errors import CANNOT_TRACE, CannotCheck
from gradcheck.explaining.points import Blame, point_cause
from gradcheck.floats import FORMATS
from gradcheck.options import ScanOptions
from gradcheck.pipeline import environment
from gradcheck.pipeline.asked_domains import domains_of
from gradcheck.pipeline.bench import Bench, Case, bad_entries, class_of
from gradcheck.program import Array, Node, Place
from gradcheck.records import (
    BadGradient,
    Cause,
    Class,
    Finding,
    LoadedTarget,
    Report,
    Study,
    TargetReport,
    TensorVersion,
    TracedTensors,
    TrainingWitness,
)
from gradcheck.repros import Line, Manifest
from gradcheck.rules import BY_CODE

NOT_FINITE = (Class.NAN, Class.INF)


def with_recorded(loaded: LoadedTarget, options: ScanOptions) -> ScanOptions:
    """Options of a saved step: it is differentiated by what training differentiated it by."""
    if loaded.recorded is None or options.wrt:
        return options
    return replace(options, wrt=loaded.recorded.wrt)


def with_lines(target: TracedTensors, loaded: LoadedTarget) -> TracedTensors:
    """A target whose programs know the user's lines."""
    if loaded.recorded is None:
        return target
    lines = loaded.recorded.lines

    def with_places(version: TensorVersion) -> TensorVersion:
        return replace(version, study=lambda: placed(version.study(), lines))

    return replace(target, versions=tuple(map(with_places, target.versions)))


def placed(study: Study | None, lines: Mapping[str, Line]) -> Study | None:
    """A study whose operations have the lines that are known by name."""
    if study is None:
        return None
    nodes = tuple(node_with_line(node, lines) for node in study.program.nodes)
    entered = study.entered
    return replace(
        study, program=replace(study.program, nodes=nodes), entered=lambda values: placed(entered(values), lines)
    )


def node_with_line(node: Node, lines: Mapping[str, Line]) -> Node:
    """An operation with its line; one of a gradient has that of its forward operation."""
    if node.place is not None:
        return node
    for name in (node.forward or "", node.name):
        for part in reversed(name.split("/")):
            found = lines.get(part) or lines.get(part.removesuffix("_grad"))
            if found is not None:
                return replace(node, place=Place(found.file, found.line, found.source))
    return node


def recorded_cases(bench: Bench, loaded: LoadedTarget) -> list[Case]:
    """What is bad at the recorded point, whatever real arithmetic says of it: training met it."""
    point = None if loaded.recorded is None else loaded.recorded.point
    if point is None or [a.shape for a in point] != [i.shape for i in bench.target.inputs]:
        return []
    found = []
    for column in bench.engine.columns:
        seen = bench.look(column, point)
        if seen is None or seen.odd not in NOT_FINITE or seen.gradient is None:
            continue
        subject = replace(bench.subject(column, seen.forward, seen.odd), defect=False)
        found.append(bench.case(seen) or Case(seen, subject, bad_entries(seen.gradient)))
    return found


def met(finding: Finding, loaded: LoadedTarget) -> Finding:
    """A finding at the recorded point: no odd input, since training came there."""
    if finding.severity == "info" or loaded.recorded is None:
        return finding
    cause = finding.cause if finding.cause and finding.cause.line else cause_as_told(loaded.recorded.manifest)
    severity = BY_CODE[finding.code].severity
    return replace(finding, severity=severity, message=f"{finding.message}; {HERE}", cause=cause or finding.cause)


HERE = "this is the step that was saved"


def without_again(found: list[Finding], recorded: list[Finding]) -> list[Finding]:
    """What was searched and found, but for what the recorded point has shown already."""
    told = {(f.code, f.version, f.wrt, line_of(f)) for f in recorded}
    return [f for f in found if (f.code, f.version, f.wrt, line_of(f)) not in told]


def line_of(finding: Finding) -> tuple[str | None, int | None, str]:
    """The line and operation of its cause."""
    cause = finding.cause
    return (None, None, "") if cause is None else (cause.file, cause.line, cause.op)


def explain(name: str) -> Report:
    """What is bad at the recorded point of a saved step; as it was found where there is no graph that shows it."""
    directory = Path(name.rstrip("/"))
    manifest = repros.read(directory)
    if manifest.no_graph:
        npz.checked(directory, manifest)
        return as_told(name, manifest, f"not run again, since {manifest.no_graph}")
    loaded = loading.load(name)
    bench = bench_of(loaded)
    assert loaded.recorded is not None, "a saved step has its point"
    outputs, gradients, raised = bench.run(bench.engine.versions[-1], loaded.recorded.point)
    if not outputs:
        raise CannotCheck(CANNOT_TRACE, f"{name}: its graph raised {raised}; use the TensorFlow that saved it")
    bad = [(k, g) for k, g in enumerate(gradients) if g is not None and not np.isfinite(g).all()]
    if not bad and not manifest.shows:
        return as_told(name, manifest, "; ".join(manifest.notes))
    if not bad:
        said = f"its gradient is finite here; TensorFlow {manifest.tensorflow} made it bad"
        return Report(__version__, environment(), (TargetReport(name, notes=(said,)),))
    cause, trap = cause_at(bench, loaded, bad)
    told = tuple(bad_gradient(bench.target, k, g) for k, g in bad)
    return report_of(name, manifest, Again(float(outputs[0]), told, cause, trap, given_other(manifest, told)))


def given_other(manifest: Manifest, told: tuple[BadGradient, ...]) -> str:
    """Words on an optimizer that was given other gradients than those of the loss: clipped, or averaged."""
    names, given = {g.variable for g in told}, {g.variable for g in manifest.gradients}
    return (
        "" if names == given else f"these are gradients of the loss; the optimizer was given {len(given)} that were bad"
    )


def bench_of(loaded: LoadedTarget) -> Bench:
    """A saved step, traced."""
    from gradcheck.engine.tensors import TensorEngine
    from gradcheck.tracing.tensors import Wanted, trace_tensors

    options = with_recorded(loaded, ScanOptions())
    wanted = Wanted({}, domains_of(loaded, options), options.wrt)
    return Bench(TensorEngine(with_lines(trace_tensors(loaded, wanted), loaded), alone=True), options)


def cause_at(bench: Bench, loaded: LoadedTarget, bad: list[tuple[int, Array]]) -> tuple[Cause | None, str | None]:
    """The cause of the first bad gradient; where the program does not tell, as it was found."""
    assert loaded.recorded is not None
    manifest = loaded.recorded.manifest
    position, gradient = bad[0]
    column = next(c for c in bench.engine.columns if c.position == position and c.version is bench.engine.versions[-1])
    study = bench.study_of(column)
    blame = Blame(position, class_of((gradient,)), column.wrt, lambda program: {})
    found = (None, None) if study is None else point_cause(study, loaded.recorded.point, blame)
    return found if found[0] is not None and found[0].line else (cause_as_told(manifest), manifest.trap)


def cause_as_told(manifest: Manifest) -> Cause | None:
    """The cause that was found while it trained."""
    told = manifest.cause
    if told is None:
        return None
    return Cause(told.op, told.forward_op, told.file, told.line, told.source, message=told.message)


def bad_gradient(target: TracedTensors, position: int, gradient: Array) -> BadGradient:
    """One of them."""
    name = target.wrt[position]
    dtypes = {**{i.name: i.dtype for i in target.inputs}, **{w.name: w.dtype for w in target.weights}}
    nan, infinite = int(np.isnan(gradient).sum()), int(np.isinf(gradient).sum())
    return BadGradient(name, dtypes[name], gradient.shape, gradient.size, nan, infinite)


@dataclass(frozen=True)
class Again:
    """What is told of a step: found when it was run again, or as it was told.

    Attributes:
        loss, gradients, cause, trap: of it.
        said: what is to be known of that.
        code: of the finding, where it is told as it was found.
    """

    loss: float | None
    gradients: tuple[BadGradient, ...]
    cause: Cause | None
    trap: str | None
    said: str = ""
    code: str | None = None


def as_told(name: str, manifest: Manifest, why: str) -> Report:
    """The finding as it was found."""
    gradients = tuple(BadGradient(**vars(part)) for part in manifest.gradients)
    said = f"told as it was found: {why}"
    return report_of(name, manifest, Again(manifest.loss, gradients, cause_as_told(manifest), manifest.trap, said))


def report_of(name: str, manifest: Manifest, again: Again) -> Report:
    """A report of one finding."""
    code = again.code or ("GC001" if any(g.nan for g in again.gradients) else "GC002")
    rule, first = BY_CODE[code], next(iter(again.gradients), None)
    finding = Finding(
        code=code,
        name=rule.name,
        severity=rule.severity,
        version="training",
        wrt=first.variable if first else "",
        fmt=FORMATS[first.dtype if first and first.dtype in FORMATS else "float32"],
        masked=False,
        lo=None,
        hi=None,
        at=None,
        message=f"the step of {manifest.script} that was saved here has a gradient that is"
        f" {'NaN' if code == 'GC001' else 'infinite'}",
        suggestion=again.trap,
        cause=again.cause,
        mode=manifest.mode,
        training=TrainingWitness(
            step=manifest.step,
            optimizer=manifest.optimizer,
            order=manifest.order,
            loss=again.loss,
            gradients=again.gradients,
            variables=manifest.variables,
            rerun=again.said,
            repro=name,
        ),
    )
    return Report(__version__, environment(), (TargetReport(name, versions=("training",), findings=(finding,)),))
