"""The JSON report, `schema_version` 1 (report.schema.json beside this file).

In: a report. Out: strict JSON. Non-finite numbers are the strings "nan", "inf", "-inf"; floats are the shortest
decimals that read back to the same float of their dtype; ends of intervals come in C hexadecimal too.
"""

import json
import re
from typing import Any

from gradcheck.records import (
    Cause,
    Elsewhere,
    Finding,
    Ignore,
    Plane,
    Region,
    Report,
    Suppression,
    Sweep,
    TargetReport,
)
from gradcheck.renderers.curve_json import curve_object
from gradcheck.renderers.numbers import interval_object, number
from gradcheck.renderers.plane_json import plane_object
from gradcheck.renderers.styles import Style
from gradcheck.renderers.tensor_json import (
    search_coverage,
    search_object,
    search_truth,
    tensor_inputs,
    tensor_object,
    tensor_witness_object,
)
from gradcheck.renderers.training_json import training_object, training_witness_object
from gradcheck.renderers.visible import visible

SCHEMA_VERSION = 1
COLUMNS = ("autodiff", "custom", "against")


def render_json(report: Report, style: Style) -> str:
    """The report as JSON, ASCII only."""
    del style  # JSON looks the same everywhere
    return in_rows(json.dumps(report_object(report), indent=2, allow_nan=False)) + "\n"


NUMBER = r'(?:-?[0-9][0-9.e+-]*|null|"nan"|"-?inf")'
ROW = re.compile(rf"\[\n +{NUMBER}(?:,\n +{NUMBER})*\n +\]")


def in_rows(text: str) -> str:
    """Indented JSON with each list of numbers on one line; a string has no line breaks, so that none is touched."""
    return ROW.sub(lambda row: re.sub(r"\n +", " ", row[0]).replace("[ ", "[").replace(" ]", "]"), text)


def report_object(report: Report) -> dict[str, Any]:
    """The whole report."""
    statuses = [target.status for target in report.targets]
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "gradcheck", "version": report.version},
        "environment": {
            "tensorflow": report.environment.tensorflow,
            "python": report.environment.python,
            "device": report.environment.device,
        },
        "seed": report.seed,
        "targets": [target_object(target) for target in report.targets],
        "summary": {
            "targets": len(statuses),
            "clean": statuses.count("clean"),
            "findings": statuses.count("findings"),
            "errors": statuses.count("error"),
            "suppressed": sum(len(target.suppressed) for target in report.targets),
        },
    }


def target_object(target: TargetReport) -> dict[str, Any]:
    """One target."""
    error = {"code": target.error.code, "message": target.error.message} if target.error else None
    return {
        "target": target.target,
        "status": target.status,
        "error": error,
        "place": {"file": target.place.file, "line": target.place.line} if target.place else None,
        "elementwise": None if target.error or target.training else target.search is None,
        "inputs": tensor_inputs(target.search)
        if target.search
        else [input_object(sweep, target.sweeps) for sweep in target.sweeps],
        "modes": list(target.modes),
        "versions": list(target.versions),
        "coverage": search_coverage(target.search)
        if target.search
        else coverage_object(target.sweeps, target.plane)
        if target.sweeps
        else None,
        "truth": search_truth(target.search)
        if target.search
        else truth_object(target.sweeps)
        if target.sweeps
        else None,
        "search": search_object(target.search) if target.search else None,
        "regions": [region_object(region) for sweep in target.sweeps for region in visible(sweep.regions)],
        "plane": plane_object(target.plane) if target.plane else None,
        "findings": [finding_object(finding) for finding in target.findings],
        "notes": list(target.notes),
        "ignores": [ignore_object(ignore) for ignore in target.ignores],
        "training": training_object(target.training),
    }


def ignore_object(ignore: Ignore) -> dict[str, Any]:
    """What somebody said is not to count."""
    return {
        "codes": list(ignore.codes),
        "reason": ignore.reason,
        "by": ignore.by,
        "place": ignore.place,
        "lines": None
        if ignore.lines is None
        else {"file": ignore.lines.file, "first": ignore.lines.first, "last": ignore.lines.last},
        "mistake": ignore.mistake or None,
    }


def input_object(sweep: Sweep, sweeps: tuple[Sweep, ...]) -> dict[str, Any]:
    """One input: what was swept, and where it was held while another one was."""
    fmt, truth = sweep.input.fmt, sweep.truth
    return {
        "name": sweep.input.name,
        "dtype": fmt.name,
        "shape": list(sweep.input.shape),
        "ranges": [[fmt.shortest(lo), fmt.shortest(hi)] for lo, hi in sweep.plan.segments],
        "held": fmt.shortest(sweep.plan.held[sweep.plan.index]) if len(sweeps) > 1 else None,
        "evaluated": sweep.evaluated,
        "exhaustive": sweep.exhaustive,
        "varies": sweep.varies,
        "truth": {"points": truth.points, "approximate": list(truth.approximate)} if truth else None,
        "curve": curve_object(sweep.curve),
    }


def coverage_object(sweeps: tuple[Sweep, ...], plane: Plane | None) -> dict[str, Any]:
    """How much of the line was run, over all inputs, and how many pairs, which are all that there are."""
    return {
        "method": "exhaustive" if all(sweep.exhaustive for sweep in sweeps) else "sampled",
        "evaluated": sum(sweep.evaluated for sweep in sweeps),
        "domain": sum(sweep.plan.floats for sweep in sweeps),
        "pairs": plane.pairs if plane else None,
        "screen": screen_object(sweeps),
    }


def screen_object(sweeps: tuple[Sweep, ...]) -> dict[str, Any] | None:
    """Where finite gradients are further from those in float64 than the tolerance; null where not all were compared."""
    screens = [(sweep, sweep.screen) for sweep in sweeps if sweep.screen]
    if len(screens) < len(sweeps):
        return None
    return {
        "reference": "float64",
        "joined": any(screen.joined for _, screen in screens),
        "stretches": [stretch_object(sweep, *ends) for sweep, screen in screens for ends in screen.stretches],
        "unlisted": [stretch_object(sweep, *ends) for sweep, screen in screens for ends in screen.unlisted],
    }


def stretch_object(sweep: Sweep, lo: int, hi: int) -> dict[str, Any]:
    """A stretch of one input."""
    return {"input": sweep.input.name, **interval_object(sweep.input.fmt, lo, hi)}


def region_object(region: Region) -> dict[str, Any]:
    """One region; a version that the target does not have is null."""
    return {
        "input": region.input,
        **interval_object(region.fmt, region.lo, region.hi),
        "forward": region.forward.value,
        **{name: region.gradients[name].value if name in region.gradients else None for name in COLUMNS},
        "domain": region.domain.value if region.domain else None,
        "witness": region.fmt.shortest(region.witness),
    }


def finding_object(finding: Finding) -> dict[str, Any]:
    """One finding."""
    witness, cause = finding.witness, finding.cause
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity,
        "kind": finding.kind,
        "version": finding.version,
        "mode": finding.mode,
        "wrt": finding.wrt,
        "dtype": finding.fmt.name,
        "masked": finding.masked,
        **interval_object(finding.fmt, finding.lo, finding.hi),
        "at": None if finding.at is None else finding.fmt.shortest(finding.at),
        "message": finding.message,
        "witness": tensor_witness_object(finding.tensor, finding.fmt.name)
        if finding.tensor
        else None
        if witness is None
        else {
            "inputs": {name: number(value) for name, value in witness.inputs.items()},
            "output": number(witness.output),
            "gradient": None if witness.gradient is None else number(witness.gradient),
            "true_output": None if witness.true_output is None else number(witness.true_output),
            "true_gradient": None if witness.true_gradient is None else number(witness.true_gradient),
        },
        **tensor_object(finding.tensor),
        "paste": paste_of(finding),
        "elsewhere": [elsewhere_object(e) for e in finding.elsewhere],
        "cause": None if cause is None else cause_object(cause),
        "suggestion": finding.suggestion,
        "suppressed": None if finding.suppressed is None else suppression_object(finding.suppressed),
        "training": training_witness_object(finding.training),
    }


def suppression_object(why: Suppression) -> dict[str, Any]:
    """Why a finding does not count."""
    return {"by": why.by, "reason": why.reason, "place": why.place}


def paste_of(finding: Finding) -> str | None:
    """Python that shows it."""
    shown = finding.tensor or finding.witness
    return "\n".join(shown.paste) or None if shown else None


def elsewhere_object(found: Elsewhere) -> dict[str, Any]:
    """Another way of running a float, and what comes out there."""
    return {
        "at": number(found.at),
        "mode": found.mode,
        "elements": found.size,
        "output": number(found.output),
        "gradient": None if found.gradient is None else number(found.gradient),
    }


def cause_object(cause: Cause) -> dict[str, Any]:
    """The operation that a finding comes from."""
    return {
        "op": cause.op,
        "forward_op": cause.forward_op,
        "file": cause.file,
        "line": cause.line,
        "source": cause.source,
        "node": cause.node,
        "message": cause.message,
    }


def truth_object(sweeps: tuple[Sweep, ...]) -> dict[str, Any]:
    """What the verdicts rest on: points at which real arithmetic was asked, operations for which it has no rule."""
    references = [sweep.truth for sweep in sweeps if sweep.truth is not None]
    approximate = sorted({op for reference in references for op in reference.approximate})
    known = len(references) == len(sweeps) and all(reference.points for reference in references)
    return {
        "method": "none" if not known else "approximate" if approximate else "rigorous",
        "points": sum(reference.points for reference in references),
        "approximate": approximate,
    }
