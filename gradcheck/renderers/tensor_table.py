"""Tensor targets in the table.

In: the report of a searched target. Out: its lines: inputs and shapes, each finding with its witness, its interval and
what it does to a batch, and the code that shows it.
"""

from itertools import groupby
from math import prod

from gradcheck.records import Finding, SearchReport, TargetReport
from gradcheck.renderers.paragraphs import wrapped
from gradcheck.renderers.styles import Style
from gradcheck.renderers.tensor_words import input_text, witness_lines
from gradcheck.renderers.terminal_plot import finding_plot


def search_lines(target: TargetReport, search: SearchReport, style: Style) -> list[str]:
    """The inputs, one a line."""
    guessed = " (shapes found by trying; --shape NAME=4,3 sets them)" if search.guessed else ""
    lines = [wrapped(input_text(i, i.name in search.wrt), style, "  ") for i in search.inputs]
    if search.weights:
        size = sum(prod(w.shape) for w in search.weights)
        lines.append(wrapped(f"{len(search.weights)} variables ({size:,} weights), differentiated by", style, "  "))
    return [*lines, *([wrapped(guessed.strip(), style, "  ")] if guessed else [])]


def tensor_findings(findings: tuple[Finding, ...], style: Style) -> list[str]:
    """The findings; those that have code, cause and version in common are told together."""
    lines: list[str] = []
    key = lambda f: (f.severity, f.code, f.version, f.cause.message if f.cause else f.message)  # noqa: E731
    pasted = False
    for _, group in groupby(findings, key=key):
        first, *others = list(group)
        lines += one_finding(first, style)
        lines += finding_plot(first, style)
        for other in others:
            lines.append(wrapped(f"the same by {other.wrt}", style, "      "))
        if first.suggestion:
            lines.append(wrapped(f"next: {first.suggestion}", style, "      "))
        paste = first.tensor.paste if first.tensor else ()
        if paste and not pasted and first.severity != "info":
            pasted = True  # one is enough to begin with; JSON has them all
            lines += ["      to see it:", *(f"        {line}" for line in "\n".join(paste).split("\n"))]
    return lines


def one_finding(finding: Finding, style: Style) -> list[str]:
    """Code and message, the witness, the interval, the batch and the cause."""
    plain = f"{finding.code} {finding.severity}"
    text = wrapped(f"{plain}  {finding.message}", style, "  ")
    lines = text.replace(plain, style.paint(plain, finding.severity), 1).splitlines()
    witness = finding.tensor
    if witness is not None:
        lines += [wrapped(line, style, "      ") for line in witness_lines(finding, witness)]
    if finding.cause:
        lines.append(wrapped(f"cause: {finding.cause.message}", style, "      "))
    return lines
