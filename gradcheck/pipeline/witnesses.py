"""A case becomes a witness: shrunk, with its interval along a line, what it does to a batch, and code to paste.

In: a bench and a case. Out: the case at its simplest point, and a `TensorWitness`.
"""

from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from gradcheck import search
from gradcheck.floats import FloatFormat
from gradcheck.pipeline.bench import Bench, Case, is_large
from gradcheck.pipeline.cases import about_outputs
from gradcheck.pipeline.intervals import line_of_case
from gradcheck.pipeline.line_curves import line_curve
from gradcheck.pipeline.pasting import Slope, pasted
from gradcheck.program import Array
from gradcheck.records import Batch, Class, LoadedTarget, TensorPoint, TensorWitness

ROUNDS = 40
"""Steps of shrinking, a batch of candidates each."""

FEW = 32
"""Candidates of a step that are tried where points run one by one."""

SHOWN = 16
"""Bad entries that are listed."""

TRUE_ENTRIES = 24
"""Entries of the true gradient that are evaluated for a witness."""


def shrunk(bench: Bench, case: Case) -> Case:
    """The simplest point that still fails the same way: the same classes, and born in the same line."""
    engine, column = bench.engine, case.seen.column
    is_output = case.seen.key == "output"
    j = 0 if is_output else 1 + engine.columns.index(column)
    codes = engine.classify(single(case.seen.point))[0]

    def still_fails(batch: Batch) -> Array:
        if engine.alone:
            return first_alone(batch)
        found = engine.classify(batch)
        alike = (found[:, j] == codes[j]) & (found[:, 0] == codes[0])
        for i in np.flatnonzero(alike):
            if is_same(bench, case, tuple(a[i] for a in batch)):
                break  # the first one that fails is taken, so the rest need no look
            alike[i] = False
        return np.asarray(alike)

    def first_alone(batch: Batch) -> Array:
        alike = np.zeros(len(batch[0]), bool)
        for i in range(min(len(alike), FEW)):
            if is_same(bench, case, tuple(a[i] for a in batch)):
                alike[i] = True
                break
        return alike

    if is_large(case.seen.point):
        return case
    if codes[j] in (0, 4):  # seen alone only: where a batch differs, the point stays as it is
        return case
    point = search.shrink(case.seen.point, bench.target.inputs, still_fails, ROUNDS)
    again = bench.again(column, point)
    if again is None:
        return case
    return about_outputs(again) if is_output else replace(again, subject=replace(again.subject, defect=False))


def is_same(bench: Bench, case: Case, point: TensorPoint) -> bool:
    """Whether a point is bad for the same reason, and inside the domain."""
    seen = bench.look(case.seen.column, point)
    if seen is None or case.seen.key not in (seen.key, "output"):
        return False
    again = bench.case(seen)
    if again is None or again.subject.hole is not case.subject.hole:
        return False
    return again.subject.defect if case.seen.key == "output" else again.subject.kind == case.subject.kind


def single(point: TensorPoint) -> Batch:
    """A batch of one point."""
    return tuple(array[None] for array in point)


def witness_of(bench: Bench, case: Case, loaded: LoadedTarget) -> TensorWitness:
    """All that is shown of a case."""
    target, column = bench.target, case.seen.column
    judge = bench.judge(column)
    place = bench.input_of(column)
    true_outputs = (
        None if judge is None else dict(zip(target.outputs, judge.true_outputs(case.seen.point), strict=True))
    )
    true_gradient = (
        None
        if judge is None or place is None
        else without_dust(judge.true_gradient(case.seen.point, place, TRUE_ENTRIES), bench.fmt(column.wrt))
    )
    ones = column.version.cotangent == "ones"
    weights = None if ones else target.cotangents[column.version.cotangent]
    line = line_of_case(bench, case)
    return TensorWitness(
        inputs=dict(zip((i.name for i in target.inputs), case.seen.point, strict=True)),
        dtypes={i.name: i.dtype for i in target.inputs},
        outputs=dict(zip(target.outputs, case.seen.outputs, strict=True)),
        gradient=case.seen.gradient,
        true_outputs=true_outputs,
        true_gradient=true_gradient,
        bad=tuple(tuple(index) for index in case.bad[:SHOWN].tolist()),
        bad_count=len(case.bad),
        bad_outputs=bad_outputs(target.outputs, case.seen.outputs),
        cotangent=column.version.cotangent,
        weights=weights,
        line=line,
        paste=pasted(loaded, target, case.seen.point, Slope(column.wrt, weights, bench.options.order))
        if case.subject.effective
        else (),
        curve=line_curve(bench, case, line) if line and case.subject.effective else None,
    )


def without_dust(values: Array, fmt: FloatFormat) -> Array:
    """True values, those below every float of a dtype as 0."""
    least = fmt.smallest_subnormal / 2
    flat = [0.0 if v is not None and abs(v) < least else v for v in values.ravel()]
    result = np.empty(len(flat), object)
    result[:] = flat
    return result.reshape(values.shape)


def bad_outputs(names: tuple[str, ...], outputs: tuple[Array, ...]) -> tuple[str, ...]:
    """Names, and indices where there are several elements, of outputs that are not finite."""
    found = []
    for name, array in zip(names, outputs, strict=True):
        shown = name or "output"
        for index in np.argwhere(~np.isfinite(array))[:SHOWN]:
            found.append(shown + (str(tuple(int(k) for k in index)).replace(",)", ")") if len(index) else ""))
    return tuple(found[:SHOWN])


@dataclass(frozen=True, eq=False)
class Poisoned:
    """A batch in which one bad row spoils what belongs to others.

    Attributes:
        case: with one bad row, the first.
        words: what it spoils.
    """

    case: Case
    words: str


def poisoned(bench: Bench, case: Case) -> Poisoned | None:
    """The batch in which one bad row spoils others, ones or ordinary numbers in them; None where that is not so."""
    inputs = bench.target.inputs
    rows = {i.shape[0] for i in inputs if len(i.shape) > 1 or (len(i.shape) == 1 and 0 in open_of(bench, i.name))}
    if bench.judges.decomposes or case.subject.gradient not in (Class.NAN, Class.INF) or len(rows) != 1:
        return None
    size = rows.pop()
    batched = [len(i.shape) > 0 and i.shape[0] == size for i in inputs]
    own = case.bad[:, 0] if case.bad.shape[1] else case.bad.ravel()
    worst = list(dict.fromkeys([*own[own < size].tolist(), 0]))
    calms = list(reversed(search.base_points(inputs)[1:3] if size > 1 else []))
    for calm, shared in product(calms, (*calms, case.seen.point)):
        control = tuple(c if b else s for c, s, b in zip(calm, shared, batched, strict=True))
        if bench.look(case.seen.column, control) is not None:  # without the bad row it is bad too
            continue
        for row in worst[:2]:
            columns = zip(case.seen.point, control, batched, strict=True)
            point = tuple(np.concatenate([x[row : row + 1], c[1:]]) if b else c for x, c, b in columns)
            found = bench.again(case.seen.column, point)
            words = None if found is None else spoiled(bench, found, batched)
            if found is not None and words and found.seen.key == case.seen.key:
                return Poisoned(replace(found, subject=replace(found.subject, defect=False)), words)
    return None


def spoiled(bench: Bench, case: Case, batched: list[bool]) -> str | None:
    """What one bad row, the first, does to the gradient."""
    if case.seen.gradient is None or not len(case.bad):
        return None
    place = bench.input_of(case.seen.column)
    if place is None:
        return f"one bad row poisons the batch: it alone makes the gradient by {case.seen.column.wrt} not finite"
    if not batched[place]:
        return f"one bad row poisons the batch: {case.seen.column.wrt} is shared by all rows"
    others = bool((case.bad[:, 0] != 0).any())
    return "one bad row poisons the batch: the gradient of the other rows is not finite either" if others else None


def open_of(bench: Bench, name: str) -> tuple[int, ...]:
    """The open dimensions of an input, where a signature left them open."""
    names = [i.name for i in bench.target.inputs]
    return () if bench.target.guessed else bench.target.open[names.index(name)]
