"""Causes: the operation in which a bad gradient is born, and the user's line.

In: a version's program, what TensorFlow computed at the witness, and the local errors. Out: a `Cause`. A gradient that
is not finite is followed back to the first operation of the backward graph whose arriving gradients are finite; one
that is finite and wrong, to the operation whose own error is the first of the large ones.
"""

from collections.abc import Mapping
from math import isfinite
from pathlib import Path

import numpy as np

from gradcheck.explaining.sentences import SELECTS, first, sentence
from gradcheck.program import Node, Observation, Place, Program, Ref
from gradcheck.records import Cause, Class

NEAR_LARGEST = 16
"""An error within this factor of the largest one is as large; the first of them is where it is born."""

ROUNDING = 1e-4
"""Largest local error that is no more than rounding: what is wrong then is the slope that is taken at a kink."""

KINKS = {"Relu": 0.0, "Relu6": 0.0, "LeakyRelu": 0.0, "Abs": 0.0, "Sign": 0.0}
"""Operations with a kink, and where it is; Maximum and Minimum have theirs where both inputs are equal."""

PASSING = frozenset(
    {"Identity", "IdentityN", "Reshape", "Fill", "Const", "BroadcastTo", "Cast", "ZerosLike", "OnesLike"}
)
"""Operations in which no error is born."""


def cause_of(found: Class, program: Program, seen: Observation, errors: Mapping[int, float]) -> Cause | None:
    """The cause of one version's bad gradient (or, where the program ends there, of its bad output)."""
    if found is Class.WRONG:
        place = overriding(program)
    elif found in (Class.VANISHED, Class.INACCURATE):
        place = first_large(program, errors)
        if place is None or errors[place] < ROUNDING:
            at_kink = kink(program, seen)
            place = place if at_kink is None else at_kink
    else:
        place = birth(program, seen, program.outputs[-1])
        if place is None:  # alone the gradient is finite: TensorFlow rewrites this graph in another way
            place = first_odd(program, seen)
    return None if place is None else cause_at(program, place, found, seen)


def output_cause(program: Program, seen: Observation) -> Cause | None:
    """The cause of an output that is not finite: the first operation that made it so."""
    place = birth(program, seen, program.outputs[0])
    return None if place is None else cause_at(program, place, Class.NAN, seen)


def guilty_forward(program: Program, cause: Cause) -> int | None:
    """The forward node that a cause names."""
    names = (cause.node, f"stripped/{cause.node}")
    return next((program.by_name[name] for name in names if name in program.by_name), None)


def cause_at(program: Program, place: int, found: Class, seen: Observation, whole: Observation | None = None) -> Cause:
    """The record of one node; `whole` is what was seen of whole tensors, where `seen` holds a number of each."""
    node = program.nodes[place]
    forward = blamed(program, place, found, seen if whole is None else whole)
    where = forward.place if forward else node.place
    return Cause(
        op=node.op,
        forward_op=forward.op if forward else None,
        file=from_here(where.file) if where else None,
        line=where.line if where else None,
        source=where.source if where else None,
        node=(forward or node).name.removeprefix("stripped/"),
        message=with_place(sentence(program, place, found, seen), where),
    )


def from_here(file: str) -> str:
    """A path as it is called in the working directory, where it is below that: the same on every machine."""
    path, here = Path(file), Path.cwd()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else file


def blamed(program: Program, place: int, found: Class, whole: Observation) -> Node | None:
    """The forward operation of the user's that a node belongs to, or that gave it what it spoils."""
    made = None if found is Class.WRONG else culprit(program, place, whole)
    return made or forward_node(program, place)


def with_place(words: str, where: Place | None) -> str:
    """Words that name the line, if it is known."""
    return words if where is None or where.text in words else f"{words} ({where.text})"


def culprit(program: Program, place: int, seen: Observation) -> Node | None:
    """The forward operation that made a value not finite which a backward operation reads; None where none did."""
    if place in program.forward:
        return None
    odd = [r for r in program.nodes[place].inputs if r[0] in program.forward and not all_finite(seen, r)]
    made = unmeant_birth(program, seen, odd[0]) if odd else None
    return None if made is None else program.nodes[made]


def unmeant_birth(program: Program, seen: Observation, ref: Ref) -> int | None:
    """The same as `birth`; infinities that a constant brings are meant, so then the first node that makes a NaN."""
    place = birth(program, seen, ref)
    if place is None or not brings_infinity(program, place):
        return place
    behind = [i for i in program.behind(ref) if (i, 0) in seen and np.isnan(seen[i, 0]).any()]
    return behind[0] if behind else None if program.nodes[place].op == "Const" else place


def brings_infinity(program: Program, place: int) -> bool:
    """Whether a node is, or reads, a constant that is infinite: a mask of -inf."""
    nodes = [program.nodes[place], *(program.nodes[i] for i, _ in program.nodes[place].inputs)]
    constants = [np.asarray(node.value) for node in nodes if node.value is not None]
    return any(value.dtype.kind == "f" and np.isinf(value).any() for value in constants)


def forward_node(program: Program, place: int) -> Node | None:
    """The forward operation that a node belongs to: itself, or the one whose gradient it is; none for an override."""
    node = program.nodes[place]
    if place in program.forward:
        return node
    if node.forward is not None:
        forward = program.nodes[program.by_name[node.forward]]
        return None if forward.op == "IdentityN" else forward
    makers = [forward_node(program, i) for i, _ in node.inputs if i not in program.forward and i != place]
    return next((maker for maker in makers if maker is not None), None)


def birth(program: Program, seen: Observation, ref: Ref) -> int | None:
    """The node behind a tensor that is not finite, with finite tensors arriving; None where the tensor is finite.

    In the backward graph, what arrives are gradients: forward values that are infinite are part of the cause.
    """
    if all_finite(seen, ref):
        return None
    backward = ref[0] not in program.forward
    place = ref[0]
    while True:
        arriving = [r for r in taken(program, place, seen) if not (backward and r[0] in program.forward)]
        bad = [r for r in arriving if not all_finite(seen, r)]
        if not bad:
            return place
        place = min(bad)[0]


def taken(program: Program, place: int, seen: Observation) -> tuple[Ref, ...]:
    """What an operation reads; of a tf.where in the forward graph, the branch that it takes."""
    node = program.nodes[place]
    condition = first(seen, node.inputs[0]) if node.op in SELECTS and place in program.forward else None
    return node.inputs if condition is None else (node.inputs[1 if condition else 2],)


def first_odd(program: Program, seen: Observation) -> int | None:
    """The first node of all whose result is not finite."""
    return next((i for i in program.behind(*program.outputs) if not all_finite(seen, (i, 0))), None)


def all_finite(seen: Observation, ref: Ref) -> bool:
    """Whether a tensor holds finite numbers only; what was not observed does."""
    return ref not in seen or bool(np.isfinite(seen[ref]).all())


def first_large(program: Program, errors: Mapping[int, float]) -> int | None:
    """The first node behind the gradient whose local error is among the largest."""
    behind = set(program.behind(program.outputs[-1]))
    real = {i: e for i, e in errors.items() if i in behind and program.nodes[i].op not in PASSING and e > 0}
    if not real:
        return None
    largest = max(real.values())
    limit = largest / NEAR_LARGEST if isfinite(largest) else largest
    return next(i for i in sorted(real) if real[i] >= limit)


def kink(program: Program, seen: Observation) -> int | None:
    """The first forward operation that is at its kink; None where there is none."""
    for place in sorted(program.forward):
        node = program.nodes[place]
        values = [first(seen, ref) for ref in node.inputs]
        if node.op in KINKS and values[0] == KINKS[node.op]:
            return place
        if node.op in ("Maximum", "Minimum") and values[0] == values[1]:
            return place
    return None


def overriding(program: Program) -> int | None:
    """The last operation that the user's own gradient function made."""
    own = [
        i
        for i in program.behind(program.outputs[-1])
        if i not in program.forward and is_overridden(program, program.nodes[i]) and program.nodes[i].op not in PASSING
    ]
    return own[-1] if own else None


def is_overridden(program: Program, node: Node) -> bool:
    """Whether a node stands for a gradient that the user wrote."""
    return node.forward is not None and program.nodes[program.by_name[node.forward]].op == "IdentityN"
