"""One element of each tensor: the bad one, where shapes allow."""

from typing import Any

import numpy as np
import pytest

from gradcheck.explaining.focus import chosen, focus, spot
from gradcheck.program import Node, Program

NAN, INF = np.nan, np.inf


@pytest.mark.parametrize(
    ("array", "shape", "index", "element"),
    [
        ([[1, 2], [3, 4]], (2, 2), 2, 3.0),
        ([[1, NAN], [3, 4]], (2, 2), 2, 3.0),
        ([1, INF, 3], (2, 2), 0, INF),
        ([5, 6], (2, 2), 3, 6.0),
        ([[5], [6]], (2, 2), 1, 5.0),
        (7, (2, 2), 3, 7.0),
        ([3, 0, 4], (2, 2), 0, 0.0),
        ([3, 5, 4], (2, 2), 0, 3.0),
    ],
)
def test_the_element_that_belongs_to_the_bad_one(
    array: Any, shape: tuple[int, ...], index: int, element: float
) -> None:
    assert chosen(np.array(array, dtype=np.float64), shape, index) == element


def program(*nodes: Node) -> Program:
    return Program(nodes, (0, 1), ((len(nodes) - 1, 0),))


DIVISION = program(Node("x", "Placeholder"), Node("y", "Placeholder"), Node("z", "RealDiv", ((0, 0), (1, 0))))


def test_a_division_is_seen_at_the_element_that_it_spoils() -> None:
    x, y = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([5.0, 0.0])
    seen = {(0, 0): x, (1, 0): y, (2, 0): np.array([[0.2, INF], [0.6, INF]])}
    found = focus(DIVISION, seen, 2)
    assert {ref: array.tolist() for ref, array in found.items()} == {(0, 0): [2.0], (1, 0): [0.0], (2, 0): [INF]}


def test_where_the_result_is_finite_the_first_bad_argument_says_where() -> None:
    seen = {(0, 0): np.array([1.0, 2.0]), (1, 0): np.array([1.0, NAN]), (2, 0): np.array([1.0, 1.0])}
    assert spot(seen, 2, DIVISION.nodes[2]) == ((2,), 1)


def test_where_all_is_finite_it_is_the_first() -> None:
    seen = {(0, 0): np.array([1.0, 2.0]), (1, 0): np.array([1.0, 3.0]), (2, 0): np.array([1.0, 1.0])}
    assert spot(seen, 2, DIVISION.nodes[2]) == ((2,), 0)


def test_empty_tensors_and_results_that_were_not_seen_are_left_out() -> None:
    seen = {(0, 0): np.zeros((0, 3)), (1, 0): np.array(2.0)}
    assert {ref: array.tolist() for ref, array in focus(DIVISION, seen, 2).items()} == {(1, 0): [2.0]}
