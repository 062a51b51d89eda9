"""What was recorded, as a program with the value of every tensor: the same record that a scan's causes are read from.

In: a recorder, and the gradient that went bad. Out: a `Study` at that one point.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from gradcheck.observing.looks import dense, is_bad, quiet
from gradcheck.observing.optimizers import name_of
from gradcheck.observing.recording import Asked, Operation, Recorder, identity
from gradcheck.program import Array, Node, Observation, Program, Ref
from gradcheck.records import Study, Tensor

READ = "ReadVariableOp"

SMALL = 16
"""Entries of a tensor from nowhere that is taken for a constant of the code."""


def study_of(recorder: Recorder, asked: Asked, names: Mapping[int, str]) -> Study:
    """All that was run up to a gradient: (what was differentiated, the first bad gradient)."""
    with quiet():
        made = Made(recorder, {**names, **recorder.names}, sources_of(asked))
        for place, operation in enumerate(recorder.operations[: asked.end]):
            made.add(place, operation)
        targets = [made.ref(t) for t in tf.nest.flatten(asked.target) if isinstance(t, tf.Tensor)]
        bad = next(g for g in asked.results if is_bad(g))
        outputs = (*targets, made.ref(dense(bad)))
        program = Program(tuple(made.nodes), tuple(made.leaves), outputs, results=len(targets))
        seen = dict(made.seen)
    return Study(program, lambda values: seen)


def study_of_value(recorder: Recorder, tensor: Tensor, names: Mapping[int, str]) -> Study:
    """All that was run up to a tensor that is not finite, as a program whose output it is."""
    with quiet():
        made = Made(recorder, {**names, **recorder.names})
        for place, operation in enumerate(recorder.operations):
            made.add(place, operation)
        output = made.ref(tensor)
        program = Program(tuple(made.nodes), tuple(made.leaves), (output,))
        seen = dict(made.seen)
    return Study(program, lambda values: seen)


class Made:
    """A program that is being put together.

    Attributes:
        nodes: of it.
        leaves: positions of those that came from outside.
        seen: the value of each tensor.
    """

    def __init__(
        self, recorder: Recorder, names: Mapping[int, str], variables: Sequence[tuple[str, Array]] = ()
    ) -> None:
        self.recorder, self.names, self.variables = recorder, names, variables
        self.nodes: list[Node] = []
        self.leaves: list[int] = []
        self.seen: dict[Ref, Array] = {}
        self.refs: dict[int, Ref] = {}
        self.places: dict[int, str] = {}

    def add(self, place: int, operation: Operation) -> None:
        """One operation, behind what it reads."""
        inputs = tuple(self.ref(t) for t in operation.inputs if t.dtype not in (tf.resource, tf.variant))
        here, name = len(self.nodes), f"{operation.kind}_{place}"
        if operation.kind == READ:
            return
        node = Node(
            name=name,
            op=operation.kind,
            inputs=inputs,
            attributes=attributes_of(operation.attributes),
            dtypes=tuple(t.dtype.name for t in operation.outputs),
            value=as_numbers(operation.outputs[0]) if operation.kind == "Const" else None,
            place=operation.place or self.forward_place(operation),
            forward=self.places.get(operation.forward) if operation.forward is not None else None,
            sizes=tuple(int(np.prod(t.shape)) for t in operation.outputs),
        )
        self.nodes.append(node)
        self.places[place] = name
        for k, tensor in enumerate(operation.outputs):
            self.refs[identity(tensor)] = (here, k)
            self.see((here, k), tensor)

    def forward_place(self, operation: Operation) -> Any:
        """The line of the operation that a part of a gradient belongs to."""
        return None if operation.forward is None else self.recorder.operations[operation.forward].place

    def ref(self, tensor: Tensor) -> Ref:
        """Where a tensor is made; a new node where it comes from outside."""
        key = identity(tensor)
        if key not in self.refs:
            self.refs[key] = (len(self.nodes), 0)
            self.nodes.append(self.leaf(tensor, self.names.get(key)))
            self.leaves.append(len(self.nodes) - 1)
            self.see(self.refs[key], tensor)
        return self.refs[key]

    def leaf(self, tensor: Tensor, name: str | None) -> Node:
        """A tensor from outside: a constant of the code where it is small and has no name."""
        size = int(np.prod(tensor.shape))
        name = name or self.read_unseen(tensor)
        simple = tensor.dtype.is_floating or tensor.dtype.is_integer or tensor.dtype.is_bool
        constant = name is None and size <= SMALL and simple
        value = as_numbers(tensor) if constant else None
        number = len(self.nodes)
        return Node(
            name=name or f"{'constant' if constant else 'input'}_{number}",
            op="Const" if constant else "Placeholder",
            dtypes=(tensor.dtype.name,),
            value=value,
            sizes=(size,),
        )

    def read_unseen(self, tensor: Tensor) -> str | None:
        """The variable that a tensor was read from within TensorFlow's own code, which no callback is told of."""
        if tensor.dtype.is_floating and tensor.shape.rank:
            values = tensor.numpy()
            return next((name for name, held in self.variables if is_same(held, values)), None)
        return None

    def see(self, ref: Ref, tensor: Tensor) -> None:
        """Keep the value of a tensor of numbers or truth values."""
        if tensor.dtype.is_floating or tensor.dtype.is_complex or tensor.dtype.is_bool:
            values = as_numbers(tensor)
            self.seen[ref] = (np.abs(values) if np.iscomplexobj(values) else values).astype(np.float64)


def sources_of(asked: Asked) -> list[tuple[str, Array]]:
    """Names and values of the variables that a gradient was taken by."""
    found = [s.value if hasattr(s, "path") else s for s in asked.sources]
    return [(name_of(s), v.numpy()) for s, v in zip(asked.sources, found, strict=True) if isinstance(v, tf.Variable)]


def is_same(one: Array, other: Array) -> bool:
    """Whether two arrays are the same, bit for bit."""
    return one.shape == other.shape and one.dtype == other.dtype and one.tobytes() == other.tobytes()


def as_numbers(tensor: Tensor) -> Array:
    """A tensor as numpy holds it; float16 and bfloat16 as float32."""
    values: Array = tensor.numpy()
    return values.astype(np.float32) if values.dtype.name in ("float16", "bfloat16") else values


def attributes_of(pairs: Sequence[Any]) -> dict[str, Any]:
    """Names and values, in turn, as a mapping."""
    names = [n.decode() if isinstance(n, bytes) else str(n) for n in pairs[::2]]
    return dict(zip(names, pairs[1::2], strict=False))


def observed(study: Study) -> Observation:
    """The values of a study at its one point."""
    return study.observe(())
