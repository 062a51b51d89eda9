"""Many numbers to one: sums, products, the largest and where it is; and what is made of sums and of running sums."""

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any, TypeAlias

import numpy as np
from flint import arb

from gradcheck.program import Array, Node
from gradcheck.truth.duals import ONE, ZERO, Dual, Real, State, dual, lost, plus, state_of, times
from gradcheck.truth.ops.arithmetic import add, divide, multiply, square, square_root
from gradcheck.truth.ops.arrays import dims, objects, undecided, unknown
from gradcheck.truth.ops.choices import NOTHING, larger, smaller
from gradcheck.truth.running import FLOATS, Rule, Run

Duals: TypeAlias = Sequence[Dual]
Reduce: TypeAlias = Callable[[Run, Any], Any]
"""From a run and the elements along the reduced axes to one element."""


def total(xs: Duals) -> Dual:
    """The sum; of nothing, 0."""
    v: arb = ZERO
    d: Real | None = None
    for x in xs:
        if isinstance(x.v, State):
            return lost_all(xs)
        v = v + x.v
        d = plus(d, x.d)
    return dual(v, d)


def dot(xs: Duals, ys: Duals) -> Dual:
    """The sum of products."""
    v: arb = ZERO
    d: Real | None = None
    for x, y in zip(xs, ys, strict=True):
        if isinstance(x.v, State) or isinstance(y.v, State):
            return lost_all([*xs, *ys])
        v = v + x.v * y.v
        if x.d is not None or y.d is not None:
            d = plus(d, plus(times(y.v, x.d), times(x.v, y.d)))
    return dual(v, d)


def lost_all(xs: Iterable[Dual]) -> Dual:
    """A result of numbers that do not all have a value."""
    known = list(xs)
    return lost(state_of(*known) or State.UNDECIDED, *known)


def mean(xs: Duals) -> Dual:
    """The sum divided by the count; of nothing, not defined."""
    return divide(total(xs), Dual(arb(len(xs))))


def product(xs: Duals) -> Dual:
    """The product; of nothing, 1."""
    result = Dual(ONE)
    for i, x in enumerate(xs):
        result = multiply(result, x) if i else x
    return result


def extreme(pick: Callable[[Run, Any, Any], Any], of_none: float) -> Reduce:
    """The largest or the smallest; the first of equal ones."""

    def call(run: Run, xs: Any) -> Any:
        if not len(xs):
            return Dual(arb(of_none))
        result = xs[0]
        for x in xs[1:]:
            result = pick(run, result, x)
        return result

    return call


largest = extreme(larger, -np.inf)
smallest = extreme(smaller, np.inf)


def first_extreme(run: Run, xs: Duals, wanted: int) -> int | State:
    """Where the largest (wanted = 1) or smallest (-1) number is, the first of equal ones."""
    candidates: list[int] = []
    for i, x in enumerate(xs):
        against = [run.compare(x, xs[c]) for c in candidates]
        candidates = [c for c, s in zip(candidates, against, strict=True) if s != wanted]
        if all(s is None or s == wanted for s in against):
            candidates.append(i)
    return candidates[0] if len(candidates) == 1 else State.UNDECIDED


def place_of_extreme(wanted: int) -> Rule:
    """ArgMax and ArgMin."""

    def rule(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
        values, axis = arrays
        dtype = node.dtypes[0]
        if node.attributes.get("T") not in FLOATS:
            return [(np.argmax if wanted > 0 else np.argmin)(values, dims(node, axis)[0]).astype(dtype)]
        result = along(values, dims(node, axis), False, lambda xs: first_extreme(run, xs, wanted))
        return [settled(result, dtype)]

    return rule


def settled(values: Array, dtype: str) -> Array:
    """Integers or truth values in their own dtype where all are decided."""
    return values if undecided(values) else values.astype(dtype)


def along(values: Array, axes: tuple[int, ...], keep: bool, call: Callable[[Any], Any]) -> Array:
    """A function of the elements along some axes, at each place of the others."""
    over = {a % values.ndim for a in axes} if values.ndim else set()
    rest = [i for i in range(values.ndim) if i not in over]
    kept = tuple(values.shape[i] for i in rest)
    shape = tuple(1 if i in over else n for i, n in enumerate(values.shape)) if keep else kept
    count = int(np.prod([values.shape[i] for i in over], dtype=int))
    rows = values.transpose(*rest, *sorted(over)).reshape(int(np.prod(kept, dtype=int)), count)
    return objects([call(row) for row in rows]).reshape(shape)


def reduction(on_floats: Reduce, on_others: Callable[..., Any], keeps_one: bool = True) -> Rule:
    """The rule of a reduction of floats, and of other numbers by numpy's; whether it keeps a single number."""

    def rule(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
        values, axes = arrays[0], dims(node, arrays[1])
        keep = bool(node.attributes.get("keep_dims"))
        if node.dtypes[0] in FLOATS:
            if keeps_one and all(values.shape[a] == 1 for a in axes):
                return [values if keep or not axes else values.squeeze(axes)]
            return [along(values, axes, keep, lambda xs: on_floats(run, xs))]
        if undecided(values):
            return [along(values, axes, keep, lambda xs: State.UNDECIDED)]
        return [np.asarray(on_others(values, axis=axes, keepdims=keep)).astype(node.dtypes[0])]

    return rule


def logical(settles: bool) -> Rule:
    """Any (settled by a True) and All (by a False), on True, False and undecided."""

    def over(xs: Any) -> Any:
        if any(x is not State.UNDECIDED and bool(x) == settles for x in xs):
            return settles
        return State.UNDECIDED if any(x is State.UNDECIDED for x in xs) else not settles

    def rule(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
        del run
        keep = bool(node.attributes.get("keep_dims"))
        return [settled(along(arrays[0], dims(node, arrays[1]), keep, over), "bool")]

    return rule


def truncated_mean(values: Array, axis: Any, keepdims: bool) -> Array:
    """The mean of integers, cut towards 0."""
    sums = np.sum(values, axis=axis, keepdims=keepdims)
    count = max(values.size // max(sums.size, 1), 1)
    return np.asarray(np.trunc(sums / count))


def half_square(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
    """L2Loss: half the sum of squares."""
    del run, node
    squares = [square(x) for x in arrays[0].flat]
    return [objects([multiply(Dual(arb(0.5)), total(squares))]).reshape(())]


def top(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
    """TopKV2: the largest numbers of each row in falling order, and where they are.

    Without `sorted` TensorFlow promises no order; they are sorted here too.
    """
    values = arrays[0]
    count = dims(node, arrays[1])[0]
    shape = (*values.shape[:-1], count)
    rows = [top_of(run, row, count) for row in values.reshape(-1, values.shape[-1])]
    numbers, indices = (objects([x for row in rows for x in row[k]]).reshape(shape) for k in (0, 1))
    if node.dtypes[0] not in FLOATS:
        numbers = settled(numbers, node.dtypes[0])
    return [numbers, settled(indices, node.dtypes[1])]


def top_of(run: Run, row: Any, count: int) -> tuple[list[Any], list[Any]]:
    """The same of one row."""
    left = list(range(len(row)))
    chosen: list[Any] = []
    while len(chosen) < count:
        wanted = [row[i] if isinstance(row[i], Dual) else Dual(arb(int(row[i]))) for i in left]
        best = first_extreme(run, wanted, 1)
        if isinstance(best, State):
            break
        chosen.append(left.pop(best))
    rest = count - len(chosen)
    nothing = unknown("float64" if isinstance(row[0], Dual) else "int32")
    return [row[i] for i in chosen] + [nothing] * rest, chosen + [State.UNDECIDED] * rest


Scan: TypeAlias = Callable[[Any, bool], Iterable[Any]]
"""From the elements and whether they are floats to the results over none of them, the first, the first two..."""


def running(scan: Scan) -> Rule:
    """The rule of a function of all elements up to each, with `exclusive` and `reverse`."""

    def rule(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
        del run
        (axis,), dtype = dims(node, arrays[1]), node.dtypes[0]
        last = int(not node.attributes.get("exclusive"))
        step = -1 if node.attributes.get("reverse") else 1
        values = np.moveaxis(arrays[0], axis, -1)[..., ::step]
        result = np.empty(values.shape, object)
        for place in np.ndindex(values.shape[:-1]):
            row = values[place]
            result[place] = list(scan(row, dtype in FLOATS))[last : last + len(row)]
        result = np.moveaxis(result[..., ::step], -1, axis)
        return [result if dtype in FLOATS else settled(result, dtype)]

    return rule


def sums(xs: Any, floats: bool) -> Iterable[Any]:
    """0, x0, x0 + x1, ..."""
    return accumulate(xs, add if floats else operator.add, initial=NOTHING if floats else 0)


def products(xs: Any, floats: bool) -> Iterable[Any]:
    """1, x0, x0 * x1, ..."""
    return accumulate(xs, multiply if floats else operator.mul, initial=Dual(ONE) if floats else 1)


def euclidean(run: Run, xs: Any) -> Dual:
    """The Euclidean length."""
    del run
    return square_root(total([square(x) for x in xs]))


RULES: Mapping[str, Rule] = {
    "All": logical(False),
    "Any": logical(True),
    "ArgMax": place_of_extreme(1),
    "ArgMin": place_of_extreme(-1),
    "Cumprod": running(products),
    "Cumsum": running(sums),
    "EuclideanNorm": reduction(euclidean, np.linalg.norm, keeps_one=False),
    "L2Loss": half_square,
    "Max": reduction(largest, np.max),
    "Mean": reduction(lambda run, xs: mean(xs), truncated_mean),
    "Min": reduction(smallest, np.min),
    "Prod": reduction(lambda run, xs: product(xs), np.prod),
    "Sum": reduction(lambda run, xs: total(xs), np.sum),
    "TopKV2": top,
}
