"""Cases: what is bad of a tensor target, each bug once.

In: an engine, sightings and a judge. Out: `Case`s: one for each code, version, input and cause, with the first point
that shows it. Every case was run alone, as a training step runs it; points outside the domain are none.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from gradcheck import search, truth
from gradcheck.checks.points import PointSubject
from gradcheck.explaining.points import born, line_of, view
from gradcheck.floats import FORMATS, FloatFormat
from gradcheck.options import FAR
from gradcheck.program import Array
from gradcheck.records import Class, Domain, Kind, Study, TensorPoint, TracedTensors

if TYPE_CHECKING:
    from gradcheck.engine.tensors import Column, TensorEngine

TRIED = 24
"""Points of one kind whose cause is looked for; each takes some milliseconds."""

JUDGED = 96
"""Finite points that real arithmetic judges."""

ODD = {1: Class.NAN, 2: Class.INF, 5: Class.NONE}
"""Classes of the engine's codes that are bad."""


@dataclass(frozen=True, eq=False)
class Case:
    """One gradient at one point.

    Attributes:
        column: which gradient.
        point: the inputs.
        outputs, gradient: what came out; the gradient is None where it raised.
        subject: the same for the checks.
        bad: indices of the bad entries.
        key: what two cases of one bug have in common, besides the code.
    """

    column: "Column"
    point: TensorPoint
    outputs: tuple[Array, ...]
    gradient: Array | None
    subject: PointSubject
    bad: tuple[tuple[int, ...], ...]
    key: str


class Bench:
    """A target with everything that may be asked of one point of it."""

    def __init__(self, engine: "TensorEngine", judges: dict[str, "truth.TensorJudge | None"]) -> None:
        self.engine = engine
        self.judges = judges
        names = [v.name for v in engine.versions]
        self.effective = "custom" if "custom" in names else "autodiff"
        self.studies: dict[tuple[str, str], Study | None] = {}

    @cached_property
    def target(self) -> TracedTensors:
        """The traced target."""
        return self.engine.target

    def study(self, column: "Column") -> Study | None:
        """The program of a column's version."""
        key = (column.version.name, column.version.cotangent)
        if key not in self.studies:
            self.studies[key] = column.version.study()
        return self.studies[key]

    def key(self, column: "Column", point: TensorPoint) -> str:
        """The line in which a gradient that is not finite is born."""
        study = self.study(column)
        if study is None:
            return ""
        program, seen = view(study, column.position), study.observe(point)
        return line_of(program, born(program, seen), seen)

    def case(self, column: "Column", point: TensorPoint) -> Case | None:
        """What is bad of a column at a point, run alone; None where nothing is."""
        outputs, gradients, said = self.engine.run(column.version, point)
        if not outputs:
            return None
        gradient = gradients[column.position]
        forward = class_of(outputs)
        judge = self.judges.get(column.version.cotangent)
        domain = self.domain(column, point, forward)
        hole = domain is Domain.OUTSIDE and judge is not None and judge.is_hole(point)
        odd = class_of((gradient,)) if gradient is not None else Class.NONE
        fine = odd is Class.FINITE and forward is Class.FINITE
        if fine or (domain is Domain.OUTSIDE and not hole) or (said is None and gradient is None):
            return None
        bad = bad_entries(gradient) if gradient is not None else ()
        kind = self.kind(judge, column, point, gradient, bad) if bad else None
        subject = self.subject(column, forward, odd, said)
        defect = judge is not None and forward is not Class.FINITE and judge.defect(point, list(outputs))
        subject = replace(
            subject,
            kind=Kind.SINGULAR if hole else kind,
            domain=domain,
            hole=hole,
            far=is_far(self.target, point),
            defect=defect,
        )
        key = self.key(column, point) if odd in (Class.NAN, Class.INF) else said or "output"
        return Case(column, point, outputs, gradient, subject, bad, key)

    def subject(self, column: "Column", forward: Class, gradient: Class, said: str | None = None) -> PointSubject:
        """What the checks are to see, but for the truth."""
        fmt = self.fmt(column.wrt)
        return PointSubject(
            column.version.name, column.version.name == self.effective, column.wrt, fmt, forward, gradient, said=said
        )

    def whole(self, version: str, wrt: str, said: str) -> PointSubject:
        """What the checks are to see of a version that raises wherever it is asked."""
        forward, effective = Class.FINITE, version == self.effective
        return PointSubject(version, effective, wrt, self.fmt(wrt), forward, Class.FINITE, said=said)

    def fmt(self, wrt: str) -> FloatFormat:
        """Floats of what a gradient is taken by."""
        dtypes = {**{i.name: i.dtype for i in self.target.inputs}, **{w.name: w.dtype for w in self.target.weights}}
        return FORMATS[dtypes[wrt]]

    def domain(self, column: "Column", point: TensorPoint, forward: Class) -> Domain | None:
        """Whether the function is defined at a point: where its outputs are finite it is asked only if it is cheap."""
        judge = self.judges.get(column.version.cotangent)
        return None if judge is None else judge.domain(point)

    def kind(
        self,
        judge: "truth.TensorJudge | None",
        column: "Column",
        point: TensorPoint,
        gradient: Array | None,
        bad: tuple[tuple[int, ...], ...],
    ) -> Kind | None:
        """What the first bad entries should have been: the worst that is known of them."""
        place = self.input_of(column)
        if judge is None or gradient is None or place is None:
            return None if judge is None else Kind.UNDECIDED
        kinds = [judge.entry(point, place, i, float(gradient[i]), column.version.name).kind for i in bad[:3]]
        known = [k for k in kinds if k is not None]
        order = (Kind.NUMERICAL, Kind.SINGULAR, Kind.UNDECIDED, Kind.OVERFLOW)
        return min(known, key=order.index) if known else Kind.UNDECIDED

    def input_of(self, column: "Column") -> int | None:
        """Position of the input that a column is by; None of a weight."""
        names = [i.name for i in self.target.inputs]
        return names.index(column.wrt) if column.wrt in names else None


def cases(bench: Bench, found: search.Sightings) -> Iterator[Case]:
    """Every bug once: those of ones before those of random signs, of simple points before the others."""
    told: set[tuple[str, str, str, str]] = set()
    for j, column in enumerate(bench.engine.columns):
        for code, label in ODD.items():
            for point in likely_first(bench.target, found, 1 + j, code):
                case = bench.case(column, point)
                if case is None or (label is not Class.NONE and case.subject.gradient is not label):
                    continue
                if case.subject.far and case.subject.kind is Kind.OVERFLOW:
                    continue  # huge numbers have huge gradients
                key = (label.value, column.version.name, column.wrt, case.key)
                if key not in told:
                    told.add(key)
                    yield replace(case, subject=replace(case.subject, defect=False))
    yield from forward_cases(bench, found)


def likely_first(target: TracedTensors, found: search.Sightings, j: int, code: int) -> list[TensorPoint]:
    """Points with a code in a column: those with finite outputs first, those that are far out last."""
    points = [(s[0] != 0, p) for s, kept in found.bad.items() if s[j] == code for p in kept]
    ordered = sorted(points, key=lambda pair: (is_far(target, pair[1]), pair[0]))  # stable: simple ones stay in front
    return [p for _, p in ordered[:TRIED]]


def forward_cases(bench: Bench, found: search.Sightings) -> Iterator[Case]:
    """The first point at which an output is not finite and should be."""
    columns = [c for c in bench.engine.columns if c.version.name == bench.effective]
    if not columns:
        return
    column = columns[0]
    for signature, kept in found.bad.items():
        if signature[0] not in (1, 2):
            continue
        for point in kept[: TRIED // 2]:
            case = bench.case(column, point)
            if case is not None and case.subject.defect:
                yield replace(
                    case, subject=replace(case.subject, gradient=Class.FINITE, kind=None), key="output", bad=()
                )
                return


def finite_cases(bench: Bench, points: list[TensorPoint]) -> Iterator[Case]:
    """Gradients that are finite and not the true ones, each version and input once a kind."""
    told: set[tuple[str, str, Class]] = set()
    for point in points[:JUDGED]:
        for column in bench.engine.columns:
            judge, place = bench.judges.get(column.version.cotangent), bench.input_of(column)
            if judge is None or place is None:
                continue
            outputs, gradients, _ = bench.engine.run(column.version, point)
            gradient = gradients[column.position] if outputs else None
            if gradient is None:
                continue
            if not np.isfinite(gradient).all() or not is_worth_judging(
                judge, point, place, gradient, column.version.name
            ):
                continue
            found, bad = judge.worst(point, place, gradient, column.version.name)
            key = (column.version.name, column.wrt, found)
            if found is Class.FINITE or key in told or judge.domain(point) is Domain.OUTSIDE:
                continue
            told.add(key)
            subject = replace(
                bench.subject(column, class_of(outputs), found),
                domain=judge.domain(point),
                far=is_far(bench.target, point),
            )
            yield Case(column, point, outputs, gradient, subject, tuple(bad), found.value)


def is_worth_judging(judge: "truth.TensorJudge", point: TensorPoint, place: int, gradient: Array, version: str) -> bool:
    """Whether entries are looked at one by one: always those of a gradient of the user's own."""
    return version == "custom" or judge.is_suspicious(point, place, gradient)


def class_of(arrays: tuple[Array, ...]) -> Class:
    """The class of some arrays together."""
    if any(np.isnan(a).any() for a in arrays):
        return Class.NAN
    return Class.INF if any(np.isinf(a).any() for a in arrays) else Class.FINITE


def bad_entries(gradient: Array) -> tuple[tuple[int, ...], ...]:
    """Indices of the entries that are not finite, NaN before the infinite ones where there are any."""
    odd = np.isnan(gradient) if np.isnan(gradient).any() else ~np.isfinite(gradient)
    return tuple(tuple(int(k) for k in index) for index in np.argwhere(odd))


def is_far(target: TracedTensors, point: TensorPoint) -> bool:
    """Whether a point takes numbers beyond all that training meets."""
    return any(bool((np.abs(a) > FAR).any()) for a, i in zip(point, target.inputs, strict=True) if i.fmt)
