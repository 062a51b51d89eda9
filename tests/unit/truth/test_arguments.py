"""Points become arguments of a program: floats fill a tensor, arrays are taken as they are."""

import numpy as np
import pytest
from flint import arb

from gradcheck.program import Node, Program
from gradcheck.truth.arguments import argument, arguments, exact_point, shifted
from gradcheck.truth.duals import State


def program(*dtypes: str, shape: tuple[int, ...] = (2,)) -> Program:
    nodes = tuple(Node(f"x{i}", "Placeholder", attributes={"shape": shape}, dtypes=(d,)) for i, d in enumerate(dtypes))
    return Program(nodes, tuple(range(len(nodes))), ())


def test_a_float_fills_the_tensor_and_moves_as_a_whole() -> None:
    found = argument(program("float32"), 0, 0.5, arb(1))
    assert [(x.v, x.d) for x in found] == [(arb(0.5), arb(1))] * 2
    assert [x.d for x in argument(program("float32"), 0, 0.5, None)] == [None, None]
    assert [x.d for x in argument(program("float32"), 0, 0.5, np.array([0.0, 2.0]))] == [None, arb(2)]


def test_an_array_is_taken_element_by_element_and_only_what_has_a_seed_moves() -> None:
    found = argument(program("float32"), 0, np.array([1.5, -2.0]), np.array([0.0, 1.0]))
    assert [(x.v, x.d) for x in found] == [(arb(1.5), None), (arb(-2), arb(1))]
    assert [x.d for x in argument(program("float32"), 0, np.array([1.5, -2.0]), arb(3))] == [arb(3)] * 2


@pytest.mark.parametrize(("dtype", "flushed"), [("float32", True), ("float64", False), ("float16", False)])
def test_subnormals_are_flushed_where_the_device_does(dtype: str, flushed: bool) -> None:
    smallest = 2.0**-24 if dtype == "float16" else 1e-40
    found = argument(program(dtype), 0, np.array([smallest, 1.0]), None)
    assert [x.v for x in found] == [arb(0) if flushed else arb(smallest), arb(1)]
    assert argument(program(dtype), 0, smallest, None)[0].v == found[0].v


def test_what_is_no_number_is_not_defined() -> None:
    found = argument(program("float32"), 0, np.array([np.nan, np.inf]), None)
    assert [x.v for x in found] == [State.UNDEFINED, arb("inf")]


def test_balls_are_taken_as_they_are() -> None:
    tiny = arb(2) ** -5000
    found = argument(program("float32"), 0, np.array([tiny, arb(1)], object), None)
    assert [x.v for x in found] == [tiny, arb(1)]


def test_integers_and_truth_values_are_plain_arrays() -> None:
    found = arguments(program("int32", "bool"), (np.array([1, 2]), np.array([True, False])), (None, None))
    assert [a.dtype.name for a in found] == ["int32", "bool"]
    assert [a.tolist() for a in found] == [[1, 2], [True, False]]
    assert argument(program("int32"), 0, 3, None).tolist() == [3, 3]


def test_a_point_of_balls_moves_by_less_than_a_float_holds() -> None:
    traced = program("float64", "int64")
    exact = exact_point(traced, (np.array([1.0, 1e-320]), np.array([1, 2])))
    step = arb(2) ** -400
    x, i = shifted(exact, (np.array([0.0, 2.0]), None), step)
    assert x[0] == arb(1)
    assert bool(x[1] - (arb(0) + 2 * step) == 0)
    assert i.tolist() == [1, 2]
