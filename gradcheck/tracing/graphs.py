"""What is read from, and done to, a traced function's GraphDef.

In: a ConcreteFunction. Out: facts (overrides, control flow, stops, constants) and the same function with every gradient
override stripped. A function under `tf.custom_gradient` traces to an `IdentityN` node with the attribute
`_gradient_op_type`; without the attribute, autodiff goes through the operations in front of that node.
"""

from collections.abc import Callable, Iterator
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from gradcheck.records import Tensor

OVERRIDE = "_gradient_op_type"
CALLS = frozenset({"PartitionedCall", "StatefulPartitionedCall"})
"""Operations on which TensorFlow itself sets the attribute, for its own bookkeeping."""

CONDITIONALS = frozenset({"If", "StatelessIf", "Case", "StatelessCase"})
LOOPS = frozenset({"While", "StatelessWhile"})
STAMPS = count()
CONSTANT_LIMIT = 16
"""Elements of a constant that is worth sampling around; larger ones are tables or weights."""


def nodes(graph_def: Any) -> Iterator[Any]:
    """All NodeDefs of a graph and of the functions in its library."""
    yield from graph_def.node
    for function in graph_def.library.function:
        yield from function.node_def


def has_overrides(forward: Any) -> bool:
    """Whether a gradient override is anywhere in a traced function."""
    return any(is_override(node) for node in nodes(forward.graph.as_graph_def()))


def is_override(node: Any) -> bool:
    """Whether a NodeDef names a gradient of its own."""
    return OVERRIDE in node.attr and node.op not in CALLS


def has_control_flow(forward: Any) -> bool:
    """Whether a traced function holds a conditional or a loop."""
    return any(node.op in CONDITIONALS | LOOPS for node in nodes(forward.graph.as_graph_def()))


def loops_over_elements(forward: Any) -> bool:
    """Whether a traced function runs a loop that collects one result a round, as `tf.map_fn` does over its elements."""
    kinds = {node.op for node in nodes(forward.graph.as_graph_def())}
    return bool(kinds & LOOPS) and any(kind.startswith("TensorList") for kind in kinds)


def branches_on_tensors(forward: Any) -> bool:
    """Whether a conditional's predicate is not a scalar: TensorFlow then takes one branch for all values."""
    graphs = [forward.graph, *function_graphs(forward.graph)]
    predicates = [op.inputs[0] for graph in graphs for op in graph.get_operations() if op.type in CONDITIONALS]
    return any(predicate.shape.rank != 0 for predicate in predicates)


def function_graphs(graph: Any) -> Iterator[Any]:
    """The FuncGraphs of the functions that a graph calls, where TensorFlow still has them."""
    for function in getattr(graph, "_functions", {}).values():
        inner = getattr(function, "graph", None)
        if inner is not None:
            yield inner


def is_compiled(forward: Any) -> bool:
    """Whether a part of a traced function is handed to XLA."""
    return any(
        node.attr["_XlaMustCompile"].b for node in nodes(forward.graph.as_graph_def()) if "_XlaMustCompile" in node.attr
    )


def stripped(forward: Any) -> Callable[..., Tensor]:
    """The traced function without its gradient overrides.

    Calls are inlined first, since a call in an imported graph does not differentiate; variables become constants. The
    placeholders that the inputs take the place of are left out, since XLA does not compile them.
    """
    frozen = convert_variables_to_constants_v2(forward, lower_control_flow=False)
    graph_def = frozen.graph.as_graph_def()
    for node in nodes(graph_def):
        if is_override(node):
            del node.attr[OVERRIDE]
    names = [tensor.name for tensor in frozen.inputs]
    replaced = {tensor.op.name for tensor in frozen.inputs}
    for i in reversed([i for i, node in enumerate(graph_def.node) if node.name in replaced]):
        del graph_def.node[i]
    captured = {placeholder.name: tensor for tensor, placeholder in forward.graph.captures}
    output = frozen.outputs[0].name

    def call(*xs: Tensor) -> Tensor:
        rename_functions(graph_def)
        resources = [tf.compat.v1.get_default_graph().capture(captured[name]) for name in names[len(xs) :]]
        inputs = dict(zip(names, [*xs, *resources], strict=True))
        (y,) = tf.graph_util.import_graph_def(graph_def, input_map=inputs, return_elements=[output], name="stripped")
        return y

    return call


def wrapped(graph_def: Any) -> Any:
    """A GraphDef as a function that can be pruned."""
    return tf.compat.v1.wrap_function(lambda: tf.graph_util.import_graph_def(graph_def, name=""), [])


def point_tensors(values: tuple[Any, ...], shapes: list[tuple[int, ...]], dtypes: list[Any]) -> list[Tensor]:
    """One array, or one number for every element, an input: as a tensor of that input's shape and dtype."""
    return [
        tf.cast(tf.convert_to_tensor(np.broadcast_to(value, shape)), dtype)
        for value, shape, dtype in zip(values, shapes, dtypes, strict=True)
    ]


def rename_functions(graph_def: Any) -> None:
    """Give the functions of a graph new names: TensorFlow rewrites them in place, and no two may share a name."""
    stamp = next(STAMPS)
    new = {f.signature.name: f"gradcheck_{stamp}_{f.signature.name}" for f in graph_def.library.function}
    for node in nodes(graph_def):
        for attribute in node.attr.values():
            kind = attribute.WhichOneof("value")
            for function in [attribute.func] if kind == "func" else attribute.list.func if kind == "list" else []:
                if function.name in new:
                    function.name = new[function.name]
    for function in graph_def.library.function:
        function.signature.name = new[function.signature.name]


def constants(graph_def: Any) -> tuple[float, ...]:
    """The finite values of the small numeric constants of a graph, sorted."""
    found: set[float] = set()
    for node in nodes(graph_def):
        if node.op != "Const":
            continue
        value = node.attr["value"].tensor
        if not is_real(value.dtype):
            continue
        array = tf.make_ndarray(value)
        if array.size <= CONSTANT_LIMIT:
            found.update(float(v) for v in array.astype(np.float64).ravel() if np.isfinite(v))
    return tuple(sorted(found))


def is_real(dtype: int) -> bool:
    """Whether an enum value stands for a real or integer dtype."""
    kind = tf.dtypes.as_dtype(dtype)
    return bool(kind.is_floating or (kind.is_integer and not kind.is_quantized))


def user_stops(forward: Any) -> Iterator[tuple[str | None, int | None]]:
    """File and line of each `tf.stop_gradient` that is called outside of TensorFlow's own code."""
    for graph in [forward.graph, *function_graphs(forward.graph)]:
        for op in graph.get_operations():
            if op.type == "StopGradient":
                frame = calling_frame(op.traceback)
                if frame is not None:
                    yield frame


def calling_frame(traceback: Any) -> tuple[str | None, int | None] | None:
    """The frame that called the function that made an operation; None where that is TensorFlow's own code."""
    machinery = ("/framework/", "/util/", "/gen_array_ops", "/array_ops", "/weak_tensor_ops", "/eager/", "/autograph/")
    for frame in reversed(list(traceback or ())):
        if "tensorflow/python" in Path(frame.filename).as_posix():
            if not any(part in Path(frame.filename).as_posix() for part in machinery):
                return None
            continue
        return (frame.filename, frame.lineno) if Path(frame.filename).is_file() else (None, None)
    return (None, None)


@cache
def frozen_graph(concrete: Any) -> Any:
    """The function with its calls inlined, or None where TensorFlow cannot (a resource that is no variable)."""
    try:
        frozen = convert_variables_to_constants_v2(concrete, lower_control_flow=False)
        return frozen if len(frozen.inputs) == len(concrete.structured_input_signature[0]) else None
    except Exception:  # probing is an extra: without it the sweep still has its samples
        return None
