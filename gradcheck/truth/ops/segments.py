"""Sums, products and extremes of rows that belong together."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from flint import arb

from gradcheck.floats import FORMATS
from gradcheck.program import Array, Node
from gradcheck.truth.duals import Dual
from gradcheck.truth.ops.arithmetic import divide
from gradcheck.truth.ops.arrays import dims, integers, objects, undecided
from gradcheck.truth.ops.reductions import Reduce, largest, mean, product, smallest, total
from gradcheck.truth.ops.slices import all_unknown
from gradcheck.truth.running import FLOATS, Rule, Run


def grouped(data: Array, ids: Array, count: int, call: Any, of_none: Any) -> Array:
    """A function of the rows of each group, element by element."""
    width = int(np.prod(data.shape[ids.ndim :], dtype=int))
    rows = data.reshape(ids.size, width)
    results = []
    for group in range(count):
        members = rows[ids.ravel() == group]
        results += [call(members[:, i]) if len(members) else of_none for i in range(width)]
    return objects(results).reshape(count, *data.shape[ids.ndim :])


def numbers(node: Node, call: Reduce, on_integers: Any, run: Run) -> Any:
    """The function of one column, for the dtype at hand."""
    return (lambda xs: call(run, xs)) if node.dtypes[0] in FLOATS else on_integers


def typed(node: Node, result: Array) -> Array:
    """Integers in their own dtype."""
    return result if node.dtypes[0] in FLOATS else result.astype(node.dtypes[0])


def segments(call: Reduce, on_integers: Any, of_none: int) -> Rule:
    """SegmentSum and the others on sorted ids: as many groups as the last id says."""

    def rule(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
        data, ids = arrays[0], integers(node, arrays[1])
        count = int(ids[-1]) + 1 if ids.size else 0
        nothing = Dual(arb(of_none)) if node.dtypes[0] in FLOATS else of_none
        return [typed(node, grouped(data, ids, count, numbers(node, call, on_integers, run), nothing))]

    return rule


def unsorted(call: Reduce, on_integers: Any, of_none: int | None, sign: int = 1) -> Rule:
    """UnsortedSegmentSum and the others: rows with negative ids are left out.

    Without `of_none`, that of an empty group is the most extreme number of the dtype, of the given sign.
    """

    def rule(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
        (data, ids), count = arrays[:2], dims(node, arrays[2])[0]
        if undecided(ids):
            return [all_unknown((count, *data.shape[ids.ndim :]), node.dtypes[0])]
        nothing = most_extreme(node.dtypes[0], sign) if of_none is None else of_none
        nothing = Dual(arb(nothing)) if node.dtypes[0] in FLOATS else nothing
        return [typed(node, grouped(data, integers(node, ids), count, numbers(node, call, on_integers, run), nothing))]

    return rule


def most_extreme(dtype: str, sign: int) -> Any:
    """The largest or the smallest number of a dtype."""
    if dtype in FLOATS:
        return sign * FORMATS[dtype].largest
    return np.iinfo(dtype).max if sign > 0 else np.iinfo(dtype).min


def looked_up(call: Reduce) -> Rule:
    """SparseSegmentSum and the others: the same of rows that indices name; with a count in the later forms."""

    def rule(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
        data, ids = arrays[0][integers(node, arrays[1])], integers(node, arrays[2])
        count = dims(node, arrays[3])[0] if len(arrays) > 3 else int(ids[-1]) + 1 if ids.size else 0
        return [grouped(data, ids, count, lambda xs: call(run, xs), Dual(arb(0)))]

    return rule


def root_mean(run: Run, xs: Any) -> Dual:
    """The sum divided by the root of the count."""
    del run
    return divide(total(xs), Dual(arb(len(xs)).sqrt()))


LOOKED_UP: Mapping[str, Rule] = {
    f"SparseSegment{name}{form}": looked_up(call)
    for form in ("", "WithNumSegments")
    for name, call in (("Mean", lambda run, xs: mean(xs)), ("SqrtN", root_mean), ("Sum", lambda run, xs: total(xs)))
}

RULES: Mapping[str, Rule] = {
    **LOOKED_UP,
    "SegmentMax": segments(largest, np.max, 0),
    "SegmentMean": segments(lambda run, xs: mean(xs), lambda xs: int(sum(xs) / len(xs)), 0),
    "SegmentMin": segments(smallest, np.min, 0),
    "SegmentProd": segments(lambda run, xs: product(xs), np.prod, 1),
    "SegmentSum": segments(lambda run, xs: total(xs), np.sum, 0),
    "UnsortedSegmentMax": unsorted(largest, np.max, None, -1),
    "UnsortedSegmentMin": unsorted(smallest, np.min, None, 1),
    "UnsortedSegmentProd": unsorted(lambda run, xs: product(xs), np.prod, 1),
    "UnsortedSegmentSum": unsorted(lambda run, xs: total(xs), np.sum, 0),
}
