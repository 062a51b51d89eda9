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
from gradcheck.tracing.graphs import OVERRIDE, is_override, nodes, rename_functions, wrapped
from gradcheck.tracing.intermediates import DANGERS, resolved
from gradcheck.tracing.shapes import moderate, tensors_of

MAX_DANGERS = 24
"""Dangers that are pulled toward; the first in graph order."""

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
    try:
        pruned = wrapped(graph_def).prune([t.name for t in frozen.inputs], [name for _, name, _ in dangers])
    except Exception:  # pulling is an extra: without it the search has its other points
        return None
    values = [value for _, _, value in dangers]
    sloped = batched(lambda w, *xs: slopes(pruned, values, inputs, w, xs), inputs, len(values), width)
    run = sloped or batched(lambda w, *xs: distances(pruned(*xs), values), inputs, len(values), width)
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
    return tf.stack([nearest(t, v) for t, v in zip(tensors, values, strict=True)])


def nearest(tensor: Tensor, value: float) -> Tensor:
    """Signed distance of the element that is nearest to a value."""
    flat = tf.cast(tf.reshape(tensor, [-1]), tf.float64) - value
    known = tf.where(tf.math.is_nan(flat), tf.constant(np.inf, tf.float64), flat)
    return tf.gather(known, tf.argmin(tf.abs(known)))


def slopes(
    pruned: Any, values: list[float], inputs: tuple[TensorInput, ...], weights: Tensor, xs: tuple[Tensor, ...]
) -> Tensor:
    """All distances, and behind them the gradient of their weighted sum by all float inputs, flattened."""
    watched = [x for x, i in zip(xs, inputs, strict=True) if i.fmt]
    found = distances(pruned(*xs), values)
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
