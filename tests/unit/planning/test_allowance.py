"""What a search may spend follows from the budget and the graph, never from the clock."""

import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck.planning.allowance import LEAST, MOST, SHARE, Allowance

COUNTS = st.integers(0, 20_000)
WIDTHS = st.integers(1, 512)
GRAPHS = st.builds(
    Allowance, st.floats(1e-3, 1e4), st.integers(1, 10_000), st.integers(1, 10_000_000), st.integers(1, 4)
)


def fresh(allowed: Allowance, width: int = 64) -> int:
    """Points at the start."""
    return allowed.left(0, 0, 0, width)


@given(GRAPHS, st.floats(1, 1e3), COUNTS, COUNTS, COUNTS, WIDTHS)
def test_more_time_is_never_fewer_points(
    allowed: Allowance, factor: float, evaluated: int, calls: int, raised: int, width: int
) -> None:
    more = replace(allowed, seconds=allowed.seconds * factor)
    assert more.left(evaluated, calls, raised, width) >= allowed.left(evaluated, calls, raised, width)


@given(GRAPHS, WIDTHS, st.sampled_from(["operations", "size", "versions"]))
def test_a_larger_graph_is_never_more_points(allowed: Allowance, width: int, attribute: str) -> None:
    larger: dict[str, Any] = {attribute: 2 * getattr(allowed, attribute)}
    assert fresh(replace(allowed, **larger), width) <= fresh(allowed, width)


@given(GRAPHS, COUNTS, COUNTS, COUNTS, WIDTHS)
def test_what_was_run_is_taken_off(allowed: Allowance, evaluated: int, calls: int, raised: int, width: int) -> None:
    before = allowed.left(evaluated, calls, raised, width)
    assert allowed.left(evaluated + 1, calls, raised, width) <= before
    assert allowed.left(evaluated, calls + 1, raised, width) <= before
    assert allowed.left(evaluated, calls, raised + 1, width) <= before


@given(GRAPHS, WIDTHS)
def test_there_are_a_few_points_always_and_never_too_many(allowed: Allowance, width: int) -> None:
    assert LEAST <= fresh(allowed, width) <= MOST
    assert allowed.left(LEAST, 10**6, 10**6, width) == 0
    assert allowed.left(MOST, 0, 0, width) <= 0


@given(GRAPHS, WIDTHS)
def test_a_search_to_the_end_spends_its_share(allowed: Allowance, width: int) -> None:
    points = fresh(allowed, width)
    if LEAST < points < MOST:
        spent = allowed.spent(points, 0, 0) + points / width * allowed.spent(0, allowed.versions, 0)
        assert spent <= SHARE * allowed.seconds * (1 + 1e-9)


def test_the_clock_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked() -> float:
        raise AssertionError("the clock was asked")

    for name in ("time", "monotonic", "perf_counter", "process_time"):
        monkeypatch.setattr(time, name, asked)
    assert fresh(Allowance(5.0, 40, 300, 2)) == fresh(Allowance(5.0, 40, 300, 2)) == MOST


@pytest.mark.parametrize(("width", "least", "most"), [(512, MOST, MOST), (1, 1000, 4000)])
def test_points_that_run_alone_are_fewer(width: int, least: int, most: int) -> None:
    assert least <= fresh(Allowance(5.0, 40, 300, 2), width) <= most
