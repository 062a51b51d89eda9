"""Everything that may be asked of one point of a tensor target.

In: an engine and options. Out: `Case`s: what is bad of one gradient at one point, run alone as a training step runs it,
with what real arithmetic says of it. Programs and judges are made when they are first asked for.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gradcheck import truth
from gradcheck.checks.points import PointSubject
from gradcheck.explaining.points import born, line_of, view
from gradcheck.floats import FORMATS, FloatFormat
from gradcheck.options import FAR, ScanOptions
from gradcheck.pipeline.judges import Judges
from gradcheck.pipeline.recent import Recent
from gradcheck.program import Array, Program
from gradcheck.records import Class, Domain, Kind, Study, TensorPoint, TensorVersion, TracedTensors

if TYPE_CHECKING:
    from gradcheck.engine.tensors import Column, TensorEngine

NO_ENTRIES = np.zeros((0, 0), np.intp)
"""Indices of no entries."""

LARGE = 1 << 16
"""Elements of a point beyond which each further run of it takes too long."""

JUDGED_ENTRIES = 3
"""Bad entries that are held against real arithmetic, at one point."""


Outcome = tuple[tuple[Array, ...], tuple[Array | None, ...], str | None]
"""Outputs, gradients, and what computing the gradients raised."""


@dataclass(frozen=True, eq=False)
class Seen:
    """What came out at one point, alone.

    Attributes:
        column: which gradient.
        point: the inputs.
        outputs, gradient: what came out; the gradient is None where it raised.
        forward, odd: their classes.
        said: what computing the gradient raised, or None.
        key: what two points with one bug have in common: the line in which the bad value is born.
    """

    column: "Column"
    point: TensorPoint
    outputs: tuple[Array, ...]
    gradient: Array | None
    forward: Class
    odd: Class
    said: str | None
    key: str


@dataclass(frozen=True, eq=False)
class Case:
    """The same with what is true of it.

    Attributes:
        seen: what came out.
        subject: for the checks.
        bad: indices of the bad entries, [number, rank] integers.
    """

    seen: Seen
    subject: PointSubject
    bad: NDArray[np.intp]


def both(outcome: Outcome) -> tuple[Array | None, ...]:
    """Outputs and gradients."""
    return *outcome[0], *outcome[1]


class Bench:
    """One target.

    Attributes:
        engine: runs it.
        options: the tolerance.
        judges: know the truth.
        judged: results that were held against real arithmetic.
    """

    def __init__(self, engine: "TensorEngine", options: ScanOptions, original: TracedTensors | None = None) -> None:
        self.engine, self.options = engine, options
        self.target = engine.target
        self.judges = Judges(engine, options, original)
        self.effective = "custom" if any(v.name == "custom" for v in engine.target.versions) else "autodiff"
        self.judged = 0
        self.views: dict[tuple[str, str], list[Program]] = {}
        self.lines: Recent[list[str]] = Recent()
        self.outcomes: Recent[Outcome] = Recent(lambda outcome: sum(a.size for a in both(outcome) if a is not None))

    def study_of(self, column: "Column") -> Study | None:
        """The program of a column's version."""
        return self.judges.study(column.version.name, column.version.cotangent)

    def judge(self, column: "Column") -> "truth.TensorJudge | None":
        """Who knows the truth of a column."""
        return self.judges.judge(column.version.cotangent)

    def look(self, column: "Column", point: TensorPoint) -> Seen | None:
        """Run a point alone; None where the function itself raises, or all is well."""
        outputs, gradients, said = self.run(column.version, point)
        if not outputs:
            return None
        gradient = gradients[column.position]
        forward = class_of(outputs)
        odd = class_of((gradient,)) if gradient is not None else Class.NONE
        if (odd is Class.FINITE and forward is Class.FINITE) or (odd is Class.NONE and said is None):
            return None
        key = self.line(column, point) if odd in (Class.NAN, Class.INF) else said or "output"
        return Seen(column, point, outputs, gradient, forward, odd, said, key)

    def run(self, version: TensorVersion, point: TensorPoint) -> Outcome:
        """What one point gives alone; all gradients of it are asked for one after the other, so it is remembered."""
        return self.outcomes.of(version, point, lambda: self.engine.run(version, point))

    def line(self, column: "Column", point: TensorPoint) -> str:
        """The line in which a gradient that is not finite is born; all gradients of a point are looked at together."""
        views = self.views_of(column)
        if not views:
            return ""
        return self.lines.of(column.version, point, lambda: self.lines_at(column, point))[column.position]

    def lines_at(self, column: "Column", point: TensorPoint) -> list[str]:
        """The same for every gradient at a point."""
        study = self.study_of(column)
        seen = {} if study is None else study.observe(point)
        return [line_of(program, born(program, seen), seen) for program in self.views_of(column)]

    def views_of(self, column: "Column") -> list[Program]:
        """A column's version as one program for each gradient; none where no program could be made."""
        key = (column.version.name, column.version.cotangent)
        if key not in self.views:
            study = self.study_of(column)
            self.views[key] = [] if study is None else [view(study, i) for i in range(len(self.target.wrt))]
        return self.views[key]

    def case(self, seen: Seen) -> Case | None:
        """What is true of what was seen; None where the function is not defined, and no wonder."""
        judge = self.judge(seen.column)
        self.judged += judge is not None
        domain = None if judge is None else judge.domain(seen.point)
        outside = domain is Domain.OUTSIDE
        hole = outside and not self.judges.decomposes and judge is not None and judge.is_hole(seen.point)
        if outside and not hole:
            return None
        bad = NO_ENTRIES if seen.gradient is None else bad_entries(seen.gradient)
        kind = Kind.SINGULAR if hole else self.kind(seen, bad) if len(bad) else None
        defect = judge is not None and seen.forward is not Class.FINITE and judge.defect(seen.point, list(seen.outputs))
        subject = replace(
            self.subject(seen.column, seen.forward, seen.odd),
            kind=kind,
            domain=domain,
            hole=hole,
            far=is_far(self.target, seen.point),
            defect=defect,
            said=seen.said,
        )
        return Case(seen, subject, bad)

    def again(self, column: "Column", point: TensorPoint) -> Case | None:
        """The case of another point."""
        seen = self.look(column, point)
        return None if seen is None else self.case(seen)

    def subject(self, column: "Column", forward: Class, gradient: Class) -> PointSubject:
        """What the checks are to see, but for the truth."""
        name = column.version.name
        return PointSubject(name, name == self.effective, column.wrt, self.fmt(column.wrt), forward, gradient)

    def fmt(self, wrt: str) -> FloatFormat:
        """Floats of what a gradient is taken by."""
        dtypes = {**{i.name: i.dtype for i in self.target.inputs}, **{w.name: w.dtype for w in self.target.weights}}
        return FORMATS[dtypes[wrt]]

    def kind(self, seen: Seen, bad: NDArray[np.intp]) -> Kind | None:
        """What the first bad entries should have been: the worst that is known of them."""
        judge, place, name = self.judge(seen.column), self.input_of(seen.column), seen.column.version.name
        if judge is None or seen.gradient is None:
            return None
        if place is None:
            return Kind.UNDECIDED
        entries = [tuple(index) for index in bad[:JUDGED_ENTRIES].tolist()]
        kinds = [judge.entry(seen.point, place, i, float(seen.gradient[i]), name).kind for i in entries]
        order = (Kind.NUMERICAL, Kind.SINGULAR, Kind.UNDECIDED, Kind.OVERFLOW)
        return min((k for k in kinds if k is not None), key=order.index, default=Kind.UNDECIDED)

    def input_of(self, column: "Column") -> int | None:
        """Position of the input that a column is by; None of a weight."""
        names = [i.name for i in self.target.inputs]
        return names.index(column.wrt) if column.wrt in names else None


def class_of(arrays: tuple[Array, ...]) -> Class:
    """The class of some arrays together."""
    if any(np.isnan(a).any() for a in arrays):
        return Class.NAN
    return Class.INF if any(np.isinf(a).any() for a in arrays) else Class.FINITE


def bad_entries(gradient: Array) -> NDArray[np.intp]:
    """Indices of the entries that are not finite, [number, rank]: those that are NaN, else those that are infinite."""
    nan = np.isnan(gradient)
    return np.argwhere(nan if nan.any() else ~np.isfinite(gradient))


def is_large(point: TensorPoint) -> bool:
    """Whether a point is shown as it was found, neither shrunk nor moved."""
    return sum(array.size for array in point) > LARGE


def is_tiny(target: TracedTensors, point: TensorPoint) -> bool:
    """Whether a point takes numbers, other than 0, below all that training meets."""
    return any(
        bool(((a != 0) & (np.abs(a) < 1 / FAR)).any()) for a, i in zip(point, target.inputs, strict=True) if i.fmt
    )


def is_far(target: TracedTensors, point: TensorPoint) -> bool:
    """Whether a point takes numbers beyond all that training meets."""
    return any(bool((np.abs(a) > FAR).any()) for a, i in zip(point, target.inputs, strict=True) if i.fmt)
