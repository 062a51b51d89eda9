"""Curves in a terminal: `--plot`.

In: a curve of gradients. Out: lines: the plot, every float equally wide, a label at its height; numbers under it; and a
lane for each version that is not finite somewhere, since a curve has no place for that. Where versions agree the last
one is seen: the true gradient is drawn first, what training runs last.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import copysign, isfinite, log10, nan

from gradcheck.records import Curve, Domain, Finding, Sweep
from gradcheck.renderers.strip import short, ticks
from gradcheck.renderers.styles import Style

HEIGHT = 11
"""Lines of the canvas."""

GUTTER = 10
"""Columns on the left, for labels."""

LINEAR = 10.0
"""Values up to which the height is linear; beyond it is a symmetric logarithm."""

SERIES = {"true": (".", "white"), "against": ("g", "magenta"), "autodiff": ("a", "blue"), "custom": ("c", "green")}
"""In the order in which they are drawn: a mark where there are no colours, and a colour."""

MARKS = {"nan": "N", "inf": "+", "-inf": "-", "mixed": "*"}
ASCII = str.maketrans("┌┐└┘─▁│", "++++--|")

Run = tuple[int, int, str]
"""First and last ordinal, and the mark of what is not finite there."""


@dataclass(frozen=True)
class Drawing:
    """What is drawn.

    Attributes:
        title: what the heights are.
        curve: the points.
        lanes: what is not finite, for each version.
        sparse: whether the truth was asked at some of the points, so that gaps in it mean nothing.
    """

    title: str
    curve: Curve
    lanes: Mapping[str, list[Run]]
    sparse: bool


def sweep_plot(sweep: Sweep, style: Style) -> list[str]:
    """The plot of a swept input, with its lanes by regions, which are exact; nothing unless plots were asked for."""
    if not style.plot or sweep.curve is None:
        return []
    inside = [r for r in sweep.regions if r.domain is not Domain.OUTSIDE]
    lanes = {
        name: [(r.lo, r.hi, MARKS[r.gradients[name].value]) for r in inside if r.gradients[name].value in MARKS]
        for name in sweep.curve.gradients
    }
    return ["", *plot_lines(Drawing(f"gradient by {sweep.input.name}", sweep.curve, lanes, False), style)]


def finding_plot(finding: Finding, style: Style) -> list[str]:
    """The plot of the line through a witness."""
    tensor = finding.tensor
    if not style.plot or tensor is None or tensor.curve is None or tensor.line is None:
        return []
    place = f"[{', '.join(map(str, tensor.line.index))}]" if tensor.line.index else ""
    lanes = {name: list(runs(tensor.curve.ordinals, column)) for name, column in tensor.curve.gradients.items()}
    title = f"gradient by {finding.wrt}, along {tensor.line.input}{place}"
    return plot_lines(Drawing(title, tensor.curve, lanes, True), style)


def runs(ordinals: tuple[int, ...], column: tuple[float | None, ...]) -> Iterable[Run]:
    """Points that are not finite, one by one."""
    for o, v in zip(ordinals, column, strict=True):
        if v is not None and not isfinite(v):
            yield o, o, MARKS[str(v)]


def plot_lines(drawing: Drawing, style: Style) -> list[str]:
    """The title with what the marks mean, the canvas, the numbers under it, and the lanes."""
    curve = drawing.curve
    lo, hi = curve.ordinals[0], curve.ordinals[-1]
    cells = style.width - GUTTER - 4
    columns = {"true": curve.true_gradient, **curve.gradients}
    series = {name: points(curve, columns.get(name, ()), name == "true" and drawing.sparse) for name in SERIES}
    series = {name: found for name, found in series.items() if any(isfinite(y) for _, y in found)}
    if lo == hi or not series:
        return [f"  {drawing.title}: no finite gradients to draw"]
    return [
        f"  {drawing.title}:  {legend(tuple(series), style)}",
        *canvas(series, (lo, hi), cells, style),
        " " * (GUTTER + 3) + ticks(curve.fmt, lo, hi, cells).rstrip(),
        *lane_lines(drawing.lanes, (lo, hi), cells, style),
    ]


def points(curve: Curve, column: tuple[float | None, ...], sparse: bool) -> list[tuple[float, float]]:
    """Places and values; NaN, which is a gap, where there is no number, unless gaps mean nothing."""
    values = [v if v is not None and isfinite(v) else nan for v in column]
    return [(float(o), v) for o, v in zip(curve.ordinals, values, strict=False) if isfinite(v) or not sparse]


def canvas(
    series: Mapping[str, list[tuple[float, float]]], ends: tuple[int, int], cells: int, style: Style
) -> list[str]:
    """The drawing in its frame, with three labels on the left."""
    from uniplot import plot_to_string

    finite = [y for found in series.values() for _, y in found if isfinite(y)]
    bent = max(map(abs, finite)) > LINEAR
    low, high = bend(min(finite), bent), bend(max(finite), bent)
    low, high = (low, high) if low < high else (low - 1, high + 1)
    drawn = plot_to_string(
        xs=[[x for x, _ in found] for found in series.values()],
        ys=[[bend(y, bent) for _, y in found] for found in series.values()],
        lines=True,
        width=cells,
        height=HEIGHT,
        x_min=float(ends[0]),
        x_max=float(ends[1]),
        y_min=low,
        y_max=high,
        x_labels=False,
        y_labels=False,
        color=[SERIES[name][1] for name in series] if style.colour else False,
        character_set="block" if style.colour and style.unicode else "ascii",
        force_ascii_characters=[SERIES[name][0] for name in series],
    )
    labels = {1: high, (HEIGHT + 1) // 2: (low + high) / 2, HEIGHT: low}
    return [
        f"  {label(labels[i], bent) if i in labels else '':>{GUTTER - 1}} {line.rstrip()}"
        for i, line in enumerate((drawn if style.unicode else drawn.translate(ASCII)).splitlines())
    ]


def lane_lines(lanes: Mapping[str, list[Run]], ends: tuple[int, int], cells: int, style: Style) -> list[str]:
    """A line for each version that is not finite somewhere, and one on what the marks mean."""
    lo, hi = ends
    lines, used = [], set()
    for name, found in lanes.items():
        row = [" "] * cells
        for first, last, mark in sorted(found, key=lambda run: run[0] - run[1]):  # what is narrow, on top
            start, stop = ((min(max(o, lo), hi) - lo) * cells // (hi - lo + 1) for o in (first, last))
            row[start : stop + 1] = [mark] * (stop + 1 - start)
            used.add(mark)
        if found:
            lines.append(f"  {name:>{GUTTER - 1}}  {style.paint(''.join(row).rstrip(), 'error')}")
    words = "  ".join(f"{mark}: {word}" for word, mark in MARKS.items() if mark in used)
    return [*lines, f"  {'':{GUTTER}} {words}"] if lines else []


def legend(names: tuple[str, ...], style: Style) -> str:
    """Which mark, or colour, is whose."""
    if not style.colour:
        return "  ".join(f"{SERIES[name][0]} {name}" for name in names)
    from rich.color import ColorSystem
    from rich.style import Style as RichStyle

    return "  ".join(RichStyle(color=SERIES[n][1]).render(n, color_system=ColorSystem.STANDARD) for n in names)


def bend(value: float, bent: bool) -> float:
    """The height of a value: itself, or its symmetric logarithm."""
    return copysign(log10(1 + abs(value)), value) if bent else value


def label(height: float, bent: bool) -> str:
    """The value at a height, in three digits."""
    value = copysign(10 ** abs(height) - 1, height) if bent else height
    return short(f"{value:.3g}")
