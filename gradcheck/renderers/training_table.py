"""Training runs in the table.

In: the report of a watched run. Out: its lines: each finding with its step, its gradients a row each, the norms of the
last steps as a line of marks, the cause and what to do next; then what was watched.
"""

from math import isfinite, isnan, log10

from gradcheck.errors import one_line
from gradcheck.records import Finding, Norms, Report, TrainingReport, TrainingWitness
from gradcheck.renderers.paragraphs import wrapped
from gradcheck.renderers.styles import Style
from gradcheck.renderers.tensor_words import shape_text
from gradcheck.renderers.training_words import (
    LISTED,
    more_text,
    name_text,
    place_text,
    reach_text,
    share_text,
    step_text,
    watched_text,
)

LEVELS = ("▁▂▃▄▅▆▇█", "_.:-=+*#")
"""Marks of norms from the smallest to the largest, Unicode and ASCII."""

ODD = {"N": "NaN", "I": "inf", "0": "0"}
"""Marks of norms that have no logarithm."""

INDENT = " " * 8
"""In front of a row."""

LEAST = 16
"""Characters of a variable's name that have room however wide the rest of its row is."""

OPTIMIZER = 20
"""Characters of an optimizer's name in a row."""


def training_findings(findings: tuple[Finding, ...], style: Style) -> list[str]:
    """The findings, each with what to do next, which is said once."""
    lines: list[str] = []
    told: set[str] = set()
    for finding in findings:
        lines += one_finding(finding, style)
        if finding.suggestion and finding.suggestion not in told:
            told.add(finding.suggestion)
            lines += [wrapped(part, style, "      ") for part in f"next: {finding.suggestion}".splitlines()]
    return lines


def explained_step(report: Report, style: Style) -> str:
    """A step that was saved and run again: its finding, or that there is none."""
    lines = []
    for target in report.targets:
        word = style.paint("still bad" if target.findings else "finite", "error" if target.findings else "good")
        lines += [f"{style.paint(target.target, 'heading')}  {word}"]
        lines += ["", *training_findings(target.findings, style)] if target.findings else []
        lines += [wrapped(f"note: {note}", style, "  ") for note in target.notes]
    return "\n".join(lines) + "\n"


def one_finding(finding: Finding, style: Style) -> list[str]:
    """Code and message, the step, its gradients, the norms, and the cause."""
    plain = f"{finding.code} {finding.severity}"
    text = wrapped(f"{plain}  {finding.message}", style, "  ")
    lines = text.replace(plain, style.paint(plain, finding.severity), 1).splitlines()
    witness = finding.training
    if witness is not None:
        lines.append(wrapped(step_text(witness), style, "      "))
        lines += [*gradient_rows(witness, style), *norm_rows(witness, style)]
    said = [f"cause: {finding.cause.message}"] if finding.cause and finding.cause.message else []
    said += [place_text(finding)] if place_text(finding) else []
    if witness is not None:
        said += [f"re-run: {witness.rerun}"] if witness.rerun else []
        said += [f"saved: {witness.repro}"] if witness.repro else []
    return lines + [wrapped(part, style, "      ") for part in said]


def gradient_rows(witness: TrainingWitness, style: Style) -> list[str]:
    """A row a gradient: the variable, its shape, and the share of entries that are bad."""
    shown = witness.gradients[:LISTED]
    facts = [[shape_text(g.shape), share_text(g)] for g in shown]
    taken = sum(max((len(row[i]) for row in facts), default=0) + 2 for i in (0, 1))
    room = max(style.width - len(INDENT) - taken, LEAST)
    rows = [[name_text(gradient, room), *row] for gradient, row in zip(shown, facts, strict=True)]
    return in_rows(rows) + ([INDENT + more] if (more := more_text(witness)) else [])


def in_rows(rows: list[list[str]]) -> list[str]:
    """Rows whose columns stand below one another."""
    from tabulate import tabulate  # 25 ms, with all that it imports

    return [INDENT + line.rstrip() for line in tabulate(rows, tablefmt="plain", disable_numparse=True).splitlines()]


def norm_rows(witness: TrainingWitness, style: Style) -> list[str]:
    """A row an optimizer: its last steps, a mark a step, and the norms from the smallest to the largest."""
    known = [norms for norms in witness.norms if norms.norms]
    if not known:
        return []
    rows = [
        [f"{shortened(norms.optimizer)} {steps_text(norms)}", marks(norms.norms, style.unicode), reach_text(norms)]
        for norms in known
    ]
    seen = {mark for norms in known for norm in norms.norms if (mark := odd_mark(norm))}
    legend = "".join(f", {mark} {word}" for mark, word in ODD.items() if mark in seen and mark != word)
    title = wrapped(f"norms of the last steps' gradients, logarithmic{legend}:", style, "      ")
    return [title, *in_rows(rows)]


def shortened(name: str) -> str:
    """An optimizer's name in a row."""
    return one_line(name, OPTIMIZER)


def steps_text(norms: Norms) -> str:
    """The steps of a row."""
    first, last = norms.steps[0], norms.steps[-1]
    return f"{first:,}" if first == last else f"{first:,}-{last:,}"


def marks(norms: tuple[float, ...], unicode: bool) -> str:
    """A mark a norm, the lowest for the smallest and the highest for the largest that is finite and not 0."""
    levels = LEVELS[0 if unicode else 1]
    logarithms = [log10(norm) for norm in norms if not odd_mark(norm)]
    low, high = min(logarithms, default=0.0), max(logarithms, default=0.0)
    width = max(high - low, 1.0)  # less than a factor of ten is no matter
    return "".join(odd_mark(n) or levels[round((log10(n) - low) / width * (len(levels) - 1))] for n in norms)


def odd_mark(norm: float) -> str:
    """The mark of a norm that has no logarithm; empty of others."""
    return "N" if isnan(norm) else "I" if not isfinite(norm) else "0" if norm <= 0 else ""


def watched_line(training: TrainingReport, style: Style) -> str:
    """What was watched, below what was found."""
    return style.paint(wrapped(watched_text(training), style, "  "), "dim")
