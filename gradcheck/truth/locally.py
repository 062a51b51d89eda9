"""Every tensor of a program at one point, exactly; and where an error is born.

In: a program and a point. Out: the exact value of each tensor, and the local error of each node: the error that it
makes, or makes visible, when its inputs are the exact ones rounded to its dtype. That is the local error of Herbie
(Panchekha et al., "Automatically improving accuracy for floating point expressions", PLDI 2015), taken on the graph of
the gradient as well as on that of the output.
"""

from collections.abc import Mapping

import numpy as np
from flint import arb, ctx

from gradcheck.floats import FORMATS, FloatFormat
from gradcheck.program import Array, Program, Ref
from gradcheck.truth.arguments import Value, arguments
from gradcheck.truth.duals import Dual, Real, State
from gradcheck.truth.ops import TABLE
from gradcheck.truth.oracle import GIVEN_UP
from gradcheck.truth.running import FLOATS, Run

PRECISION = 1024
"""Bits at which all tensors of one point are evaluated: 1 - cos(x) at the smallest normal float32 takes 300."""


def exact_tensors(program: Program, values: tuple[Value, ...]) -> dict[Ref, Array]:
    """Every tensor behind the outputs, as arrays of duals; empty where an operation has no rule."""
    before, ctx.prec = ctx.prec, PRECISION
    try:
        return Run(TABLE).tensors(program, arguments(program, values, (None,) * len(values)), program.outputs)
    except GIVEN_UP:
        return {}
    finally:
        ctx.prec = before


def exact_arrays(tensors: Mapping[Ref, Array]) -> dict[Ref, Array]:
    """Every floating-point tensor as float64; NaN where there is no value."""
    found = {}
    for ref, array in tensors.items():
        if array.size and isinstance(array.flat[0], Dual):
            numbers = [number(x.v) for x in array.ravel()]
            found[ref] = np.array([np.nan if n is None else n for n in numbers]).reshape(array.shape)
    return found


def exact_numbers(tensors: Mapping[Ref, Array]) -> dict[Ref, float | None]:
    """The first element of each floating-point tensor as a float64; None where there is none."""
    firsts = {ref: array.flat[0] for ref, array in tensors.items() if array.size}
    return {ref: number(first.v) for ref, first in firsts.items() if isinstance(first, Dual)}


def number(value: Real) -> float | None:
    """An exact value as the nearest float64."""
    if isinstance(value, State) or not value.is_finite():
        return None
    return float(value.mid())


def local_errors(program: Program, tensors: Mapping[Ref, Array]) -> dict[int, float]:
    """The local relative error of each node that computes floats; infinite where the result is lost altogether."""
    before, ctx.prec = ctx.prec, PRECISION
    found: dict[int, float] = {}
    varying = computed_from_inputs(program)
    try:
        for place in program.behind(*program.outputs):
            node = program.nodes[place]
            exact = tensors[place, 0]
            if node.op in ("Const", "Placeholder") or node.dtypes[0] not in FLOATS or not exact.size:
                continue
            fmt = FORMATS[node.dtypes[0]]
            dtypes = [program.nodes[i].dtypes[k] for i, k in node.inputs]
            given = [tensors[ref] for ref in node.inputs]
            held = [rounded(array, dtype) for array, dtype in zip(given, dtypes, strict=True)]
            rounds = [k for k, (i, _) in enumerate(node.inputs) if i in varying]
            trials = [[*given[:k], moved(given[k], dtypes[k]), *given[k + 1 :]] for k in rounds]
            errors = [
                relative_error(rounded(computed(program, place, arguments), node.dtypes[0]).flat[0], exact.flat[0], fmt)
                for arguments in [held, *(t for t in trials if node.op not in TOO_LARGE)]
            ]
            found[place] = max(errors[0], sum(errors[1:]))
    finally:
        ctx.prec = before
    return found


def computed_from_inputs(program: Program) -> frozenset[int]:
    """Positions of the nodes whose values are rounded, being computed from the inputs; constants are exact."""
    found: set[int] = set()
    for i, node in enumerate(program.nodes):
        if any(j in found or j in program.inputs for j, _ in node.inputs):
            found.add(i)
    return frozenset(found)


TOO_LARGE = frozenset({"If", "StatelessIf", "Case", "StatelessCase", "While", "StatelessWhile", "Conv2D"})
"""Operations that are not run once an input more."""


def computed(program: Program, place: int, arguments: list[Array]) -> Array:
    """The first output of a node, for other inputs."""
    run = Run(TABLE)
    run.functions = program.functions
    return run.table[program.nodes[place].op](run, program.nodes[place], arguments)[0]


def moved(array: Array, dtype: str) -> Array:
    """An array of duals, each larger by half a unit in the last place: what rounding may do to it."""
    if dtype not in FLOATS or array.dtype != object:
        return array
    factor = 1 + arb(2) ** -(FORMATS[dtype].mantissa_bits + 1)
    result = np.empty(array.shape, object)
    result.ravel()[:] = [Dual(x.v if isinstance(x.v, State) else x.v * factor) for x in array.ravel()]
    return result


def rounded(array: Array, dtype: str) -> Array:
    """An array of duals, each rounded to a dtype as the device would hold it."""
    if dtype not in FLOATS or array.dtype != object:
        return array
    fmt = FORMATS[dtype]
    result = np.empty(array.shape, object)
    result.ravel()[:] = [Dual(nearest(x.v, fmt)) for x in array.ravel()]
    return result


def nearest(value: Real, fmt: FloatFormat) -> Real:
    """The float of a dtype that is nearest to an exact value, subnormals flushed where the device does that."""
    if isinstance(value, State) or not value.is_finite():
        return value
    if abs(value) > arb(fmt.largest):
        return arb("inf") if value > 0 else arb("-inf")
    there = fmt.value(int(fmt.encode(float(value.mid()))))
    return arb(0) if fmt.flushes and abs(there) < fmt.smallest_normal else arb(there)


def relative_error(computed: Dual, exact: Dual, fmt: FloatFormat) -> float:
    """|computed - exact| / |exact|; 0 where both are too small to matter, infinite where one has no value."""
    if isinstance(exact.v, State) or not exact.v.is_finite():
        return 0.0
    if isinstance(computed.v, State) or not computed.v.is_finite():
        return float("inf")
    tiny = arb(fmt.smallest_normal if fmt.flushes else fmt.smallest_subnormal)
    if not abs(exact.v) > tiny and not abs(computed.v) > tiny:
        return 0.0 if exact.v.is_zero() else lost(exact.v)
    return float((abs(computed.v - exact.v) / abs(exact.v)).mid()) if not exact.v.is_zero() else float("inf")


def lost(exact: arb) -> float:
    """The error of a number that was flushed to 0: all of it."""
    return 1.0 if not exact.is_zero() else 0.0
