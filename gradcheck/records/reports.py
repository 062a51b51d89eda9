"""Reports: all that is told of the targets of a run."""

from collections.abc import Mapping
from dataclasses import dataclass

from gradcheck.records.findings import Finding
from gradcheck.records.ignores import Ignore, Place
from gradcheck.records.planes import Plane
from gradcheck.records.sweeps import Sweep
from gradcheck.records.targets import TracedInput
from gradcheck.records.tensors import TensorInput, Weight
from gradcheck.records.trainings import TrainingReport


@dataclass(frozen=True)
class TargetError:
    """Why a target could not be checked."""

    code: str
    message: str


@dataclass(frozen=True)
class SearchReport:
    """How a tensor target was searched.

    Attributes:
        inputs: of the target, with the shapes that were used.
        wrt: what it was differentiated by.
        weights: the captured variables among those.
        points: how many points were run, by stage.
        judged: points at which real arithmetic was asked.
        approximate: operations without a rule, so that float64 stands in for the truth.
        guessed: whether the shapes were found by trying.
        cotangents: names of what vector outputs were weighed with.
        order: of the derivative, 1 or 2.
        cut: whether the clock stopped the search.
    """

    inputs: tuple[TensorInput, ...]
    wrt: tuple[str, ...]
    weights: tuple[Weight, ...]
    points: Mapping[str, int]
    judged: int
    approximate: tuple[str, ...]
    guessed: bool
    cotangents: tuple[str, ...]
    order: int = 1
    cut: bool = False


@dataclass(frozen=True)
class TargetReport:
    """All that is reported of one target.

    Attributes:
        place: where it is defined in Python source; None of a saved model, and where that cannot be told.
        ignores: what is not to count, as its source and the configuration say.
        training: what was seen of a training run; None of what is no such run.
    """

    target: str
    error: TargetError | None = None
    inputs: tuple[TracedInput, ...] = ()
    versions: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    sweeps: tuple[Sweep, ...] = ()
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    search: SearchReport | None = None
    plane: Plane | None = None
    place: Place | None = None
    ignores: tuple[Ignore, ...] = ()
    training: TrainingReport | None = None

    @property
    def status(self) -> str:
        """clean, findings or error; what is suppressed is no finding."""
        if self.error:
            return "error"
        return "findings" if self.counted else "clean"

    @property
    def counted(self) -> tuple[Finding, ...]:
        """The findings that count."""
        return tuple(finding for finding in self.findings if finding.suppressed is None)

    @property
    def suppressed(self) -> tuple[Finding, ...]:
        """Those that do not."""
        return tuple(finding for finding in self.findings if finding.suppressed is not None)


@dataclass(frozen=True)
class Environment:
    """Where a report was measured."""

    tensorflow: str
    python: str
    device: str


@dataclass(frozen=True)
class Report:
    """A whole run."""

    version: str
    environment: Environment
    targets: tuple[TargetReport, ...]
    seed: int = 0
