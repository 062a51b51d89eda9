"""The number line as one line of characters, every float equally wide.

In: a sweep. Out: a line of marks from the lowest float of the plan to the highest, and a line of numbers under it. A
cell stands for the same number of floats everywhere, so small numbers take as much room as they have floats.
"""

from itertools import groupby

from gradcheck.floats import FloatFormat
from gradcheck.records import Sweep
from gradcheck.renderers.styles import Style
from gradcheck.renderers.visible import kind_of

TICKS = (0.0, 1.0, -1.0, 1e-38, -1e-38, 1e38, -1e38, 1e-10, -1e-10, 1e10, -1e10, 100.0, -100.0, 0.01, -0.01)
"""Numbers that are worth a place under the line, most wanted first."""

MARKS = {
    "good": ("─", "-"),
    "undefined": ("·", " "),
    "forward": ("░", "."),
    "wrong": ("▒", "="),
    "bad": ("█", "#"),
    "outside": (" ", " "),
}
"""Unicode and ASCII marks: all right, outside the domain, only the output not finite, the gradient finite and not the
true one, the gradient not finite, between two ranges."""

ROLES = {"good": "good", "forward": "warning", "wrong": "error", "bad": "error", "undefined": "dim", "outside": None}


def strip(sweep: Sweep, version: str, style: Style) -> list[str]:
    """Marks, numbers and what the marks mean, for the version that training runs."""
    cells = style.width - 6
    lo, hi = sweep.plan.segments[0][0], sweep.plan.segments[-1][1]
    if hi - lo + 1 < cells:
        return []
    kinds = ["outside"] * cells
    for want in ("good", "undefined", "forward", "wrong", "bad"):
        for region in sweep.regions:
            if kind_of(region, version) == want:
                first, last = ((o - lo) * cells // (hi - lo + 1) for o in (region.lo, region.hi))
                kinds[first : last + 1] = [want] * (last - first + 1)
    side = 0 if style.unicode else 1
    line = "".join(style.paint(MARKS[kind][side] * len(list(run)), ROLES[kind]) for kind, run in groupby(kinds))
    left, right = ("├", "┤") if style.unicode else ("|", "|")
    lines = [f"{left}{line}{right}", " " + ticks(sweep.input.fmt, lo, hi, cells).rstrip()]
    return lines + legend(kinds, version, side, cells)


def ticks(fmt: FloatFormat, lo: int, hi: int, cells: int) -> str:
    """Numbers under a line from one ordinal to another, as many as fit; both ends first."""
    line = [" "] * cells
    wanted = [(lo, short(fmt.text(lo))), (hi, short(fmt.text(hi)))]
    inner = [t for t in TICKS if abs(t) <= fmt.largest and (t == 0 or abs(t) >= fmt.smallest_subnormal)]
    wanted += [(fmt.nearest(t), short(f"{t:g}")) for t in inner]
    for place, text in wanted:
        if lo <= place <= hi:
            centre = (place - lo) * cells // (hi - lo + 1)
            start = min(max(0, centre - len(text) // 2), cells - len(text))
            room = line[max(0, start - 1) : start + len(text) + 1]
            if all(c == " " for c in room):
                line[start : start + len(text)] = text
    return "".join(line)


def short(text: str) -> str:
    """A number's text in three digits."""
    mantissa, e, exponent = text.partition("e")
    rounded = f"{float(mantissa):.3g}" if e else f"{float(text):.3g}"
    return rounded + (e + exponent.replace("+", "") if e else "")


def legend(kinds: list[str], version: str, side: int, cells: int) -> list[str]:
    """What the marks on the line mean, side by side where there is room."""
    words = {
        "bad": f"{version} gradient not finite",
        "wrong": "finite, but wrong",
        "forward": "only the output not finite",
        "undefined": "undefined",
    }
    parts = [f" {MARKS[kind][side]} {text}" for kind, text in words.items() if kind in kinds]
    together = "  ".join(parts)
    return parts if len(together) > cells else [together] if parts else []
