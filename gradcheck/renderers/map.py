"""The plane of two inputs as lines of characters, every float equally wide and equally high.

In: a plane. Out: what was run, how many pairs are of which class, and for the version that training runs a map for each
gradient that is not finite everywhere. A cell stands for the same number of floats everywhere and shows the worst that
is in it, so that a single bad pair is seen.
"""

from itertools import groupby

from gradcheck.floats import FloatFormat
from gradcheck.records import Class, Plane, PlaneMap
from gradcheck.renderers.strip import short, ticks
from gradcheck.renderers.styles import Style

LABELS = 9
"""Columns for the numbers beside a map."""

MARKS = {
    "N": ("NaN gradient", "error"),
    "+": ("inf", "error"),
    "-": ("-inf", "error"),
    "o": ("only the output not finite", "warning"),
    ".": ("finite", "good"),
    " ": ("", None),
}
"""Marks of cells, the worst first: what they mean, and the role of their colour."""

COLUMNS = (Class.FINITE, Class.NAN, Class.INF, Class.NEGATIVE_INF)


def plane_lines(plane: Plane, version: str, style: Style) -> list[str]:
    """The whole block; `version` is the one that training runs."""
    x, y = (traced.name for traced in plane.inputs)
    title = f"  {x} and {y}: all {plane.pairs:,} pairs"
    if plane.is_finite:
        return [f"{title}: {style.paint('all finite', 'good')}"]
    drawn = [m for m in plane.maps if m.version == version and any(set(row) - {".", " "} for row in m.cells)]
    maps = [line for m in drawn for line in ["", *map_lines(plane, m, style)]]
    return [title, "", *count_lines(plane, style), *maps]


def count_lines(plane: Plane, style: Style) -> list[str]:
    """Pairs of each class, a row a gradient."""
    header = ["gradient", *(c.value for c in COLUMNS), "not finite, output finite"]
    rows = [
        [
            f"{m.version} by {m.wrt}",
            *(
                style.paint(share(m.count(c), plane), None if c is Class.FINITE or not m.count(c) else "error")
                for c in COLUMNS
            ),
            share(m.count(*COLUMNS[1:], masked=True), plane),
        ]
        for m in plane.maps
    ]
    aligned = ("left", *("right" for _ in header[1:]))
    from tabulate import tabulate  # 25 ms, with all that it imports

    table = tabulate(rows, header, tablefmt="simple", disable_numparse=True, colalign=aligned)
    return ["  " + line.rstrip() for line in table.splitlines()]


def share(pairs: int, plane: Plane) -> str:
    """The share of all pairs, or their number where they are few."""
    part = pairs / plane.pairs
    return f"{part:.1%}" if part >= 0.001 else f"{pairs:,}"


def map_lines(plane: Plane, shown: PlaneMap, style: Style) -> list[str]:
    """One gradient: a line a row of cells, the largest floats of the second input first, and what the marks mean."""
    (x, x_lo, x_hi), (y, y_lo, y_hi) = (
        (traced.fmt, segments[0][0], segments[-1][1])
        for traced, segments in zip(plane.inputs, plane.segments, strict=True)
    )
    cells = fitted(shown.cells, style.width - LABELS - 4)
    beside = labels(y, y_lo, y_hi, len(cells))
    side = "│" if style.unicode else "|"
    names = [traced.name for traced in plane.inputs]
    lines = [f"  the {shown.version} gradient by {shown.wrt}; {names[0]} to the right, {names[1]} upwards"]
    for label, row in zip(beside, cells, strict=True):
        marks = "".join(style.paint("".join(run), MARKS[mark][1]) for mark, run in groupby(row))
        lines.append(f"  {label:>{LABELS}}{side}{marks}{side}")
    width = len(cells[0])
    lines.append((" " * (LABELS + 3) + ticks(x, x_lo, x_hi, width)).rstrip())
    found = {mark for row in cells for mark in row}
    return [*lines, "  " + "  ".join(f"{mark} {text}" for mark, (text, _) in MARKS.items() if mark in found and text)]


def fitted(cells: tuple[str, ...], width: int) -> list[str]:
    """Lines of cells, two columns as one where there is no room."""
    order = "".join(MARKS)
    if len(cells[0]) <= width:
        return list(cells)
    halved = ("".join(min(row[i : i + 2], key=order.index) for i in range(0, len(row), 2)) for row in cells)
    return fitted(tuple(halved), width)


def labels(fmt: FloatFormat, lo: int, hi: int, rows: int) -> list[str]:
    """The largest float of the top row, the smallest of the bottom one, and 0 where it is between them."""
    texts = [""] * rows
    if lo < 0 <= hi:
        texts[rows - 1 - (0 - lo) * rows // (hi - lo + 1)] = "0"
    texts[-1] = short(fmt.text(lo))
    if rows > 1:
        texts[0] = short(fmt.text(hi))
    return texts
