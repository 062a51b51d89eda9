"""The smallest shape that still fails the same way.

In: a case, and a way to trace its target for other shapes. Out: a bench of smaller tensors and the case on it, or those
that there were. Only dimensions that nothing fixes are cut: first all to 1, then to 2.
"""

from collections.abc import Callable, Mapping

import numpy as np

from gradcheck.errors import CannotCheck
from gradcheck.pipeline.bench import Bench, Case
from gradcheck.pipeline.witnesses import shrunk
from gradcheck.records import Class, TensorPoint, TracedTensors

SIZES = (1, 2)
"""Sizes that open dimensions are cut to, one after another."""

SMALL = 4
"""Elements of all inputs that need no cutting."""

Shapes = Mapping[str, tuple[int, ...]]


class Tailor:
    """Cuts cases of one target.

    Attributes:
        bench_for: from shapes to a bench for them; raises `CannotCheck` where they do not fit.
    """

    def __init__(self, bench_for: Callable[[Shapes], Bench]) -> None:
        self.bench_for = bench_for
        self.benches: dict[tuple[tuple[int, ...], ...], Bench | None] = {}

    def cut(self, bench: Bench, case: Case) -> tuple[Bench, Case]:
        """The case in the smallest shapes in which it still fails the same way, and shrunk again there."""
        if case.subject.gradient not in (Class.NAN, Class.INF) or sum(a.size for a in case.seen.point) <= SMALL:
            return bench, case
        for size in SIZES:
            shapes = cut_shapes(bench.target, size)
            small = self.bench(bench.target, shapes) if shapes else None
            found = None if small is None else same(small, case, cut_point(bench.target, case.seen.point, size))
            if small is not None and found is not None:
                return small, shrunk(small, found)
        return bench, case

    def bench(self, target: TracedTensors, shapes: tuple[tuple[int, ...], ...]) -> Bench | None:
        """The bench for some shapes; None where the target does not take them."""
        if shapes not in self.benches:
            try:
                names = [i.name for i in target.inputs]
                self.benches[shapes] = self.bench_for(dict(zip(names, shapes, strict=True)))
            except CannotCheck:
                self.benches[shapes] = None
        return self.benches[shapes]


def cut_shapes(target: TracedTensors, size: int) -> tuple[tuple[int, ...], ...]:
    """All shapes with their open dimensions cut; none where that changes nothing."""
    shapes = tuple(
        tuple(min(d, size) if k in free else d for k, d in enumerate(i.shape))
        for i, free in zip(target.inputs, target.open, strict=True)
    )
    return () if shapes == tuple(i.shape for i in target.inputs) else shapes


def cut_point(target: TracedTensors, point: TensorPoint, size: int) -> TensorPoint:
    """The first entries of a point along its open dimensions, in the domains."""
    arrays = []
    for i, free, array in zip(target.inputs, target.open, point, strict=True):
        part = array[tuple(slice(0, size) if k in free else slice(None) for k in range(array.ndim))]
        arrays.append(i.domain.project(np.ascontiguousarray(part)[None], i.fmt)[0])
    return tuple(arrays)


def same(bench: Bench, case: Case, point: TensorPoint) -> Case | None:
    """The case on a smaller bench; None where it does not fail there, or in another way."""
    own = case.seen.column
    wanted = (own.version.name, own.version.cotangent, own.wrt)
    columns = [c for c in bench.engine.columns if (c.version.name, c.version.cotangent, c.wrt) == wanted]
    seen = bench.look(columns[0], point) if columns else None
    if (
        seen is None
        or seen.odd is not case.seen.odd
        or seen.key != case.seen.key
        or seen.forward is not case.seen.forward
    ):
        return None
    found = bench.case(seen)
    alike = found is not None and found.subject.kind is case.subject.kind and found.subject.hole is case.subject.hole
    return found if alike else None
