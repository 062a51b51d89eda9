"""Batch normalization, and what its gradient operation computes."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from flint import arb

from gradcheck.program import Array, Node
from gradcheck.truth.duals import Dual
from gradcheck.truth.ops.arithmetic import add, divide, multiply, pow_, rsqrt, square, subtract
from gradcheck.truth.ops.arrays import full
from gradcheck.truth.ops.reductions import along, mean, total
from gradcheck.truth.ops.windows import as_given, last
from gradcheck.truth.running import Rule, Run, each

plus, minus, times, over = each(add, 2), each(subtract, 2), each(multiply, 2), each(divide, 2)
squares, inverse_roots = each(square, 1), each(rsqrt, 1)


def per_channel(call: Callable[[Any], Dual], x: Array) -> Array:
    """A function of all numbers of each channel."""
    return along(x, tuple(range(x.ndim - 1)), False, lambda xs: call(list(xs)))


def number(value: float) -> Array:
    """A constant to compute with."""
    return np.asarray(Dual(arb(value)), object)


def inverse_deviation(node: Node, variance: Array) -> Array:
    """1 / sqrt(variance + epsilon)."""
    return inverse_roots(plus(variance, number(node.attributes["epsilon"])))


def fused(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
    """FusedBatchNorm and its later forms.

    Outputs: normalized numbers; mean and variance for the running averages, the variance by count - 1 (in inference
    those given); and both as they were used, the variance by count, for the gradient.
    """
    del run
    x, scale, offset, given_mean, given_variance = last(node, arrays[0]), *arrays[1:]
    if node.attributes.get("is_training") is False:
        middle, variance = given_mean, given_variance
        outputs = [given_mean, given_variance]
    else:
        middle = per_channel(mean, x)
        variance = per_channel(mean, squares(minus(x, middle)))
        count = x.size // x.shape[-1]
        outputs = [middle, times(variance, number(1) if count < 2 else over(number(count), number(count - 1)))]
        share = node.attributes.get("exponential_avg_factor")
        if share is not None and share != 1:
            outputs = [mixed(share, *pair) for pair in zip((given_mean, given_variance), outputs, strict=True)]
    y = plus(times(minus(x, middle), times(scale, inverse_deviation(node, variance))), offset)
    return [as_given(node, y), *outputs, middle, variance, full((0,), 0, "float32")][: len(node.dtypes)]


def mixed(share: float, old: Array, new: Array) -> Array:
    """An old average and a new number, by the share of the new one."""
    if not old.size:
        return new
    return plus(times(minus(number(1), number(share)), old), times(number(share), new))


def fused_grad(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
    """FusedBatchNormGrad and its later forms: by x, scale and offset, from the mean and variance that were used."""
    del run
    dy, x, scale, middle, variance = last(node, arrays[0]), last(node, arrays[1]), *arrays[2:5]
    inverse = inverse_deviation(node, variance)
    centred = minus(x, middle)
    by_offset = per_channel(total, dy)
    by_scale = times(per_channel(total, times(dy, centred)), inverse)
    if node.attributes.get("is_training") is False:
        by_x = times(dy, times(scale, inverse))
    else:
        slope = times(per_channel(mean, times(dy, centred)), squares(inverse))
        by_x = times(times(scale, inverse), minus(minus(dy, per_channel(mean, dy)), times(centred, slope)))
    empty = full((0,), 0, "float32")
    return [as_given(node, by_x), by_scale, by_offset, empty, empty]


def local_response(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
    """LRN: each number divided by (bias + alpha * sum of squares of its channel and some beside it) ** beta."""
    del run
    (x,), reach = arrays, node.attributes.get("depth_radius", 5)
    bias, alpha, beta = (number(node.attributes.get(name, default)) for name, default in LRN_DEFAULTS)
    sums = np.empty(x.shape, object)
    for place in np.ndindex(x.shape):
        near = x[place[:-1]][max(place[-1] - reach, 0) : place[-1] + reach + 1]
        sums[place] = total([square(v) for v in near])
    return [over(x, each(pow_, 2)(plus(bias, times(alpha, sums)), beta))]


LRN_DEFAULTS = (("bias", 1.0), ("alpha", 1.0), ("beta", 0.5))
"""TensorFlow's own."""

RULES: Mapping[str, Rule] = {
    "FusedBatchNorm": fused,
    "FusedBatchNormGrad": fused_grad,
    "FusedBatchNormGradV2": fused_grad,
    "FusedBatchNormGradV3": fused_grad,
    "FusedBatchNormV2": fused,
    "FusedBatchNormV3": fused,
    "LRN": local_response,
}
