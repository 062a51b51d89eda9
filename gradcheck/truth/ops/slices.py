"""Parts of tensors: cut out, looked up, written to."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from gradcheck.program import Array, Node
from gradcheck.truth.duals import Dual, State
from gradcheck.truth.ops.arithmetic import add, subtract
from gradcheck.truth.ops.arrays import full, integers, moving, places, spread, undecided, unknown
from gradcheck.truth.ops.choices import NOTHING, larger, smaller
from gradcheck.truth.running import FLOATS, Rule, Run, each


def cut(node: Node, x: Array, begin: tuple[int, ...], size: tuple[int, ...]) -> Array:
    """Slice: from begin on, size elements an axis; -1 for all that are left."""
    del node
    return x[tuple(slice(b, None if s < 0 else b + s) for b, s in zip(begin, size, strict=True))]


def strided(node: Node, begin: tuple[int, ...], end: tuple[int, ...], strides: tuple[int, ...]) -> tuple[Any, ...]:
    """The index that a strided slice's numbers and masks stand for, as numpy writes it."""

    def masked(name: str, i: int) -> bool:
        return bool((node.attributes.get(f"{name}_mask") or 0) >> i & 1)

    def part(i: int) -> Any:
        if masked("ellipsis", i):
            return Ellipsis
        if masked("new_axis", i):
            return None
        if masked("shrink_axis", i):
            return begin[i]
        return slice(None if masked("begin", i) else begin[i], None if masked("end", i) else end[i], strides[i])

    parts = tuple(part(i) for i in range(len(begin)))
    return parts if Ellipsis in parts else (*parts, Ellipsis)


def strided_slice_grad(node: Node, shape: tuple[int, ...], *where_and_dy: Any) -> Array:
    """StridedSliceGrad: a tensor of zeros with dy in the place of the slice."""
    return strided_slice_update(node, full(shape, 0, node.dtypes[0]), *where_and_dy)


def strided_slice_update(node: Node, x: Array, *where_and_value: Any) -> Array:
    """TensorStridedSliceUpdate: the tensor with another value in the place of the slice."""
    *where, value = where_and_value
    result: Array = x.copy()
    result[strided(node, *where)] = value
    return result


def all_unknown(shape: tuple[int, ...], dtype: str) -> Array:
    """An array of nothing that is decided."""
    result = np.empty(shape, object)
    result[...] = unknown(dtype)
    return result


def with_unknown(result: Array, where: Any, dtype: str) -> Array:
    """The array, undecided at an index."""
    result = result.astype(object)
    result[where] = unknown(dtype)
    return result


def gather(node: Node, params: Array, indices: Array, axis: tuple[int, ...] = (0,)) -> Array:
    """Gather and GatherV2: the slices of an axis at indices, a batch at a time."""
    batch = node.attributes.get("batch_dims") or 0
    return gathered(
        node.dtypes[0],
        params,
        indices,
        axis[0] % params.ndim,
        batch + indices.ndim if batch < 0 else batch,
    )


def gathered(dtype: str, params: Array, indices: Array, axis: int, batch: int) -> Array:
    """The same with the numbers at hand."""
    if batch:
        rows = [gathered(dtype, p, i, axis - 1, batch - 1) for p, i in zip(params, indices, strict=True)]
        return np.asarray(np.stack(rows))
    decided, mask = places(indices)
    result: Array = np.take(params, decided, axis)
    return with_unknown(result, (*[slice(None)] * axis, mask), dtype) if mask.any() else result


def gather_nd(node: Node, params: Array, indices: Array) -> Array:
    """GatherNd: the slices at the rows of indices."""
    decided, mask = places(indices)
    result = params[tuple(np.moveaxis(decided, -1, 0))] if indices.shape[-1] else params
    result = np.broadcast_to(result, (*indices.shape[:-1], *params.shape[indices.shape[-1] :]))
    return with_unknown(result, mask.any(axis=-1), node.dtypes[0]) if mask.any() else result


Combine = Callable[[Array, Array], Array]


def scattered(node: Node, target: Array, indices: Array, updates: Array, combine: Combine) -> Array:
    """A tensor combined with updates at the rows of indices, one after another."""
    if undecided(indices):
        return all_unknown(target.shape, node.dtypes[0])
    result: Array = target.copy()
    for place in np.ndindex(indices.shape[:-1]):
        at = within(int(i) for i in indices[place])
        result[at] = combine(result[at], updates[within(place)])
    return result


def within(place: Iterable[int]) -> Any:
    """The index of what is left of a tensor at a place, as an array in any case."""
    return (*place, ...)


def scatter_nd(node: Node, indices: Array, updates: Array, shape: tuple[int, ...]) -> Array:
    """ScatterNd: zeros plus updates."""
    return scattered(node, full(shape, 0, node.dtypes[0]), indices, updates, added(node))


def added(node: Node) -> Combine:
    """The sum of two arrays."""
    return each(add, 2) if node.dtypes[0] in FLOATS else np.add


def scatter(combine: Callable[[Run, Node], Combine]) -> Rule:
    """The rule of TensorScatterUpdate and its kin."""
    return lambda run, node, arrays: [scattered(node, arrays[0], arrays[1], arrays[2], combine(run, node))]


def one_hot(node: Node, indices: Array, depth: tuple[int, ...], on: Array, off: Array) -> Array:
    """OneHot: on at the place of the index along a new axis, else off."""
    decided, mask = places(indices)
    hot = decided[..., None] == np.arange(depth[0])
    result = spread(hot.shape, off, node.dtypes[0])
    result[hot] = on.item()
    if mask.any():
        result = with_unknown(result, mask, node.dtypes[0])
    axis = node.attributes.get("axis")
    return np.moveaxis(result, -1, -1 if axis is None else axis)


def where(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
    """Where: the places that hold true, or numbers other than 0."""
    (values,) = arrays
    if node.attributes.get("T") in FLOATS:
        values = each(lambda x: different_from_zero(run, x), 1)(values)
    return [np.argwhere(integers(node, values)).astype(np.int64)]


def different_from_zero(run: Run, x: Dual) -> Any:
    """Whether a number is not 0."""
    s = run.compare(x, NOTHING)
    return State.UNDECIDED if s is None else s != 0


def dynamic_stitch(node: Node, *arrays: Array) -> Array:
    """DynamicStitch: rows put in the places that their indices name; the last one wins."""
    half = len(arrays) // 2
    indices = [integers(node, a) for a in arrays[:half]]
    first, data = indices[0], arrays[half]
    count = max((int(i.max()) + 1 for i in indices if i.size), default=0)
    result = full((count, *data.shape[first.ndim :]), 0, node.dtypes[0])
    for at, rows in zip(indices, arrays[half:], strict=True):
        for place in np.ndindex(at.shape):
            result[at[place], ...] = rows[within(place)]
    return result


def dynamic_partition(node: Node, data: Array, partitions: Array) -> list[Array]:
    """DynamicPartition: the rows of each part."""
    parts = integers(node, partitions)
    return [data[parts == i] for i in range(node.attributes["num_partitions"])]


RULES: Mapping[str, Rule] = {
    "DynamicPartition": moving(dynamic_partition),
    "DynamicStitch": moving(dynamic_stitch),
    "Gather": moving(gather),
    "GatherNd": moving(gather_nd),
    "GatherV2": moving(gather, 2),
    "OneHot": moving(one_hot, 1),
    "ParallelDynamicStitch": moving(dynamic_stitch),
    "ScatterNd": moving(scatter_nd, 2),
    "Slice": moving(cut, 1, 2),
    "StridedSlice": moving(lambda node, x, *where: x[strided(node, *where)], 1, 2, 3),
    "StridedSliceGrad": moving(strided_slice_grad, 0, 1, 2, 3),
    "TensorScatterAdd": scatter(lambda run, node: added(node)),
    "TensorScatterMax": scatter(lambda run, node: each(lambda a, b: larger(run, a, b), 2)),
    "TensorScatterMin": scatter(lambda run, node: each(lambda a, b: smaller(run, a, b), 2)),
    "TensorScatterSub": scatter(lambda run, node: each(subtract, 2) if node.dtypes[0] in FLOATS else np.subtract),
    "TensorScatterUpdate": scatter(lambda run, node: lambda old, new: new),
    "TensorStridedSliceUpdate": moving(strided_slice_update, 1, 2, 3),
    "Where": where,
}
