"""The strip shows every float equally wide, and the worst of what a cell holds."""

import itertools
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck.floats import FORMATS
from gradcheck.records import Class, Domain, Sweep
from gradcheck.renderers.strip import short, strip
from gradcheck.renderers.styles import Style
from gradcheck.renderers.visible import kind_of

MakeSweep = Callable[..., Sweep]
FLOAT32 = FORMATS["float32"]
WHOLE = (FLOAT32.min_ordinal, FLOAT32.max_ordinal)
FINITE, NAN, INF, NONE, MIXED = Class.FINITE, Class.NAN, Class.INF, Class.NONE, Class.MIXED
ASCII = Style(unicode=False)
RANK = {"#": 3, ".": 2, "-": 1, " ": 0}


def marks(sweep: Sweep, style: Style = ASCII, version: str = "autodiff") -> str:
    """The line between its two ends."""
    line = strip(sweep, version, style)[0]
    assert len(line) == style.width - 4
    return line[1:-1]


def mark(forward: Class, gradient: Class) -> str:
    if gradient not in (FINITE, NONE):
        return "#"
    return "-" if forward is FINITE else "."


@pytest.mark.parametrize(
    ("forward", "gradient", "kind"),
    [
        (FINITE, FINITE, "good"),
        (FINITE, NONE, "good"),
        (INF, FINITE, "forward"),
        (NAN, NONE, "forward"),
        (MIXED, FINITE, "forward"),
        (FINITE, NAN, "bad"),
        (FINITE, INF, "bad"),
        (NAN, MIXED, "bad"),
        (FINITE, Class.VANISHED, "wrong"),
        (FINITE, Class.INACCURATE, "wrong"),
        (INF, Class.WRONG, "wrong"),
    ],
)
def test_the_mark_of_a_region(make_sweep: MakeSweep, forward: Class, gradient: Class, kind: str) -> None:
    assert kind_of(make_sweep((0, 9, forward, gradient)).regions[0], "autodiff") == kind


@pytest.mark.parametrize(("forward", "gradient"), [(FINITE, FINITE), (NAN, NAN), (INF, NAN)])
def test_outside_the_domain_nothing_is_held_against_a_region(
    make_sweep: MakeSweep, forward: Class, gradient: Class
) -> None:
    (region,) = make_sweep((0, 9, forward, gradient)).regions
    assert kind_of(replace(region, domain=Domain.OUTSIDE), "autodiff") == "undefined"
    assert kind_of(replace(region, domain=Domain.INSIDE), "autodiff") != "undefined"


@given(
    rows=st.lists(
        st.tuples(
            st.integers(1, 40), st.sampled_from([FINITE, NAN, INF]), st.sampled_from([FINITE, NAN]), st.booleans()
        ),
        min_size=1,
        max_size=12,
    ),
    start=st.integers(-300, 300),
    width=st.integers(60, 120),
)
def test_a_cell_shows_the_worst_of_its_floats(
    make_sweep: MakeSweep, rows: list[tuple[int, Class, Class, bool]], start: int, width: int
) -> None:
    regions, place = [], start
    for floats, forward, gradient, gap in rows:
        regions.append((place, place + floats - 1, forward, gradient))
        place += floats + (7 if gap else 0)
    sweep = make_sweep(*regions)
    lo, hi = regions[0][0], regions[-1][1]
    cells, floats = width - 6, hi - lo + 1
    style = Style(width, unicode=False)
    if floats < cells:
        assert strip(sweep, "autodiff", style) == []
        return
    wanted = [" "] * cells
    for first, last, forward, gradient in regions:
        for ordinal in range(first, last + 1):
            cell = (ordinal - lo) * cells // floats
            wanted[cell] = max(wanted[cell], mark(forward, gradient), key=RANK.__getitem__)
    assert marks(sweep, style) == "".join(wanted)


def test_softplus(make_sweep: MakeSweep) -> None:
    end = int(FLOAT32.encode(88.72284))
    sweep = make_sweep((WHOLE[0], end - 1, FINITE, FINITE), (end, WHOLE[1], INF, NAN))
    assert strip(sweep, "autodiff", ASCII) == [
        "|" + "-" * 56 + "#" * 18 + "|",
        " -3.4e38    -1e10 -1 -1e-10           0          1e-10  1  1e10      3.4e38",
        " # autodiff gradient not finite",
    ]


def test_softplus_with_what_is_known_of_its_gradient(make_sweep: MakeSweep) -> None:
    first, end = int(FLOAT32.encode(1e-3)), int(FLOAT32.encode(88.72284))
    rows = [(WHOLE[0], first - 1, FINITE, FINITE), (first, end - 1, FINITE, Class.VANISHED), (end, WHOLE[1], INF, NAN)]
    lines = strip(make_sweep(*rows), "autodiff", ASCII)
    assert re.fullmatch(r"\|-{53}={3}#{18}\|", lines[0])
    assert lines[2] == " # autodiff gradient not finite   = finite, but wrong"


def test_a_stretch_outside_the_domain_is_told_from_a_good_one(make_sweep: MakeSweep) -> None:
    sweep = make_sweep((WHOLE[0], -1, NAN, NAN), (0, WHOLE[1], FINITE, FINITE))
    sweep = replace(sweep, regions=(replace(sweep.regions[0], domain=Domain.OUTSIDE), sweep.regions[1]))
    unicode = strip(sweep, "autodiff", Style())
    assert unicode[0] == "├" + "·" * 37 + "─" * 37 + "┤"
    assert unicode[2] == " · undefined"
    assert strip(sweep, "autodiff", ASCII)[0] == "|" + " " * 37 + "-" * 37 + "|"


def test_one_bad_float_is_seen(make_sweep: MakeSweep) -> None:
    sweep = make_sweep((WHOLE[0], -1, FINITE, FINITE), (0, 0, FINITE, NAN), (1, WHOLE[1], FINITE, FINITE))
    assert marks(sweep).count("#") == 1
    assert marks(sweep)[37] == "#"


def test_the_asked_version_is_shown(make_sweep: MakeSweep) -> None:
    sweep = make_sweep((*WHOLE, INF, NAN, FINITE), versions=("autodiff", "custom"))
    assert set(marks(sweep, version="autodiff")) == {"#"}
    assert set(marks(sweep, version="custom")) == {"."}
    assert strip(sweep, "custom", ASCII)[2] == " . only the output not finite"


def test_the_legend_names_the_marks_that_are_there(make_sweep: MakeSweep) -> None:
    good = make_sweep((*WHOLE, FINITE, FINITE))
    assert len(strip(good, "autodiff", ASCII)) == 2
    rows = [(WHOLE[0], -1, INF, FINITE), (0, WHOLE[1], INF, NAN)]
    legend = strip(make_sweep(*rows), "autodiff", ASCII)[2]
    assert "# autodiff gradient not finite" in legend
    assert ". only the output not finite" in legend


@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_no_line_is_wider_than_the_table_leaves_room_for(make_sweep: MakeSweep, width: int) -> None:
    sweep = make_sweep((WHOLE[0], -1, INF, FINITE), (0, WHOLE[1], INF, NAN))
    assert max(len("  " + line) for line in strip(sweep, "autodiff", Style(width))) <= width


def test_unicode_ascii_and_colour(make_sweep: MakeSweep) -> None:
    sweep = make_sweep((WHOLE[0], -2000, FINITE, FINITE), (-1999, -1, INF, FINITE), (0, WHOLE[1], INF, NAN))
    unicode, plain = (strip(sweep, "autodiff", Style(unicode=u)) for u in (True, False))
    assert "".join(plain).isascii()
    assert not "\n".join(unicode).isascii()
    translated = [line.translate(str.maketrans("─░█├┤", "-.#||")) for line in unicode]
    assert translated == plain
    assert "\x1b" not in "".join(unicode)
    assert "\x1b" in "".join(strip(sweep, "autodiff", Style(colour=True)))


@pytest.mark.parametrize("name", list(FORMATS))
@given(data=st.data())
def test_the_numbers_under_the_line_stand_under_their_cells(
    make_sweep: MakeSweep, name: str, data: st.DataObject
) -> None:
    fmt = FORMATS[name]
    place = st.integers(fmt.min_ordinal, fmt.max_ordinal)
    lo, hi = sorted((data.draw(place), data.draw(place)))
    lines = strip(make_sweep((lo, hi, FINITE, FINITE), fmt=fmt), "autodiff", ASCII)
    if hi - lo + 1 < 74:
        assert lines == []
        return
    numbers = lines[1].split()
    assert numbers[0] == short(fmt.text(lo))
    assert short(fmt.text(hi)) in numbers
    assert len(lines[1]) <= len(lines[0])
    values = [float(number) for number in numbers]
    assert all(a <= b for a, b in itertools.pairwise(values))
    column = 1
    for number, value in zip(numbers[1:-1], values[1:-1], strict=True):
        column = lines[1].index(f" {number} ", column) + 1
        cell = 1 + (int(fmt.encode(value)) - lo) * 74 // (hi - lo + 1)
        assert column - 1 <= cell <= column + len(number) or column + len(number) >= 74


def test_0_and_1_are_under_a_line_of_everything(make_sweep: MakeSweep) -> None:
    for fmt in FORMATS.values():
        numbers = strip(make_sweep((fmt.min_ordinal, fmt.max_ordinal, FINITE, FINITE), fmt=fmt), "autodiff", ASCII)[1]
        assert {"-1", "0", "1"} <= set(numbers.split())


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("0", "0"),
        ("-0", "-0"),
        ("1", "1"),
        ("88.72284", "88.7"),
        ("-3.4028235e+38", "-3.4e38"),
        ("1e-45", "1e-45"),
        ("-1.1754944e-38", "-1.18e-38"),
    ],
)
def test_numbers_are_shortened(text: str, wanted: str) -> None:
    assert short(text) == wanted


@given(value=st.floats(-1e300, 1e300))
def test_a_shortened_number_is_near(value: float) -> None:
    assert float(short(repr(value))) == pytest.approx(value, rel=0.0051, abs=1e-320)
