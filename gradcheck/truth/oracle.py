"""The oracle: the value and the derivative of a forward program in real arithmetic.

In: a program and a point. Out: enclosures, rigorous as long as every entry of the table is. Nothing of TensorFlow's
gradients is used: the derivative is carried along with the value.

Where a comparison meets two equal numbers that move apart, the derivatives on both sides are taken too: at a kink every
subgradient between them is right.
"""

from collections.abc import Callable, Sequence
from math import isfinite

import numpy as np
from flint import arb

from gradcheck.program import Array, Program, Ref
from gradcheck.truth.arguments import arguments
from gradcheck.truth.duals import ONE, ZERO, Dual, State
from gradcheck.truth.enclosures import LAST_PRECISION, PATIENCE, UNKNOWN, Enclosure, refined, smooth
from gradcheck.truth.ops import TABLE
from gradcheck.truth.running import NotInTable, Run

GIVEN_UP = (NotInTable, ArithmeticError, IndexError, ValueError)
"""What a rule raises where a shape is not decided, a loop does not end, or an index is out of range."""


class Oracle:
    """One tensor of a program, as a function of one of its inputs."""

    def __init__(self, program: Program, wrt: int, ref: Ref | None = None) -> None:
        self.program = program
        self.wrt = wrt
        self.ref = program.outputs[0] if ref is None else ref
        dtype = program.nodes[program.inputs[wrt]].dtypes[0]
        self.last_precision, self.patience = LAST_PRECISION[dtype], PATIENCE[dtype]

    def missing(self) -> tuple[str, ...]:
        """The operation types on the way that are not in the table, sorted."""
        return missing(self.program, self.ref)

    def at(self, values: tuple[float, ...]) -> Enclosure:
        """The enclosure where the inputs have these values, each exact."""
        return refined(lambda: self.once(values), self.last_precision, self.patience)

    def once(self, values: tuple[float, ...]) -> Enclosure:
        """The same at the current precision; undecided where a rule gives up."""
        try:
            return self.both_sides(values)
        except GIVEN_UP:
            return UNKNOWN

    def both_sides(self, values: tuple[float, ...]) -> Enclosure:
        """At the point, and where there are ties beside it."""
        here, run = self.on_side(values, 0)
        if not run.ties:
            return Enclosure(here.v, ZERO if here.d is None else here.d)
        sides = [self.on_side(values, side)[0] for side in (1, -1)]
        derivatives = tuple(ZERO if s.d is None else s.d for s in sides if not isinstance(s.v, State))
        own = ZERO if here.d is None else here.d
        return Enclosure(here.v, smooth(derivatives) or own, derivatives)

    def on_side(self, values: tuple[float, ...], side: int) -> tuple[Dual, Run]:
        """The first element of the tensor, ties resolved on one side."""
        run = Run(TABLE, side)
        seeds = tuple(ONE if i == self.wrt else None for i in range(len(values)))
        (result,) = run.call(self.program, arguments(self.program, values, seeds), (self.ref,))
        first: Dual = result.flat[0]
        return first, run


PRODUCTS = frozenset({"MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3", "Einsum"})
WINDOWS = frozenset({"Conv2D", "Conv3D", "DepthwiseConv2dNative"})


def cost(program: Program, *refs: Ref) -> int:
    """About how many numbers one evaluation computes, from the static sizes of the tensors."""
    total = 0
    for place in program.behind(*refs):
        node = program.nodes[place]
        size = sum(node.sizes)
        read = [program.nodes[i].sizes[k] for i, k in node.inputs if k < len(program.nodes[i].sizes)]
        if node.op in PRODUCTS and len(read) == 2:
            size = int((size * read[0] * read[1]) ** 0.5)  # [m, k] by [k, n]: m k n
        elif node.op in WINDOWS and len(read) == 2:
            size *= read[1]
        total += size
    return total


class ApproximateOracle:
    """The same from a function that computes (output, gradient) in float64; what is not finite there is undecided."""

    def __init__(self, run: Callable[[tuple[float, ...]], Sequence[Array | float]]) -> None:
        self.run = run

    def at(self, values: tuple[float, ...]) -> Enclosure:
        """What float64 says, taken as exact."""
        firsts = [float(np.ravel(result)[0]) for result in self.run(values)]
        value, *gradient = (arb(v) if isfinite(v) else State.UNDECIDED for v in firsts)
        return Enclosure(value, gradient[0] if gradient else State.UNDECIDED)


def missing(program: Program, *refs: Ref) -> tuple[str, ...]:
    """The operation types that tensors depend on and that are not in the table, sorted."""
    known = {*TABLE, "Const", "Placeholder"}
    here = {program.nodes[place].op for place in program.behind(*refs)} - known
    inner = {op for body in program.functions.values() for op in missing(body, *body.outputs)}
    return tuple(sorted(here | inner))
