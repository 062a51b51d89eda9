"""The oracle: the value and the derivative of a forward program in real arithmetic.

In: a program and a point. Out: enclosures, rigorous as long as every entry of the table is. Nothing of TensorFlow's
gradients is used: the derivative is carried along with the value. The precision is doubled until the enclosures are
narrow, or until doubling no longer narrows them (a question that no precision decides).

Where a comparison meets two equal numbers that move apart, the derivatives on both sides are taken too: at a kink every
subgradient between them is right.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite

import numpy as np
from flint import arb, ctx

from gradcheck.floats import FORMATS
from gradcheck.program import Array, Program, Ref
from gradcheck.truth.duals import ONE, ZERO, Dual, Real, State
from gradcheck.truth.ops import TABLE
from gradcheck.truth.running import NotInTable, Run

FIRST_PRECISION = 64
LAST_PRECISION = {"float16": 1024, "bfloat16": 1024, "float32": 1024, "float64": 4096}
"""Bits, by dtype of the input: 1 - cos(x) takes 260 of them at the smallest float32, and 2,100 at that of float64."""

WANTED_BITS = 40
"""Correct bits of a result at which precision is not raised further, for tolerances down to 1e-6."""

GIVEN_UP = (NotInTable, ArithmeticError, IndexError, ValueError)
"""What a rule raises where a shape is not decided, a loop does not end, or an index is out of range."""

PATIENCE = {"float16": 3, "bfloat16": 3, "float32": 3, "float64": 7}
"""Doublings in a row that may narrow nothing, before more precision is taken to be of no use; for float64 all of them,
since the cosine of the smallest number keeps its enclosure up to 2,048 bits."""


@dataclass(frozen=True)
class Enclosure:
    """What real arithmetic says at one point.

    Attributes:
        value: of the function.
        derivative: along the swept input: that on both sides where they agree, else that of the branch which the
            program takes; 0 where it does not depend on the input.
        sides: the derivatives just above and just below, where a comparison met a tie and the function has values.
    """

    value: Real
    derivative: Real
    sides: tuple[Real, ...] = ()

    @property
    def every(self) -> tuple[Real, ...]:
        """The derivatives that count as right, and all between them: one-sided ones where there are two."""
        return self.sides if len(self.sides) == 2 else (self.derivative, *self.sides)


def smooth(sides: tuple[Real, ...]) -> Real | None:
    """The derivative on both sides of a tie, if it is the same as far as can be told."""
    if len(sides) == 2 and isinstance(sides[0], arb) and isinstance(sides[1], arb) and sides[0].overlaps(sides[1]):
        return sides[0]
    return None


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
        precision, before, patience = FIRST_PRECISION, None, self.patience
        outer = ctx.prec
        try:
            while True:
                ctx.prec = precision
                enclosure = self.once(values)
                patience = patience - 1 if stuck(enclosure, before) else self.patience
                if is_narrow(enclosure) or precision >= self.last_precision or not patience:
                    return enclosure
                before = enclosure
                precision *= 2
        finally:
            ctx.prec = outer

    def once(self, values: tuple[float, ...]) -> Enclosure:
        """The same at the current precision; undecided where a rule gives up."""
        try:
            return self.both_sides(values)
        except GIVEN_UP:
            return Enclosure(State.UNDECIDED, State.UNDECIDED)

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
        arguments = [argument(self.program, i, value, ONE if i == self.wrt else None) for i, value in enumerate(values)]
        (result,) = run.call(self.program, arguments, (self.ref,))
        first: Dual = result.flat[0]
        return first, run


PRODUCTS = frozenset({"MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3", "Einsum"})
WINDOWS = frozenset({"Conv2D", "Conv3D", "DepthwiseConv2dNative"})


def cost(program: Program, ref: Ref) -> int:
    """About how many numbers one evaluation computes, from the static sizes of the tensors."""
    total = 0
    for place in program.behind(ref):
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

    def __init__(self, run: Callable[[tuple[float, ...]], tuple[float, ...]]) -> None:
        self.run = run

    def at(self, values: tuple[float, ...]) -> Enclosure:
        """What float64 says, taken as exact."""
        value, *gradient = (arb(v) if isfinite(v) else State.UNDECIDED for v in self.run(values))
        return Enclosure(value, gradient[0] if gradient else State.UNDECIDED)


def argument(program: Program, index: int, value: float, derivative: arb | None) -> Array:
    """One value as an input of a program; what the device flushes is the 0 that it becomes."""
    node = program.nodes[program.inputs[index]]
    fmt = FORMATS[node.dtypes[0]]
    array = np.empty(node.attributes.get("shape") or (), object)
    array[...] = Dual(arb(0.0 if fmt.flushes and abs(value) < fmt.smallest_normal else value), derivative)
    return array


def missing(program: Program, *refs: Ref) -> tuple[str, ...]:
    """The operation types that tensors depend on and that are not in the table, sorted."""
    known = {*TABLE, "Const", "Placeholder"}
    here = {program.nodes[place].op for place in program.behind(*refs)} - known
    inner = {op for body in program.functions.values() for op in missing(body, *body.outputs)}
    return tuple(sorted(here | inner))


def is_narrow(enclosure: Enclosure) -> bool:
    """Whether all parts are known well enough."""
    parts = (enclosure.value, *enclosure.every)
    return all(is_settled(part) for part in parts)


def is_settled(part: Real) -> bool:
    """Whether a part is certain, or has enough correct bits."""
    if isinstance(part, State):
        return part is not State.UNDECIDED
    return part.is_exact() or part.rel_accuracy_bits() >= WANTED_BITS


def stuck(now: Enclosure, before: Enclosure | None) -> bool:
    """Whether doubling the precision narrowed nothing that is still wide."""
    if before is None or len(now.every) != len(before.every):
        return False
    pairs = zip((now.value, *now.every), (before.value, *before.every), strict=True)
    return not any(narrowed(new, old) for new, old in pairs if not is_settled(new))


def narrowed(new: Real, old: Real) -> bool:
    """Whether a part became narrower, or may still get an enclosure."""
    if isinstance(new, State) or isinstance(old, State):
        return True  # whether an enclosure excludes 0, say, may take any precision
    return bool(new.rad() < old.rad())


__all__ = ["Enclosure", "NotInTable", "Oracle", "missing"]
