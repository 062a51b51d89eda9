"""A graph of a step's loss, made of the operations that were run.

In: a recorder, and the gradient that went bad. Out: `Drawn`: a TensorFlow function from the batch's tensors to what was
differentiated, over copies of the variables. Principle: what was run eagerly is known operation by operation, whatever
Python was around it: loops, threads, printed numbers. So nothing of the user's is run again; what draws random
numbers, or reads from outside, is cut off, and what it gave is an input.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import node_def_pb2
from tensorflow.python.framework import op_def_registry
from tensorflow.python.framework.op_def_library import value_to_attr_value

from gradcheck.observing.history import variable
from gradcheck.observing.looks import value_of
from gradcheck.observing.nodes import NoGraph, attributes_of, is_inexact, legal, memory_of, same, unique
from gradcheck.observing.optimizers import handles_of
from gradcheck.observing.recording import Asked, Operation, Recorder, identity
from gradcheck.program import Array, Place
from gradcheck.records import Tensor

SMALL = 16
"""Entries of a tensor without a name that is taken for a constant of the code."""

READS = frozenset({"ReadVariableOp", "ResourceGather", "ResourceGatherNd", "VariableShape"})
"""Operations with a state that are kept: they read variables."""

READ = "ReadVariableOp"


@dataclass(frozen=True, eq=False)
class Drawn:
    """A loss as a function.

    Attributes:
        function: from the inputs, in order, to {"loss": number}.
        names, keys, values: of its inputs.
        variables: copies of the user's, by name; those that are differentiated by are trainable.
        places: the user's line of each operation, by its name.
        wrt: names of what was differentiated by.
    """

    function: Any
    names: tuple[str, ...]
    keys: tuple[str, ...]
    values: tuple[Tensor, ...]
    variables: Mapping[str, Any]
    places: Mapping[str, Place]
    wrt: tuple[str, ...]


def drawn(recorder: Recorder, asked: Asked, known: "Known") -> Drawn:
    """The function of what a gradient was asked of; raises `NoGraph`."""
    sheet = Sheet(recorder, asked, known)
    targets = [t for t in tf.nest.flatten(asked.target) if isinstance(t, tf.__internal__.EagerTensor)]
    outputs = [sheet.ref(t) for t in targets if t.dtype.is_floating]
    if not outputs:
        raise NoGraph("what was differentiated is no float tensor")
    sources = tuple(dict.fromkeys(map(sheet.source, asked.sources)))
    return Drawn(
        sheet.function(outputs),
        tuple(sheet.names),
        tuple(sheet.keys),
        tuple(sheet.inputs),
        dict(sheet.copies.values()),
        sheet.places,
        sources,
    )


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of tensors and variables.

    Attributes:
        tensors: names, by identity.
        arrays: numpy arrays of the user's, by name.
        variables: names, by the identity of the handle.
        handles: the handles and their dtypes, by their identity.
    """

    tensors: Mapping[int, str]
    arrays: Mapping[str, Array]
    variables: Mapping[int, str]
    handles: Mapping[int, tuple[Tensor, Any]]


class Sheet:
    """A graph that is being drawn.

    Attributes:
        names, keys, inputs: of the function.
        copies: name and copy of each variable, by the identity of its handle.
    """

    def __init__(self, recorder: Recorder, asked: Asked, known: Known) -> None:
        self.recorder, self.known, self.end = recorder, known, asked.end
        self.graph = tf.compat.v1.GraphDef()
        self.graph.versions.producer = tf.version.GRAPH_DEF_VERSION
        self.names: list[str] = []
        self.keys: list[str] = []
        self.inputs: list[Tensor] = []
        self.copies: dict[int, tuple[str, Any]] = {}
        self.handles: dict[str, int] = {}
        self.places: dict[str, Place] = {}
        self.refs: dict[int, str] = {}
        self.trained = set(handles_of(list(asked.sources)))
        operations = recorder.operations[: self.end]
        self.makers = {identity(t): k for k, operation in enumerate(operations) for t in operation.outputs}
        for source in asked.sources:
            if not handles_of(source) and identity(source) not in self.refs:
                name = known.tensors.get(identity(source), "source")
                self.refs[identity(source)] = self.input(source, name)

    def source(self, source: Any) -> str:
        """The name of what is differentiated by: a variable, of several copies the one that is read; or an input."""
        handles = handles_of(source)
        if handles:
            key = next((k for k in handles if k in self.handles.values()), next(iter(handles)))
            return self.copy(key, handles[key][0])[0]
        return self.names[self.keys.index(self.refs[identity(source)].split(":")[0])]

    def ref(self, wanted: Tensor) -> str:
        """Where a tensor is made, with all that is needed for it; the graph may be deep, so there is no recursion."""
        todo = [wanted]
        while todo:
            tensor = todo[-1]
            key = identity(tensor)
            if key in self.refs:
                todo.pop()
                continue
            maker = self.maker(tensor)
            if maker is None:
                self.refs[key] = self.leaf(todo.pop())
                continue
            missing = [t for t in self.recorder.operations[maker].inputs if identity(t) not in self.refs]
            todo += reversed(missing)
            if not missing:
                self.add(maker)
        return self.refs[identity(wanted)]

    def maker(self, tensor: Tensor) -> int | None:
        """The operation that made a tensor, if it is to be kept."""
        maker = self.makers.get(identity(tensor))
        return maker if maker is not None and self.is_kept(self.recorder.operations[maker]) else None

    def is_kept(self, operation: Operation) -> bool:
        """Whether an operation can be run elsewhere: all that it reads is known, of what is outside only variables."""
        definition = op_def_registry.get(operation.kind)
        if definition is None or len(operation.inputs) < sum(not a.number_attr for a in definition.input_arg):
            return False
        if operation.kind in READS:
            return bool(variable(operation.inputs[0])) and (operation.kind != READ or self.is_as_read(operation))
        return not definition.is_stateful

    def is_as_read(self, operation: Operation) -> bool:
        """Whether the copy of a variable is what was read: it may be changed within a step."""
        (handle,) = operation.inputs
        found = variable(handle)
        if not found:
            return False
        copy = self.copy(identity(handle), handle, operation.outputs[0])[1]
        return bool(same(copy, operation.outputs[0]))

    def copy(self, key: int, handle: Tensor, value: Tensor | None = None) -> tuple[str, Any]:
        """Name and copy of a variable."""
        if key not in self.copies:
            name = unique(self.known.variables.get(key, "variable"), [n for n, _ in self.copies.values()])
            if value is None:
                value = self.last_read(key)
            if value is None:
                found = variable(handle)
                if not found:
                    raise NoGraph("what was differentiated by is no variable")
                value = value_of(*found[0])
            self.copies[key] = (name, tf.Variable(value, name=legal(name), trainable=key in self.trained))
        return self.copies[key]

    def last_read(self, key: int) -> Tensor | None:
        """What was last read of a variable before the gradient was asked for."""
        for operation in reversed(self.recorder.operations[: self.end]):
            if operation.kind == READ and operation.inputs and identity(operation.inputs[0]) == key:
                return operation.outputs[0]
        return None

    def leaf(self, tensor: Tensor) -> str:
        """What comes from outside: a variable, an input, or a constant of the code."""
        if tensor.dtype == tf.resource:
            return self.handle(tensor)
        if tensor.dtype == tf.variant:
            raise NoGraph("it reads a variant that was made outside of it")
        read = self.read_unseen(tensor)
        if read is not None:
            return self.reading(*read)
        name = self.known.tensors.get(identity(tensor)) or self.same_array(tensor)
        size = int(np.prod(tensor.shape))
        if (name is None and size <= SMALL) or tensor.dtype == tf.string:
            constant = f"gradcheck_constant_{len(self.graph.node)}"
            self.node(constant, "Const", {"dtype": tensor.dtype, "value": tf.make_tensor_proto(tensor.numpy())})
            return f"{constant}:0"
        return self.known_input(tensor, name) or self.input(tensor, name or "input")

    def known_input(self, tensor: Tensor, name: str | None) -> str | None:
        """The input that the same array has become already."""
        if name not in self.names or not same(self.inputs[self.names.index(name)], tensor):
            return None
        return f"{self.keys[self.names.index(name)]}:0"

    def handle(self, handle: Tensor) -> str:
        """The handle of a variable's copy."""
        if not variable(handle):
            raise NoGraph("it reads a resource that is no variable")
        name = f"gradcheck_variable_{len(self.handles)}"
        self.copy(identity(handle), handle)
        self.handles[name] = identity(handle)
        self.refs[identity(handle)] = f"{name}:0"
        return f"{name}:0"

    def read_unseen(self, tensor: Tensor) -> tuple[int, Tensor] | None:
        """The variable whose value a tensor is: TensorFlow's fast path reads one without telling anybody."""
        if identity(tensor) in self.known.tensors or tensor.dtype == tf.string:
            return None
        alike = [
            (key, handle, value)
            for key, (handle, dtype) in self.known.handles.items()
            if dtype == tensor.dtype and (value := value_of(handle, dtype)).shape == tensor.shape
        ]
        exact = [(k, h) for k, h, v in alike if memory_of(v) == memory_of(tensor) is not None]
        equal = [(k, h) for k, h, v in alike if k in self.trained and same(v, tensor)]
        fits = ((k, h) for k, h in [*exact, *equal] if same(self.copy(k, h, tensor)[1], tensor))
        return next(fits, None)

    def reading(self, key: int, handle: Tensor) -> str:
        """A read of a variable's copy."""
        place = self.refs.get(key) or self.handle(handle)
        name = f"gradcheck_read_{len(self.graph.node)}"
        self.node(name, READ, {"dtype": self.known.handles[key][1]}, [place])
        return f"{name}:0"

    def same_array(self, tensor: Tensor) -> str | None:
        """The user's array of which a tensor was made."""
        if not tensor.shape.rank or tensor.dtype == tf.string:
            return None
        values = tensor.numpy()
        for name, array in self.known.arrays.items():
            if array.shape == values.shape and np.array_equal(
                array.astype(values.dtype), values, equal_nan=is_inexact(values)
            ):
                return name
        return None

    def input(self, tensor: Tensor, name: str) -> str:
        """A new input of the function."""
        name = unique(name, self.names)
        key = unique(legal(name), self.keys)
        self.names.append(name)
        self.keys.append(key)
        self.inputs.append(tensor)
        return f"{key}:0"

    def add(self, maker: int) -> None:
        """One operation."""
        operation = self.recorder.operations[maker]
        name = f"op{maker}_{operation.kind}"
        node = self.node(name, operation.kind, {}, [self.refs[identity(t)] for t in operation.inputs])
        for attribute, value in attributes_of(operation).items():
            node.attr[attribute].CopyFrom(value)
        if operation.place is not None:
            self.places[name] = operation.place
        for k, tensor in enumerate(operation.outputs):
            self.refs[identity(tensor)] = f"{name}:{k}"

    def node(self, name: str, op: str, attributes: Mapping[str, Any], inputs: Sequence[str] = ()) -> Any:
        """A new node of the graph."""
        node: Any = node_def_pb2.NodeDef(name=name, op=op, input=inputs)
        kinds = {a.name: a.type for a in op_def_registry.get(op).attr}
        for key, value in attributes.items():
            node.attr[key].CopyFrom(value_to_attr_value(value, kinds[key], key))
        self.graph.node.append(node)
        return self.graph.node[-1]

    def function(self, outputs: Sequence[str]) -> Any:
        """The TensorFlow function."""
        specs = [tf.TensorSpec(t.shape, t.dtype, name=k) for t, k in zip(self.inputs, self.keys, strict=True)]

        def loss(*inputs: Tensor) -> dict[str, Tensor]:
            given = {f"{k}:0": t for k, t in zip(self.keys, inputs, strict=True)}
            graph = tf.compat.v1.get_default_graph()
            given |= {f"{name}:0": graph.capture(self.copies[key][1].handle) for name, key in self.handles.items()}
            found = tf.graph_util.import_graph_def(self.graph, input_map=given, return_elements=list(outputs), name="")
            summed = [t if t.shape.rank == 0 else tf.reduce_sum(t) for t in found]
            return {"loss": summed[0] if len(summed) == 1 else tf.add_n([tf.cast(t, summed[0].dtype) for t in summed])}

        try:
            return tf.function(loss, input_signature=specs, autograph=False).get_concrete_function()
        except (ValueError, TypeError, tf.errors.OpError) as error:
            raise NoGraph(f"TensorFlow cannot make a graph of its operations: {error}") from error
