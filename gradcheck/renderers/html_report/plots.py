"""What the page draws, as JSON.

In: a curve, and the stretches that are shaded. Out: an object that plots.js reads. It knows nothing of gradients: a
float format to place the floats on its line, columns, and bands by ordinal.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from math import isfinite
from typing import Any

from gradcheck.records import Class, Curve, LineInterval, Region, Sweep
from gradcheck.renderers.curve_json import curve_object
from gradcheck.renderers.visible import kind_of, visible

SHADED = 200
"""Stretches that are shaded, the widest first; more cannot be told apart."""


@dataclass(frozen=True)
class Band:
    """A stretch that is shaded in one panel.

    Attributes:
        lo, hi: ordinals.
        panel: `output` or `gradient`.
        kind: `bad`, `wrong`, `undefined`, or `other`: not the version that training runs.
    """

    lo: int
    hi: int
    panel: str
    kind: str


def swept_plot(sweep: Sweep, effective: str) -> dict[str, Any] | None:
    """The plot of a swept input."""
    if sweep.curve is None:
        return None
    widest = sorted(visible(sweep.regions), key=lambda r: (-r.floats, r.lo))[:SHADED]
    ends = sweep.plan.segments[0][0], sweep.plan.segments[-1][1]
    return plot_object(sweep.input.name, sweep.curve, ends, (b for r in widest for b in bands_of(r, effective)), False)


def line_plot(curve: Curve, line: LineInterval, version: str, name: str) -> dict[str, Any]:
    """The plot of the line through a witness; beside its interval, runs of points that are not finite are shaded."""
    ends = curve.ordinals[0], curve.ordinals[-1]
    columns = {"output": curve.output, "gradient": curve.gradients.get(version, ())}
    runs = [Band(lo, hi, panel, "bad") for panel, column in columns.items() for lo, hi in odd_runs(curve, column)]
    others = [b for b in runs if b.panel == "output" or b.hi < line.lo or b.lo > line.hi]
    return plot_object(name, curve, ends, [Band(line.lo, line.hi, "gradient", "bad"), *others], True)


def odd_runs(curve: Curve, column: tuple[float | None, ...]) -> Iterable[tuple[int, int]]:
    """First and last ordinals of adjacent points whose values are not finite in one way."""
    for odd, run in groupby(zip(curve.ordinals, column, strict=False), lambda point: odd_name(point[1])):
        if odd:
            ordinals = [o for o, _ in run]
            yield ordinals[0], ordinals[-1]


def odd_name(value: float | None) -> str:
    """What a number that is not finite is called; nothing of others."""
    return "" if value is None or isfinite(value) else str(value)


def bands_of(region: Region, effective: str) -> Iterable[Band]:
    """How a region is shaded in both panels."""
    kind = kind_of(region, effective)
    if kind == "undefined":
        return [Band(region.lo, region.hi, panel, "undefined") for panel in ("output", "gradient")]
    output = [] if region.forward is Class.FINITE else [Band(region.lo, region.hi, "output", "bad")]
    others = any(c not in (Class.FINITE, Class.NONE) for c in region.gradients.values())
    shade = kind if kind in ("bad", "wrong") else "other" if others else None
    return [*output, *([Band(region.lo, region.hi, "gradient", shade)] if shade else [])]


def plot_object(name: str, curve: Curve, ends: tuple[int, int], bands: Iterable[Band], sparse: bool) -> dict[str, Any]:
    """The object; `sparse`: the truth was asked at some of the points, so that gaps in it mean nothing."""
    fmt = curve.fmt
    return {
        "input": name,
        "format": {"mantissa": fmt.mantissa_bits, "exponent": fmt.min_exponent},
        "ends": list(ends),
        "ordinals": list(curve.ordinals),
        "hex": [fmt.hex(o) for o in curve.ordinals],
        "columns": curve_object(curve),
        "bands": [[b.lo, b.hi, b.panel, b.kind] for b in bands],
        "sparse": sparse,
    }
