"""Ignores: findings that somebody has accepted, in a comment or in the configuration.

In: a report with the ignores that its sources say, and those of the configuration. Out: the report, in which what is
ignored is marked so; notes on ignores that match nothing, or give no reason, and lines on those that cannot be read.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from gradcheck.gate.selection import all_selected
from gradcheck.options import GateOptions
from gradcheck.records import Finding, Ignore, Report, Suppression, TargetReport, place_of

EVERY = "GC"
"""What an ignore without codes is about."""

Used = set[tuple[str, str]]
"""Place and code."""


def suppressed(report: Report, configured: Callable[[str], tuple[Ignore, ...]]) -> Report:
    """A report in which what is ignored is marked; what was marked before stays so."""
    return replace(report, targets=tuple(marked(target, configured(target.target)) for target in report.targets))


def marked(target: TargetReport, configured: tuple[Ignore, ...]) -> TargetReport:
    """One target."""
    ignores = tuple(dict.fromkeys((*target.ignores, *configured)))
    findings = []
    for finding in target.findings:
        found = next((i for i in ignores if any(matched(i, finding))), None)
        by = Suppression(found.by, found.reason, found.place) if found else None
        findings.append(replace(finding, suppressed=finding.suppressed or by))
    return replace(target, findings=tuple(findings), ignores=ignores)


def matched(ignore: Ignore, finding: Finding) -> Iterator[str]:
    """The codes of an ignore that are about a finding."""
    cause = finding.cause
    place = place_of(cause.file, cause.line) if cause and cause.file and cause.line else None
    is_there = ignore.lines is None or (place is not None and place in ignore.lines)
    if is_there and not ignore.mistake:
        yield from (code for code in ignore.codes if finding.code.startswith(code))


def mistakes(report: Report) -> tuple[str, ...]:
    """A line for each comment that cannot be read."""
    found = (i for target in report.targets for i in target.ignores if i.mistake)
    return tuple(dict.fromkeys(f"{i.place}: this comment ignores nothing: {i.mistake}" for i in found))


def with_notes(report: Report, options: GateOptions, whole: bool = True) -> Report:
    """A report with a note on each ignore that gives no reason, or matches nothing where the targets were `whole`."""
    used = {
        (ignore.place, code)
        for target in report.targets
        for ignore in target.ignores
        for finding in target.findings
        for code in matched(ignore, finding)
    }
    told: set[str] = set()
    targets = []
    for target in report.targets:
        unused = unused_of(target, used, options) if whole and was_checked(target) else ()
        notes = [note for note in (*without_reason(target), *unused) if note not in told]
        told.update(notes)
        targets.append(replace(target, notes=tuple(dict.fromkeys((*target.notes, *notes)))))
    return replace(report, targets=tuple(targets))


def without_reason(target: TargetReport) -> Iterator[str]:
    """What to do with comments that say no reason; of the configuration its reader says so."""
    for ignore in target.ignores:
        if ignore.by == "comment" and not ignore.mistake and not ignore.reason:
            codes = "" if ignore.codes == (EVERY,) else f"[{', '.join(ignore.codes)}]"
            yield f"{ignore.place}: write a reason: # gradcheck: ignore{codes} -- reason"


def unused_of(target: TargetReport, used: Used, options: GateOptions) -> Iterator[str]:
    """What to do with codes that nothing matches, if all that they stand for is asked for."""
    for ignore in target.ignores:
        for code in ignore.codes:
            if (ignore.place, code) not in used and all_selected(code, options):
                yield f"unused ignore {code + ' ' if code != EVERY else ''}at {ignore.place}: remove it"


def was_checked(target: TargetReport) -> bool:
    """Whether what is not found is not there, as far as it is ever known."""
    return target.error is None and not (target.search and target.search.cut)
