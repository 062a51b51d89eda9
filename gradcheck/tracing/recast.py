"""A graph recast to float64: a reference where real arithmetic has no rule for an operation, or takes too long.

In: an inlined graph of outputs and gradients over one point, or over blocks of any size. Out: a function that returns
them as float64, of one value, or one array, an input; or of float64 tensors. Rounding is 29 bits finer than in float32
and overflow far away; the formula, and so its cancellations, stay.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from gradcheck.program import Array
from gradcheck.tracing.graphs import frozen_graph, nodes, point_tensors, rename_functions, wrapped

NARROW = frozenset({tf.float16.as_datatype_enum, tf.bfloat16.as_datatype_enum, tf.float32.as_datatype_enum})
DOUBLE = tf.float64.as_datatype_enum

TRIED = 5
"""Points by which the shapes of a recast graph's results are seen."""

InDoubles = Callable[[tuple[Any, ...]], tuple[Array, ...]]


def recast(frozen: Any, shapes: list[tuple[int, ...]]) -> InDoubles | None:
    """The function in float64, or None where TensorFlow cannot run it so (an operation without that kernel)."""
    pruned = widened(frozen)
    if pruned is None:
        return None

    def run(values: tuple[Any, ...]) -> tuple[Array, ...]:
        tensors = point_tensors(values, shapes, [t.dtype for t in pruned.inputs])
        try:
            results = pruned(*tensors)
        except tf.errors.OpError:  # a singular matrix, say: then nothing is known of this point
            return tuple(np.full(t.shape, np.nan) for t in pruned.outputs)
        return tuple(np.asarray(t.numpy(), np.float64) for t in results)

    try:
        run((0.5,) * len(shapes))
    except Exception:
        return None
    return run


def recast_blocks(concrete: Any) -> Any:
    """A traced function of blocks of any size in float64; None where TensorFlow has no such form of it.

    What reads the bits of a float has none: they are others in float64.
    """
    frozen = frozen_graph(concrete)
    if frozen is None or any(reads_bits(node) for node in nodes(frozen.graph.as_graph_def())):
        return None
    wide = widened(frozen)
    try:
        results = wide(*(tf.fill([TRIED], tf.constant(0.5, tf.float64)) for _ in frozen.inputs))
    except Exception:  # an operation without that kernel
        return None
    return wide if all(r.dtype == tf.float64 and r.shape == [TRIED] for r in results) else None


def reads_bits(node: Any) -> bool:
    """Whether a NodeDef takes a float apart, or steps to its neighbour."""
    return node.op in ("Bitcast", "NextAfter") and bool({node.attr["T"].type, node.attr["type"].type} & NARROW)


def widened(frozen: Any) -> Any:
    """An inlined graph with every narrow float a float64, as a function; None where TensorFlow cannot make it."""
    graph_def = frozen.graph.as_graph_def()
    for node in nodes(graph_def):
        widen(node)
    for function in graph_def.library.function:
        for argument in (*function.signature.input_arg, *function.signature.output_arg):
            argument.type = DOUBLE if argument.type in NARROW else argument.type
    rename_functions(graph_def)
    try:
        return wrapped(graph_def).prune([t.name for t in frozen.inputs], [t.name for t in frozen.outputs])
    except Exception:  # then there is no reference, and the report says so
        return None


def widen(node: Any) -> None:
    """Make one NodeDef compute in float64."""
    for name, attribute in node.attr.items():
        if attribute.WhichOneof("value") == "type" and attribute.type in NARROW:
            attribute.type = DOUBLE
        for i, kind in enumerate(attribute.list.type):
            attribute.list.type[i] = DOUBLE if kind in NARROW else kind
        if name == "value" and attribute.tensor.dtype in NARROW:
            wide = tf.make_ndarray(attribute.tensor).astype("float64")
            attribute.tensor.CopyFrom(tf.make_tensor_proto(wide, tf.float64, wide.shape))
