"""Softmax and its kin: exponentials of differences to the largest element, so that none of them overflows."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb

from gradcheck.program import Array, Node
from gradcheck.truth.duals import ONE, ZERO, Dual, Real, State, dual, lost, plus, state_of, times
from gradcheck.truth.ops.arithmetic import negate, subtract
from gradcheck.truth.ops.arrays import objects, places, unknown
from gradcheck.truth.ops.reductions import dot, running
from gradcheck.truth.running import Rule, Run, each


@dataclass(frozen=True)
class Weights:
    """The exponentials of numbers, relative to that of the one with the largest middle.

    Attributes:
        top: that number.
        rest: the sum of all exponentials but its own, which is 1.
        each: the exponentials divided by their sum.
    """

    top: arb
    rest: arb
    each: list[arb]


def weights(xs: Any) -> Weights | State:
    """The weights of a row, or why there are none: exp(-inf) is 0, but without a finite number there is no sum."""
    state = state_of(*xs)
    if state is not None:
        return state
    middles = [x.v.mid() for x in xs]
    best = max(range(len(xs)), key=lambda i: middles[i])
    top = xs[best].v
    if not top.is_finite():
        return State.UNDEFINED if top.is_exact() else State.UNDECIDED
    powers = [ONE if i == best else (x.v - top).exp() for i, x in enumerate(xs)]
    rest = sum((p for i, p in enumerate(powers) if i != best), ZERO)
    return Weights(top, rest, [p / (1 + rest) for p in powers])


def mean_speed(w: Weights, xs: Any, but: Real = ZERO) -> "Real | None":
    """The weighted sum of the derivatives, each less another one: exactly 0 where all are that."""
    away = but if isinstance(but, State) else -but
    result: Real | None = None
    for share, x in zip(w.each, xs, strict=True):
        result = plus(result, times(share, plus(x.d, away)))
    return result


def speeds(w: Weights, xs: Any) -> "list[Real | None]":
    """The derivative of each number less the weighted mean of all."""
    if all(x.d is None for x in xs):
        return [None] * len(xs)
    return [times(-ONE, mean_speed(w, xs, ZERO if x.d is None else x.d)) for x in xs]


def softmax(xs: Any) -> list[Dual]:
    """The weights themselves."""
    w = weights(xs)
    if isinstance(w, State):
        return [lost(w, *xs)] * len(xs)
    return [dual(p, times(p, speed)) for p, speed in zip(w.each, speeds(w, xs), strict=True)]


def log_softmax(xs: Any) -> list[Dual]:
    """Their logarithms."""
    w = weights(xs)
    if isinstance(w, State):
        return [lost(w, *xs)] * len(xs)
    log_sum = w.rest.log1p()
    return [dual(x.v - w.top - log_sum, speed) for x, speed in zip(xs, speeds(w, xs), strict=True)]


def log_sum_exp(xs: Any) -> Dual:
    """The logarithm of the sum of exponentials; of nothing, -inf."""
    if all(isinstance(x.v, arb) and x.v == arb("-inf") for x in xs):
        return Dual(arb("-inf"))
    w = weights(xs)
    if isinstance(w, State):
        return lost(w, *xs)
    return dual(w.top + w.rest.log1p(), None if all(x.d is None for x in xs) else mean_speed(w, xs))


def log_sums(xs: Any, floats: bool) -> Iterable[Dual]:
    """CumulativeLogsumexp: over none, the first, the first two..."""
    del floats
    return (log_sum_exp(xs[:i]) for i in range(len(xs) + 1))


def rows_of(call: Callable[[Any], list[Dual]]) -> Rule:
    """The rule of a function of the last axis."""

    def rule(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
        del run, node
        (values,) = arrays
        result = np.empty(values.shape, object)
        for place in np.ndindex(values.shape[:-1]):
            result[place] = call(values[place])
        return [result]

    return rule


def cross_entropy(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
    """SoftmaxCrossEntropyWithLogits: the loss of each row, and what its gradient is made of."""
    del run, node
    logits, labels = np.broadcast_arrays(*arrays)
    losses = [negate(dot(log_softmax(x), list(y))) for x, y in zip(logits, labels, strict=True)]
    shares = np.empty(logits.shape, object)
    for i, row in enumerate(logits):
        shares[i] = softmax(row)
    return [objects(losses), each(subtract, 2)(shares, labels)]


def sparse_cross_entropy(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
    """SparseSoftmaxCrossEntropyWithLogits: the same with the label of each row as an index."""
    del run
    logits, labels = arrays
    decided, mask = places(labels)
    shares = np.empty(logits.shape, object)
    losses = []
    for i, (row, label) in enumerate(zip(logits, decided, strict=True)):
        losses.append(unknown(node.dtypes[0]) if mask[i] else negate(log_softmax(row)[label]))
        shares[i] = softmax(row)
        shares[i, label] = subtract(shares[i, label], Dual(ONE))
        if mask[i]:
            shares[i] = [unknown(node.dtypes[1])] * len(row)
    return [objects(losses), shares]


RULES: Mapping[str, Rule] = {
    "CumulativeLogsumexp": running(log_sums),
    "LogSoftmax": rows_of(log_softmax),
    "Softmax": rows_of(softmax),
    "SoftmaxCrossEntropyWithLogits": cross_entropy,
    "SparseSoftmaxCrossEntropyWithLogits": sparse_cross_entropy,
}
