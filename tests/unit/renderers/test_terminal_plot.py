"""Curves in a terminal: text that can be read without colours, and what is not finite in sight."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from gradcheck.domains import ValueDomain
from gradcheck.floats import FORMATS
from gradcheck.records import (
    Class,
    Curve,
    Domain,
    Finding,
    LineInterval,
    Report,
    SearchReport,
    Sweep,
    TargetReport,
    TensorInput,
    TensorWitness,
)
from gradcheck.renderers import render
from gradcheck.renderers.styles import Style
from gradcheck.renderers.terminal_plot import GUTTER, HEIGHT, finding_plot, label, sweep_plot

FLOAT32 = FORMATS["float32"]
PLOT = Style(plot=True)
NAN, INF = math.nan, math.inf
ORDINALS = tuple(range(0, 1001, 10))
FALLING = tuple(1 - o / 1000 for o in ORDINALS)


def curve(**columns: tuple[float | None, ...]) -> Curve:
    true = columns.pop("true", (None,) * len(ORDINALS))
    return Curve(FLOAT32, ORDINALS, (0.0,) * len(ORDINALS), columns, true, true)


@pytest.fixture
def half(make_sweep: Callable[..., Sweep]) -> Sweep:
    """A gradient that falls from 1 to 0, and is computed as NaN in the second half."""
    sweep = make_sweep((0, 499, Class.FINITE, Class.FINITE), (500, 1000, Class.FINITE, Class.NAN))
    computed = tuple(v if o < 500 else NAN for o, v in zip(ORDINALS, FALLING, strict=True))
    return replace(sweep, curve=curve(true=FALLING, autodiff=computed))


def columns_of(lines: list[str], mark: str) -> set[int]:
    """Columns of the canvas in which a mark stands."""
    frame = [line[GUTTER + 3 : -1] for line in lines if line.endswith("│")]
    return {i for line in frame for i, c in enumerate(line) if c == mark}


def test_nothing_is_drawn_unless_plots_are_asked_for(half: Sweep) -> None:
    assert sweep_plot(half, Style()) == []
    assert sweep_plot(replace(half, curve=None), PLOT) == []


def test_the_curve_and_the_truth_beside_it(half: Sweep) -> None:
    lines = sweep_plot(half, PLOT)
    cells = PLOT.width - GUTTER - 4
    assert lines[1] == "  gradient by z:  . true  a autodiff"
    assert len(lines) == 1 + 1 + HEIGHT + 2 + 1 + 2
    assert max(map(len, lines)) == PLOT.width
    computed, true = columns_of(lines, "a"), columns_of(lines, ".")
    assert max(computed) <= cells // 2 + 1
    assert computed | true == set(range(cells))
    assert [line.split()[0] for line in (lines[3], lines[3 + HEIGHT // 2], lines[2 + HEIGHT])] == ["1", "0.5", "0"]


def test_what_is_not_finite_has_a_lane(half: Sweep) -> None:
    *_, lane, words = sweep_plot(half, PLOT)
    cells = PLOT.width - GUTTER - 4
    assert lane[:GUTTER] == "   autodiff"[:GUTTER]
    assert lane.count("N") == pytest.approx(cells / 2, abs=1)
    assert lane.endswith("N")
    assert words.split() == ["N:", "nan"]


def test_a_single_float_is_seen_and_the_undefined_is_no_fault(make_sweep: Callable[..., Sweep]) -> None:
    sweep = make_sweep(
        (0, 600, Class.FINITE, Class.NAN), (601, 601, Class.FINITE, Class.INF), (602, 1000, Class.FINITE, Class.NAN)
    )
    outside = replace(sweep.regions[0], domain=Domain.OUTSIDE)
    sweep = replace(sweep, regions=(outside, *sweep.regions[1:]), curve=curve(autodiff=FALLING))
    *_, lane, words = sweep_plot(sweep, PLOT)
    assert lane.split() == ["autodiff", "+" + "N" * (lane.count("N"))]
    assert words.split() == ["N:", "nan", "+:", "inf"]


def test_what_training_runs_is_drawn_on_top() -> None:
    from gradcheck.renderers.terminal_plot import Drawing, plot_lines

    same = curve(true=FALLING, custom=FALLING, autodiff=FALLING, against=FALLING)
    lines = plot_lines(Drawing("g", same, {}, False), PLOT)
    assert lines[0] == "  g:  . true  g against  a autodiff  c custom"
    assert not columns_of(lines, "a") | columns_of(lines, ".") | columns_of(lines, "g")


def test_large_gradients_are_drawn_by_their_logarithm(half: Sweep) -> None:
    large = tuple(10.0 ** (o / 100) for o in ORDINALS)
    lines = sweep_plot(replace(half, curve=curve(autodiff=large)), PLOT)
    assert lines[3].split()[0] == "1e10"
    assert len(columns_of(lines, "a")) == PLOT.width - GUTTER - 4


@pytest.mark.parametrize(("height", "bent", "text"), [(0.0, True, "0"), (-2.0, True, "-99"), (0.25, False, "0.25")])
def test_labels_are_values(height: float, bent: bool, text: str) -> None:
    assert label(height, bent) == text


def test_no_finite_gradient(half: Sweep) -> None:
    lines = sweep_plot(replace(half, curve=curve(autodiff=(NAN,) * len(ORDINALS))), PLOT)
    assert lines == ["", "  gradient by z: no finite gradients to draw"]


def test_a_constant_gradient(half: Sweep) -> None:
    lines = sweep_plot(replace(half, curve=curve(autodiff=(1.0,) * len(ORDINALS))), PLOT)
    assert columns_of(lines, "a") == set(range(PLOT.width - GUTTER - 4))


def test_gaps_stay_gaps(half: Sweep) -> None:
    broken = tuple(None if 300 < o < 700 else v for o, v in zip(ORDINALS, FALLING, strict=True))
    drawn = columns_of(sweep_plot(replace(half, curve=curve(true=broken)), PLOT), ".")
    cells = PLOT.width - GUTTER - 4
    assert not drawn & set(range(int(0.35 * cells), int(0.65 * cells)))


def test_ascii_where_nothing_else_can_be_written(half: Sweep) -> None:
    assert "\n".join(sweep_plot(half, Style(unicode=False, plot=True))).isascii()


def test_colours_only_where_they_are_understood(half: Sweep) -> None:
    assert "\x1b" not in "\n".join(sweep_plot(half, PLOT))
    coloured = "\n".join(sweep_plot(half, Style(colour=True, plot=True)))
    assert "\x1b[34m" in coloured
    assert ". true" not in coloured


def test_the_table_with_and_without(
    half: Sweep, clean_sweep: Sweep, make_target: Callable[..., TargetReport], make_report: Callable[..., Report]
) -> None:
    clean = make_target(replace(clean_sweep, curve=curve(autodiff=FALLING)), target="clean")
    report = make_report(make_target(half), clean)
    plain, drawn = render(report, "table", Style()), render(report, "table", PLOT)
    assert plain == render(
        make_report(make_target(replace(half, curve=None)), make_target(clean_sweep, target="clean")), "table", Style()
    )
    assert drawn.count("gradient by z:") == 2
    assert [line for line in drawn.splitlines() if line in plain.splitlines() and line] == [
        line for line in plain.splitlines() if line
    ]
    assert drawn.index("├") < drawn.index("gradient by z:") < drawn.index("z from")


def test_the_line_through_a_witness(make_finding: Callable[..., Finding], make_report: Callable[..., Report]) -> None:
    computed = tuple(INF if 400 <= o <= 600 else v for o, v in zip(ORDINALS, FALLING, strict=True))
    true = tuple(v if i % 10 == 0 else None for i, v in enumerate(FALLING))
    tensor = TensorWitness(
        {"x": np.array([0.0, 1.0])},
        {"x": "float32"},
        {"": np.array(0.0)},
        np.array([INF, 1.0]),
        line=LineInterval("x", (0,), 400, 600, FLOAT32),
        curve=curve(true=true, autodiff=computed),
    )
    finding = make_finding(lo=None, hi=None, at=None, witness=None, wrt="x", tensor=tensor)
    lines = finding_plot(finding, PLOT)
    assert lines[0] == "  gradient by x, along x[0]:  . true  a autodiff"
    assert columns_of(lines, ".") | columns_of(lines, "a") >= set(range(1, PLOT.width - GUTTER - 5))  # joined
    assert "+" in lines[-2]
    search = SearchReport(
        (TensorInput("x", "float32", (2,), ValueDomain()),), ("x",), (), {"lines": 9}, 1, (), False, ("ones",)
    )
    report = make_report(
        TargetReport("t", versions=("autodiff",), modes=("graph",), findings=(finding,), search=search)
    )
    assert lines[0] in render(report, "table", PLOT)
    assert lines[0] not in render(report, "table", Style())
    assert finding_plot(replace(finding, tensor=replace(tensor, curve=None)), PLOT) == []
