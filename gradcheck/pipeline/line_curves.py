"""The line through a witness of a tensor target, to be drawn.

In: a bench, a case and its interval. Out: a `Curve`: the element that the interval names moves over its floats while
the rest of the witness stays; what is kept is the sum of the outputs, each times its cotangent, and the gradient's
first bad entry. Every point is run alone, as those of the interval are.
"""

import numpy as np

from gradcheck.floats import Ordinals, distinct
from gradcheck.options import LINE_OPERATIONS, LINE_POINTS, LINE_TRUTHS
from gradcheck.pipeline.bench import Bench, Case
from gradcheck.pipeline.intervals import moved
from gradcheck.records import Curve, LineInterval, TensorPoint, TensorVersion

FEWEST = 24
"""Points of a line that is worth drawing."""

USUAL = (1e-3, 1e3)
"""Magnitudes that half of the points are spread over; the others are even in floats."""

Pair = tuple[float | None, float | None]


def line_curve(bench: Bench, case: Case, line: LineInterval) -> Curve | None:
    """The curve; None of a graph that is too large for it."""
    k = [i.name for i in bench.target.inputs].index(line.input)
    here = int(line.fmt.encode(case.seen.point[k][line.index]))
    count = min(LINE_POINTS, LINE_OPERATIONS // max(bench.target.operations, 1))
    if count < FEWEST:
        return None
    ordinals = spread(bench, line, k, here, count)
    points = [moved(case.seen.point, k, line.index, value) for value in line.fmt.decode(ordinals).tolist()]
    version = case.seen.column.version
    versions = [v for v in bench.engine.versions if v.cotangent == version.cotangent]
    results = {v.name: [result(bench, case, v, point) for point in points] for v in versions}
    true = true_results(bench, case, points, must=ordinals.tolist().index(here))
    return Curve(
        line.fmt,
        tuple(ordinals.tolist()),
        tuple(output for output, _ in results[version.name]),
        {name: tuple(gradient for _, gradient in found) for name, found in results.items()},
        tuple(output for output, _ in true),
        tuple(gradient for _, gradient in true),
    )


def spread(bench: Bench, line: LineInterval, k: int, here: int, count: int) -> Ordinals:
    """Ordinals inside the domain: even in floats, usual magnitudes, the witness, both sides of the interval's ends."""
    fmt, domain = line.fmt, bench.target.inputs[k].domain
    lo, hi = (int(fmt.encode(end)) for end in domain.ends(fmt))
    half = count // 2
    even = [lo + (hi - lo) * i // max(half - 1, 1) for i in range(half)]
    usual = fmt.encode(np.geomspace(USUAL[0], USUAL[1], half // 2))
    marks = [line.lo - 1, line.lo, here, line.hi, line.hi + 1]
    every = distinct(np.concatenate([np.array(even + marks, np.int64), usual, -usual - 1]))
    every = every[(every >= fmt.min_ordinal) & (every <= fmt.max_ordinal)]
    inside = domain.contains(fmt.decode(every)[:, None], fmt)
    found: Ordinals = every[inside | (every == here)]
    return found


def result(bench: Bench, case: Case, version: TensorVersion, point: TensorPoint) -> Pair:
    """The weighed outputs and the entry of one version."""
    outputs, gradients, _ = bench.engine.run(version, point)
    gradient = gradients[case.seen.column.position]
    cotangents = bench.target.cotangents[version.cotangent]
    with np.errstate(all="ignore"):
        total = sum(float(np.sum(y * w)) for y, w in zip(outputs, cotangents, strict=True)) if outputs else None
    return total, None if gradient is None else float(gradient[entry_of(case)])


def true_results(bench: Bench, case: Case, points: list[TensorPoint], must: int) -> list[Pair]:
    """The same in real arithmetic, at some of the points and at one that has to be among them."""
    judge, place = bench.judge(case.seen.column), bench.input_of(case.seen.column)
    if judge is None or place is None:
        return [(None, None)] * len(points)
    asked = {must, *range(0, len(points), -(-len(points) // LINE_TRUTHS))}
    entry = entry_of(case)
    return [judge.true_entry(p, place, entry) if i in asked else (None, None) for i, p in enumerate(points)]


def entry_of(case: Case) -> tuple[int, ...]:
    """The first bad entry."""
    return tuple(case.bad[0].tolist())
