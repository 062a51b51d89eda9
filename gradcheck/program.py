"""Programs: a traced function as plain data, without TensorFlow.

In: nothing. Out: the records that tracing fills and that truth, causes and suggestions read. A program is a list of
nodes in the order in which they can be evaluated; control flow refers to further programs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[Any]
else:
    Array = Any  # numpy takes 0.1 s to import

Ref: TypeAlias = tuple[int, int]
"""A tensor of a program: position of the node that makes it, and which of its outputs it is."""


@dataclass(frozen=True)
class Place:
    """A line of the user's code."""

    file: str
    line: int
    source: str

    @property
    def text(self) -> str:
        """File name and line."""
        return f"{PurePath(self.file).name}:{self.line}"


@dataclass(frozen=True, eq=False)
class Node:
    """One operation.

    Attributes:
        name: unique within its program.
        op: TensorFlow's operation type.
        inputs: the tensors that it reads, in order; control inputs are left out.
        attributes: its attributes as Python values: numbers, strings (dtypes by name), tuples, arrays, and for
            functions their names in `Program.functions`.
        dtypes: dtype name of each output.
        sizes: number of elements of each output, 1 where it is not known.
        value: the value of a constant, as numpy holds it (float16 and bfloat16 widened to float32).
        place: the user's line that made it, or None.
        forward: name of the forward node that it is a part of the gradient of, or None.
    """

    name: str
    op: str
    inputs: tuple[Ref, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    dtypes: tuple[str, ...] = ()
    value: Array | None = None
    place: Place | None = None
    forward: str | None = None
    sizes: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Program:
    """A function of tensors.

    Attributes:
        nodes: in an order in which each reads only earlier ones.
        inputs: positions of the nodes that take the arguments.
        outputs: the results; those of a version are (output,) or (output, gradient), of a tensor target all outputs
            and then all gradients.
        functions: bodies and branches that nodes refer to by name.
        results: how many of the outputs, from the first, are the function's own.
    """

    nodes: tuple[Node, ...]
    inputs: tuple[int, ...]
    outputs: tuple[Ref, ...]
    functions: Mapping[str, "Program"] = field(default_factory=dict)
    results: int = 1

    def behind(self, *refs: Ref) -> tuple[int, ...]:
        """Positions of the nodes that tensors depend on, those that make them included, in order."""
        if refs not in self.found:
            self.found[refs] = self.reached(refs)
        return self.found[refs]

    @cached_property
    def found(self) -> dict[tuple[Ref, ...], tuple[int, ...]]:
        """What `behind` has found: a program is run at a thousand points."""
        return {}

    def reached(self, refs: tuple[Ref, ...]) -> tuple[int, ...]:
        """The same, found."""
        wanted: set[int] = set()
        todo = [node for node, _ in refs]
        while todo:
            place = todo.pop()
            if place not in wanted:
                wanted.add(place)
                todo += [node for node, _ in self.nodes[place].inputs]
        return tuple(sorted(wanted))

    @cached_property
    def by_name(self) -> Mapping[str, int]:
        """Positions of the nodes by name."""
        return {node.name: i for i, node in enumerate(self.nodes)}

    @cached_property
    def forward(self) -> frozenset[int]:
        """Positions of the nodes that the function's own results depend on."""
        return frozenset(self.behind(*self.outputs[: self.results]))


Observation: TypeAlias = Mapping[Ref, Array]
"""What TensorFlow computed at one point: the value of each float or boolean tensor of a program, as float64."""
