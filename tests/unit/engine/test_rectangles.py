"""Shapes as few disjoint rectangles, those that hold most first."""

import numpy as np
import pytest

from gradcheck.engine.boxes import Boxes, joined, row_boxes
from gradcheck.engine.rectangles import rectangles


def boxes_of(keys: np.ndarray, y: np.ndarray | None = None, x: np.ndarray | None = None) -> Boxes:
    """Boxes of codes [rows, columns]."""
    rows, columns = keys.shape
    y, x = np.arange(rows) if y is None else y, np.arange(columns) if x is None else x
    return joined([row_boxes(np.arange(keys.size), keys.ravel().astype(np.int64), y, x)])


def of_code(boxes: Boxes, code: int) -> Boxes:
    return boxes.chosen(boxes.codes == code)


def covered(found: list[tuple[int, int, int, int]], shape: tuple[int, ...]) -> np.ndarray:
    times = np.zeros(shape, int)
    for x_lo, x_hi, y_lo, y_hi in found:
        times[y_lo : y_hi + 1, x_lo : x_hi + 1] += 1
    return times


def test_equal_rows_that_meet_are_one() -> None:
    keys = np.array([[0, 0, 1], [0, 0, 1], [0, 1, 1], [0, 0, 1]])
    boxes = boxes_of(keys)
    found = zip(boxes.y_lo, boxes.y_hi, boxes.x_lo, boxes.x_hi, boxes.codes, strict=True)
    assert [tuple(int(v) for v in box) for box in found] == [
        (0, 1, 0, 1, 0),
        (0, 1, 2, 2, 1),
        (2, 2, 0, 0, 0),
        (2, 2, 1, 2, 1),
        (3, 3, 0, 1, 0),
        (3, 3, 2, 2, 1),
    ]
    assert {code: int(of_code(boxes, code).pairs.sum()) for code in (0, 1)} == {0: 7, 1: 5}


def test_rows_are_one_over_parts_too_but_nothing_reaches_over_a_gap() -> None:
    keys = np.zeros((2, 4), int)
    columns = np.array([1, 2, 7, 8])
    first, second, third = (
        row_boxes(np.array([0, 4]), np.zeros(2, np.int64), rows, columns)
        for rows in (np.array([0, 1]), np.array([2, 3]), np.array([5, 6]))
    )
    boxes = joined([first, second, third])
    assert boxes.y_lo.tolist() == [0, 0, 5, 5]
    assert boxes.y_hi.tolist() == [3, 3, 6, 6]
    assert boxes.x_lo.tolist() == [1, 7, 1, 7]
    assert boxes.x_hi.tolist() == [2, 8, 2, 8]
    assert len(boxes_of(keys)) == 1


def test_neighbours_of_one_code_are_one_run() -> None:
    boxes = row_boxes(np.array([0, 1, 3, 4]), np.array([5, 5, 5, 2]), np.array([9, 10]), np.array([0, 1, 2]))
    assert boxes.y_lo.tolist() == [9, 10, 10]
    assert boxes.x_lo.tolist() == [0, 0, 1]
    assert boxes.codes.tolist() == [5, 5, 2]


def test_a_rectangle_is_one_and_an_l_is_two() -> None:
    assert rectangles(of_code(boxes_of(np.ones((5, 7))), 1), 9) == [(0, 6, 0, 4)]
    corner = np.ones((6, 6))
    corner[3:, 3:] = 0
    assert len(rectangles(of_code(boxes_of(corner), 1), 9)) == 2


def test_a_few_rectangles_hold_most_of_a_staircase() -> None:
    stairs = np.tri(1024)
    found = rectangles(of_code(boxes_of(stairs), 1), 64)
    held = sum((x_hi - x_lo + 1) * (y_hi - y_lo + 1) for x_lo, x_hi, y_lo, y_hi in found)
    assert len(found) == 64
    assert held / stairs.sum() > 0.95


@pytest.mark.parametrize("seed", range(6))
def test_all_rectangles_together_are_the_shape(seed: int) -> None:
    rng = np.random.default_rng(seed)
    keys = rng.integers(0, 3, (20, 30)) if seed % 2 else np.repeat(np.repeat(rng.integers(0, 2, (5, 5)), 4, 0), 6, 1)
    boxes = boxes_of(keys)
    for code in np.unique(keys):
        times = covered(rectangles(of_code(boxes, int(code)), keys.size), keys.shape)
        np.testing.assert_array_equal(times, keys == code)


def test_a_shape_with_a_hole_and_one_without_rows() -> None:
    keys = np.ones((9, 9), int)
    keys[3:5, 4] = 0
    times = covered(rectangles(of_code(boxes_of(keys), 1), 99), keys.shape)
    np.testing.assert_array_equal(times, keys)
    assert rectangles(of_code(boxes_of(keys), 7), 9) == []
