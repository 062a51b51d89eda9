"""Sentences: one operation at one point in words.

In: a program, a node and what TensorFlow computed. Out: text such as `exp(z) overflows to inf (softplus.py:12); its
gradient is inf * 0 = NaN`, and the words on the `tf.where` trap.
"""

from math import isfinite, isinf, isnan

import numpy as np

from gradcheck.program import Array, Node, Observation, Program, Ref
from gradcheck.records import Class

SYMBOLS = {
    "Add": "+",
    "AddV2": "+",
    "AddN": "+",
    "Sub": "-",
    "Mul": "*",
    "RealDiv": "/",
    "Div": "/",
    "DivNoNan": "/",
    "Pow": "**",
    "Greater": ">",
    "GreaterEqual": ">=",
    "Less": "<",
    "LessEqual": "<=",
    "Equal": "==",
    "NotEqual": "!=",
}
KINKED = frozenset({"Relu", "Relu6", "LeakyRelu", "Abs", "Sign", "Maximum", "Minimum"})
ALIASES = frozenset({"Identity", "IdentityN", "Cast", "Reshape", "BroadcastTo"})
SELECTS = frozenset({"Select", "SelectV2"})
DEPTH = 2
"""Operations that are written out inside one another."""


def sentence(program: Program, place: int, found: Class, seen: Observation) -> str:
    """Where a bad value is born, in words."""
    node = program.nodes[place]
    if found is Class.WRONG:
        return f"the gradient that is written here{at(node)} is not the derivative of the function"
    if place in program.forward:
        return in_forward(program, place, found, seen)
    words = [overflow(program, ref, seen) for ref in node.inputs if ref[0] in program.forward]
    said = next((w for w in words if w), None)
    own = formula(program, place, seen)
    forward = None if node.forward is None else program.by_name[node.forward]
    if said:
        born = [first(seen, ref) for ref in node.inputs if ref[0] in program.forward]
        nan = any(value is not None and isnan(value) for value in born)  # its gradient says nothing more then
        return f"{said}; its gradient is {own}" if own and not nan else said
    if node.op == "AddN":
        return f"{summed(program, place, seen)}: {own}"
    if forward is None or program.nodes[forward].op == "IdentityN":
        return f"the gradient function computes {own or node.op}{at(node)}"
    what = expression(program, (forward, 0), DEPTH)
    place_of = at(program.nodes[forward])
    vanished = found is Class.VANISHED and first(seen, (place, 0)) == 0
    lost = ", which is too small for the dtype and becomes 0" if vanished else ""
    return f"the gradient of {what}{place_of} is {own or 'lost'}{lost}"


def summed(program: Program, place: int, seen: Observation) -> str:
    """What a sum of gradients does, in words."""
    parts = [abs(v) for v in (first(seen, r) for r in program.nodes[place].inputs) if v is not None]
    result = first(seen, (place, 0))
    if result is None or not isfinite(result):
        return "the sum of the gradient's parts is not finite"
    cancels = abs(result) <= 1e-2 * max(parts, default=0.0)
    return f"the parts of the gradient {'cancel' if cancels else 'add up'}"


def in_forward(program: Program, place: int, found: Class, seen: Observation) -> str:
    """The same for an operation of the forward graph."""
    node = program.nodes[place]
    what, where = expression(program, (place, 0), DEPTH), at(node)
    own = formula(program, place, seen)
    if node.op in KINKED and found in (Class.VANISHED, Class.INACCURATE):
        return f"{what}{where} has a kink here, and the slope that TensorFlow takes at it does not fit the rest"
    if found is Class.INACCURATE:
        return f"{what}{where} loses its digits: {own}" if own else f"{what}{where} loses its digits"
    if found is Class.VANISHED:
        return f"{what}{where} loses what its gradient is made of" + (f": {own}" if own else "")
    return overflow(program, (place, 0), seen) or f"{what}{where} is {own or 'not finite'}"


def overflow(program: Program, ref: Ref, seen: Observation) -> str | None:
    """Words on a forward value that is infinite, NaN or 0, told where it first became so; None on any other value."""
    value = first(seen, ref)
    if value is None or (isfinite(value) and value != 0):
        return None
    place = origin(program, ref, seen)
    node = program.nodes[place[0]]
    if node.op in ("Const", "Placeholder"):
        return None
    what, there = expression(program, place, DEPTH), first(seen, place)
    verb = "overflows to" if there is not None and isinf(there) and finite_inputs(node, seen) else "is"
    own = formula(program, place[0], seen) if there is not None and isnan(there) else None
    return f"{what} {verb} {own or text(there)}{at(node)}"


def origin(program: Program, ref: Ref, seen: Observation) -> Ref:
    """The first tensor behind a value that is infinite, NaN or 0 in the same way."""
    value = first(seen, ref)
    while True:
        inputs = program.nodes[ref[0]].inputs
        odd = [r for r in inputs if is_same_kind(value, first(seen, r)) and program.nodes[r[0]].op != "Const"]
        if not odd or (value == 0 and program.nodes[ref[0]].op not in ALIASES):
            return ref
        ref = odd[0]
        value = first(seen, ref)


def is_same_kind(value: float | None, other: float | None) -> bool:
    """Whether both values are not finite, or both are 0."""
    if value is None or other is None:
        return False
    return not isfinite(other) if not isfinite(value) else value == other


def finite_inputs(node: Node, seen: Observation) -> bool:
    """Whether everything that an operation reads is finite."""
    values = [first(seen, ref) for ref in node.inputs]
    return all(v is None or isfinite(v) for v in values)


def formula(program: Program, place: int, seen: Observation) -> str | None:
    """An operation with its values and its result: `inf * 0 = NaN`, `reciprocal(0) = inf`."""
    node = program.nodes[place]
    values = [first(seen, ref) for ref in node.inputs]
    if not values or any(v is None for v in values):
        return None
    result = first(seen, (place, 0))
    given = [text(v, digits_of(values, result)) for v in values]
    symbol = SYMBOLS.get(node.op)
    left = f" {symbol} ".join(given) if symbol else f"{name_of(node.op)}({', '.join(given)})"
    return f"{left} = {text(result)}"


def digits_of(values: list[float | None], result: float | None) -> int:
    """Digits to print of what an operation reads; all of them where nearly equal numbers are subtracted."""
    sizes = [abs(v) for v in values if v is not None and isfinite(v)]
    cancels = result is not None and 0 < abs(result) < 1e-3 * max(sizes, default=0.0)
    return 9 if cancels else 6


def expression(program: Program, ref: Ref, depth: int) -> str:
    """A tensor as the formula that made it, cut off where it gets long."""
    node = program.nodes[ref[0]]
    while node.op in ALIASES and node.inputs:
        ref = node.inputs[min(ref[1], len(node.inputs) - 1)]
        node = program.nodes[ref[0]]
    if node.op == "Placeholder":
        return node.name.removeprefix("stripped/")
    if node.op == "Const" and node.value is not None:
        return constant(node.value)
    if depth == 0:
        return "..."
    inner = [expression(program, r, depth - 1) for r in node.inputs]
    symbol = SYMBOLS.get(node.op)
    if symbol and len(inner) > 1:
        return f" {symbol} ".join(f"({i})" if " " in i and symbol in "*/-**" else i for i in inner)
    return f"{name_of(node.op)}({', '.join(inner)})"


def constant(value: Array) -> str:
    """A constant in a formula; of a tensor whose elements differ, the first."""
    flat = np.ravel(value)
    if not flat.size:
        return "[]"
    first_of = text(float(flat[0]))
    return first_of if (flat == flat[0]).all() else f"[{first_of}, ...]"


def name_of(op: str) -> str:
    """An operation type as people call it."""
    known = {"SelectV2": "where", "Select": "where", "Neg": "-", "Inv": "reciprocal", "RealDiv": "divide"}
    return known.get(op, op[0].lower() + op[1:])


def first(seen: Observation, ref: Ref) -> float | None:
    """The first element of a tensor, or None where it was not observed."""
    array = seen.get(ref)
    return None if array is None or not array.size else float(array.flat[0])


def text(value: float | None, digits: int = 6) -> str:
    """A number in few digits."""
    if value is None:
        return "?"
    return "NaN" if isnan(value) else f"{value:.{digits}g}"


def at(node: Node) -> str:
    """File and line in brackets; the node's name where they are not known (a SavedModel, a library function)."""
    return f" ({node.place.text})" if node.place else f" (node {node.name.removeprefix('stripped/')})"
