"""Chains: a version of a target at one point, operation by operation.

In: its program, what TensorFlow computed there, and the exact values. Out: a link for each forward operation, with the
gradient that arrives at it and the one that it passes on.
"""

from collections.abc import Mapping

from gradcheck.explaining.sentences import expression, first
from gradcheck.program import Observation, Program, Ref
from gradcheck.records import Link

HIDDEN = frozenset({"Const", "Placeholder", "Identity", "IdentityN", "NoOp", "Shape", "StridedSlice"})
"""Operations that get no link: they compute nothing."""

WRITTEN = 2
"""Operations that are written out inside one another."""


def links(
    program: Program, seen: Observation, exact: Mapping[Ref, float | None], guilty: int | None
) -> tuple[Link, ...]:
    """The links of a program, in the order in which they run."""
    return tuple(
        link(program, i, seen, exact, i == guilty)
        for i in sorted(program.forward)
        if program.nodes[i].op not in HIDDEN and (i, 0) in seen
    )


def link(program: Program, place: int, seen: Observation, exact: Mapping[Ref, float | None], guilty: bool) -> Link:
    """One forward operation."""
    node = program.nodes[place]
    arriving, leaving = gradients_of(program, place)
    return Link(
        op=node.op,
        text=expression(program, (place, 0), WRITTEN),
        place=node.place.text if node.place else node.name.removeprefix("stripped/"),
        value=first(seen, (place, 0)),
        true_value=exact.get((place, 0)),
        arriving=first(seen, arriving) if arriving else None,
        leaving=tuple(v for v in (first(seen, ref) for ref in leaving) if v is not None),
        true_leaving=tuple(exact.get(ref) for ref in leaving if first(seen, ref) is not None),
        guilty=guilty,
    )


def gradients_of(program: Program, place: int) -> tuple[Ref | None, list[Ref]]:
    """The tensor that brings the gradient to a forward operation's backward nodes, and those that leave them."""
    if len(program.outputs) == 1:
        return None, []
    name = program.nodes[place].name
    own = {i for i, node in enumerate(program.nodes) if node.forward == name and i not in program.forward}
    read = [ref for i in sorted(own) for ref in program.nodes[i].inputs]
    arriving = next((r for r in read if r[0] not in own and carries(program, r)), None)
    used = [ref for i, node in enumerate(program.nodes) if i not in own for ref in node.inputs if ref[0] in own]
    leaving = [r for r in dict.fromkeys([*used, *program.outputs[1:]]) if r[0] in own and carries(program, r)]
    return arriving, leaving


def carries(program: Program, ref: Ref) -> bool:
    """Whether a tensor of the backward graph is a gradient, not a shape or a constant."""
    node = program.nodes[ref[0]]
    floats = node.dtypes[ref[1]] in ("float16", "bfloat16", "float32", "float64")
    return floats and ref[0] not in program.forward and node.op != "Const"
