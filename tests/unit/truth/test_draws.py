"""Draws are inside the plan, even by ordinal, and dense where inputs live."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck.floats import FORMATS, FloatFormat
from gradcheck.options import SURVEY_POINTS
from gradcheck.records import InputPlan
from gradcheck.truth.draws import drawn

FLOAT32 = FORMATS["float32"]
WHOLE = (FLOAT32.min_ordinal, FLOAT32.max_ordinal)


def plan_of(*segments: tuple[int, int]) -> InputPlan:
    return InputPlan(0, segments, (0,))


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=list(FORMATS))
@given(data=st.data())
def test_draws_are_inside_the_plan(fmt: FloatFormat, data: st.DataObject) -> None:
    places = st.integers(fmt.min_ordinal, fmt.max_ordinal)
    a, b, c, d = sorted(data.draw(st.lists(places, min_size=4, max_size=4, unique=True)))
    draws = drawn(plan_of((a, b), (c, d)), fmt, (), 0)
    assert all(a <= o <= b or c <= o <= d for o in draws.tolist())
    assert len(draws) <= SURVEY_POINTS + 60


def test_the_same_seed_draws_the_same() -> None:
    first, second, other = (drawn(plan_of(WHOLE), FLOAT32, (), seed) for seed in (3, 3, 4))
    assert (first == second).all()
    assert (first != other).any()


def test_draws_are_even_by_ordinal_and_dense_where_inputs_live() -> None:
    draws = np.sort(drawn(plan_of(WHOLE), FLOAT32, (), 0))
    assert np.diff(draws, prepend=WHOLE[0], append=WHOLE[1]).max() <= 2.1 * (WHOLE[1] - WHOLE[0]) / (SURVEY_POINTS // 6)
    values = FLOAT32.decode(draws)
    for reach in (8.0, 128.0):
        near = np.sort(values[np.abs(values) <= reach])
        assert np.diff(near, prepend=-reach, append=reach).max() <= 2.1 * 2 * reach / (SURVEY_POINTS // 6)
    assert {1.0, -1.0, 100.0, 1e6} <= set(values)
