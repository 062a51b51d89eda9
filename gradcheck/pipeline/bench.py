"""Everything that may be asked of one point of a tensor target.

In: an engine and options. Out: `Case`s: what is bad of one gradient at one point, run alone as a training step runs it,
with what real arithmetic says of it. Programs and judges are made when they are first asked for.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gradcheck import search, truth
from gradcheck.checks.points import PointSubject
from gradcheck.explaining.points import born, line_of, view
from gradcheck.floats import FORMATS, FloatFormat
from gradcheck.options import FAR, ScanOptions
from gradcheck.program import Array, Program
from gradcheck.records import Class, Domain, Kind, Study, TensorPoint, TensorVersion, TracedTensors

if TYPE_CHECKING:
    from gradcheck.engine.tensors import Column, TensorEngine

NO_ENTRIES = np.zeros((0, 0), np.intp)
"""Indices of no entries."""

DECOMPOSITIONS = frozenset(
    {
        "Cholesky",
        "Lu",
        "LogMatrixDeterminant",
        "MatrixDeterminant",
        "MatrixInverse",
        "MatrixSolve",
        "MatrixSquareRoot",
        "MatrixTriangularSolve",
        "Qr",
        "SelfAdjointEigV2",
        "Svd",
    }
)
"""Operations on whole matrices. TensorFlow takes those of symmetric ones as functions of symmetric perturbations."""

LARGE = 1 << 16
"""Elements of a point beyond which each further run of it takes too long."""

REMEMBERED = 256
"""Points of which it is remembered where bad values are born."""

HELD = 1 << 24
"""Numbers of results that are remembered, some 64 MB."""

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


class Bench:
    """One target.

    Attributes:
        engine: runs it.
        options: the tolerance.
        original: the target whose first gradient this one is; None at first order.
        missing: operations without a rule, as far as judges were asked for.
        judged: results that were held against real arithmetic.
    """

    def __init__(self, engine: "TensorEngine", options: ScanOptions, original: TracedTensors | None = None) -> None:
        self.engine, self.options, self.original = engine, options, original
        self.target = engine.target
        self.effective = "custom" if any(v.name == "custom" for v in engine.target.versions) else "autodiff"
        self.studies: dict[tuple[str, str], Study | None] = {}
        self.judges: dict[str, truth.TensorJudge | None] = {}
        self.missing: tuple[str, ...] = ()
        self.judged = 0
        self.views: dict[tuple[str, str], list[Program]] = {}
        self.lines: dict[tuple[str, str, int], tuple[TensorPoint, list[str]]] = {}
        self.outcomes: dict[tuple[str, str, int], tuple[TensorPoint, Outcome]] = {}

    @cached_property
    def ordinary(self) -> list[TensorPoint]:
        """Points at which nothing special happens."""
        return search.base_points(self.target.inputs)[1::2]

    def study(self, name: str, cotangent: str) -> Study | None:
        """The program of a version."""
        if (name, cotangent) not in self.studies:
            version = next(v for v in self.engine.versions if (v.name, v.cotangent) == (name, cotangent))
            self.studies[name, cotangent] = version.study()
        return self.studies[name, cotangent]

    def study_of(self, column: "Column") -> Study | None:
        """The program of a column's version."""
        return self.study(column.version.name, column.version.cotangent)

    def judge(self, column: "Column") -> "truth.TensorJudge | None":
        """Who knows the truth of a column; None where no program could be made."""
        cotangent = column.version.cotangent
        if cotangent not in self.judges:
            self.judges[cotangent] = self.second(cotangent) if self.original else self.first(self.target, cotangent)
        return self.judges[cotangent]

    def first(self, target: TracedTensors, cotangent: str) -> "truth.TensorJudge | None":
        """A judge of first gradients."""
        versions = [v for v in target.versions if v.cotangent == cotangent and v.failure is None]
        own = target is self.target
        studies = {v.name: self.study(v.name, cotangent) if own else v.study() for v in versions}
        known = {name: study for name, study in studies.items() if study is not None}
        if len(known) < len(versions) or not known:
            return None
        names = [i.name for i in target.inputs]
        wrt = tuple(names.index(name) for name in target.wrt if name in names)
        case = truth.TensorCase(target.inputs, target.cotangents[cotangent], tuple(self.ordinary), wrt)
        judge, self.missing = truth.tensor_judge_of(next(iter(known.values())), known, case, self.options)
        return judge

    def second(self, cotangent: str) -> "truth.TensorJudge | None":
        """A judge of second gradients, of the original's truth; only where there is one first gradient."""
        assert self.original is not None, "only asked at second order"
        judge = self.first(self.original, "ones")
        weights = self.target.cotangents[cotangent]
        if judge is None or len(weights) != 1 or len(self.original.wrt) != 1:
            return None
        names = [i.name for i in self.original.inputs]
        return truth.second_order_of(judge, names.index(self.original.wrt[0]), weights[0])

    @property
    def decomposes(self) -> bool:
        """Whether a matrix is taken apart: its rows are no batch, and which entries count is a convention."""
        study = next((s for s in self.studies.values() if s is not None), None)
        if study is None:
            return False
        programs = (study.program, *study.program.functions.values())
        return any(node.op in DECOMPOSITIONS for program in programs for node in program.nodes)

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
        key = (version.name, version.cotangent, id(point))
        if key not in self.outcomes:
            outcome = self.engine.run(version, point)
            size = sum(a.size for a in (*outcome[0], *outcome[1]) if a is not None)
            while len(self.outcomes) >= max(1, min(REMEMBERED, HELD // max(size, 1))):
                del self.outcomes[next(iter(self.outcomes))]
            self.outcomes[key] = (point, outcome)
        return self.outcomes[key][1]

    def line(self, column: "Column", point: TensorPoint) -> str:
        """The line in which a gradient that is not finite is born; all gradients of a point are looked at together."""
        views = self.views_of(column)
        if not views:
            return ""
        key = (column.version.name, column.version.cotangent, id(point))
        if key not in self.lines:
            while len(self.lines) >= REMEMBERED:
                del self.lines[next(iter(self.lines))]
            self.lines[key] = (point, self.lines_at(column, point))
        return self.lines[key][1][column.position]

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
        hole = domain is Domain.OUTSIDE and not self.decomposes and judge is not None and judge.is_hole(seen.point)
        if domain is Domain.OUTSIDE and not hole:
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
