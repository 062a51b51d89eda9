"""How many sorted numbers lie below another one."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from flint import arb

from gradcheck.program import Array, Node
from gradcheck.truth.duals import Dual, State
from gradcheck.truth.ops.arrays import objects
from gradcheck.truth.ops.reductions import settled
from gradcheck.truth.running import Rule, Run


def number(x: Any) -> Dual:
    """A float or an integer as a dual."""
    return x if isinstance(x, Dual) else Dual(arb(int(x)))


def count(run: Run, ordered: Any, x: Any, counts: Callable[[int], bool]) -> int | State:
    """How many numbers' difference to x has a sign that counts."""
    signs = [run.compare(number(a), number(x)) for a in ordered]
    return State.UNDECIDED if None in signs else sum(counts(s) for s in signs if s is not None)


def bound(counts: Callable[[int], bool]) -> Rule:
    """LowerBound and UpperBound, row by row."""

    def rule(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
        ordered, values = arrays
        found = [count(run, a, x, counts) for a, row in zip(ordered, values, strict=True) for x in row]
        return [settled(objects(found).reshape(values.shape), node.dtypes[0])]

    return rule


def bucketize(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
    """Bucketize: between which boundaries each number lies, the lower one included."""
    boundaries = [Dual(arb(b)) for b in node.attributes["boundaries"]]
    found = [count(run, boundaries, x, lambda s: s <= 0) for x in arrays[0].flat]
    return [settled(objects(found).reshape(np.shape(arrays[0])), node.dtypes[0])]


RULES: Mapping[str, Rule] = {
    "Bucketize": bucketize,
    "LowerBound": bound(lambda s: s < 0),
    "UpperBound": bound(lambda s: s <= 0),
}
