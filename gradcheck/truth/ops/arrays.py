"""Moving numbers about: what has no arithmetic in it."""

from collections.abc import Mapping

import numpy as np

from gradcheck.program import Array, Node
from gradcheck.truth.duals import ZERO, Dual
from gradcheck.truth.ops.arithmetic import add
from gradcheck.truth.running import FLOATS, Rule, Run, each


def unchanged(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
    """Identity, IdentityN and the like: every input as it is."""
    del run
    return arrays[: len(node.dtypes)]


def stopped(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
    """StopGradient: the value, declared constant by the user."""
    del run, node
    return [each(lambda x: Dual(x.v) if isinstance(x, Dual) else x, 1)(arrays[0])]


def filled(value: int) -> Rule:
    """ZerosLike and OnesLike."""

    def rule(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
        del run
        return [full(arrays[0].shape, value, node.dtypes[0])]

    return rule


def full(shape: tuple[int, ...], value: int, dtype: str) -> Array:
    """An array of one number."""
    if dtype not in FLOATS:
        return np.full(shape, value, dtype)
    result = np.empty(shape, object)
    result[...] = Dual(ZERO + value)
    return result


def fill(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
    """Fill: a shape and a value."""
    del run, node
    shape, value = arrays
    return [np.broadcast_to(value, tuple(int(d) for d in shape))]


def reshape(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
    """Reshape."""
    del run, node
    return [arrays[0].reshape([int(d) for d in arrays[1]])]


def shape_of(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
    """Shape."""
    del run
    return [np.array(arrays[0].shape, node.dtypes[0])]


def total(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
    """Sum over axes."""
    del run
    values, axes = arrays
    keep = bool(node.attributes.get("keep_dims"))
    over = tuple(int(a) for a in np.ravel(axes))
    if values.dtype != object:
        return [np.sum(values, axis=over, keepdims=keep)]
    result = np.frompyfunc(add, 2, 1).reduce(values, axis=over, keepdims=keep, initial=Dual(ZERO)) if over else values
    return [np.asarray(result, object)]


def broadcast_arguments(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
    """BroadcastGradientArgs: over which axes each of two shapes was widened."""
    del run
    shapes = [[int(d) for d in a] for a in arrays]
    rank = max(map(len, shapes))
    padded = [[1] * (rank - len(s)) + s for s in shapes]
    wide = [max(pair) for pair in zip(*padded, strict=True)]
    axes = [
        [i for i, d in enumerate(p) if d == 1 and (wide[i] != 1 or i < rank - len(s))]
        for p, s in zip(padded, shapes, strict=True)
    ]
    return [np.array(a, node.dtypes[0]) for a in axes]


RULES: Mapping[str, Rule] = {
    "BroadcastGradientArgs": broadcast_arguments,
    "CheckNumerics": unchanged,
    "EnsureShape": unchanged,
    "Fill": fill,
    "Identity": unchanged,
    "IdentityN": unchanged,
    "OnesLike": filled(1),
    "PreventGradient": unchanged,
    "Reshape": reshape,
    "Shape": shape_of,
    "Snapshot": unchanged,
    "StopGradient": stopped,
    "Sum": total,
    "ZerosLike": filled(0),
}
