"""What is told of one gradient: counts, cells that show the worst, and boxes beyond counting."""

import numpy as np
import pytest

from gradcheck.engine import mapped
from gradcheck.engine.boxes import Boxes
from gradcheck.engine.mapped import Mapped, classes, mark
from gradcheck.records import Class

FINITE, NAN_GRADIENT, INF_OUTPUT, INF_GRADIENT, NO_GRADIENT = 0, 1 << 3, 2, 2 << 3, 4 << 3


def box(y: tuple[int, int], x: tuple[int, int], code: int) -> Boxes:
    return Boxes(*(np.array([value]) for value in (*y, *x, code)))


def rows_of(of: Mapped, y: tuple[int, int], *runs: tuple[int, int, int]) -> None:
    parts = [box(y, (lo, hi), code) for lo, hi, code in runs]
    of.add(
        Boxes(
            *(np.concatenate(a) for a in zip(*((p.y_lo, p.y_hi, p.x_lo, p.x_hi, p.codes) for p in parts), strict=True))
        )
    )


def test_codes_are_classes_and_marks() -> None:
    assert classes(INF_OUTPUT | NAN_GRADIENT) == (Class.INF, Class.NAN)
    assert classes(NO_GRADIENT) == (Class.FINITE, Class.NONE)
    assert [mark(c) for c in (FINITE, INF_OUTPUT, INF_GRADIENT, 3 << 3, NAN_GRADIENT, NO_GRADIENT)] == list(".o+-N.")


def test_a_single_bad_pair_is_seen() -> None:
    of = Mapped("autodiff", "x", (0, 6399), (0, 1599))
    for y in range(1600):
        runs = [(0, 6399, FINITE)] if y != 1599 else [(0, 6398, FINITE), (6399, 6399, NAN_GRADIENT)]
        rows_of(of, (y, y), *runs)
    found = of.map()
    assert len(found.cells) == 16
    assert found.cells[0] == "." * 63 + "N"
    assert set(found.cells[1:]) == {"." * 64}
    assert [(c.gradient, c.pairs, c.unlisted) for c in found.classes] == [
        (Class.FINITE, 6400 * 1600 - 1, 0),
        (Class.NAN, 1, 0),
    ]


def test_a_narrow_plane_has_as_many_cells_as_floats_and_gaps_are_blank() -> None:
    of = Mapped("autodiff", "y", (10, 14), (-1, 1))
    rows_of(of, (-1, -1), (10, 11, FINITE), (14, 14, INF_GRADIENT))
    rows_of(of, (1, 1), (10, 11, INF_OUTPUT), (14, 14, FINITE))
    assert of.map().cells == ("oo  .", "     ", "..  +")


def test_what_is_not_kept_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapped, "MOST_BOXES", 40)
    of = Mapped("autodiff", "x", (0, 9), (0, 99))
    for y in range(100):
        rows_of(of, (y, y), *((x, x, NAN_GRADIENT if (x + y) % 2 else FINITE) for x in range(10)))
    assert of.full
    assert {c.gradient: c.pairs for c in of.map().classes} == {Class.FINITE: 500, Class.NAN: 500}
    assert all(0 < c.unlisted < c.pairs for c in of.map().classes)


def test_the_rectangles_that_are_listed_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapped, "MOST_RECTANGLES", 5)
    of = Mapped("autodiff", "x", (0, 99), (0, 98))
    for y in range(99):
        rows_of(of, (y, y), (0, y, NAN_GRADIENT), (y + 1, 99, FINITE))
    for found in of.map().classes:
        assert len(found.rectangles) == 5
        assert [r.pairs for r in found.rectangles] == sorted((r.pairs for r in found.rectangles), reverse=True)
        assert found.unlisted == found.pairs - sum(r.pairs for r in found.rectangles)
