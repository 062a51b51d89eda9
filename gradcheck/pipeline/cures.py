"""Suggestions that were tried: a known disease is replaced, and the result swept over the same range.

In: a target, one input's plan and findings. Out: the findings with what to write instead. Nothing is suggested that was
not scanned first, against the truth of the original function; a suggestion says what it fixes and what it leaves.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from gradcheck import diseases, explaining
from gradcheck.diseases import Match
from gradcheck.errors import CannotCheck
from gradcheck.options import MAX_CURES, ScanOptions
from gradcheck.program import Program
from gradcheck.records import Finding, InputPlan, LoadedTarget, Study, Sweep, TracedTarget

Sweeper = Callable[[TracedTarget, InputPlan, ScanOptions, Study | None], tuple[Sweep, tuple[Finding, ...]]]
WRITTEN = 3
"""Operations that are written out inside one another."""

CURABLE = ("GC001", "GC002", "GC003", "GC004", "GC006")


@dataclass(frozen=True)
class Patient:
    """A target with findings on one input."""

    loaded: LoadedTarget
    target: TracedTarget
    plan: InputPlan
    options: ScanOptions


def with_cures(patient: Patient, findings: tuple[Finding, ...], sweeper: Sweeper) -> tuple[Finding, ...]:
    """The findings, those that a known replacement was seen to fix with words on it."""
    versions = patient.target.versions[patient.plan.index]
    effective = next((v for v in versions if v.name == "custom"), versions[0])
    ill = [f for f in findings if f.code in CURABLE and f.version == effective.name and f.severity != "info"]
    study = effective.study() if ill else None
    if study is None:
        return findings
    cured = dict[int, str]()
    for matches in attempts(candidates(study.program, ill)):
        rest = tried(patient, matches, versions[0].study(), sweeper)
        fixed = [f for f in ill if rest is not None and not any(overlaps(f, r) for r in rest)]
        if rest is None or not fixed or any(is_new(r, ill) for r in rest):
            continue
        words = told(study.program, all_of(study.program, matches), fixed, rest)
        cured |= {id(f): words for f in fixed if id(f) not in cured}
        if not rest:
            break
    return tuple(replace(f, suggestion=joined(f, cured[id(f)])) if id(f) in cured else f for f in findings)


def candidates(program: Program, ill: list[Finding]) -> list[Match]:
    """The diseases that hold the operation in which a bad value is born; one of each name."""
    guilty = {explaining.guilty_forward(program, f.cause) for f in ill if f.cause}
    found = [m for m in diseases.find(program) if guilty & {m.root[0], *m.nodes}]
    return list({m.disease.name: m for m in reversed(found)}.values())[::-1]


def all_of(program: Program, matches: list[Match]) -> list[Match]:
    """Every place that is replaced together with some matches: those of the same diseases."""
    names = {match.disease.name for match in matches}
    return [match for match in diseases.find(program) if match.disease.name in names]


def attempts(found: list[Match]) -> list[list[Match]]:
    """What to replace together: all diseases at once, then each alone."""
    return ([found] if len(found) > 1 else []) + [[match] for match in found[:MAX_CURES]]


def tried(patient: Patient, matches: list[Match], truth: Study | None, sweeper: Sweeper) -> list[Finding] | None:
    """What is found with the diseases replaced; None where that cannot be traced or swept."""
    from gradcheck import tracing
    from gradcheck.tracing.rewriting import NotFound, rewritten

    try:
        target = tracing.trace(rewritten(patient.loaded, partial(all_of, matches=matches)), patient.options.dtype)
        options = replace(patient.options, exhaustive=False)  # a sample is enough to try a replacement
        _, findings = sweeper(target, patient.plan, options, truth)
    except (CannotCheck, NotFound):
        return None
    return [f for f in findings if f.severity != "info"]


def overlaps(finding: Finding, other: Finding) -> bool:
    """Whether two findings on gradients, or two on outputs, meet."""
    if (finding.code == "GC006") is not (other.code == "GC006"):
        return False
    ends = (finding.lo, finding.hi, other.lo, other.hi)
    if any(end is None for end in ends):
        return True
    lo, hi, first, last = (end for end in ends if end is not None)
    return lo <= last and first <= hi


def is_new(left: Finding, ill: list[Finding]) -> bool:
    """Whether the replacement is bad where the original is not."""
    return not any(overlaps(left, f) for f in ill)


def told(program: Program, matches: list[Match], fixed: list[Finding], rest: list[Finding]) -> str:
    """The suggestion in words; code of several lines keeps them."""
    left = f"; it leaves {listed(rest)}" if rest else ", and nothing else is found there"
    seen = f"scanned over the same range, it fixes {listed(fixed)}{left}"
    codes = [code_of(program, match) for match in matches]
    instead = [explaining.expression(program, match.root, WRITTEN) for match in matches]
    if not any("\n" in code for code in codes):
        pairs = [f"{code} instead of {old}" for code, old in zip(codes, instead, strict=True)]
        return f"write {', and '.join(pairs)}: {seen}"
    blocks = [
        [f"instead of {old} write", *(f"    {line}" for line in code.splitlines())]
        for code, old in zip(codes, instead, strict=True)
    ]
    return "\n".join([*(line for block in blocks for line in block), seen])


def code_of(program: Program, match: Match) -> str:
    """A replacement, with the formulas of its inputs; one that is no Python by its name, with a word on what it is."""
    shown = {name: explaining.expression(program, ref, WRITTEN) for name, ref in match.inputs.items()}
    pasted = {
        n: text if text.isidentifier() else f"({text})" if ARITHMETIC.fullmatch(text) else n
        for n, text in shown.items()
    }
    named = [f"{n} is {shown[n]}" for n, text in pasted.items() if text == n != shown[n]]
    code = match.text(pasted)
    if not named:
        return code
    return f"# {', '.join(named)}\n{code}"  # a block of its own: a comment must not swallow what is said behind it


ARITHMETIC = re.compile(r"[\w\s.+*/()-]*(?<!\.)")


def listed(findings: list[Finding]) -> str:
    """Findings by code and place."""
    texts = [f.code if f.lo is None or f.hi is None else f"{f.code} on {interval(f, f.lo, f.hi)}" for f in findings]
    return ", ".join(texts[:3]) + (f" and {len(texts) - 3} more" if len(texts) > 3 else "")


def interval(finding: Finding, lo: int, hi: int) -> str:
    """Both ends as decimals."""
    return finding.fmt.text(lo) if lo == hi else f"[{finding.fmt.text(lo)}, {finding.fmt.text(hi)}]"


def joined(finding: Finding, words: str) -> str:
    """The words on a cure, behind those on the `tf.where` trap where it is one."""
    trapped = finding.suggestion is not None and finding.suggestion.startswith("tf.where")
    return f"{finding.suggestion}; or {words}" if trapped else words
