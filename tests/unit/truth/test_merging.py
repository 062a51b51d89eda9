"""Neighbours that differ in nothing worth telling are one region."""

import math
from dataclasses import replace
from typing import Any

import pytest

from gradcheck.floats import FORMATS
from gradcheck.records import Class, Domain, Kind, Region
from gradcheck.truth.merging import NARROW, SMALLEST_ROUNDING, merged

FLOAT32 = FORMATS["float32"]
FINITE, NAN, INF, MIXED, ZERO = Class.FINITE, Class.NAN, Class.INF, Class.MIXED, Class.ZERO
VANISHED, INACCURATE, WRONG = Class.VANISHED, Class.INACCURATE, Class.WRONG


def region(lo: int, hi: int, gradient: Class = FINITE, forward: Class = FINITE, **fields: Any) -> Region:
    return Region(
        "z", FLOAT32, lo, hi, forward, {"autodiff": gradient}, lo, **{"losses": {"autodiff": math.inf}, **fields}
    )


def test_neighbours_that_differ_in_nothing_are_one_with_the_simpler_witness() -> None:
    one, two = (int(o) for o in FLOAT32.encode([1.0, 2.0]))
    first = replace(region(one - 100, one), witness=one - 50)
    second = replace(region(one + 1, two), witness=two)
    (found,) = merged((first, second))
    assert (found.lo, found.hi, found.witness) == (one - 100, two, two)


@pytest.mark.parametrize(
    "other",
    [
        region(10, 19, NAN),
        region(10, 19, forward=INF),
        region(10, 19, domain=Domain.OUTSIDE),
        region(10, 19, defect=True),
        region(10, 19, kinds={"autodiff": Kind.OVERFLOW}),
        region(11, 19),
    ],
    ids=["gradient", "forward", "domain", "defect", "kind", "gap"],
)
def test_neighbours_that_differ_in_anything_stay_apart(other: Region) -> None:
    assert len(merged((region(0, 9), other))) == 2


def test_gradients_of_exactly_0_are_finite_once_the_truth_is_known() -> None:
    (found,) = merged((region(0, 9, ZERO), region(10, 19, FINITE)))
    assert found.gradients == {"autodiff": FINITE}


@pytest.mark.parametrize(
    ("middle", "floats", "is_absorbed"),
    [
        (FINITE, 100 // NARROW - 1, True),
        (FINITE, 100 // NARROW + 1, False),
        (WRONG, 5, True),
        (VANISHED, 5, True),
        (VANISHED, 5000, True),
        (NAN, 5, False),
        (INF, 5, False),
        (MIXED, 5, False),
    ],
)
def test_what_is_narrow_in_an_inaccurate_stretch_is_a_part_of_it(middle: Class, floats: int, is_absorbed: bool) -> None:
    parts = (
        region(0, 99, INACCURATE),
        region(100, 99 + floats, middle),
        region(100 + floats, 199 + floats, INACCURATE),
    )
    found = merged(parts)
    assert [r.gradients["autodiff"] for r in found] == (
        [INACCURATE] if is_absorbed else [INACCURATE, middle, INACCURATE]
    )


def test_what_lies_between_a_bad_and_a_good_stretch_stays() -> None:
    parts = (region(0, 99, INACCURATE), region(100, 101, VANISHED), region(102, 201, FINITE))
    assert [r.gradients["autodiff"] for r in merged(parts)] == [INACCURATE, VANISHED, FINITE]
    parts = (region(0, 99, INACCURATE), region(100, 101, FINITE), region(103, 201, INACCURATE))
    assert len(merged(parts)) == 3, "a gap between ranges"


def test_calming_goes_on_until_nothing_changes() -> None:
    """Once the first island is absorbed, its neighbours are wide enough for the second."""
    parts = (
        region(0, 99, INACCURATE),
        region(100, 104, FINITE),
        region(105, 205, INACCURATE),
        region(206, 225, FINITE),
        region(226, 500, INACCURATE),
    )
    assert [(r.lo, r.hi) for r in merged(parts)] == [(0, 500)]


def test_an_infinity_at_the_edge_of_the_largest_floats_is_the_defect_that_its_neighbour_is() -> None:
    wide = region(100, 100 + 10 * NARROW, INF, INF, defect=True, domain=Domain.INSIDE)
    edge = region(95, 99, INF, INF, domain=Domain.INSIDE, border=True)
    assert [r.defect for r in merged((edge, wide))] == [True]
    above = region(wide.hi + 1, wide.hi + 5, INF, INF, domain=Domain.INSIDE, border=True)
    assert [r.defect for r in merged((wide, above))] == [True]
    beyond = region(95, 99, INF, INF, domain=Domain.INSIDE)
    assert [r.defect for r in merged((beyond, wide))] == [False, True], "the true output exceeds the dtype there"
    finite = region(95, 99, INF, FINITE, domain=Domain.INSIDE)
    assert [r.defect for r in merged((finite, wide))] == [False, True]
    outside = region(95, 99, INF, INF, domain=Domain.OUTSIDE)
    assert [r.defect for r in merged((outside, wide))] == [False, True]
    long = region(0, 99, INF, INF, domain=Domain.INSIDE)
    assert [r.defect for r in merged((long, wide))] == [False, True]


# Losses


@pytest.mark.parametrize("bad", [VANISHED, INACCURATE])
@pytest.mark.parametrize(
    ("loss", "is_rounding"),
    [
        (math.inf, False),
        (1.0, False),
        (0.99, True),
        (1e-3, True),
        (SMALLEST_ROUNDING, True),
        (SMALLEST_ROUNDING / 2, False),
    ],
)
def test_what_rounding_of_sums_explains_is_let_pass_and_what_is_far_below_is_not(
    bad: Class, loss: float, is_rounding: bool
) -> None:
    parts = (region(0, 99), region(100, 199, bad, losses={"autodiff": loss}), region(200, 299))
    found = [r.gradients["autodiff"] for r in merged(parts)]
    assert found == ([FINITE] if is_rounding else [FINITE, bad, FINITE])


@pytest.mark.parametrize("bad", [WRONG, NAN, INF])
def test_only_a_loss_of_digits_can_be_rounding(bad: Class) -> None:
    parts = (region(0, 99), region(100, 199, bad, losses={"autodiff": 0.1}))
    assert [r.gradients["autodiff"] for r in merged(parts)] == [FINITE, bad]


def test_adjacent_losses_are_taken_together() -> None:
    small, large = {"autodiff": 0.1}, {"autodiff": 10.0}
    parts = (region(0, 99, INACCURATE, losses=large), region(100, 199, VANISHED, losses=small))
    assert [r.gradients["autodiff"] for r in merged(parts)] == [INACCURATE, VANISHED]
    apart = (region(0, 99, INACCURATE, losses=large), region(101, 199, VANISHED, losses=small))
    assert [r.gradients["autodiff"] for r in merged(apart)] == [INACCURATE, FINITE]
    between = (*parts[:1], region(100, 999), region(1000, 1099, VANISHED, losses=small))
    assert [r.gradients["autodiff"] for r in merged(between)] == [INACCURATE, FINITE]
