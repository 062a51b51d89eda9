"""What stands on the page, as texts.

In: a report. Out: frozen records of plain texts and of what is drawn; the template arranges them and decides nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import groupby
from math import isinf
from typing import Any

from gradcheck.records import Cause, Class, Domain, Finding, Region, Report, Sweep, TargetReport, Witness
from gradcheck.renderers.html_report.plots import line_plot, swept_plot
from gradcheck.renderers.map import plane_lines
from gradcheck.renderers.modes import elsewhere_text
from gradcheck.renderers.paragraphs import shown
from gradcheck.renderers.styles import Style
from gradcheck.renderers.tensor_words import (
    clean_text,
    input_text,
    search_coverage_text,
    shape_text,
    witness_lines,
)
from gradcheck.renderers.training_words import clean_run_text, training_lines, watched_text
from gradcheck.renderers.visible import visible
from gradcheck.renderers.witnesses import exactly
from gradcheck.renderers.words import coverage, effective, held, share, span
from gradcheck.vocabulary import SEVERITIES

ROWS = 100
"""Regions of one input that have a row; more are counted, and all of them are in the JSON."""

FINDINGS = 100
"""Findings of one target that are shown."""

ALIKE = 3
"""Findings of one code, severity, version and input that are unfolded."""

Count = tuple[str, int]


@dataclass(frozen=True)
class Row:
    """One region: its ends in decimal and hexadecimal, as ordinals for the plot, and a word and a role a column."""

    lo: str
    hi: str
    hex: str
    ordinals: tuple[int, int]
    floats: str
    cells: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Line:
    """One swept input, or the inputs of a tensor target: a title, a plot's number, and rows."""

    title: str
    plot: int | None = None
    header: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    hidden: int = 0


@dataclass(frozen=True)
class Shown:
    """One finding.

    Attributes:
        finding: the record itself.
        witness: lines on what came out; `numbers` where they fit into a table: a name, computed, true.
        plot: number of the plot that shows it, of its target's.
        ordinals: where on it.
    """

    finding: Finding
    witness: tuple[str, ...]
    numbers: tuple[tuple[str, str, str], ...]
    elsewhere: str
    cause: Cause | None
    place: str
    paste: str
    plot: int | None = None
    ordinals: tuple[int, int] | None = None
    own_plot: bool = False


@dataclass(frozen=True)
class Group:
    """Findings that are alike: the first ones, and those that are folded."""

    shown: tuple[Shown, ...]
    folded: tuple[Shown, ...]


@dataclass(frozen=True)
class Section:
    """One target."""

    anchor: str
    target: TargetReport
    counts: tuple[Count, ...]
    codes: tuple[str, ...]
    how: str
    lines: tuple[Line, ...] = ()
    plane: str = ""
    groups: tuple[Group, ...] = ()
    hidden: int = 0


@dataclass(frozen=True)
class Page:
    """The whole page, and the plots on it by number."""

    report: Report
    counts: tuple[Count, ...]
    sections: tuple[Section, ...]
    plots: list[dict[str, Any]] = field(default_factory=list)


def page_of(report: Report) -> Page:
    """Everything."""
    plots: list[dict[str, Any]] = []
    sections = tuple(section_of(target, f"target-{i + 1}", plots) for i, target in enumerate(report.targets))
    every = tuple(f for target in report.targets for f in target.findings)
    return Page(report, counts_of(every), sections, plots)


def section_of(target: TargetReport, anchor: str, plots: list[dict[str, Any]]) -> Section:
    """One target; its plots are added to those there are."""
    if target.error:
        return Section(anchor, target, (), (target.error.code,), "")
    version = effective(target)
    numbers: dict[str, int] = {}
    for sweep in target.sweeps:
        plot = swept_plot(sweep, version)
        if plot is not None:
            numbers[sweep.input.name] = len(plots)
            plots.append(plot)
    if target.search:
        search = target.search
        lines = tuple(Line(input_text(i, i.name in search.wrt)) for i in search.inputs)
        how = search_coverage_text(search, target.modes) if target.findings else clean_text(search)
    elif target.training:
        lines = ()
        how = watched_text(target.training) if target.findings else clean_run_text(target.training)
    else:
        lines = tuple(line_of(target, sweep, numbers.get(sweep.input.name)) for sweep in target.sweeps)
        how = coverage(target)
    return Section(
        anchor,
        target,
        counts_of(target.findings),
        tuple(sorted({f.code for f in target.findings})),
        how,
        lines,
        "\n".join(plane_lines(target.plane, version, Style(100))) if target.plane else "",
        groups_of(tuple(shown_of(f, numbers, plots) for f in target.findings[:FINDINGS])),
        max(len(target.findings) - FINDINGS, 0),
    )


def groups_of(findings: tuple[Shown, ...]) -> tuple[Group, ...]:
    """Findings that are alike and follow one another, together."""
    key = lambda s: (s.finding.severity, s.finding.code, s.finding.version, s.finding.wrt)  # noqa: E731
    found = [tuple(group) for _, group in groupby(findings, key=key)]
    return tuple(Group(alike[:ALIKE], alike[ALIKE:]) for alike in found)


def counts_of(findings: tuple[Finding, ...]) -> tuple[Count, ...]:
    """How many findings count, of each severity that there is, the worst first; then those that do not."""
    counting = [f.severity for f in findings if not f.suppressed]
    counts = [(severity, counting.count(severity)) for severity in reversed(SEVERITIES)]
    counts.append(("ignored", len(findings) - len(counting)))
    return tuple((word, n) for word, n in counts if n)


def line_of(target: TargetReport, sweep: Sweep, plot: int | None) -> Line:
    """One swept input."""
    regions = visible(sweep.regions)
    kept = sorted(sorted(regions, key=lambda r: (-r.floats, r.lo))[:ROWS], key=lambda r: r.lo)
    header = ("from", "to", "floats", "output", *target.versions)
    rows = tuple(row_of(region, sweep, target.versions) for region in kept)
    return Line(f"{sweep.input.name}: {span(sweep)}{held(target, sweep)}", plot, header, rows, len(regions) - len(kept))


def row_of(region: Region, sweep: Sweep, versions: tuple[str, ...]) -> Row:
    """One region."""
    fmt = region.fmt
    outside = region.domain is Domain.OUTSIDE
    cells = ["undefined" if outside else region.forward.value, *(region.gradients[v].value for v in versions)]
    good = {Class.FINITE.value: "good", Class.NONE.value: "dim", "undefined": "dim"}
    return Row(
        fmt.text(region.lo),
        fmt.text(region.hi),
        f"{fmt.hex(region.lo)} to {fmt.hex(region.hi)}",
        (region.lo, region.hi),
        share(region, sweep),
        tuple((word, good.get(word, "dim" if outside else "bad")) for word in cells),
    )


def shown_of(finding: Finding, numbers: Mapping[str, int], plots: list[dict[str, Any]]) -> Shown:
    """One finding, swept or searched."""
    cause, tensor, witness = finding.cause, finding.tensor, finding.witness
    place = ":".join(str(part) for part in (cause.file, cause.line) if part is not None) if cause else ""
    elsewhere = elsewhere_text(finding.elsewhere) if finding.elsewhere else ""
    if tensor is not None:
        number = None
        if tensor.curve and tensor.line:
            number = len(plots)
            name = place_of(tensor.line.input, tensor.line.index)
            plots.append(line_plot(tensor.curve, tensor.line, finding.version, name))
        lines = tuple(witness_lines(finding, tensor))
        ends = (tensor.line.lo, tensor.line.hi) if tensor.line else None
        return Shown(finding, lines, (), elsewhere, cause, place, "\n".join(tensor.paste), number, ends, True)
    if finding.training is not None:
        return Shown(finding, tuple(training_lines(finding.training)), (), elsewhere, cause, place, "")
    ends = (finding.lo, finding.hi) if finding.lo is not None and finding.hi is not None else None
    return Shown(
        finding,
        (point_text(witness),) if witness else (),
        numbers_of(witness) if witness else (),
        elsewhere,
        cause,
        place,
        "\n".join(witness.paste) if witness else "",
        numbers.get(finding.wrt) if ends else None,
        ends,
    )


def place_of(name: str, index: tuple[int, ...]) -> str:
    """An element of an input."""
    return name + (shape_text(index) if index else "")


def point_text(witness: Witness) -> str:
    """Where the witness is."""
    return "at " + ", ".join(f"{name} = {exactly(value)}" for name, value in witness.inputs.items())


def numbers_of(witness: Witness) -> tuple[tuple[str, str, str], ...]:
    """What came out at a float, and what is true there."""
    rows = (
        ("output", witness.output, witness.true_output),
        ("gradient", witness.gradient, witness.true_gradient),
    )
    return tuple((name, "None" if c is None else shown(c), true_text(t)) for name, c, t in rows)


def true_text(value: float | None) -> str:
    """A true value."""
    return "" if value is None else "infinite" if isinf(value) else shown(value)
