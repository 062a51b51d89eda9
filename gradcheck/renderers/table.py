"""The table: what a person reads in a terminal of 80 columns.

In: a report. Out: a block a target, one line where it is clean: a heading, a strip of the number line, a row a region,
the findings with their witness and what to do next. Targets that could not be checked are not here: they are messages.
"""

from itertools import groupby

from gradcheck.records import Class, Domain, Finding, Region, Report, SearchReport, Sweep, TargetReport, TrainingReport
from gradcheck.renderers.accuracy import accuracy
from gradcheck.renderers.map import plane_lines
from gradcheck.renderers.modes import elsewhere_text
from gradcheck.renderers.paragraphs import wrapped
from gradcheck.renderers.strip import strip
from gradcheck.renderers.styles import Style
from gradcheck.renderers.suppressions import clean_word, suppressed_lines
from gradcheck.renderers.tensor_table import search_lines, tensor_findings
from gradcheck.renderers.tensor_words import clean_text, search_coverage_text
from gradcheck.renderers.terminal_plot import sweep_plot
from gradcheck.renderers.training_table import training_findings, watched_line
from gradcheck.renderers.training_words import clean_run_text
from gradcheck.renderers.visible import visible
from gradcheck.renderers.witnesses import witnessed
from gradcheck.renderers.words import coverage, effective, held, is_judged, pairs, share, span, truth
from gradcheck.vocabulary import PLACES

MAX_ROWS = 16
"""Regions, and findings, that are printed one by one; more are summed up, and all of them are in the JSON."""

UNDEFINED = "undefined"
"""What stands in the forward column outside the domain."""


def render_table(report: Report, style: Style) -> str:
    """All targets that could be checked, and a line that sums up where there are several."""
    blocks = [target_block(target, style) for target in report.targets if not target.error]
    separated = [block if "\n" not in block else block + "\n" for block in blocks]
    text = "".join(block + "\n" for block in separated)
    return text + summary(report, style) if len(report.targets) > 1 else text.rstrip("\n") + "\n" if text else ""


def target_block(target: TargetReport, style: Style) -> str:
    """One target."""
    if target.training is not None:
        return watched_block(target, target.training, style)
    if target.search is not None:
        return searched_block(target, target.search, style)
    if is_quiet(target):
        said = [accuracy(target), "" if is_judged(target) else truth(target)]
        unsure = [wrapped(text, style, "  ") for text in said if text]
        plots = [line for sweep in target.sweeps for line in sweep_plot(sweep, style)]
        return "\n".join([clean_line(target, style), *unsure, *closing_lines(target, style), *plots])
    lines = [heading(target, style)]
    for sweep in target.sweeps:
        lines += ["", *sweep_lines(target, sweep, style)]
    lines += ["", *plane_lines(target.plane, effective(target), style)] if target.plane else []
    lines += [""] if target.findings else []
    lines += finding_lines(target.counted, style)
    lines += closing_lines(target, style)
    lines.append(style.paint(wrapped(coverage(target), style, "  "), "dim"))
    return "\n".join(lines)


def searched_block(target: TargetReport, search: SearchReport, style: Style) -> str:
    """One tensor target."""
    how = style.paint(wrapped(search_coverage_text(search, target.modes), style, "  "), "dim")
    if not target.counted:
        unsure = [how] if not search.judged or search.approximate or search.cut else []
        return "\n".join([clean_lines(target, clean_text(search), style), *unsure, *closing_lines(target, style)])
    found = tensor_findings(target.counted, style)
    return "\n".join(
        [heading(target, style), *search_lines(target, search, style), "", *found, *closing_lines(target, style), how]
    )


def watched_block(target: TargetReport, training: TrainingReport, style: Style) -> str:
    """One training run."""
    closing = closing_lines(target, style)
    if not target.counted:
        return "\n".join([clean_lines(target, clean_run_text(training), style), *closing])
    found = training_findings(target.counted, style)
    return "\n".join([heading(target, style), "", *found, *closing, watched_line(training, style)])


def is_quiet(target: TargetReport) -> bool:
    """Whether there is nothing to show: no finding that counts; every value finite, or what is not is suppressed."""
    if target.suppressed:
        return not target.counted
    classes = {c for s in target.sweeps for r in s.regions for c in (r.forward, *r.gradients.values())}
    bounded = target.plane is None or target.plane.is_finite
    return classes <= {Class.FINITE, Class.NONE} and bounded and not target.findings


def is_finite(sweep: Sweep) -> bool:
    """Whether the output and every gradient are finite wherever they were run."""
    return all({r.forward, *r.gradients.values()} <= {Class.FINITE} for r in sweep.regions)


def clean_line(target: TargetReport, style: Style) -> str:
    """A clean target."""
    inputs = ", ".join(s.input.name for s in target.sweeps)
    evaluated = sum(s.evaluated for s in target.sweeps)
    every = "all " if all(s.exhaustive for s in target.sweeps) else ""
    return clean_lines(target, f"{inputs}: {every}{evaluated:,} floats{pairs(target)} run", style)


def clean_lines(target: TargetReport, said: str, style: Style) -> str:
    """The target's name, and how it was checked, on a line of its own where both do not fit."""
    name, clean = style.paint(target.target, "heading"), clean_word(target, style)
    fits = len(f"{target.target}  {clean_word(target, Style())}  {said}") <= style.width
    return f"{name}  {clean}  {said}" if fits else f"{name}  {clean}\n{wrapped(said, style, '  ')}"


def heading(target: TargetReport, style: Style) -> str:
    """The target's name and what was found."""
    found = [f.severity for f in target.counted]
    nothing = (
        f"{style.paint('clean', 'good')}; {'gradient not right' if is_bare(target) else 'output not finite'} everywhere"
    )
    counts = [
        style.paint(
            f"{found.count(severity)} {severity}{'s' if found.count(severity) != 1 and severity != 'info' else ''}",
            severity,
        )
        for severity in ("error", "warning", "info")
        if severity in found
    ]
    counts += [f"{len(target.suppressed)} suppressed"] if counts and target.suppressed else []
    return f"{style.paint(target.target, 'heading')}  {', '.join(counts) or nothing}"


def is_bare(target: TargetReport) -> bool:
    """Whether a gradient is bad where the output is fine, and that is no finding: it was not asked for."""
    fine = (Class.FINITE, Class.NONE)
    regions = [region for sweep in target.sweeps for region in sweep.regions if region.forward is Class.FINITE]
    return any(gradient not in fine for region in regions for gradient in region.gradients.values())


def sweep_lines(target: TargetReport, sweep: Sweep, style: Style) -> list[str]:
    """The strip and the regions of one input."""
    title = f"  {sweep.input.name}: {span(sweep)}{held(target, sweep)}{first_mode(target)}"
    if is_finite(sweep):
        return [f"{title}: {style.paint('all finite', 'good')}", *sweep_plot(sweep, style)]
    lines = [title]
    lines += ["  " + line for line in strip(sweep, effective(target), style)]
    lines += sweep_plot(sweep, style)
    return [*lines, "", *region_rows(target, sweep, style)]


def region_rows(target: TargetReport, sweep: Sweep, style: Style) -> list[str]:
    """One row a region, both ends, the share of all floats, and every column side by side."""
    regions, hidden = shown_regions(visible(sweep.regions))
    header = [f"{sweep.input.name} from", "to", "floats", "forward", *target.versions]
    rows = [
        [
            region.fmt.text(region.lo),
            region.fmt.text(region.hi),
            share(region, sweep),
            forward_of(region, style),
            *(painted(region.gradients[name], style) for name in target.versions),
        ]
        for region in regions
    ]
    from tabulate import tabulate  # 25 ms, with all that it imports

    table = tabulate(rows, header, tablefmt="simple", disable_numparse=True, colalign=("right", "right", "right"))
    lines = ["  " + line.rstrip() for line in table.splitlines()]
    if hidden:
        lines.append(f"  ... and {hidden} more regions (--format json lists them all)")
    return lines


def forward_of(region: Region, style: Style) -> str:
    """The class of the output; where the function is not defined, that."""
    return style.paint(UNDEFINED, "dim") if region.domain is Domain.OUTSIDE else painted(region.forward, style)


def shown_regions(regions: tuple[Region, ...]) -> tuple[list[Region], int]:
    """The regions to print, in order, and how many are left out: the widest, and those near 0."""
    if len(regions) <= MAX_ROWS:
        return list(regions), 0
    by_width = sorted(range(len(regions)), key=lambda i: (-regions[i].floats, i))
    by_size = sorted(by_width[MAX_ROWS // 2 :], key=lambda i: abs(regions[i].witness))
    chosen = {*by_width[: MAX_ROWS // 2], *by_size[: MAX_ROWS // 2]}
    return [regions[i] for i in sorted(chosen)], len(regions) - MAX_ROWS


def finding_lines(findings: tuple[Finding, ...], style: Style) -> list[str]:
    """The findings; those of one code, version and severity beyond the first few are counted."""
    lines: list[str] = []
    told: set[str] = set()
    key = lambda f: (f.severity, f.code, f.version, f.wrt)  # noqa: E731
    for _, group in groupby(findings, key=key):
        same = list(group)
        for i, finding in enumerate(same[:3]):
            lines += one_finding(finding, style)
            following = [f.suggestion for f in same[i + 1 : 3]]
            if finding.suggestion and finding.suggestion not in told and finding.suggestion not in following:
                lines += suggestion_lines(finding.suggestion, style)
                told.add(finding.suggestion)
        if len(same) > 3:
            lines.append(f"    ... and {len(same) - 3} more {same[0].code} ({same[0].name}) like these")
    return lines


def suggestion_lines(suggestion: str, style: Style) -> list[str]:
    """What to do next; code keeps its lines."""
    first, *rest = suggestion.splitlines()
    lines = [wrapped(f"next: {first}", style, "      ")]
    return lines + [" " * 10 + text if text.startswith(" ") else wrapped(text, style, "          ") for text in rest]


def one_finding(finding: Finding, style: Style) -> list[str]:
    """Code and message, the witness, and the cause."""
    mark = style.paint(f"{finding.code} {finding.severity}", finding.severity)
    plain = f"{finding.code} {finding.severity}"
    lines = wrapped(f"{plain}  {finding.message}", style, "  ").replace(plain, mark, 1).splitlines()
    witness = finding.witness
    if witness:
        lines.append(wrapped(witnessed(witness), style, "      "))
    if finding.elsewhere:
        lines.append(wrapped(elsewhere_text(finding.elsewhere), style, "      "))
    if finding.cause:
        lines.append(wrapped(f"cause: {finding.cause.message}", style, "      "))
    return lines


def closing_lines(target: TargetReport, style: Style) -> list[str]:
    """What is suppressed, and what the user should know of how the target was loaded, traced and judged."""
    return suppressed_lines(target, style) + [wrapped(f"note: {note}", style, "  ") for note in target.notes]


def summary(report: Report, style: Style) -> str:
    """One line on several targets."""
    statuses = [target.status for target in report.targets]
    parts = [
        f"{statuses.count(s)} {word}"
        for s, word in (("clean", "clean"), ("findings", "with findings"), ("error", "not checked"))
        if s in statuses
    ]
    number = sum(len(target.suppressed) for target in report.targets)
    known = f"; {number} finding{'s' * (number > 1)} suppressed" if number else ""
    return style.paint(f"{len(statuses)} targets: {', '.join(parts)}{known}", "heading") + "\n"


def first_mode(target: TargetReport) -> str:
    """Which mode is shown, where there are several."""
    return f", {PLACES[target.modes[0]]}" if len(target.modes) > 1 else ""


def painted(observed: Class, style: Style) -> str:
    """A class in its colour."""
    return style.paint(observed.value, None if observed in (Class.FINITE, Class.NONE) else "error")
