"""Terms: the tensors of a program as mathematics.

In: a program. Out: for each tensor the operation that it is, behind aliases; its value where it is a constant; and
whether two tensors are the same expression. No TensorFlow, no names, no source text.
"""

import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from gradcheck.program import Node, Program, Ref

ALIASES = frozenset({"Identity", "IdentityN", "CheckNumerics", "PreventGradient", "Snapshot"})
"""Operations that hand on what they get; a stopped gradient is none of them."""

SHAPING = frozenset({"Cast", "BroadcastTo", "Reshape", "ExpandDims", "Squeeze", "Tile"})
"""Operations that leave the value of a uniform constant as it is; their first input is the constant."""

NAMES = {
    "AddV2": "add",
    "RealDiv": "div",
    "Inv": "reciprocal",
    "Select": "where",
    "SelectV2": "where",
}
COMMUTATIVE = frozenset({"add", "mul", "maximum", "minimum"})
ARITHMETIC: Mapping[str, Callable[..., float]] = {
    "neg": lambda a: -a,
    "square": lambda a: a * a,
    "sqrt": math.sqrt,
    "rsqrt": lambda a: 1 / math.sqrt(a),
    "reciprocal": lambda a: 1 / a,
    "exp": math.exp,
    "log": math.log,
    "abs": abs,
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "pow": lambda a, b: a**b,
}
RANDOM = ("Random", "StatelessRandom", "Multinomial", "TruncatedNormal", "Placeholder")


@dataclass(frozen=True)
class Made:
    """A term that no node computes, but that a reading of one speaks of: the y of x + -y."""

    op: str
    args: tuple["Term", ...]
    nodes: frozenset[int] = frozenset()


Term: TypeAlias = Ref | float | Made


@dataclass(frozen=True)
class Reading:
    """One way to read a term: an operation on terms, the nodes that it takes, and a reduction's axes."""

    op: str
    args: tuple[Term, ...]
    nodes: frozenset[int]
    axis: Any = None
    keepdims: bool = False


@dataclass(frozen=True, eq=False)
class Terms:
    """The tensors of one program: their operations, values and sameness."""

    program: Program
    heads: dict[Ref, Reading] = field(default_factory=dict)
    values: dict[Ref, float | None] = field(default_factory=dict)

    def node(self, ref: Ref) -> Node:
        """The node that makes a tensor."""
        return self.program.nodes[ref[0]]

    def behind_aliases(self, ref: Ref) -> tuple[Ref, frozenset[int]]:
        """The tensor that aliases hand on, and the aliases."""
        passed: set[int] = set()
        while self.node(ref).op in ALIASES:
            passed.add(ref[0])
            ref = self.node(ref).inputs[ref[1]]
        return ref, frozenset(passed)

    def number(self, term: Term) -> float | None:
        """The one value that a term has everywhere, or None."""
        if isinstance(term, Made):
            return None
        if not isinstance(term, tuple):
            return float(term)
        if term not in self.values:
            self.values[term] = self.value_of(self.behind_aliases(term)[0])
        return self.values[term]

    def value_of(self, ref: Ref) -> float | None:
        """The value of a tensor that is no alias."""
        node = self.node(ref)
        if node.op == "Const":
            return uniform(node.value)
        if node.op in ("ZerosLike", "OnesLike"):
            return float(node.op == "OnesLike")
        if node.op in SHAPING:
            return self.number(node.inputs[0])
        if node.op == "Fill":
            return self.number(node.inputs[1])
        operation = ARITHMETIC.get(name_of(node))
        values = [self.number(i) for i in node.inputs] if operation else [None]
        known = [value for value in values if value is not None]
        try:
            return operation(*known) if operation and len(known) == len(values) else None
        except (ValueError, OverflowError, ZeroDivisionError):
            return None

    def head(self, term: Term) -> Reading | None:
        """A term as it stands; None for a number that no node holds."""
        if isinstance(term, Made):
            return Reading(term.op, term.args, term.nodes)
        if not isinstance(term, tuple):
            return None
        if term not in self.heads:
            self.heads[term] = self.head_of(*self.behind_aliases(term))
        return self.heads[term]

    def head_of(self, ref: Ref, aliases: frozenset[int]) -> Reading:
        """A tensor that is no alias as its operation; a reduction over constant axes has them apart."""
        node, nodes = self.node(ref), aliases | {ref[0]}
        axis = self.axis(node.inputs[1]) if "keep_dims" in node.attributes else None
        if axis is None:
            return Reading(name_of(node), node.inputs, nodes)
        return Reading(name_of(node), node.inputs[:1], nodes, axis, bool(node.attributes["keep_dims"]))

    def axis(self, ref: Ref) -> int | list[int] | None:
        """The axes of a reduction as Python spells them, a single one as a number."""
        value = self.node(self.behind_aliases(ref)[0]).value
        axes = [] if value is None else value.ravel().tolist()
        return None if value is None else axes[0] if len(axes) == 1 else axes

    def taken(self, term: Term) -> frozenset[int]:
        """The nodes of a constant."""
        return frozenset({term[0]}) if isinstance(term, tuple) else frozenset()

    def same(self, a: Term, b: Term) -> bool:
        """Whether two terms are one tensor, or computed in the same way from the same ones."""
        if isinstance(a, Made) and isinstance(b, Made):
            return a.op == b.op and all(map(self.same, a.args, b.args))
        if isinstance(a, tuple) and isinstance(b, tuple):
            a, b = self.behind_aliases(a)[0], self.behind_aliases(b)[0]
            return a[1] == b[1] and self.classes[a[0]] == self.classes[b[0]]
        value = self.number(a)
        return value is not None and value == self.number(b)

    @cached_property
    def classes(self) -> tuple[int, ...]:
        """For each node the first one that does the same to the same tensors."""
        first: dict[Hashable, int] = {}
        found: list[int] = []
        for position, node in enumerate(self.program.nodes):
            refs = [self.behind_aliases(ref)[0] for ref in node.inputs]
            inputs = [(found[place], output) for place, output in refs]
            ordered = sorted(inputs) if name_of(node) in COMMUTATIVE else inputs
            own = position if node.op.startswith(RANDOM) else None
            key = (node.op, tuple(ordered), node.dtypes, own, constant_key(node), attributes(node))
            found.append(first.setdefault(key, position))
        return tuple(found)


def name_of(node: Node) -> str:
    """A node's operation, as patterns spell it."""
    return NAMES.get(node.op, node.op.lower())


def uniform(value: Any) -> float | None:
    """The number that all elements of an array are, or None; the shortest decimal that its dtype reads as it."""
    array = np.asarray(value)
    if array.size == 0 or array.dtype.kind not in "iufb" or not np.all(array == array.flat[0]):
        return None
    return float(str(array.flat[0])) if array.dtype.kind == "f" else float(array.flat[0])


def constant_key(node: Node) -> Hashable:
    """What tells a constant from others."""
    return None if node.value is None else (node.value.shape, node.value.tobytes())


def attributes(node: Node) -> str:
    """What makes an operation another one, apart from its inputs; a constant's are in its value."""
    if node.value is not None:
        return ""
    return repr(sorted((name, repr(value)) for name, value in node.attributes.items() if not name.startswith("_")))
