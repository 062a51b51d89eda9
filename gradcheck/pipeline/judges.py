"""Who knows the truth of a tensor target: programs and judges, made when they are first asked for.

In: an engine and options. Out: a version's program, and a judge of its gradients.
"""

from functools import cached_property
from typing import TYPE_CHECKING

from gradcheck import search, truth
from gradcheck.options import ScanOptions
from gradcheck.records import Study, TensorPoint, TracedTensors

if TYPE_CHECKING:
    from gradcheck.engine.tensors import TensorEngine

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


class Judges:
    """Programs and judges of one target.

    Attributes:
        engine: runs it.
        target: what it runs.
        options: the tolerance.
        original: the target whose first gradient this one is; None at first order.
        missing: operations without a rule, as far as judges were asked for.
    """

    def __init__(self, engine: "TensorEngine", options: ScanOptions, original: TracedTensors | None = None) -> None:
        self.engine, self.options, self.original = engine, options, original
        self.target = engine.target
        self.studies: dict[tuple[str, str], Study | None] = {}
        self.judges: dict[str, truth.TensorJudge | None] = {}
        self.missing: tuple[str, ...] = ()

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

    def judge(self, cotangent: str) -> "truth.TensorJudge | None":
        """Who knows the truth where the outputs are weighed so; None where no program could be made."""
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
