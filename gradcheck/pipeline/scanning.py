"""One target, from its name to its report.

In: a target's name, and options. Out: its `TargetReport`; what goes wrong with it is in the report. TensorFlow is
imported by loading a SavedModel, by tracing and by the engine, so those two are imported when the target has been
loaded: a target that cannot be imported is told at once.
"""

from collections.abc import Mapping
from dataclasses import replace

from gradcheck import loading, planning
from gradcheck.configuration import EMPTY, Configuration
from gradcheck.errors import BAD_CONFIGURATION, CANNOT_TRACE, CannotCheck, NotElementwise
from gradcheck.floats import FORMATS
from gradcheck.machine import is_own
from gradcheck.options import Said, ScanOptions
from gradcheck.pipeline import failed
from gradcheck.pipeline.agreements import Swept, together
from gradcheck.pipeline.cures import Patient, Sweeper, with_cures
from gradcheck.pipeline.line_pasting import with_paste
from gradcheck.pipeline.planes import every_pair
from gradcheck.pipeline.sweeps import sweep_and_check
from gradcheck.pipeline.tensors import scan_tensors
from gradcheck.records import Finding, Ignore, InputPlan, LoadedTarget, Study, Sweep, TargetReport, TracedTarget


def scan(name: str, said: Said, configured: Configuration = EMPTY) -> TargetReport:
    """One target, from its name to its report; `said` is the command line's, completed by the configuration."""
    try:
        return scan_loaded(load(name, said, configured), said, configured)
    except CannotCheck as error:
        return failed(name, error)


def load(name: str, said: Said, configured: Configuration = EMPTY) -> LoadedTarget:
    """A target in memory, in a process that is set up for the scan; raises `CannotCheck`."""
    if configured.before_loading(name, said).exhaustive and is_own():  # before anything else brings TensorFlow in
        from gradcheck.engine.census import set_up

        set_up()
    return loading.load(name)


def scan_loaded(loaded: LoadedTarget, said: Said, configured: Configuration = EMPTY) -> TargetReport:
    """The same from the loaded target on; raises what it cannot be checked for."""
    options = options_of(loaded, said, configured)
    if loaded.is_tensor or options.is_for_tensors:
        return with_comments(scan_tensors(loaded, options), loaded)
    return with_comments(scan_either(loaded, options), loaded)


def with_comments(report: TargetReport, loaded: LoadedTarget) -> TargetReport:
    """A report with what comments say is not to count: on the target, inside of it, and on the lines of causes."""
    lines = [(f.cause.file, f.cause.line) for f in report.findings if f.cause and f.cause.file and f.cause.line]
    found: dict[object, Ignore] = {}
    for ignore in (*loaded.ignores, *loading.ignores_at(lines)):
        found.setdefault((ignore.place, ignore.codes, ignore.mistake), ignore)
    return replace(report, place=loaded.place, ignores=tuple(found.values()))


def options_of(loaded: LoadedTarget, said: Said, configured: Configuration) -> ScanOptions:
    """All that is said of a target; what a project says of all of them yields to what its signature declares."""
    options = configured.options_for(loaded.name, [p.name for p in loaded.parameters], said, loaded.said)
    if "dtype" in options.defaults and any(p.dtype in FORMATS for p in loaded.parameters):
        return replace(options, dtype=None)
    return options


def scan_either(loaded: LoadedTarget, options: ScanOptions) -> TargetReport:
    """A target that may be elementwise: it is if it can be traced and run as such."""
    try:
        target = traced_line(loaded, options)
    except CannotCheck as error:
        return scan_otherwise(loaded, options, error)
    try:
        return scan_line(loaded, target, options)
    except NotElementwise:
        return scan_tensors(loaded, options)


def scan_otherwise(loaded: LoadedTarget, options: ScanOptions, error: CannotCheck) -> TargetReport:
    """A target that could not be traced as if it were elementwise; raises the first error again if that is no help."""
    if not isinstance(error, NotElementwise) and (error.code != CANNOT_TRACE or options.against):
        raise error
    try:
        return scan_tensors(loaded, options)
    except CannotCheck as other:
        if isinstance(error, NotElementwise) or other.code == BAD_CONFIGURATION:
            raise
        raise error from None


def traced_line(loaded: LoadedTarget, options: ScanOptions) -> TracedTarget:
    """A target, and the one to compare it with, traced element by element."""
    against = loading.load(options.against) if options.against else None
    from gradcheck import tracing  # imports TensorFlow

    return tracing.trace(loaded, options.dtype, against)


def scan_line(loaded: LoadedTarget, target: TracedTarget, options: ScanOptions) -> TargetReport:
    """A target each element of which is on its own: its inputs are swept, float by float."""
    from gradcheck.tracing.modes import in_mode

    plans = planning.plan_inputs(loaded.name, target.inputs, options)
    targets = {mode: in_mode(target, mode) for mode in options.modes}
    results = [checked(loaded, targets, plan, options) for plan in plans]
    target = targets[options.modes[0]]
    lines = tuple(finding for _, findings in results for finding in findings)
    plane, on_plane, notes = every_pair(target, plans, options, lines)
    return TargetReport(
        target=loaded.name,
        inputs=target.inputs,
        versions=tuple(v.name for v in target.versions[0]),
        modes=options.modes,
        sweeps=tuple(sweep for sweep, _ in results),
        findings=(*lines, *on_plane),
        notes=(*target.notes, *(note for sweep, _ in results for note in sweep.notes), *notes),
        plane=plane,
    )


def checked(
    loaded: LoadedTarget, targets: Mapping[str, TracedTarget], plan: InputPlan, options: ScanOptions
) -> tuple[Sweep, tuple[Finding, ...]]:
    """One input swept in every mode, and what was found tried to be cured; the sweep is that of the first mode."""
    swept = {}
    for mode, target in targets.items():
        sweep, findings = sweep_and_check(target, plan, options)
        cured = with_cures(Patient(loaded, target, plan, options), findings, sweeper(mode))
        swept[mode] = Swept(target, sweep, cured)
    first = next(iter(swept.values()))
    return first.sweep, with_paste(loaded, first.target, plan, together(swept, plan, options))


def sweeper(mode: str) -> Sweeper:
    """Sweeps a replacement in a mode."""

    def sweep(
        target: TracedTarget, plan: InputPlan, options: ScanOptions, original: Study | None
    ) -> tuple[Sweep, tuple[Finding, ...]]:
        from gradcheck.tracing.modes import in_mode

        return sweep_and_check(in_mode(target, mode), plan, options, original)

    return sweep
