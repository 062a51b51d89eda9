"""Reports: all that is told of the targets of a run."""

from dataclasses import dataclass

from gradcheck.records.findings import Finding
from gradcheck.records.sweeps import Sweep
from gradcheck.records.targets import TracedInput


@dataclass(frozen=True)
class TargetError:
    """Why a target could not be checked."""

    code: str
    message: str


@dataclass(frozen=True)
class TargetReport:
    """All that is reported of one target."""

    target: str
    error: TargetError | None = None
    inputs: tuple[TracedInput, ...] = ()
    versions: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    sweeps: tuple[Sweep, ...] = ()
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def status(self) -> str:
        """clean, findings or error."""
        if self.error:
            return "error"
        return "findings" if self.findings else "clean"


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
