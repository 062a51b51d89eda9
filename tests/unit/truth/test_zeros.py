"""Planted runs of zero gradients are found to the exact float."""

import itertools
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck.bisection import Codes, sample
from gradcheck.floats import FORMATS, Ordinals
from gradcheck.options import MAX_ZERO_CHANGES
from gradcheck.records import Class, Region
from gradcheck.truth.zeros import split_at_zeros

FLOAT32 = FORMATS["float32"]
WHOLE = (FLOAT32.min_ordinal, FLOAT32.max_ordinal)
FINITE, NAN, MIXED, ZERO = Class.FINITE, Class.NAN, Class.MIXED, Class.ZERO
AUTODIFF, CUSTOM = 1 << 32, 1 << 33
BITS = {"autodiff": AUTODIFF, "custom": CUSTOM}


@dataclass
class Line:
    """Zeros for every ordinal: `pieces` of (first, last, bits); the bits below are a class and must not matter."""

    pieces: list[tuple[int, int, int]]

    def __call__(self, ordinals: Ordinals) -> Codes:
        codes = ordinals % 3
        for first, last, bits in self.pieces:
            codes = codes | np.where((ordinals >= first) & (ordinals <= last), bits, 0)
        return codes


def region(lo: int, hi: int, *gradients: Class, forward: Class = FINITE) -> Region:
    return Region("z", FLOAT32, lo, hi, forward, dict(zip(BITS, gradients, strict=False)), lo)


def found(line: Line, *regions: Region, step: int = 1 << 20) -> list[tuple[int, int, tuple[Class, ...]]]:
    first = sample(np.append(np.arange(regions[0].lo, regions[-1].hi, step), regions[-1].hi), line)
    versions = list(regions[0].gradients)
    split = split_at_zeros(regions, first, line, {name: BITS[name] for name in versions})
    assert (split[0].lo, split[-1].hi) == (regions[0].lo, regions[-1].hi)
    assert all(a.hi + 1 == b.lo for a, b in itertools.pairwise(split))
    assert all(r.lo <= r.witness <= r.hi for r in split)
    return [(r.lo, r.hi, tuple(r.gradients.values())) for r in split]


@given(start=st.integers(*WHOLE), floats=st.integers(1 << 21, 1 << 31))
def test_a_run_of_zeros_is_found_to_the_float(start: int, floats: int) -> None:
    lo, hi = start, min(start + floats, WHOLE[1])
    if hi - lo < 1 << 21:
        return
    before = [(WHOLE[0], lo - 1, (FINITE,))] if lo > WHOLE[0] else []
    behind = [(hi + 1, WHOLE[1], (FINITE,))] if hi < WHOLE[1] else []
    wanted = [*before, (lo, hi, (ZERO,)), *behind]
    assert found(Line([(lo, hi, AUTODIFF)]), region(*WHOLE, FINITE), step=1 << 20) == wanted


def test_without_zeros_nothing_is_split() -> None:
    assert found(Line([]), region(*WHOLE, FINITE)) == [(*WHOLE, (FINITE,))]


def test_zeros_up_to_the_very_end_of_a_region_are_found() -> None:
    """The last sample in front of the end may miss them; the end itself is run."""
    line = Line([(1000, 1009, AUTODIFF)])
    assert found(line, region(0, 1009, FINITE), region(1010, 2000, NAN), step=700) == [
        (0, 999, (FINITE,)),
        (1000, 1009, (ZERO,)),
        (1010, 2000, (NAN,)),
    ]


def test_every_version_has_its_own_zeros() -> None:
    line = Line([(0, 999, AUTODIFF), (500, 1499, CUSTOM)])
    assert found(line, region(-1000, 1999, FINITE, FINITE), step=100) == [
        (-1000, -1, (FINITE, FINITE)),
        (0, 499, (ZERO, FINITE)),
        (500, 999, (ZERO, ZERO)),
        (1000, 1499, (FINITE, ZERO)),
        (1500, 1999, (FINITE, FINITE)),
    ]


def test_what_is_not_finite_is_not_called_zero() -> None:
    line = Line([(0, 999, CUSTOM)])
    assert found(line, region(0, 999, NAN, FINITE), step=100) == [(0, 999, (NAN, ZERO))]


@pytest.mark.parametrize("forward", [FINITE, MIXED])
def test_mixtures_and_single_floats_are_left_alone(forward: Class) -> None:
    line = Line([(500, 999, AUTODIFF)])
    gradient = MIXED if forward is FINITE else FINITE
    mixture = region(0, 999, gradient, forward=forward)
    assert found(line, mixture, step=100) == [(0, 999, (gradient,))]
    assert found(line, region(700, 700, FINITE), step=100) == [(700, 700, (FINITE,))]


def test_a_gradient_that_passes_0_in_many_places_is_left_alone() -> None:
    waves = [(a, a + 499, AUTODIFF) for a in range(0, 1000 * MAX_ZERO_CHANGES, 1000)]
    whole = region(-1000, waves[-1][1] + 1000, FINITE)
    assert found(Line(waves), whole, step=100) == [(whole.lo, whole.hi, (FINITE,))]
    few = waves[: MAX_ZERO_CHANGES // 2]
    assert len(found(Line(few), whole, step=100)) == 2 * len(few) + 1
