"""Adjacent floats of one class: taken apart, joined, looked up."""

import numpy as np

from gradcheck.engine.runs import Runs, joined, taken_apart


def test_runs_of_codes() -> None:
    runs = taken_apart(np.arange(5, 11), np.array([1, 1, 0, 2, 2, 2]))
    assert [a.tolist() for a in (runs.lo, runs.hi, runs.codes)] == [[5, 7, 8], [6, 7, 10], [1, 0, 2]]
    samples = runs.samples()
    assert samples.ordinals.tolist() == [5, 6, 7, 8, 10]
    assert samples.codes.tolist() == [1, 1, 0, 2, 2]
    inside = runs.between(6, 8)
    assert [a.tolist() for a in (inside.lo, inside.hi, inside.codes)] == [[6, 7, 8], [6, 7, 8], [1, 0, 2]]


def test_parts_are_joined_in_order_but_not_over_gaps() -> None:
    one, two, three = (Runs(np.array([lo]), np.array([hi]), np.array([4])) for lo, hi in ((6, 9), (0, 5), (11, 12)))
    runs = joined([one, two, three])
    assert [a.tolist() for a in (runs.lo, runs.hi, runs.codes)] == [[0, 11], [9, 12], [4, 4]]
