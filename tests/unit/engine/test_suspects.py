"""Stretches of flagged floats: none is lost, whatever is joined."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck.engine.suspects import NONE, Suspects, suspects_of

FLAGS = st.lists(st.booleans(), min_size=1, max_size=60)


def of(*ends: tuple[int, int]) -> Suspects:
    return Suspects(np.array([lo for lo, _ in ends], np.int64), np.array([hi for _, hi in ends], np.int64))


def ends(found: Suspects) -> list[tuple[int, int]]:
    return list(zip(found.lo.tolist(), found.hi.tolist(), strict=True))


@given(FLAGS, st.integers(-100, 100))
def test_flags_become_runs(flags: list[bool], lo: int) -> None:
    found = suspects_of(lo, np.array(flags))
    flagged = {o for first, last in ends(found) for o in range(first, last + 1)}
    assert flagged == {lo + i for i, flag in enumerate(flags) if flag}
    assert not found.joined


@given(FLAGS, FLAGS)
def test_parts_of_the_line_are_the_same_as_the_line(left: list[bool], right: list[bool]) -> None:
    whole = suspects_of(-7, np.array(left + right))
    parts = suspects_of(-7, np.array(left)).and_then(suspects_of(len(left) - 7, np.array(right)))
    assert ends(parts) == ends(whole)


@given(FLAGS, st.integers(1, 5))
def test_fewer_hold_all_of_them_and_end_in_flagged_ones(flags: list[bool], most: int) -> None:
    every = suspects_of(0, np.array(flags))
    few = every.fewer(most)
    assert len(few.lo) == min(most, len(every.lo))
    assert few.joined == (len(every.lo) > most)
    assert set(few.lo.tolist()) <= set(every.lo.tolist())
    assert set(few.hi.tolist()) <= set(every.hi.tolist())
    assert all(any(a <= lo and hi <= b for a, b in ends(few)) for lo, hi in ends(every))


def test_the_widest_gaps_stay() -> None:
    assert ends(of((0, 1), (4, 5), (105, 106), (108, 109)).fewer(2)) == [(0, 5), (105, 109)]


@pytest.mark.parametrize(
    ("most", "wanted", "joined"),
    [
        (2, [(0, 20), (1000, 1001)], True),
        (3, [(0, 1), (10, 11), (20, 20), (1000, 1001)], False),
    ],
)
def test_what_flickers_is_one_stretch_and_what_is_far_away_another(
    most: int, wanted: list[tuple[int, int]], joined: bool
) -> None:
    found = of((0, 1), (10, 11), (20, 20), (1000, 1001)).calmed(most, 100)
    assert (ends(found), found.joined) == (wanted, joined)


def test_nothing_stays_nothing() -> None:
    assert ends(NONE.and_then(NONE).calmed(1, 10).fewer(1)) == []
    assert ends(NONE.and_then(of((3, 4)))) == ends(of((3, 4)).and_then(NONE)) == [(3, 4)]
    assert ends(of((3, 4)).calmed(0, 10)) == [(3, 4)]
