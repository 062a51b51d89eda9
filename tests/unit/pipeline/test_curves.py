"""Which points of a swept line are kept to be drawn."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck.floats import FORMATS, Ordinals
from gradcheck.options import CURVE_POINTS, CURVE_STEPS
from gradcheck.pipeline.curves import Remembering, curve_of, thinned, with_steps
from gradcheck.records import Class, InputPlan, Sweep
from gradcheck.truth import Point

FLOAT32 = FORMATS["float32"]


def identity(calls: list[int]) -> Remembering:
    """f(x) = x, whose gradient is 1; notes how many points each call runs."""

    def points_at(ordinals: Ordinals) -> list[Point]:
        calls.append(len(ordinals))
        return [Point(o, FLOAT32.value(o), (1.0,)) for o in ordinals.tolist()]

    return Remembering(points_at)


@pytest.fixture
def sweep(make_sweep: Callable[..., Sweep]) -> Sweep:
    return make_sweep((0, 999_999, Class.FINITE, Class.FINITE), (1_000_000, 2_000_000, Class.FINITE, Class.NAN))


def test_both_sides_of_every_end_are_drawn(sweep: Sweep) -> None:
    curve = curve_of(sweep, np.array([5, 500]), identity([]), None)
    assert {0, 999_999, 1_000_000, 2_000_000} <= set(curve.ordinals)
    assert list(curve.ordinals) == sorted(set(curve.ordinals))


def test_columns_stand_side_by_side(sweep: Sweep) -> None:
    curve = curve_of(sweep, np.array([5, 500]), identity([]), None)
    assert curve.output == tuple(FLOAT32.value(o) for o in curve.ordinals)
    assert curve.gradients == {"autodiff": (1.0,) * len(curve.ordinals)}
    assert curve.true_output == curve.true_gradient == (None,) * len(curve.ordinals)


def test_what_was_run_is_not_run_again(sweep: Sweep) -> None:
    calls: list[int] = []
    run = identity(calls)
    first = curve_of(sweep, np.array([5]), run, None)
    assert calls == [len(first.ordinals)]
    assert curve_of(sweep, np.array([5]), run, None) == first
    assert len(calls) == 1


def test_truth_where_there_is_a_judge(sweep: Sweep) -> None:
    class Exact:
        def truth(self, ordinal: int) -> Any:
            from flint import arb

            from gradcheck.truth.enclosures import Enclosure

            return Enclosure(arb(FLOAT32.value(ordinal)), arb(1))

    curve = curve_of(sweep, np.array([5]), identity([]), Exact())  # type: ignore[arg-type]
    assert curve.true_output == curve.output
    assert set(curve.true_gradient) == {1.0}


@pytest.mark.parametrize("segments", [((0, 10**9),), ((-(10**9), -(10**8)), (5, 6), (10**6, 10**9))])
def test_no_stretch_is_left_open(segments: tuple[tuple[int, int], ...]) -> None:
    ordinals = with_steps(np.array([10**8 + 17], np.int64), InputPlan(0, segments, (0,)))
    for lo, hi in segments:
        inside = [lo, *(o for o in ordinals.tolist() if lo <= o <= hi), hi]
        assert max(np.diff(inside)) <= 2 * (hi - lo) / CURVE_STEPS + 1


def test_steps_of_float64_do_not_overflow() -> None:
    fmt = FORMATS["float64"]
    whole = InputPlan(0, ((fmt.min_ordinal, fmt.max_ordinal),), (0,))
    ordinals = with_steps(np.array([0], np.int64), whole)
    assert (int(ordinals[0]), int(ordinals[-1])) == (fmt.min_ordinal, fmt.max_ordinal)


def test_thinning_is_even() -> None:
    few, many = np.arange(CURVE_POINTS), np.arange(10 * CURVE_POINTS)
    assert thinned(few).tolist() == few.tolist()
    assert thinned(many).tolist() == many[::10].tolist()
