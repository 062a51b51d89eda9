"""Programs in real arithmetic: rules are looked up, branches that are not taken are not poisoned, ties are noticed."""

from typing import Any

import numpy as np
import pytest
from flint import arb

from gradcheck.program import Array, Node, Program
from gradcheck.truth.duals import ONE, ZERO, Dual, Real, State
from gradcheck.truth.ops import TABLE
from gradcheck.truth.running import NotInTable, Run, constant, each, lifted

X = Node("x", "Placeholder", dtypes=("float32",))


def const(name: str, value: Any, dtype: str = "float32") -> Node:
    return Node(name, "Const", dtypes=(dtype,), value=np.array(value))


def node(name: str, op: str, *inputs: int, dtype: str = "float32", **attributes: Any) -> Node:
    return Node(name, op, tuple((i, 0) for i in inputs), attributes, (dtype,))


def scalar(value: float | State, derivative: Real | None = ONE) -> Array:
    array = np.empty((), object)
    array[()] = Dual(value if isinstance(value, State) else arb(value), derivative)
    return array


def run_at(program: Program, value: float | State, side: int = 0) -> tuple[Dual, Run]:
    run = Run(TABLE, side)
    (result,) = run.call(program, [scalar(value)])
    first: Dual = result.flat[0]
    return first, run


def test_a_program_is_evaluated_with_its_derivative() -> None:
    nodes = (X, const("c", 3.0), node("xx", "Mul", 0, 0), node("y", "AddV2", 2, 1))
    y, run = run_at(Program(nodes, (0,), ((3, 0),)), 5.0)
    assert (y.v, y.d) == (arb(28), arb(10))
    assert not run.ties


def test_only_what_is_asked_for_is_evaluated() -> None:
    nodes = (X, node("odd", "NoSuchOperation", 0), node("y", "Square", 0))
    program = Program(nodes, (0,), ((2, 0), (1, 0)))
    run = Run(TABLE)
    (y,) = run.call(program, [scalar(3.0)], ((2, 0),))
    assert y.item().v == arb(9)
    with pytest.raises(NotInTable) as raised:
        run.call(program, [scalar(3.0)])
    assert raised.value.op == "NoSuchOperation"


def test_every_tensor_can_be_had() -> None:
    nodes = (X, node("xx", "Square", 0), node("y", "Neg", 1))
    tensors = Run(TABLE).tensors(Program(nodes, (0,), ((2, 0),)), [scalar(3.0)], ((2, 0),))
    assert {ref: t.item().v for ref, t in tensors.items()} == {(0, 0): arb(3), (1, 0): arb(9), (2, 0): arb(-9)}


def test_the_branch_that_is_not_taken_does_not_poison_the_other() -> None:
    """where(x > 0, log(x), 0) at -1: the logarithm is not defined there."""
    nodes = (
        X,
        const("zero", 0.0),
        node("positive", "Greater", 0, 1, dtype="bool"),
        node("log", "Log", 0),
        node("y", "SelectV2", 2, 3, 1),
    )
    program = Program(nodes, (0,), ((4, 0),))
    y, _ = run_at(program, -1.0)
    assert y.v == ZERO
    y, _ = run_at(program, 1.0)
    assert (y.v, y.d) == (ZERO, ONE)
    alone, _ = run_at(Program(nodes, (0,), ((3, 0),)), -1.0)
    assert alone.v is State.UNDEFINED


@pytest.mark.parametrize("op", ["Relu", "Abs"])
def test_a_tie_is_noticed_and_resolved_on_the_side_that_is_asked_for(op: str) -> None:
    program = Program((X, node("y", op, 0)), (0,), ((1, 0),))
    derivatives = {}
    for side in (-1, 1):
        y, run = run_at(program, 0.0, side)
        assert run.ties
        assert y.v == ZERO
        derivatives[side] = y.d
    assert derivatives == {-1: arb(0) if op == "Relu" else arb(-1), 1: arb(1)}
    assert not run_at(program, 1e-30)[1].ties


def test_two_equal_numbers_that_move_together_are_no_tie() -> None:
    run = Run(TABLE)
    assert run.compare(Dual(ONE, ONE), Dual(ONE, ONE)) == 0
    assert run.compare(Dual(ONE), Dual(ONE)) == 0
    assert not run.ties
    assert run.compare(Dual(ONE, ONE), Dual(ONE)) == 0
    assert run.ties


@pytest.mark.parametrize(
    ("a", "b", "side", "wanted"),
    [
        (Dual(ONE, ONE), Dual(ONE), 1, 1),
        (Dual(ONE, ONE), Dual(ONE), -1, -1),
        (Dual(ONE, -ONE), Dual(ONE), 1, -1),
        (Dual(ONE), Dual(ONE, ONE), 1, -1),
        (Dual(ONE, arb(2)), Dual(ONE, ONE), 1, 1),
        (Dual(arb(2), ONE), Dual(ONE), -1, 1),
        (Dual(arb("inf")), Dual(ONE), 0, 1),
        (Dual(arb("-inf")), Dual(arb("inf")), 0, -1),
        (Dual(arb("inf")), Dual(arb("inf")), 0, 0),
        (Dual(arb(0, 1)), Dual(ZERO), 0, None),
        (Dual(State.UNDEFINED), Dual(ZERO), 0, None),
        (Dual(ZERO), Dual(State.UNDECIDED), 1, None),
    ],
)
def test_comparing(a: Dual, b: Dual, side: int, wanted: int | None) -> None:
    assert Run(TABLE, side).compare(a, b) == wanted


def test_constants_are_exact() -> None:
    value = constant(const("c", np.float32(0.1)))
    assert value.item().v == arb(float(np.float32(0.1)))
    assert value.item().d is None
    whole = constant(const("n", [1, 2], "int32"))
    assert whole.dtype.kind == "i", "integers are not numbers of real arithmetic"
    odd = lifted(np.array([np.nan, np.inf, -0.0]))
    assert odd[0].v is State.UNDEFINED
    assert odd[1].v == arb("inf")
    assert odd[2].v == ZERO


def test_functions_of_elements_broadcast() -> None:
    apply = each(lambda a, b: Dual(a.v + b.v), 2)
    result = apply(lifted(np.array([[1.0], [2.0]])), lifted(np.array([10.0, 20.0])))
    assert [[x.v for x in row] for row in result] == [[arb(11), arb(21)], [arb(12), arb(22)]]
    assert each(lambda a: a, 1)(scalar(1.0)).shape == ()


def test_a_function_in_a_function_is_found_and_forgotten_again() -> None:
    square = Program((X, node("y", "Square", 0)), (0,), ((1, 0),))
    call = node("y", "PartitionedCall", 0, f="square")
    outer = Program((X, call), (0,), ((1, 0),), {"square": square})
    run = Run(TABLE)
    (y,) = run.call(outer, [scalar(3.0)])
    assert (y.item().v, y.item().d) == (arb(9), arb(6))
    with pytest.raises(NotInTable):
        run.call(Program((X, call), (0,), ((1, 0),)), [scalar(3.0)])
