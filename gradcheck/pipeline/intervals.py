"""The interval along one element on which a finding stays the same.

In: a bench and a case. Out: a `LineInterval`. One element of the witness moves over its floats while the rest stays:
outward from where it is over the ordinals of a line, then by bisection to the float. Every point is run alone. What has
to stay is the class of the bad entry, and that of the outputs.
"""

from collections.abc import Callable

import numpy as np

from gradcheck import search
from gradcheck.bisection import midpoint
from gradcheck.floats import FloatFormat, Ordinals
from gradcheck.pipeline.bench import Bench, Case, class_of, is_large
from gradcheck.program import Array
from gradcheck.records import Class, LineInterval, TensorPoint

FREE = ("any", "range", "positive", "probability")
"""Domains in which one element may move alone."""

Place = tuple[int, tuple[int, ...]]


def line_of_case(bench: Bench, case: Case) -> LineInterval | None:
    """The interval of the first bad entry's own element, else of the first that may move; None where none may."""
    odd = case.subject.gradient in (Class.NAN, Class.INF) and bench.input_of(case.seen.column) is not None
    place = element_of(bench, case) if odd and not is_large(case.seen.point) else None
    if place is None:
        return None
    traced = bench.target.inputs[place[0]]
    fmt = traced.fmt
    assert fmt is not None, "only floats are moved"
    here = int(fmt.encode(case.seen.point[place[0]][place[1]]))
    stays = staying(bench, case, place, fmt)
    ordinals = search.line_ordinals(fmt, np.random.default_rng(0))
    lo, hi = (edge(ordinals[::step], here, stays) for step in (-1, 1))
    return LineInterval(traced.name, place[1], lo, hi, fmt)


def element_of(bench: Bench, case: Case) -> Place | None:
    """The element to move."""
    inputs = bench.target.inputs
    own = bench.input_of(case.seen.column)
    if own is not None and len(case.bad) and inputs[own].domain.kind in FREE:
        return own, tuple(case.bad[0].tolist())
    free = [k for k, i in enumerate(inputs) if i.fmt and i.domain.kind in FREE and 0 not in i.shape]
    return (free[0], (0,) * len(inputs[free[0]].shape)) if free else None


def staying(bench: Bench, case: Case, place: Place, fmt: FloatFormat) -> Callable[[int], bool]:
    """Whether the case stays the same with the element at an ordinal."""
    (k, index), column = place, case.seen.column
    domain = bench.target.inputs[k].domain
    entry = tuple(case.bad[0].tolist()) if len(case.bad) else None

    def stays(ordinal: int) -> bool:
        point = moved(case.seen.point, k, index, fmt.value(ordinal))
        if not domain.contains(point[k][None], fmt)[0]:
            return False
        outputs, gradients, _ = bench.engine.run(column.version, point)
        gradient = gradients[column.position]
        if not outputs or gradient is None or class_of(outputs) is not case.seen.forward:
            return False
        return class_of((gradient if entry is None else np.asarray(gradient[entry]),)) is case.seen.odd

    return stays


def moved(point: TensorPoint, k: int, index: tuple[int, ...], value: float) -> TensorPoint:
    """A point with one element elsewhere."""
    arrays: list[Array] = [np.array(a) for a in point]  # a scalar of numpy's becomes an array
    arrays[k][index] = value
    return tuple(arrays)


def edge(ordinals: Ordinals, here: int, stays: Callable[[int], bool]) -> int:
    """The last ordinal of a run that begins at `here`, on the way that `ordinals` are in order of."""
    up = ordinals[-1] > ordinals[0]
    good = here
    for beyond in (int(o) for o in ordinals if (o > here if up else o < here)):
        if not stays(beyond):
            return bisected(good, beyond, stays)
        good = beyond
    return good


def bisected(good: int, bad: int, stays: Callable[[int], bool]) -> int:
    """The last ordinal, from one where a case stays to one where it does not, at which it stays."""
    while abs(bad - good) > 1:
        middle = int(midpoint(np.array([min(good, bad)]), np.array([max(good, bad)]))[0])
        good, bad = (middle, bad) if stays(middle) else (good, middle)
    return good
