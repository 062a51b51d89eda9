"""Float64 in place of real arithmetic."""

from typing import Any

import numpy as np
from flint import arb

from gradcheck.floats import FORMATS
from gradcheck.truth.doubles import ApproximateTensorOracle, split
from gradcheck.truth.duals import State

POINT = (np.array([2.0, 3.0]), np.array([1, 2]))


def oracle(calls: list[Any]) -> ApproximateTensorOracle:
    def run(point: Any) -> list[Any]:
        calls.append(point)
        return [point[0] ** 2, point[1], np.array([4.0, np.inf])]

    cotangents = (np.array([1.0, -1.0]), np.array([1.0, 1.0]))
    return ApproximateTensorOracle(split(run, 2, (0,)), cotangents, (FORMATS["float32"], None))


def test_numbers_are_taken_as_exact_and_asked_for_once() -> None:
    calls: list[Any] = []
    made = oracle(calls)
    found = made.derivative(POINT, 0, (0,))
    assert (found.value, found.derivative) == (arb(4 - 9), arb(4))
    assert made.derivative(POINT, 0, (1,)).derivative is State.UNDECIDED
    assert made.derivative(POINT, 1, (0,)).derivative == arb(0)
    assert made.magnitude(POINT, 0, (0,)) == arb(4)
    squares, places = made.outputs(POINT)
    assert squares.tolist() == [arb(4), arb(9)]
    assert places.tolist() == [1, 2]
    assert len(calls) == 1
    assert made.missing() == ()
    assert made.passes > 1e9


def test_another_point_is_asked_for_again() -> None:
    calls: list[Any] = []
    made = oracle(calls)
    made.outputs(POINT)
    made.outputs((np.array([1.0, 1.0]), POINT[1]))
    made.outputs(POINT)
    assert len(calls) == 3


def test_what_is_not_finite_has_no_sum() -> None:
    run = split(lambda point: [np.array([np.nan, 1.0])], 1, ())
    made = ApproximateTensorOracle(run, (np.ones(2),), (FORMATS["float32"],))
    assert made.derivative((np.ones(1),), 0, (0,)).value is State.UNDECIDED
    only = ApproximateTensorOracle(run, (np.array([0.0, 2.0]),), (FORMATS["float32"],))
    assert only.derivative((np.ones(1),), 0, (0,)).value == arb(2)
