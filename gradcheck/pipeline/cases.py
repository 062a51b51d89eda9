"""Cases: what is bad of a tensor target, each bug once.

In: a bench and sightings. Out: `Case`s: one for each code, version, input and line in which the bad value is born, with
the first point that shows it. Points outside the domain are none.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from gradcheck import checks, search, truth
from gradcheck.pipeline.bench import NO_ENTRIES, Bench, Case, Seen, class_of, is_far, is_tiny
from gradcheck.program import Array
from gradcheck.records import Class, Domain, Kind, TensorPoint, TracedTensors

if TYPE_CHECKING:
    from gradcheck.engine.tensors import Column

TRIED = 24
"""Points of one kind whose cause is looked for; each takes some milliseconds."""

OPERATIONS, FEWEST = 3000, 4
"""Operations that are run for all of them together, and points that are tried of a graph however large."""

MILD = 6
"""Points with one cause that are judged as long as none of them is an error."""

JUDGED, LEAST = 96, 6
"""Finite points that real arithmetic judges, at most and at least."""

NODE, NUMBER = 80e-6, 4e-6
"""Seconds of one operation, and of one number, in real arithmetic, both sides of a tie counted."""

SECONDS = 0.3
"""Time that finite gradients are judged for, counted by the above and not by the clock."""

ODD = {1: Class.NAN, 2: Class.INF, 5: Class.NONE}
"""Classes of the engine's codes that are bad."""

Key = tuple[str, str, str, str]


def cases(bench: Bench, found: search.Sightings) -> Iterator[Case]:
    """Every bug once: those of ones before those of random signs, of simple points before the others."""
    kept: dict[Key, Case] = {}
    judged: dict[Key, int] = {}
    for j, column in enumerate(bench.engine.columns):
        for code, label in ODD.items():
            for point in likely_first(bench.target, found, 1 + j, code):
                seen = bench.look(column, point)
                if seen is None or seen.odd is not label:
                    continue
                key = (label.value, column.version.name, column.wrt, seen.key)
                judged[key] = judged.get(key, 0) + 1
                if key not in kept or (judged[key] <= MILD and not is_error(kept[key])):
                    take(kept, key, bench.case(seen))
    yield from kept.values()
    yield from islice(forward_cases(bench, found), 1)


def take(kept: dict[Key, Case], key: Key, case: Case | None) -> None:
    """Keep a case that is the first of its bug, or the first that is an error."""
    if case is None or is_huge(case):
        return
    told = replace(case, subject=replace(case.subject, defect=False))
    if key not in kept or (is_error(told) and not is_error(kept[key])):
        kept[key] = told


def is_huge(case: Case) -> bool:
    """Whether it is no wonder: huge numbers have huge gradients, and outputs."""
    subject = case.subject
    unknown = subject.kind in (None, Kind.UNDECIDED) and subject.forward is not Class.FINITE
    return subject.far and subject.said is None and (subject.kind is Kind.OVERFLOW or unknown)


def is_error(case: Case) -> bool:
    """Whether a check calls it an error."""
    return any(f.severity == "error" for f in checks.find_at(case.subject))


def likely_first(target: TracedTensors, found: search.Sightings, j: int, code: int) -> list[TensorPoint]:
    """Points with a code in a column: those with finite outputs first, those that are far out last."""
    points = [(s[0] != 0, p) for s, kept in found.bad.items() if s[j] == code for p in kept]
    ordered = sorted(points, key=lambda pair: (is_far(target, pair[1]), pair[0]))  # stable: simple ones stay in front
    return [p for _, p in ordered[: max(min(TRIED, OPERATIONS // max(target.operations, 1)), FEWEST)]]


def forward_cases(bench: Bench, found: search.Sightings) -> Iterator[Case]:
    """Points at which an output is not finite and should be; those that are far out last."""
    column = next((c for c in bench.engine.columns if c.version.name == bench.effective), None)
    if column is None:
        return
    for code in (1, 2):
        for point in likely_first(bench.target, found, 0, code)[: TRIED // 2]:
            case = bench.again(column, point)
            if case is not None and case.subject.defect:
                yield about_outputs(case)


def about_outputs(case: Case) -> Case:
    """The case of the outputs alone."""
    subject = replace(case.subject, gradient=Class.FINITE, kind=None, said=None)
    return replace(case, seen=replace(case.seen, key="output"), subject=subject, bad=NO_ENTRIES)


def finite_cases(bench: Bench, points: list[TensorPoint]) -> Iterator[Case]:
    """Gradients that are finite and not the true ones, each version and input once a kind."""
    told: set[tuple[str, str, Class]] = set()
    cotangent = list(bench.target.cotangents)[-1]  # random signs tell more than their sum where there are any
    columns = [c for c in bench.engine.columns if c.version.cotangent == cotangent]
    if not columns or (study := bench.study_of(columns[0])) is None or bench.judges.decomposes:
        return
    one = NODE * len(study.program.forward) + NUMBER * truth.TENSOR_BUDGET / max(truth.affordable(study.program), 1)
    affordable = int(SECONDS / (one * len(columns)))
    for point in points[: max(min(JUDGED, affordable), LEAST)]:
        for column in columns:
            case = finite_case(bench, column, point)
            if case is None:
                continue
            key = (column.version.name, column.wrt, case.subject.gradient)
            if key not in told:
                told.add(key)
                yield case


def finite_case(bench: Bench, column: "Column", point: TensorPoint) -> Case | None:
    """What is wrong of a finite gradient at a point; None where nothing is, or nothing is known."""
    place, name = bench.input_of(column), column.version.name
    judge = None if place is None else bench.judge(column)  # of weights the truth is not known
    if judge is None or place is None:
        return None
    outputs, gradients, _ = bench.run(column.version, point)
    gradient = gradients[column.position] if outputs else None
    if gradient is None or not np.isfinite(gradient).all():
        return None
    bench.judged += 1
    if not is_worth_judging(judge, point, place, gradient, name):
        return None
    found, bad = judge.worst(point, place, gradient, name)
    if found is Class.FINITE or judge.domain(point) is Domain.OUTSIDE:
        return None
    seen = Seen(column, point, outputs, gradient, class_of(outputs), found, None, found.value)
    subject = bench.subject(column, seen.forward, found)
    slight = is_tiny(bench.target, point) or judge.is_slight(point, place, gradient, bad)
    subject = replace(subject, domain=judge.domain(point), far=is_far(bench.target, point), slight=slight)
    return Case(seen, subject, np.array(bad, np.intp).reshape(len(bad), gradient.ndim))


def is_worth_judging(judge: "truth.TensorJudge", point: TensorPoint, place: int, gradient: Array, version: str) -> bool:
    """Whether entries are looked at one by one: always those of a gradient of the user's own."""
    return version == "custom" or judge.is_suspicious(point, place, gradient)
