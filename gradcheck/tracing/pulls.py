"""How far the intermediates of a tensor target are from danger.

In: an inlined forward graph. Out: a `Pull`: for a batch of points, the signed distance between the argument of each
operation without a finite derivative somewhere (sqrt and norms at 0, log and division at 0, acos at 1, exp at its
overflow) and that danger, in the element that is nearest, and the gradient of that distance by the inputs.
"""

from collections.abc import Callable
from math import log
from typing import Any

import numpy as np
import tensorflow as tf

from gradcheck.floats import FORMATS
from gradcheck.program import Array
from gradcheck.records import Batch, Pull, Tensor, TensorInput
from gradcheck.tracing.batching import vectorise
from gradcheck.tracing.graphs import OVERRIDE, is_override, nodes, rename_functions
from gradcheck.tracing.intermediates import DANGERS, resolved
from gradcheck.tracing.shapes import moderate, tensors_of

MAX_DANGERS = 24
"""Dangers that are pulled toward; the first in graph order."""

PADDED = 1 << 14
"""Elements of the intermediates beside each other, filled up to the largest, that are looked at together."""

OVERFLOWS = {"Exp": 1.0, "Expm1": 1.0, "Sinh": 1.0, "Cosh": 1.0}
"""Operations that overflow above the logarithm of the largest float."""


def pull_of(frozen: Any, inputs: tuple[TensorInput, ...], width_of: Callable[[int], int]) -> Pull | None:
    """The pull of an inlined forward graph; None where there is no danger in it, or no vectorised form of it."""
    if frozen is None:
        return None
    dangers = dangers_of(frozen)
    if not dangers:
        return None
    graph_def = frozen.graph.as_graph_def()
    for node in nodes(graph_def):
        if is_override(node):
            del node.attr[OVERRIDE]
    rename_functions(graph_def)
    width = width_of(3 * sum(t.shape.num_elements() or 1 for op in frozen.graph.get_operations() for t in op.outputs))
    names = [name for _, name, _ in dangers]

    def arguments(*xs: Tensor) -> list[Tensor]:
        """The tensors in danger, part of the graph that is being traced: a call of a function takes twice as long."""
        fed = {t.name: x for t, x in zip(frozen.inputs, xs, strict=True)}
        found: list[Tensor] = tf.graph_util.import_graph_def(graph_def, fed, names, name="")
        return found

    values = [value for _, _, value in dangers]
    sloped = batched(lambda w, *xs: slopes(arguments, values, inputs, w, xs), inputs, len(values), width)
    run = sloped or batched(lambda w, *xs: distances(arguments(*xs), values), inputs, len(values), width)
    if run is None:
        return None

    def measure(batch: Batch, weights: Array) -> tuple[Array, tuple[Array | None, ...]]:
        try:
            found = run(batch, weights)
        except tf.errors.OpError:  # the target raises at one of these points: then nothing pulls
            found = np.zeros((len(weights), len(values) + sum(int(np.prod(i.shape)) for i in inputs if i.fmt)))
            found[:, : len(values)] = np.inf
        rest = found[:, len(values) :]
        return found[:, : len(values)], unflattened(rest, inputs) if sloped else (None,) * len(inputs)

    labels = tuple(f"{op} near {value:g}" for op, _, value in dangers)
    return Pull(labels, measure, width)


def dangers_of(frozen: Any) -> list[tuple[str, str, float]]:
    """(operation, tensor, value) of each danger, in graph order, each tensor and value once."""
    found: dict[tuple[str, float], str] = {}
    for op in frozen.graph.get_operations():
        if op.type in OVERFLOWS and op.inputs[0].dtype.name in FORMATS:
            edge = log(FORMATS[op.inputs[0].dtype.name].largest)
            found.setdefault((resolved(op.inputs[0]).name, edge), op.type)
        for position, values in DANGERS.get(op.type, {}).items():
            argument = resolved(op.inputs[position])
            if argument.op.type != "Const" and argument.dtype.name in FORMATS:
                for value in values:
                    found.setdefault((argument.name, value), op.type)
    return [(op, name, value) for (name, value), op in found.items()][:MAX_DANGERS]


def distances(tensors: list[Tensor], values: list[float]) -> Tensor:
    """For each tensor, the signed distance of its nearest element to its danger, as float64; [dangers]."""
    sizes = [t.shape.num_elements() for t in tensors]
    if None in sizes or 0 in sizes or len(sizes) * max(sizes) > PADDED:
        return tf.stack([nearest(t, v) for t, v in zip(tensors, values, strict=True)])
    return all_nearest(tensors, values, sizes)


def all_nearest(tensors: list[Tensor], values: list[float], sizes: list[int]) -> Tensor:
    """The same for all tensors together, a row each filled up with inf: operations take long to be traced."""
    flat = tf.concat([tf.cast(tf.reshape(t, [-1]), tf.float64) for t in tensors], 0) - np.repeat(values, sizes)
    inf = tf.constant(np.inf, tf.float64)
    known = tf.where(tf.math.is_nan(flat), inf, flat)
    starts, columns = np.cumsum([0, *sizes[:-1]]), np.arange(max(sizes))
    is_there = columns < np.array(sizes)[:, None]
    rows = tf.where(is_there, tf.gather(tf.abs(known), np.where(is_there, starts[:, None] + columns, 0)), inf)
    chosen = tf.argmin(rows, axis=1, output_type=tf.int32)
    return tf.gather(known, chosen + starts.astype(np.int32))


def nearest(tensor: Tensor, value: float) -> Tensor:
    """Signed distance of the element that is nearest to a value."""
    flat = tf.cast(tf.reshape(tensor, [-1]), tf.float64) - value
    known = tf.where(tf.math.is_nan(flat), tf.constant(np.inf, tf.float64), flat)
    return tf.gather(known, tf.argmin(tf.abs(known)))


def slopes(
    arguments: Callable[..., list[Tensor]],
    values: list[float],
    inputs: tuple[TensorInput, ...],
    weights: Tensor,
    xs: tuple[Tensor, ...],
) -> Tensor:
    """All distances, and behind them the gradient of their weighted sum by all float inputs, flattened."""
    watched = [x for x, i in zip(xs, inputs, strict=True) if i.fmt]
    found = distances(arguments(*xs), values)
    pulled = tf.reduce_sum(tf.where(weights != 0, found, tf.zeros_like(found)))
    gradients = tf.gradients(pulled, watched)
    parts = [tf.zeros_like(x) if g is None else g for g, x in zip(gradients, watched, strict=True)]
    return tf.concat([found, *(tf.reshape(tf.cast(p, tf.float64), [-1]) for p in parts)], 0)


def unflattened(flat: Array, inputs: tuple[TensorInput, ...]) -> tuple[Array | None, ...]:
    """Gradients [n, all elements] as one array an input; None for those that are no floats."""
    found: list[Array | None] = []
    start = 0
    for i in inputs:
        size = int(np.prod(i.shape)) if i.fmt else 0
        found.append(flat[:, start : start + size].reshape((len(flat), *i.shape)) if i.fmt else None)
        start += size
    return tuple(found)


def batched(
    call: Callable[..., Tensor], inputs: tuple[TensorInput, ...], dangers: int, width: int
) -> Callable[[Batch, Array], Array] | None:
    """A function of weights and one point over a batch of them; None where TensorFlow cannot vectorise it."""
    specs = [tf.TensorSpec((width, dangers), tf.float64), *(tf.TensorSpec((width, *i.shape), i.dtype) for i in inputs)]
    concrete = vectorise(call, specs)
    if concrete is None:
        return None

    def run(batch: Batch, weights: Array) -> Array:
        results: Array = concrete(tf.constant(weights), *tensors_of(inputs, batch)).numpy()
        return results

    try:
        run(tuple(np.stack([array] * width) for array in moderate(inputs)), np.ones((width, dangers)))
    except Exception:  # pulling is an extra
        return None
    return run
