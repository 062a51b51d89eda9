"""Regions are shown where a column changes, and not where only what has no column does."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from gradcheck.records import Class, Domain, Kind, Region, Sweep
from gradcheck.renderers.visible import visible

MakeSweep = Callable[..., Sweep]
FINITE, NAN, INF = Class.FINITE, Class.NAN, Class.INF


def ends(regions: tuple[Region, ...]) -> list[tuple[int, int]]:
    return [(r.lo, r.hi) for r in regions]


@pytest.fixture
def three(make_sweep: MakeSweep) -> tuple[Region, ...]:
    """Three adjacent regions of one class."""
    return make_sweep(*((lo, lo + 9, FINITE, NAN) for lo in (0, 10, 20))).regions


def test_regions_of_the_same_columns_are_one(three: tuple[Region, ...]) -> None:
    assert ends(visible(three)) == [(0, 29)]
    assert ends(visible(three[:1])) == [(0, 9)]
    assert visible(()) == ()


def test_kinds_and_defects_have_no_column(three: tuple[Region, ...]) -> None:
    first, second, third = three
    regions = (replace(first, kinds={"autodiff": Kind.NUMERICAL}), replace(second, defect=True), third)
    (shown,) = visible(regions)
    assert (shown.lo, shown.hi, shown.witness) == (0, 29, first.witness)


def test_a_gap_between_ranges_is_seen(three: tuple[Region, ...]) -> None:
    assert ends(visible((three[0], three[2]))) == [(0, 9), (20, 29)]


def test_every_column_is_seen(three: tuple[Region, ...]) -> None:
    first, second, third = three
    for other in (
        replace(second, forward=INF),
        replace(second, domain=Domain.OUTSIDE),
        replace(second, gradients={"autodiff": INF}),
        replace(second, input="y"),
    ):
        assert ends(visible((first, other, third))) == [(0, 9), (10, 19), (20, 29)]


def test_another_version_alone_is_seen(make_sweep: MakeSweep) -> None:
    rows = [(0, 9, FINITE, NAN, FINITE), (10, 19, FINITE, NAN, INF)]
    assert len(visible(make_sweep(*rows, versions=("autodiff", "custom")).regions)) == 2
