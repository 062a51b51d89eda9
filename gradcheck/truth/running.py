"""Run a program in real arithmetic.

In: a program and arguments as arrays of `Dual`. Out: its tensors. Floating-point tensors are numpy arrays of `Dual`
(dtype object); truth values and integers that depend on floats are arrays of bool, int or `State.UNDECIDED` (dtype
object); all others are plain numpy arrays. What an operation does is in the table `ops.TABLE`.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from flint import arb

from gradcheck.program import Array, Node, Program, Ref
from gradcheck.truth.duals import Dual, State, plus, sign

Rule: TypeAlias = Callable[["Run", Node, list[Array]], list[Array]]
"""From a run, a node and its input arrays to its output arrays."""

FLOATS = frozenset({"float16", "bfloat16", "float32", "float64"})


class NotInTable(Exception):
    """An operation has no rule."""

    def __init__(self, op: str) -> None:
        self.op = op
        super().__init__(f"operation {op} is not in the table")


class Run:
    """One evaluation of a program at the current precision of flint's context.

    Attributes:
        table: the rules.
        side: 0 to evaluate at the point itself; 1 or -1 to resolve ties as just above or just below it.
        hull: whether the derivative of a maximum, a ramp or an absolute value at a tie is all between those beside it.
        ties: whether a comparison met two numbers that are exactly equal and move apart.
    """

    def __init__(self, table: Mapping[str, Rule], side: int = 0, hull: bool = False) -> None:
        self.table = table
        self.side = side
        self.hull = hull
        self.ties = False
        self.functions: Mapping[str, Program] = {}

    def call(self, program: Program, arguments: list[Array], refs: tuple[Ref, ...] | None = None) -> list[Array]:
        """The tensors `refs` (its outputs, unless told otherwise) of a program."""
        tensors = self.tensors(program, arguments, program.outputs if refs is None else refs)
        return [tensors[ref] for ref in (program.outputs if refs is None else refs)]

    def tensors(self, program: Program, arguments: list[Array], refs: tuple[Ref, ...]) -> dict[Ref, Array]:
        """Every tensor that `refs` depend on."""
        outer, self.functions = self.functions, {**self.functions, **program.functions}
        given = dict(zip(program.inputs, arguments, strict=True))
        tensors: dict[Ref, Array] = {}
        for place in program.behind(*refs):
            node = program.nodes[place]
            if place in given:
                results = [given[place]]
            elif node.op == "Const":
                results = [constant(node)]
            else:
                rule = self.table.get(node.op)
                if rule is None:
                    raise NotInTable(node.op)
                results = rule(self, node, [tensors[ref] for ref in node.inputs])
            tensors.update({(place, k): result for k, result in enumerate(results)})
        self.functions = outer
        return tensors

    def compare(self, a: Dual, b: Dual) -> int | None:
        """The sign of a - b: 1, -1, 0, or None where it is not decided.

        A tie of two numbers that move apart is remembered, and resolved on the side that is asked for.
        """
        if isinstance(a.v, State) or isinstance(b.v, State):
            return None
        s = sign(a.v - b.v) if a.v.is_finite() and b.v.is_finite() else sign_of_infinite(a.v, b.v)
        if s == 0 and not (a.d is None and b.d is None):
            apart = plus(a.d, None if b.d is None else b.d if isinstance(b.d, State) else -b.d)
            s_apart = sign(apart) if isinstance(apart, arb) else None
            if s_apart != 0:
                self.ties = True
                return (s_apart or 0) * self.side
        return s


def sign_of_infinite(a: arb, b: arb) -> int | None:
    """The sign of a - b where one of them is infinite."""
    return 1 if a > b else -1 if a < b else 0 if a == b else None


@lru_cache(maxsize=4096)
def constant(node: Node) -> Array:
    """The value of a constant node; the same array each time."""
    value = node.value
    assert value is not None, "a constant has a value"
    return lifted(value) if node.dtypes[0] in FLOATS else value


def lifted(values: Array) -> Array:
    """An array of floats as one of constant duals, exactly; NaN is undefined."""
    return each(lambda x: Dual(State.UNDEFINED if x != x else arb(float(x))), 1)(values)  # noqa: PLR0124 - NaN


def each(call: Callable[..., Any], inputs: int) -> Callable[..., Array]:
    """A function of elements as one of arrays, with broadcasting."""
    ufunc = np.frompyfunc(call, inputs, 1)

    def apply(*arrays: Array) -> Array:
        return np.asarray(ufunc(*arrays), dtype=object)

    return apply


def elementwise(call: Callable[..., Any], inputs: int = 1) -> Rule:
    """The rule of an operation that maps elements to an element, with broadcasting."""
    apply = each(call, inputs)
    return lambda run, node, arrays: [apply(*arrays)]


def compared(call: Callable[..., Any], inputs: int = 2) -> Rule:
    """The same for a function whose first argument is the run, for comparing."""
    return lambda run, node, arrays: [each(lambda *xs: call(run, *xs), inputs)(*arrays)]
