"""Markdown for the summary of a CI job.

In: a report. Out: a table of the targets, then the findings of each with their witness, the line that they come from
and what to do next. Texts of the user's are escaped, so that they stay text whatever is in them; code stands in fences
that are longer than any in it.
"""

import re

from gradcheck.records import Finding, Report, TargetReport
from gradcheck.renderers.places import counts, finding_place
from gradcheck.renderers.styles import Style
from gradcheck.renderers.training_words import clean_run_text
from gradcheck.renderers.witnesses import evidence

MOST = 200
"""Findings that are told in full: a job's summary may have 1 MiB."""

SPECIAL = re.compile(r"[\\`*_{}\[\]<>&|~$#@]|://|(?<=\bwww)\.")
"""What means something in Markdown, in the HTML in it, or to what makes links of addresses."""


def render_markdown(report: Report, style: Style) -> str:
    """The summary."""
    del style
    left, blocks = MOST, []
    for target in report.targets:
        found = [f for f in target.findings if not f.suppressed]
        if found:
            blocks.append(target_block(target, found[:left], len(found)))
            left -= len(found[:left])
    return "\n".join([f"## gradcheck: {headline(report)}", "", *table(report), *blocks])


def headline(report: Report) -> str:
    """All targets in one line."""
    statuses = [target.status for target in report.targets]
    words = (("clean", "clean"), ("findings", "with findings"), ("error", "not checked"))
    parts = [f"{statuses.count(status)} {word}" for status, word in words if status in statuses]
    return ", ".join([f"{len(statuses)} target{'s' if len(statuses) != 1 else ''}", *parts])


def table(report: Report) -> list[str]:
    """A row a target."""
    if not report.targets:
        return []
    rows = [f"| {escaped(target.target)} | {result(target)} |" for target in report.targets]
    return ["| target | result |", "| --- | --- |", *rows, ""]


def result(target: TargetReport) -> str:
    """What came of a target, in a cell."""
    if target.error:
        return f"**{target.error.code}** {escaped(target.error.message)}"
    if target.training and not target.findings:
        return f"clean: {escaped(clean_run_text(target.training))}"
    found = counts(f.severity for f in target.findings if not f.suppressed)
    suppressed = sum(1 for f in target.findings if f.suppressed)
    return (found or "clean") + (f", {suppressed} suppressed" if suppressed else "")


def target_block(target: TargetReport, findings: list[Finding], count: int) -> str:
    """The findings of one target."""
    lines = [f"### {escaped(target.target)}", ""]
    for finding in findings:
        lines += finding_lines(finding, target)
    if len(findings) < count:
        lines += [f"- and {count - len(findings)} more findings", ""]
    return "\n".join(lines)


def finding_lines(finding: Finding, target: TargetReport) -> list[str]:
    """One finding: an item of a list, what shows it below."""
    lines = [f"- **{finding.code} {finding.severity}** ({finding.name}) {escaped(finding.message)}"]
    lines += [f"  - {escaped(text)}" for text in evidence(finding)]
    place = finding_place(finding, target)
    if place and not finding.training:  # whose evidence says it
        lines.append(f"  - in {escaped(place.text)}")
    if finding.cause and finding.cause.source:
        lines += fenced(finding.cause.source, "python", "    ")
    if finding.suggestion:
        first, _, code = finding.suggestion.partition("\n")
        lines += [f"  - next: {escaped(first)}", *(fenced(code, "python", "    ") if code.strip() else [])]
    return [*lines, ""]


def fenced(code: str, language: str, indent: str) -> list[str]:
    """A block of code within an item of a list."""
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return ["", *(indent + line for line in [fence + language, *code.split("\n"), fence]), ""]


def escaped(text: str) -> str:
    """A text that Markdown leaves as it is."""
    return SPECIAL.sub(lambda found: "".join(f"\\{c}" for c in found[0]), text.strip())
