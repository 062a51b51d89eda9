"""What there is of a bad step: its batch, variables and optimizers, as a file holds them.

In: a unit, with the variables as they were before it, and what was recorded of it. Out: names and arrays: numbers as
they are, small floats widened, bytes as text; nothing that would have to be pickled.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from gradcheck.errors import one_line
from gradcheck.observing.graphing import Drawn, Known, drawn
from gradcheck.observing.history import variable
from gradcheck.observing.looks import value_of
from gradcheck.observing.nodes import NoGraph, unique
from gradcheck.observing.optimizers import handles_of, name_of
from gradcheck.observing.recording import Recorder, identity
from gradcheck.observing.session import Session
from gradcheck.observing.units import Tape, Unit, elements_of, flat, names_in
from gradcheck.program import Array
from gradcheck.records import Tensor
from gradcheck.repros import Item

MOST_BYTES = 1 << 26
"""Bytes of a tensor of the batch that is saved although the loss does not read it."""


class Step:
    """What there is of a step.

    Attributes:
        called: what its variables are called, by the identity of their handles; copies of one are called alike.
        names: the same, each once.
        handles: handle and dtype of them.
    """

    def __init__(self, session: Session, unit: Unit | None, recorder: Recorder | None) -> None:
        self.session, self.unit, self.recorder = session, unit, recorder
        own = {key for o in optimizers(session) for v in variables_of(o) for key in handles_of(v)}
        self.names: dict[int, str] = {}
        self.called: dict[int, str] = {}
        self.handles: dict[int, tuple[Tensor, Any]] = {}
        for name, key, handle in self.found():
            pair = [] if key in own or key in self.handles else variable(handle)
            if pair:
                self.called[key], self.names[key] = name, unique(name, list(self.names.values()))
                self.handles[key] = pair[0]

    def found(self) -> Iterator[tuple[str, int, Tensor]]:
        """Name, identity and handle of variables: those that optimizers know, that are read, and all others."""
        for seen in self.session.optimizers.all:
            for own in seen.live:
                for key, (handle, _) in handles_of(own).items():
                    yield name_of(own), key, handle
        for source in (s for asked in (self.recorder.asked if self.recorder else ()) for s in asked.sources):
            for key, (handle, _) in handles_of(source).items():
                yield name_of(source), key, handle
        read = {} if self.recorder is None else self.recorder.names
        for operation in self.recorder.operations if self.recorder else ():
            if operation.kind == "ReadVariableOp" and operation.inputs and identity(operation.outputs[0]) in read:
                yield read[identity(operation.outputs[0])], identity(operation.inputs[0]), operation.inputs[0]
        sources = self.unit.sources if isinstance(self.unit, Tape) else {}
        for key, (handle, _) in {**sources, **self.session.history.handles}.items():
            yield "variable", key, handle

    @property
    def named(self) -> Mapping[str, Any]:
        """What it was given, by name; what a block sets before it reads it is none of it."""
        if isinstance(self.unit, Tape):
            made = made_in(self.unit.block.site.longer)
            return {name: value for name, value in self.unit.named.items() if name not in made}
        return {} if self.unit is None else dict(self.unit.named.items())

    def tensors(self) -> dict[str, Tensor]:
        """The tensors of its batch, by name: what it was given, and what it took from iterators."""
        given = [pair for name, value in self.named.items() if is_structure(value) for pair in flat(name, value)]
        for number, element in enumerate(elements_of(self.unit), 1):
            given += flat("batch" if number == 1 else f"batch_{number}", element)
        return {name: tensor for name, tensor in given if tensor.dtype not in (tf.resource, tf.variant)}

    def arrays(self) -> dict[str, Array]:
        """The numpy arrays among what it was given."""
        return dict(p for n, v in self.named.items() for p in arrays_in(n, v))

    def graph(self) -> tuple[Drawn | None, str]:
        """The loss as a function, or why it is none."""
        if self.recorder is None or not self.recorder.asked:
            return None, "the step could not be run again, so its operations are not known"
        names = {**{identity(t): n for n, t in self.tensors().items()}, **(names_in(self.unit) if self.unit else {})}
        asked = self.recorder.bad or self.recorder.asked[-1]
        try:
            return drawn(self.recorder, asked, Known(names, self.arrays(), self.called, self.handles)), ""
        except NoGraph as error:
            return None, one_line(str(error), 200)

    def others(self, graph: Drawn | None) -> list[tuple[str, Any]]:
        """What of the batch the graph does not read, unless it is large."""
        read = {identity(t) for t in graph.values} if graph else set()
        names = list(graph.names) if graph else []
        rest = [(n, t) for n, t in self.tensors().items() if identity(t) not in read]
        rest += [(n, a) for n, a in self.arrays().items() if n not in names]
        return [(n, t) for n, t in rest if n not in names and np.prod(t.shape) * 8 <= MOST_BYTES]

    def weights(self) -> list[tuple[str, Tensor]]:
        """All variables of the step, but for those of the optimizers."""
        return [(self.names[key], value_of(handle, dtype)) for key, (handle, dtype) in self.handles.items()]

    def slots(self) -> list[tuple[str, Tensor]]:
        """The optimizers' own variables, their counts of steps among them."""
        return [
            (f"{number}/{name_of(v)}", value_of(*pair))
            for number, optimizer in enumerate(optimizers(self.session), 1)
            for v in variables_of(optimizer)
            for pair in handles_of(v).values()
        ]


def made_in(statements: tuple[ast.stmt, ...]) -> set[str]:
    """Names that statements assign, not add to."""
    nodes = [node for statement in statements for node in ast.walk(statement)]
    changed = {n.target.id for n in nodes if isinstance(n, ast.AugAssign) and isinstance(n.target, ast.Name)}
    return {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)} - changed


def optimizers(session: Session) -> list[Any]:
    """All of them, those around others last."""
    inner = session.optimizers.all
    every = [*inner, *(s for s in session.optimizers.seen.values() if s not in inner)]
    return [o for o in (s.optimizer for s in every) if o is not None]


def variables_of(optimizer: Any) -> list[Any]:
    """An optimizer's own variables."""
    found = getattr(optimizer, "variables", ())
    return list(found() if callable(found) else found)


def is_structure(value: Any) -> bool:
    """Whether there may be tensors in a value."""
    return isinstance(value, (tf.Tensor, dict, list, tuple))


def arrays_in(name: str, value: Any) -> Iterator[tuple[str, Array]]:
    """The numpy arrays of a structure, with their paths."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        yield name, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from arrays_in(f"{name}[{key!r}]", inner)
    elif isinstance(value, (list, tuple)):
        for i, inner in enumerate(value):
            yield from arrays_in(f"{name}[{i}]", inner)


@dataclass(frozen=True, eq=False)
class Arrays:
    """Tensors as a file holds them.

    Attributes:
        items, arrays: one each.
        left_out: words on those that no file holds.
    """

    items: tuple[Item, ...]
    arrays: tuple[Array, ...]
    left_out: tuple[str, ...]

    @property
    def by_key(self) -> Mapping[str, Array]:
        """The arrays by their keys."""
        return dict(zip([i.key for i in self.items], self.arrays, strict=True))


def arrays_of(tensors: list[tuple[str, Any]]) -> Arrays:
    """Tensors as arrays."""
    items: list[Item] = []
    arrays: list[Array] = []
    left_out = []
    for name, tensor in tensors:
        array = as_array(np.asarray(tensor))
        if array is None:
            left_out.append(f"{name} was left out: it holds bytes that are no text")
            continue
        dtype = tensor.dtype.name
        items.append(Item(name, unique(name, [i.key for i in items]), dtype, tuple(array.shape)))
        arrays.append(array)
    return Arrays(tuple(items), tuple(arrays), tuple(left_out))


def as_array(values: Array) -> Array | None:
    """Numbers as they are, small floats as float32, bytes as text; None of other objects."""
    if values.dtype.name == "bfloat16" or values.dtype.name.startswith("float8"):
        return values.astype(np.float32)
    if values.dtype.kind not in "OS":
        return values
    try:
        return np.array([v.decode("utf-8") for v in values.ravel()], dtype=np.str_).reshape(values.shape)
    except (AttributeError, UnicodeDecodeError):
        return None
