"""The plane as lines of characters and in JSON."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gradcheck.floats import FORMATS
from gradcheck.records import (
    Class,
    Plane,
    PlaneClass,
    PlaneMap,
    Rectangle,
    Report,
    Sweep,
    TargetReport,
    TracedInput,
)
from gradcheck.renderers.json_report import render_json
from gradcheck.renderers.map import fitted, plane_lines
from gradcheck.renderers.styles import Style
from gradcheck.renderers.table import render_table

F16 = FORMATS["float16"]
ALL = (F16.min_ordinal, F16.max_ordinal)
SIDE = 63_488
SCHEMA = json.loads((Path(__file__).parents[3] / "gradcheck/renderers/report.schema.json").read_text())


def half(gradient: Class, forward: Class, y: tuple[int, int]) -> PlaneClass:
    """All of x with one half of y."""
    return PlaneClass(forward, gradient, SIDE * SIDE // 2, (Rectangle(*ALL, *y),))


LOWER, UPPER = half(Class.FINITE, Class.FINITE, (ALL[0], -1)), half(Class.NAN, Class.FINITE, (0, ALL[1]))
BY_X = PlaneMap("autodiff", "x", (LOWER, UPPER), ("N" * 64,) * 8 + ("." * 64,) * 8)
GOOD = PlaneClass(Class.FINITE, Class.FINITE, SIDE * SIDE - 7, (Rectangle(*ALL, ALL[0], ALL[1] - 1),))
ODD = PlaneClass(Class.INF, Class.INF, 7, ())
BY_Y = PlaneMap("autodiff", "y", (GOOD, ODD), ("." * 60 + "+--o",) + ("." * 64,) * 15)
CLEAN = PlaneMap("autodiff", "y", (replace(GOOD, pairs=SIDE * SIDE),), ("." * 64,) * 16)
PLANE = Plane((TracedInput("x", F16, ()), TracedInput("y", F16, ())), ((ALL,), (ALL,)), (BY_X, BY_Y))


@pytest.fixture
def target(make_sweep: Callable[..., Sweep], make_target: Callable[..., TargetReport]) -> TargetReport:
    """Two clean lines and a plane that is not."""
    lines = (
        make_sweep((*ALL, Class.FINITE, Class.FINITE), fmt=F16, name=name, index=i, held=(0, 0))
        for i, name in enumerate("xy")
    )
    return make_target(*lines, target="t", plane=PLANE)


def test_counts_and_maps() -> None:
    lines = plane_lines(PLANE, "autodiff", Style())
    assert lines[:6] == [
        "  x and y: all 4,030,726,144 pairs",
        "",
        "  gradient         finite    nan    inf    -inf    not finite, output finite",
        "  -------------  --------  -----  -----  ------  ---------------------------",
        "  autodiff by x     50.0%  50.0%      0       0                        50.0%",
        "  autodiff by y    100.0%      0      7       0                            0",
    ]
    first = lines.index("  the autodiff gradient by x; x to the right, y upwards")
    assert lines[first + 1] == "   6.55e+04│" + "N" * 64 + "│"
    assert lines[first + 8].startswith("          0│N")
    assert lines[first + 16] == "  -6.55e+04│" + "." * 64 + "│"
    assert lines[first + 17].split()[:: len(lines[first + 17].split()) - 1] == ["-6.55e+04", "6.55e+04"]
    assert lines[first + 18] == "  N NaN gradient  . finite"
    assert lines[-1] == "  + inf  - -inf  o only the output not finite  . finite"


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("unicode", [True, False])
def test_it_fits(width: int, unicode: bool) -> None:
    lines = plane_lines(PLANE, "autodiff", Style(width, unicode=unicode))
    drawn = [line for line in lines if "│" in line or "|" in line]
    assert len(drawn) == 32
    assert max(map(len, drawn)) <= width
    assert unicode or all(line.isascii() for line in lines)


def test_two_columns_become_the_worse_of_both() -> None:
    assert fitted(("..N.+-o. .",), 5) == [".N+o."]
    assert fitted(("..N.+-o. .",), 10) == ["..N.+-o. ."]


def test_a_gradient_that_is_finite_everywhere_has_no_map_and_a_clean_plane_is_a_line() -> None:
    shown = "\n".join(plane_lines(replace(PLANE, maps=(BY_X, CLEAN)), "autodiff", Style()))
    assert "gradient by x;" in shown
    assert "gradient by y;" not in shown
    assert plane_lines(replace(PLANE, maps=(CLEAN,)), "autodiff", Style()) == [
        "  x and y: all 4,030,726,144 pairs: all finite"
    ]


def test_only_the_version_that_training_runs_is_drawn() -> None:
    custom = replace(BY_Y, version="custom")
    shown = "\n".join(plane_lines(replace(PLANE, maps=(BY_X, custom)), "custom", Style()))
    assert "autodiff by x" in shown
    assert "the custom gradient by y;" in shown
    assert "the autodiff gradient by x;" not in shown


def test_colours() -> None:
    lines = plane_lines(PLANE, "autodiff", Style(colour=True))
    assert any("\x1b[1;31m" + "N" * 64 + "\x1b[0m" in line for line in lines)


def test_the_table_says_what_was_proven(make_report: Callable[..., Report], target: TargetReport) -> None:
    text = render_table(make_report(target), Style())
    assert "x and y: all 4,030,726,144 pairs" in text
    said = " ".join(text[text.index("  exhaustive") :].split())
    assert said.startswith("exhaustive: all 126,976 floats and all 4,030,726,144 pairs run, graph mode; ")
    assert said.endswith("of pairs the classes are proven, the truth was asked at a few")
    clean = replace(target, plane=replace(PLANE, maps=(CLEAN,)))
    assert render_table(make_report(clean), Style()) == (
        "t  clean  x, y: all 126,976 floats and all 4,030,726,144 pairs run\n"
    )


def test_json(make_report: Callable[..., Report], target: TargetReport) -> None:
    written: dict[str, Any] = json.loads(render_json(make_report(target), Style()))
    jsonschema.Draft202012Validator(SCHEMA).validate(written)
    (found,) = written["targets"]
    assert found["coverage"]["pairs"] == SIDE * SIDE
    by_x, by_y = found["plane"]["maps"]
    assert (by_x["version"], by_x["wrt"]) == ("autodiff", "x")
    lower = by_x["classes"][0]
    assert (lower["forward"], lower["gradient"], lower["pairs"]) == ("finite", "finite", SIDE * SIDE // 2)
    assert lower["rectangles"][0]["y"] == {
        "lo": -65500.0,
        "hi": -0.0,
        "lo_hex": "-0x1.ffcp+15",
        "hi_hex": "-0x0.000p+0",
        "floats": SIDE // 2,
    }
    assert by_y["classes"][1]["pairs_not_listed"] == 7


def test_json_without_a_plane(make_report: Callable[..., Report], target: TargetReport) -> None:
    written = json.loads(render_json(make_report(replace(target, plane=None)), Style()))
    jsonschema.Draft202012Validator(SCHEMA).validate(written)
    assert written["targets"][0]["plane"] is None
    assert written["targets"][0]["coverage"]["pairs"] is None
