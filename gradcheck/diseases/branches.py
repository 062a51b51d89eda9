"""Branches of tf.where: which operations run for one of them alone.

In: a program. Out: for each node that nothing but one branch of a tf.where reads, which branch. Such an operation runs
for all values, those of the other branch included, and its gradient there is multiplied by 0: inf * 0 is NaN.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gradcheck.diseases.terms import ALIASES
from gradcheck.program import Program, Ref

WHERES = frozenset({"Select", "SelectV2"})
ELEMENTWISE = ALIASES | frozenset(
    [
        "Abs",
        "Acos",
        "Acosh",
        "Add",
        "AddV2",
        "Asin",
        "Asinh",
        "Atan",
        "Atan2",
        "Atanh",
        "Cast",
        "Cos",
        "Cosh",
        "DivNoNan",
        "Div",
        "Elu",
        "Erf",
        "Erfc",
        "Exp",
        "Expm1",
        "Inv",
        "Log",
        "Log1p",
        "Maximum",
        "Minimum",
        "Mul",
        "MulNoNan",
        "Neg",
        "Pow",
        "RealDiv",
        "Reciprocal",
        "Relu",
        "Rsqrt",
        "Select",
        "SelectV2",
        "Selu",
        "Sigmoid",
        "Sign",
        "Sin",
        "Sinh",
        "Softplus",
        "Softsign",
        "Sqrt",
        "Square",
        "SquaredDifference",
        "Sub",
        "Tan",
        "Tanh",
        "Xdivy",
        "Xlog1py",
        "Xlogy",
    ]
)
"""Operations that keep elements apart, so that a condition on the result is one on their inputs."""


@dataclass(frozen=True)
class Branch:
    """One branch of a tf.where.

    Attributes:
        where: position of its node.
        side: 1 for the branch that is taken where the condition holds, 2 for the other one.
        condition: the condition.
    """

    where: int
    side: int
    condition: Ref


def branches(program: Program) -> Mapping[int, tuple[Branch, ...]]:
    """The branches that each node stands in alone, the innermost first."""
    found: dict[int, list[Branch]] = {}
    for position in sorted(program.forward):
        node = program.nodes[position]
        for side in (1, 2) if node.op in WHERES else ():
            elsewhere = reached(program, (position, side))
            for inside in cone(program, node.inputs[side]) - elsewhere:
                found.setdefault(inside, []).append(Branch(position, side, node.inputs[0]))
    return {inside: tuple(those) for inside, those in found.items()}


def cone(program: Program, ref: Ref) -> set[int]:
    """The nodes behind a tensor, as far as they work element by element."""
    seen: set[int] = set()
    todo = [ref[0]]
    while todo:
        position = todo.pop()
        if position not in seen and program.nodes[position].op in ELEMENTWISE:
            seen.add(position)
            todo += [place for place, _ in program.nodes[position].inputs]
    return seen


def reached(program: Program, without: tuple[int, int]) -> set[int]:
    """The nodes that the output depends on without one input of one node."""
    seen: set[int] = set()
    todo = [program.outputs[0][0]]
    while todo:
        position = todo.pop()
        if position not in seen:
            seen.add(position)
            inputs = enumerate(program.nodes[position].inputs)
            todo += [place for k, (place, _) in inputs if (position, k) != without]
    return seen
