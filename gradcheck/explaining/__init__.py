"""Explaining: each finding gets what came out at its witness, its cause, and what to do next.

In: findings, and what is known of the target: a way to run points, the truth, and each version at a single point. Out:
the same findings with witnesses, causes and suggestions.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from gradcheck.explaining.causes import cause_of, guilty_forward, output_cause
from gradcheck.explaining.chains import links
from gradcheck.explaining.sentences import expression
from gradcheck.explaining.traps import where_trap
from gradcheck.floats import FloatFormat
from gradcheck.program import Program, Ref
from gradcheck.records import Cause, Class, Finding, Link, Study, Witness

__all__ = ["Exactly", "Knowledge", "chain_of", "explain", "expression", "guilty_forward", "suggest"]

NOWHERE = "scan it where your inputs are, with --range"
BAD = {"GC003": Class.VANISHED, "GC004": Class.INACCURATE, "GC005": Class.WRONG}
"""What is bad about the gradient, by code; elsewhere it is not finite."""

NOT_FINITE = ("GC001", "GC002", "GC006")
REWRITTEN = (
    "; run one by one, its operations give numbers there: TensorFlow's graph optimizer makes something else of them"
)

MAX_CAUSES = 16
"""Findings of one code and version whose cause is looked for, in order; each takes some milliseconds."""

Result: TypeAlias = tuple[Mapping[str, float], float, Mapping[str, float | None]]
"""All inputs by name, the output, and the gradient of each version, at one point."""


@dataclass(frozen=True)
class Knowledge:
    """What explaining may ask.

    Attributes:
        values_at: from ordinals to the result at each.
        true_values: from an ordinal to the true output and gradient.
        studies: each version at a single point.
        local_errors: from a program and a point to the local error of each node.
    """

    values_at: Callable[[list[int]], Sequence[Result]]
    true_values: Callable[[int], tuple[float | None, float | None]]
    studies: Mapping[str, Study | None]
    local_errors: Callable[[Program, tuple[float, ...]], Mapping[int, float]]


def explain(findings: tuple[Finding, ...], known: Knowledge) -> tuple[Finding, ...]:
    """Fill in witness, cause and suggestion."""
    places = sorted({finding.at for finding in findings if finding.at is not None})
    results = dict(zip(places, known.values_at(places), strict=True)) if places else {}
    seen: Counter[tuple[str, str]] = Counter()
    told = []
    for finding in findings:
        seen[finding.code, finding.version] += 1
        told.append(explained(finding, known, results, seen[finding.code, finding.version] <= MAX_CAUSES))
    return tuple(told)


def explained(finding: Finding, known: Knowledge, results: Mapping[int, Result], deep: bool) -> Finding:
    """One finding."""
    if finding.at is None:
        return replace(finding, suggestion=suggest(finding))
    inputs, output, gradients = results[finding.at]
    witness = Witness(inputs, output, gradients[finding.version], *known.true_values(finding.at))
    cause, trap = found_cause(finding, known, tuple(inputs.values())) if deep else (None, None)
    more = REWRITTEN if deep and cause is None and is_rewritten(finding, known) else ""
    return replace(
        finding, witness=witness, cause=cause, suggestion=trap or suggest(finding), message=finding.message + more
    )


def is_rewritten(finding: Finding, known: Knowledge) -> bool:
    """Whether a finding without a cause is no operation's fault: of all that were looked at none gave a bad number."""
    study = known.studies.get(finding.version)
    return finding.code in NOT_FINITE and study is not None and len(study.program.outputs) > 1


def found_cause(finding: Finding, known: Knowledge, point: tuple[float, ...]) -> tuple[Cause | None, str | None]:
    """The cause of a finding, and words on the `tf.where` trap where it is that."""
    study = known.studies.get(finding.version)
    if study is None or len(study.program.outputs) == 1:
        return None, None
    study = study.entered(point) or study
    program, seen = study.program, study.observe(point)
    if finding.code == "GC006":
        return output_cause(program, seen), None
    bad = BAD.get(finding.code, Class.NAN)
    errors = known.local_errors(program, point) if finding.code in ("GC003", "GC004") else {}
    cause = cause_of(bad, program, seen, errors)
    guilty = guilty_forward(program, cause) if cause and finding.masked and bad is Class.NAN else None
    trap = None if guilty is None or finding.severity == "info" else where_trap(program, guilty, seen, finding.wrt)
    return cause, trap


@dataclass(frozen=True)
class Exactly:
    """What real arithmetic says of a program at one point: each tensor's value, and each node's local error."""

    values: Mapping[Ref, float | None]
    errors: Mapping[int, float]


def chain_of(
    study: Study, point: tuple[float, ...], verdict: Class, exactly: Exactly, wrt: str
) -> tuple[tuple[Link, ...], Cause | None, str | None]:
    """The links of one version at one point, the cause if its gradient is bad, and words on the `tf.where` trap."""
    program, seen = study.program, study.observe(point)
    bad = verdict not in (Class.FINITE, Class.NONE) and len(program.outputs) > 1
    cause = cause_of(verdict, program, seen, exactly.errors) if bad else None
    guilty = guilty_forward(program, cause) if cause else None
    finite = verdict not in (Class.NAN, Class.INF, Class.NEGATIVE_INF)
    trap = None if guilty is None or finite else where_trap(program, guilty, seen, wrt)
    return links(program, seen, exactly.values, guilty), cause, trap


BY_CODE = {
    "GC005": "correct the formula; if it is meant to differ (a straight-through estimator, a clipped gradient), say so"
    " above the function: # gradcheck: ignore[GC005] -- why",
    "GC007": "scan it in the mode that training runs, with --mode, and cure what that finds",
    "GC008": "if a gradient is wanted, write tf.custom_gradient; if not, say so with tf.stop_gradient",
    "GC009": "replace the operation that has no gradient, or give the function one with tf.custom_gradient",
}
"""What to do next, where the code says it all."""


def suggest(finding: Finding) -> str | None:
    """What to do next, in one sentence."""
    if finding.severity == "info":
        return None
    if finding.code in BY_CODE:
        return BY_CODE[finding.code]
    if finding.severity == "warning":
        rest = outside(finding)
        return f"if inputs never come here, leave it out: --range {finding.wrt}={rest}" if rest else NOWHERE
    return (
        "use the library's stable form, or keep the input out of there BEFORE the operation that fails"
        " (a tf.where behind it does not help), or write tf.custom_gradient and scan again"
    )


def outside(finding: Finding) -> str | None:
    """A range that leaves a finding out; None where it does not reach an end of the line, or is no interval."""
    if finding.lo is None or finding.hi is None:
        return None
    fmt: FloatFormat = finding.fmt
    if finding.hi == fmt.max_ordinal and finding.lo > fmt.min_ordinal:
        return f":{fmt.text(finding.lo - 1)}"
    if finding.lo == fmt.min_ordinal and finding.hi < fmt.max_ordinal:
        return f"{fmt.text(finding.hi + 1)}:"
    return None
