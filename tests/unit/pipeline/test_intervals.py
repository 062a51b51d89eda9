"""The interval of a finding along one element."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcheck.pipeline.intervals import edge


@given(st.integers(-100, 100), st.integers(0, 60), st.integers(0, 60), st.lists(st.integers(-130, 130), max_size=8))
@settings(max_examples=200)
def test_an_edge_is_the_last_float_that_is_the_same(here: int, below: int, above: int, samples: list[int]) -> None:
    ordinals = np.unique([*samples, here - 300, here + 300])
    asked: list[int] = []

    def stays(ordinal: int) -> bool:
        asked.append(ordinal)
        return here - below <= ordinal <= here + above

    assert edge(ordinals[::-1], here, stays) == here - below
    assert edge(ordinals, here, stays) == here + above
    assert len(asked) < 60


def test_the_last_of_all_ordinals_may_be_an_edge() -> None:
    assert edge(np.array([-5, 0, 9]), 3, lambda o: True) == 9
    assert edge(np.array([9, 0, -5]), 3, lambda o: True) == -5


def test_ordinals_far_apart_do_not_overflow() -> None:
    ordinals = np.array([-(1 << 62), 0, 1 << 62])
    assert edge(ordinals, 5, lambda o: o < 1000) == 999
