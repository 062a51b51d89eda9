"""Convolutions and pooling.

In all of them an output place sees a window of input places. `taps` says which, axis by axis; a convolution, and what
its backward operations compute, are three ways to sum over the same (output, input, kernel) triples.
"""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, TypeAlias

import numpy as np
from flint import arb

from gradcheck.program import Array, Node
from gradcheck.truth.duals import Dual
from gradcheck.truth.ops.arithmetic import add, divide
from gradcheck.truth.ops.arrays import dims, full, moving, unknown
from gradcheck.truth.ops.linear import einsum
from gradcheck.truth.ops.reductions import first_extreme, largest, mean
from gradcheck.truth.running import Rule, Run, each

Place: TypeAlias = tuple[int, ...]
Tap: TypeAlias = tuple[int, int, int]
"""A place of the output, of the input and of the kernel, along one axis."""

added = each(add, 2)


def taps(node: Node, axis: int, n: int, size: int) -> tuple[int, list[Tap]]:
    """The length of the output along an axis, and its taps on an input of length n, by the node's attributes."""
    stride = node.attributes["strides"][axis]
    step = (node.attributes.get("dilations") or [1] * (axis + 1))[axis]
    reach = (size - 1) * step + 1
    padding = node.attributes["padding"]
    if padding == "SAME":
        length = -(-n // stride)
        before = max((length - 1) * stride + reach - n, 0) // 2
    else:
        before, after = (
            node.attributes["explicit_paddings"][2 * axis : 2 * axis + 2] if padding == "EXPLICIT" else (0, 0)
        )
        length = max((n + before + after - reach) // stride + 1, 0)
    every = ((o, o * stride - before + k * step, k) for o in range(length) for k in range(size))
    return length, [(o, i, k) for o, i, k in every if 0 <= i < n]


def spatial(node: Node, ndim: int) -> list[int]:
    """The axes that windows move along."""
    return list(range(2, ndim) if is_channels_first(node) else range(1, ndim - 1))


def is_channels_first(node: Node) -> bool:
    """Whether the channels come before the places."""
    return str(node.attributes.get("data_format") or "").startswith("NC")


def last(node: Node, x: Array) -> Array:
    """A tensor with its channels last."""
    return np.moveaxis(x, 1, -1) if is_channels_first(node) else x


def as_given(node: Node, x: Array) -> Array:
    """A tensor with its channels where the node has them."""
    return np.moveaxis(x, -1, 1) if is_channels_first(node) else x


class Convolution:
    """The geometry of one: input (batch, *places, groups, in), kernel (*size, in, groups, out).

    A depthwise one has a group for each channel.
    """

    def __init__(self, node: Node, shape: Place, kernel: Place, depthwise: bool) -> None:
        axes = spatial(node, len(shape))
        places = [shape[a] for a in axes]
        lines = [taps(node, a, n, k) for a, n, k in zip(axes, places, kernel, strict=False)]
        batch, depth = shape[0], shape[1 if is_channels_first(node) else -1]
        inner, outer = (1, kernel[-1]) if depthwise else (kernel[-2], kernel[-1] * kernel[-2] // depth)
        groups = depth // inner
        self.x = (batch, *places, groups, inner)
        self.kernel = (*kernel[:-2], inner, groups, outer)
        self.y = (batch, *(length for length, _ in lines), groups, outer)
        self.lines = [line for _, line in lines]

    def triples(self) -> Iterator[tuple[Any, Any, Place]]:
        """Every output place with every input place that it sees, of all batches, and the kernel's between them."""
        for taken in product(*self.lines):
            o, i, k = zip(*taken, strict=True)
            yield (slice(None), *o), (slice(None), *i), k

    def forward(self, x: Array, kernel: Array, dtype: str) -> Array:
        """The output."""
        x, kernel, y = x.reshape(self.x), kernel.reshape(self.kernel), full(self.y, 0, dtype)
        for o, i, k in self.triples():
            y[o] = added(y[o], einsum("ngi,igo->ngo", x[i], kernel[k]))
        return y.reshape(*y.shape[:-2], -1)

    def to_input(self, kernel: Array, dy: Array, dtype: str) -> Array:
        """What the backward operation for the input computes."""
        kernel, dy, dx = kernel.reshape(self.kernel), dy.reshape(self.y), full(self.x, 0, dtype)
        for o, i, k in self.triples():
            dx[i] = added(dx[i], einsum("ngo,igo->ngi", dy[o], kernel[k]))
        return dx.reshape(*dx.shape[:-2], -1)

    def to_kernel(self, x: Array, dy: Array, dtype: str) -> Array:
        """What the backward operation for the kernel computes."""
        x, dy, result = x.reshape(self.x), dy.reshape(self.y), full(self.kernel, 0, dtype)
        for o, i, k in self.triples():
            result[k] = added(result[k], einsum("ngi,ngo->igo", x[i], dy[o]))
        return result


def convolution(depthwise: bool) -> Rule:
    """Conv2D, Conv3D, DepthwiseConv2dNative."""

    def call(node: Node, x: Array, kernel: Array) -> Array:
        geometry = Convolution(node, x.shape, kernel.shape, depthwise)
        return as_given(node, geometry.forward(last(node, x), kernel, node.dtypes[0]))

    return moving(call)


def to_input(depthwise: bool) -> Rule:
    """Conv2DBackpropInput, and with that transposed convolutions."""

    def call(node: Node, sizes: Place, kernel: Array, dy: Array) -> Array:
        shape = sizes if len(sizes) == dy.ndim else completed(node, sizes, kernel.shape, dy)
        geometry = Convolution(node, shape, kernel.shape, depthwise)
        return as_given(node, geometry.to_input(kernel, last(node, dy), node.dtypes[0]))

    return moving(call, 0)


def completed(node: Node, sizes: Place, kernel: Place, dy: Array) -> Place:
    """The shape of an input of which only the places are given."""
    return (dy.shape[0], kernel[-2], *sizes) if is_channels_first(node) else (dy.shape[0], *sizes, kernel[-2])


def to_kernel(depthwise: bool) -> Rule:
    """Conv2DBackpropFilter."""

    def call(node: Node, x: Array, sizes: Place, dy: Array) -> Array:
        geometry = Convolution(node, x.shape, sizes, depthwise)
        return geometry.to_kernel(last(node, x), last(node, dy), node.dtypes[0]).reshape(sizes)

    return moving(call, 1)


def windows(node: Node, shape: Place) -> tuple[Place, dict[Place, list[Place]]]:
    """The shape of what pooling makes of a tensor, and which places each place of it sees."""
    lines = [taps(node, a, n, node.attributes["ksize"][a]) for a, n in enumerate(shape)]
    seen: dict[Place, list[Place]] = {}
    for taken in product(*(line for _, line in lines)):
        o, i, _ = zip(*taken, strict=True)
        seen.setdefault(o, []).append(i)
    return tuple(length for length, _ in lines), seen


def pooling(call: Any) -> Rule:
    """MaxPool and AvgPool: a function of what is seen."""

    def rule(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
        (x,) = arrays
        shape, seen = windows(node, x.shape)
        result = full(shape, 0, node.dtypes[0])
        for o, places in seen.items():
            result[o] = call(run, [x[i] for i in places])
        return [result]

    return rule


def max_pool_grad(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
    """MaxPoolGrad: the gradient of each window, at its first largest number."""
    x, _, dy = arrays
    result = full(x.shape, 0, node.dtypes[0])
    for o, places in windows(node, x.shape)[1].items():
        best = first_extreme(run, [x[i] for i in places], 1)
        for i in places if not isinstance(best, int) else [places[best]]:
            result[i] = add(result[i], dy[o]) if isinstance(best, int) else unknown(node.dtypes[0])
    return [result]


def avg_pool_grad(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
    """AvgPoolGrad: the gradient of each window, in equal shares."""
    del run
    shape, dy = dims(node, arrays[0]), arrays[1]
    result = full(shape, 0, node.dtypes[0])
    for o, places in windows(node, shape)[1].items():
        share = divide(dy[o], Dual(arb(len(places))))
        for i in places:
            result[i] = add(result[i], share)
    return [result]


RULES: Mapping[str, Rule] = {
    "AvgPool": pooling(lambda run, xs: mean(xs)),
    "AvgPool3D": pooling(lambda run, xs: mean(xs)),
    "AvgPool3DGrad": avg_pool_grad,
    "AvgPoolGrad": avg_pool_grad,
    "Conv2D": convolution(False),
    "Conv2DBackpropFilter": to_kernel(False),
    "Conv2DBackpropInput": to_input(False),
    "Conv3D": convolution(False),
    "Conv3DBackpropFilterV2": to_kernel(False),
    "Conv3DBackpropInputV2": to_input(False),
    "DepthwiseConv2dNative": convolution(True),
    "DepthwiseConv2dNativeBackpropFilter": to_kernel(True),
    "DepthwiseConv2dNativeBackpropInput": to_input(True),
    "MaxPool": pooling(largest),
    "MaxPool3D": pooling(largest),
    "MaxPool3DGrad": max_pool_grad,
    "MaxPoolGrad": max_pool_grad,
}
