"""Control flow: branches, loops, calls, and the optional values that branches hand to their gradients."""

from collections.abc import Mapping

from gradcheck.program import Array, Node, Program, Ref
from gradcheck.truth.duals import Dual, State
from gradcheck.truth.ops.choices import NOTHING
from gradcheck.truth.ops.lists import Kept, kept
from gradcheck.truth.ops.slices import all_unknown
from gradcheck.truth.running import NotInTable, Rule, Run

MOST_ITERATIONS = 10_000


def truth(run: Run, value: Array) -> bool | State:
    """A predicate: a truth value, a number other than 0, or a tensor that is not empty."""
    if value.ndim:
        return value.size > 0
    element = value.item()
    if isinstance(element, Dual):
        s = run.compare(element, NOTHING)
        return State.UNDECIDED if s is None else s != 0
    return State.UNDECIDED if element is State.UNDECIDED else bool(element)


def without_value(array: Array) -> Array:
    """A tensor of the same shape of which nothing is known."""
    if array.dtype == object and array.size and isinstance(array.flat[0], Kept):
        return kept(array.item().mapped(without_value))
    is_float = array.dtype == object and all(isinstance(x, Dual) for x in array.flat)
    return all_unknown(array.shape, "float64" if is_float else "int32")


def body(run: Run, name: str, op: str) -> Program:
    """A function by its name."""
    program = run.functions.get(name)
    if program is None:
        raise NotInTable(op)
    return program


def source(program: Program, ref: Ref) -> Ref:
    """The tensor that another one repeats."""
    while program.nodes[ref[0]].op == "Identity":
        ref = program.nodes[ref[0]].inputs[0]
    return ref


def called(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
    """PartitionedCall and the like."""
    return run.call(body(run, node.attributes["f"], node.op), arrays)


def if_(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
    """If: one of two branches."""
    chosen = truth(run, arrays[0])
    name = node.attributes["then_branch" if chosen is not False else "else_branch"]
    results = run.call(body(run, name, node.op), arrays[1:])
    return [without_value(r) for r in results] if isinstance(chosen, State) else results


def case(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
    """Case: the branch of a number, the last one if there is none."""
    branches = node.attributes["branches"]
    index = arrays[0].item()
    if index is State.UNDECIDED:
        return [without_value(r) for r in run.call(body(run, branches[0], node.op), arrays[1:])]
    name = branches[index if 0 <= index < len(branches) else -1]
    return run.call(body(run, name, node.op), arrays[1:])


def while_(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
    """While: the body as long as the condition holds."""
    condition, step = (body(run, node.attributes[name], node.op) for name in ("cond", "body"))
    for _ in range(MOST_ITERATIONS):
        goes_on = truth(run, run.call(condition, arrays)[0])
        if isinstance(goes_on, State):
            return [
                a if source(step, out) == (place, 0) else without_value(a)
                for a, out, place in zip(arrays, step.outputs, step.inputs, strict=True)
            ]
        if not goes_on:
            return arrays
        arrays = run.call(step, arrays)
    raise NotInTable(node.op)


def nothing(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
    """NoOp and Assert: no result."""
    del run, node, arrays
    return []


RULES: Mapping[str, Rule] = {
    "Assert": nothing,
    "Case": case,
    "If": if_,
    "NoOp": nothing,
    "PartitionedCall": called,
    "StatefulPartitionedCall": called,
    "StatelessCase": case,
    "StatelessIf": if_,
    "StatelessWhile": while_,
    "While": while_,
}
