"""The `tf.where` trap: the branch that is not taken spoils the gradient.

In: a program, the node in which a bad gradient is born, and what TensorFlow computed. Out: words that name the branch
and show the double `tf.where`, or None where it is not that trap.
"""

from gradcheck.explaining.sentences import SELECTS, at, expression, first
from gradcheck.program import Observation, Program

WRITTEN = 3
"""Operations that are written out inside one another."""


def where_trap(program: Program, place: int, seen: Observation, wrt: str) -> str | None:
    """Words on the trap, if the forward operation at `place` is only in a branch that was not taken."""
    for i in sorted(program.forward):
        node = program.nodes[i]
        condition = first(seen, node.inputs[0]) if node.op in SELECTS else None
        if condition is None:
            continue
        taken, other = (1, 2) if condition else (2, 1)
        if place in program.behind(node.inputs[other]) and place not in program.behind(node.inputs[taken]):
            return words(program, i, other, wrt)
    return None


def words(program: Program, select: int, other: int, wrt: str) -> str:
    """What happens at one `tf.where`, and its cure: to keep the input `wrt` out of the branch at position `other`."""
    node = program.nodes[select]
    condition = expression(program, node.inputs[0], WRITTEN)
    branch = expression(program, node.inputs[other], WRITTEN)
    order = f"{wrt}, SAFE" if other == 1 else f"SAFE, {wrt}"
    return (
        f"tf.where{at(node)} does not take {branch} here, but multiplies its gradient by 0, and 0 * inf is NaN:"
        f" keep the input out of it with a second tf.where, safe = tf.where({condition}, {order}), compute that branch"
        " from safe, and choose SAFE so that it is harmless there"
    )
