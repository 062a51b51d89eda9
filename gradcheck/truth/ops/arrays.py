"""Moving numbers about: what has no arithmetic in it."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from flint import arb

from gradcheck.program import Array, Node
from gradcheck.truth.duals import ZERO, Dual, State
from gradcheck.truth.ops.arithmetic import add, divide, multiply, subtract
from gradcheck.truth.running import FLOATS, NotInTable, Rule, Run, each

UNKNOWN = Dual(State.UNDECIDED, State.UNDECIDED)
"""Of a number that was looked up in a place that is not decided."""


class Unshaped(NotInTable):
    """How many elements there are, or where, depends on a number that is not decided at this precision."""

    def __str__(self) -> str:
        return f"the shape or place that {self.op} asks for is not decided"


def unknown(dtype: str) -> Any:
    """What is in a place that is not decided."""
    return UNKNOWN if dtype in FLOATS else State.UNDECIDED


def undecided(array: Array) -> bool:
    """Whether integers or truth values are not all decided."""
    return array.dtype == object and any(x is State.UNDECIDED for x in array.flat)


def places(indices: Array) -> tuple[Array, Array]:
    """Integers with 0 for the undecided ones, and which those are."""
    if not undecided(indices):
        return indices.astype(np.int64), np.zeros(indices.shape, bool)
    mask = each(lambda i: i is State.UNDECIDED, 1)(indices).astype(bool)
    return np.where(mask, 0, indices).astype(np.int64), mask


def integers(node: Node, array: Array) -> Array:
    """Integers that decide a shape or a place."""
    if undecided(array):
        raise Unshaped(node.op)
    return array.astype(np.int64)


def dims(node: Node, array: Array) -> tuple[int, ...]:
    """The same as a tuple."""
    return tuple((integers(node, array) if array.dtype == object else array).ravel().tolist())


Move: TypeAlias = Callable[..., Any]


def moving(call: Move, *numbers: int) -> Rule:
    """The rule of `call(node, *inputs)`; inputs at the positions `numbers` are tuples of integers.

    Negative positions count from the end, for operations with a list of tensors.
    """

    def rule(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
        del run
        inputs: list[Any] = list(arrays)
        for i in numbers:
            inputs[i] = dims(node, arrays[i])
        result = call(node, *inputs)
        return result if isinstance(result, list) else [result]

    return rule


def unchanged(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
    """Identity, IdentityN and the like: every input as it is."""
    del run
    return arrays[: len(node.dtypes)]


def stopped(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
    """StopGradient: the value, declared constant by the user."""
    del run
    return [each(lambda x: Dual(x.v), 1)(arrays[0]) if node.dtypes[0] in FLOATS else arrays[0]]


def filled(value: int) -> Rule:
    """OnesLike, and ZerosLike of numbers."""
    return lambda run, node, arrays: [full(arrays[0].shape, value, node.dtypes[0])]


def full(shape: tuple[int, ...], value: int, dtype: str) -> Array:
    """An array of one number."""
    if dtype not in FLOATS:
        return np.full(shape, value, dtype)
    result = np.empty(shape, object)
    result[...] = Dual(ZERO + value)
    return result


def spread(shape: tuple[int, ...], value: Array, dtype: str) -> Array:
    """A new array of one element, to be written to."""
    result = np.empty(shape, object if dtype in FLOATS else value.dtype)
    result[...] = value
    return result


def broadcast_arguments(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
    """BroadcastGradientArgs: over which axes each of two shapes was widened."""
    del run
    shapes = [dims(node, a) for a in arrays]
    rank = max(map(len, shapes))
    padded = [(1,) * (rank - len(s)) + s for s in shapes]
    wide = [max(pair) for pair in zip(*padded, strict=True)]
    axes = [
        [i for i, d in enumerate(p) if d == 1 and (wide[i] != 1 or i < rank - len(s))]
        for p, s in zip(padded, shapes, strict=True)
    ]
    return [np.array(a, node.dtypes[0]) for a in axes]


def squeeze(node: Node, x: Array) -> Array:
    """Squeeze: the axes named, or all, of length 1."""
    return x.squeeze(tuple(node.attributes.get("squeeze_dims") or ()) or None)


def concat_offset(node: Node, axis: tuple[int, ...], *shapes: Array) -> list[Array]:
    """ConcatOffset: where each of the tensors begins in their concatenation."""
    starts, at = [], 0
    for shape in (dims(node, s) for s in shapes):
        place = np.zeros(len(shape), node.dtypes[0])
        place[axis[0]] = at
        at += shape[axis[0]]
        starts.append(place)
    return starts


def split_sizes(node: Node, x: Array, sizes: tuple[int, ...], axis: tuple[int, ...]) -> list[Array]:
    """SplitV: pieces of given sizes, one of which may be -1."""
    del node
    known = sum(s for s in sizes if s >= 0)
    lengths = [s if s >= 0 else x.shape[axis[0]] - known for s in sizes]
    return np.split(x, np.cumsum(lengths)[:-1], axis[0])


def unpack(node: Node, x: Array) -> list[Array]:
    """Unpack: the slices along an axis."""
    rows = np.moveaxis(x, node.attributes.get("axis") or 0, 0)
    return [rows[i, ...] for i in range(len(rows))]


def pad(node: Node, x: Array, pairs: tuple[int, ...], value: Array | None = None) -> Array:
    """Pad and PadV2: a border of 0 or of a value."""
    before, after = pairs[::2], pairs[1::2]
    shape = tuple(b + n + a for b, n, a in zip(before, x.shape, after, strict=True))
    dtype = node.dtypes[0]
    result = full(shape, 0, dtype) if value is None else spread(shape, value, dtype)
    inside: tuple[Any, ...] = tuple(slice(b, b + n) for b, n in zip(before, x.shape, strict=True))
    result[inside] = x
    return result


def mirrored(node: Node, n: int, before: int, after: int) -> Array:
    """Which element of a mirrored axis is at each place."""
    return np.pad(np.arange(n), (before, after), node.attributes["mode"].lower())


def mirror_pad(node: Node, x: Array, pairs: tuple[int, ...]) -> Array:
    """MirrorPad: the tensor reflected in its border, with (SYMMETRIC) or without (REFLECT) the outermost element."""
    for axis, (before, after) in enumerate(zip(pairs[::2], pairs[1::2], strict=True)):
        x = np.take(x, mirrored(node, x.shape[axis], before, after), axis)
    return x


def mirror_pad_grad(node: Node, x: Array, pairs: tuple[int, ...]) -> Array:
    """MirrorPadGrad: the sum over all places that an element was mirrored to."""
    for axis, (before, after) in enumerate(zip(pairs[::2], pairs[1::2], strict=True)):
        n = x.shape[axis] - before - after
        rows = np.moveaxis(x, axis, 0)
        sums = full((n, *rows.shape[1:]), 0, node.dtypes[0])
        for place, source in enumerate(mirrored(node, n, before, after)):
            sums[source, ...] = each(add, 2)(sums[source, ...], rows[place, ...])
        x = np.moveaxis(sums, 0, axis)
    return x


def arange(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
    """Range: from start, by delta, up to but without limit."""
    del run
    if node.dtypes[0] not in FLOATS:
        return [np.arange(*(dims(node, a)[0] for a in arrays), dtype=node.dtypes[0])]
    start, limit, delta = (a.item() for a in arrays)
    steps = divide(subtract(limit, start), delta).v
    count = steps.ceil().unique_fmpz() if isinstance(steps, arb) and steps.is_finite() else None
    if count is None:
        raise Unshaped(node.op)
    return [objects([add(start, multiply(Dual(arb(i)), delta)) for i in range(max(0, int(count)))])]


def linspace(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
    """LinSpace: num numbers from start to stop, both included."""
    del run
    start, stop, num = arrays[0].item(), arrays[1].item(), dims(node, arrays[2])[0]
    step = divide(subtract(stop, start), Dual(arb(max(num - 1, 1))))
    inner = [add(start, multiply(Dual(arb(i)), step)) for i in range(1, num - 1)]
    return [objects([start, *inner, stop][: max(num, 1)] if num != 1 else [start])]


def objects(elements: list[Any]) -> Array:
    """A vector of any objects."""
    result = np.empty(len(elements), object)
    result[:] = elements
    return result


def reverse_dims(node: Node, x: Array, flags: Array) -> Array:
    """Reverse, the old form: a truth value an axis."""
    return np.flip(x, tuple(i for i, flag in enumerate(dims(node, flags)) if flag))


RULES: Mapping[str, Rule] = {
    "BroadcastArgs": moving(lambda node, a, b: np.array(np.broadcast_shapes(a, b), node.dtypes[0]), 0, 1),
    "BroadcastGradientArgs": broadcast_arguments,
    "BroadcastTo": moving(lambda node, x, shape: np.broadcast_to(x, shape), 1),
    "CheckNumerics": unchanged,
    "CheckNumericsV2": unchanged,
    "Concat": moving(lambda node, axis, *xs: np.concatenate(xs, axis[0]), 0),
    "ConcatOffset": moving(concat_offset, 0),
    "ConcatV2": moving(lambda node, *xs: np.concatenate(xs[:-1], xs[-1][0]), -1),
    "ConjugateTranspose": moving(lambda node, x, perm: x.transpose(perm), 1),
    "DeepCopy": unchanged,
    "Empty": moving(lambda node, shape: full(shape, 0, node.dtypes[0]), 0),
    "EnsureShape": unchanged,
    "ExpandDims": moving(lambda node, x, axis: np.expand_dims(x, axis[0]), 1),
    "Fill": moving(lambda node, shape, value: np.broadcast_to(value, shape), 0),
    "GuaranteeConst": unchanged,
    "Identity": unchanged,
    "IdentityN": unchanged,
    "InvertPermutation": moving(lambda node, perm: np.argsort(perm).astype(node.dtypes[0]), 0),
    "LinSpace": linspace,
    "MirrorPad": moving(mirror_pad, 1),
    "MirrorPadGrad": moving(mirror_pad_grad, 1),
    "OnesLike": filled(1),
    "Pack": moving(lambda node, *xs: np.stack(xs, node.attributes.get("axis") or 0)),
    "Pad": moving(pad, 1),
    "PadV2": moving(pad, 1),
    "PlaceholderWithDefault": unchanged,
    "PreventGradient": unchanged,
    "Range": arange,
    "Rank": moving(lambda node, x: np.array(x.ndim, node.dtypes[0])),
    "Reshape": moving(lambda node, x, shape: x.reshape(shape), 1),
    "Reverse": moving(reverse_dims),
    "ReverseV2": moving(lambda node, x, axes: np.flip(x, axes), 1),
    "Roll": moving(lambda node, x, shift, axes: np.roll(x, shift, axes), 1, 2),
    "Shape": moving(lambda node, x: np.array(x.shape, node.dtypes[0])),
    "ShapeN": moving(lambda node, *xs: [np.array(x.shape, node.dtypes[0]) for x in xs]),
    "Size": moving(lambda node, x: np.array(x.size, node.dtypes[0])),
    "Snapshot": unchanged,
    "Split": moving(lambda node, axis, x: np.split(x, node.attributes["num_split"], axis[0]), 0),
    "SplitV": moving(split_sizes, 1, 2),
    "Squeeze": moving(squeeze),
    "StopGradient": stopped,
    "Tile": moving(lambda node, x, multiples: np.tile(x, multiples), 1),
    "Transpose": moving(lambda node, x, perm: x.transpose(perm), 1),
    "Unpack": moving(unpack),
}
