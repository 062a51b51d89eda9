"""A report beside a baseline: what is known, what is new, what has grown, what is fixed.

In: a report and entries. Out: the report, in which what is known is suppressed, and lines on what is fixed. Principle:
a finding is known where the entries of its kind cover it, but for the few ulps by which another TensorFlow moves an
end, and none of them was milder; what is no interval is known by the text of its cause's line.
"""

import contextlib
import io
import os
import tokenize
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path, PurePath

from gradcheck.gate.baseline_file import AGAIN, Entry
from gradcheck.gate.selection import is_selected
from gradcheck.options import MOVED_ULPS, SOFT_ENDS, GateOptions
from gradcheck.records import Finding, Report, Suppression, TargetReport
from gradcheck.vocabulary import SEVERITIES

SOFT = ("GC004", "GC005")
"""Codes whose ends are where an error passes the tolerance."""


def entries_of(report: Report) -> Iterator[Entry]:
    """What of a report is to be known from now on: all that counts."""
    return (entry_of(target.target, finding) for target in report.targets for finding in target.counted)


def entry_of(target: str, finding: Finding) -> Entry:
    """A finding as an entry."""
    cause = finding.cause
    entry = Entry(
        target,
        finding.code,
        finding.severity,
        finding.kind,
        finding.version,
        finding.wrt,
        finding.mode,
        finding.fmt.name,
        finding.lo,
        finding.hi,
    )
    if finding.lo is not None or cause is None:
        return entry
    if cause.file is None:
        return replace(entry, source=cause.node or None)
    return replace(entry, file=portable(cause.file), source=code_of(cause.source or ""))


def code_of(line: str) -> str:
    """A line of source without its comment, which may be about the finding itself."""
    with contextlib.suppress(tokenize.TokenError, SyntaxError):  # the line is a part of a statement
        for token in tokenize.generate_tokens(io.StringIO(line).readline):
            if token.type == tokenize.COMMENT:
                return line[: token.start[1]].rstrip()
    return line


def portable(file: str) -> str:
    """A file as it is named on every machine: from the working directory, or from where packages are installed."""
    parts = Path(file).parts
    for directory in ("site-packages", "dist-packages"):
        if directory in parts:
            return PurePath(*parts[parts.index(directory) + 1 :]).as_posix()
    try:
        return Path(os.path.relpath(file)).as_posix()
    except ValueError:  # on another drive
        return file


def compared(report: Report, entries: tuple[Entry, ...], options: GateOptions) -> tuple[Report, tuple[str, ...]]:
    """A report beside a baseline, and lines on the entries that are fixed."""
    known = defaultdict(list)
    for entry in entries:
        known[entry.target].append(entry)
    targets, fixed = [], []
    for target in report.targets:
        marked, met = beside(target, known[target.target], str(options.baseline))
        gone = [e for e in known[target.target] if e not in met and is_in_reach(e, target, options)]
        told = tuple(f"fixed since the baseline: {e.text.removeprefix(f'{target.target}: ')}" for e in gone)
        targets.append(replace(marked, notes=tuple(dict.fromkeys((*marked.notes, *told)))))
        fixed += gone
    report = replace(report, targets=tuple(targets))
    lines = [f"{options.baseline}: fixed, and can go: {entry.text}" for entry in fixed]
    return report, (*lines, *([f"{options.baseline}: {AGAIN}"] if fixed else stranger(report, entries, options)))


def stranger(report: Report, entries: tuple[Entry, ...], options: GateOptions) -> Iterator[str]:
    """A word on a baseline that is about other targets than those in which something was found."""
    found = [target.target for target in report.targets if target.counted]
    if entries and found and not {e.target for e in entries} & {t.target for t in report.targets}:
        names = f"it knows {entries[0].target}, for example, and not {found[0]}"
        yield f"{options.baseline}: no target of this run is in it: {names}; names are taken as they are written"


def beside(target: TargetReport, entries: list[Entry], path: str) -> tuple[TargetReport, set[Entry]]:
    """One target beside its entries, and those of them that something matches."""
    met: set[Entry] = set()
    findings = []
    for finding in target.findings:
        own = entry_of(target.target, finding)
        near = [entry for entry in entries if is_near(own, entry)]
        met.update(near)
        findings.append(finding if finding.suppressed or not near else told(finding, own, near, path))
    return replace(target, findings=tuple(findings)), met


def told(finding: Finding, own: Entry, near: list[Entry], path: str) -> Finding:
    """A finding that is known, or that says what has become worse."""
    was = max((e.severity for e in near), key=SEVERITIES.index)
    words = ""
    if SEVERITIES.index(own.severity) > SEVERITIES.index(was):
        words = f"; worse since the baseline: was of severity {was}, now {own.severity}"
    elif not is_covered(own, near):
        words = f"; grown: was {' and '.join(e.interval for e in sorted(near, key=lambda e: e.lo or 0))}"
        words += f", now {own.interval}"
    if not words:
        return replace(finding, suppressed=Suppression("baseline", "", path))
    return finding if finding.message.endswith(words) else replace(finding, message=finding.message + words)


def is_near(own: Entry, entry: Entry) -> bool:
    """Whether an entry is about the same thing: all but severity and ends, which overlap."""
    if replace(own, severity="", lo=None, hi=None) != replace(entry, severity="", lo=None, hi=None):
        return False
    if own.lo is None or own.hi is None or entry.lo is None or entry.hi is None:
        return own.lo is entry.lo
    slack = slack_of(own)
    return entry.lo - slack <= own.hi and own.lo <= entry.hi + slack


def is_covered(own: Entry, near: Iterable[Entry]) -> bool:
    """Whether entries reach over all of an interval, but for a few ulps at their ends."""
    if own.lo is None or own.hi is None:
        return True
    slack, reached = slack_of(own), own.lo
    for lo, hi in sorted((e.lo, e.hi) for e in near if e.lo is not None and e.hi is not None):
        if lo - slack > reached:
            break
        reached = max(reached, hi + slack + 1)
    return reached > own.hi


def slack_of(entry: Entry) -> int:
    """Ulps by which an end may have moved."""
    return MOVED_ULPS[entry.dtype] * (SOFT_ENDS if entry.code in SOFT else 1)


def is_in_reach(entry: Entry, target: TargetReport, options: GateOptions) -> bool:
    """Whether a run would have found an entry: its code was asked for, and its floats were among those swept."""
    search = target.search
    if target.error or not is_selected(entry.code, options) or entry.mode not in target.modes:
        return False
    if entry.version == "against" and entry.version not in target.versions:
        return False
    if search is not None:
        return not search.cut and entry.wrt in search.wrt
    sweeps = [s for s in target.sweeps if s.input.name == entry.wrt]
    if entry.lo is None or entry.hi is None or not sweeps:
        return True
    segments = [segment for s in sweeps if s.input.fmt.name == entry.dtype for segment in s.plan.segments]
    return any(lo <= entry.lo and entry.hi <= hi for lo, hi in segments)
