"""The run: targets and options become a report, stage by stage.

This package alone sees every stage. What scans is passed to `run`: `in_process`, the workers of `pipeline.crew`, or
either behind what is remembered of them. The stages are imported when there is a target to scan, so that a run whose
reports come from elsewhere (a worker, a store) answers without them.
"""

import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from gradcheck import __version__, configuration, loading
from gradcheck.configuration import EMPTY, Configuration
from gradcheck.errors import CannotCheck
from gradcheck.options import Said
from gradcheck.precedence import over
from gradcheck.records import Environment, Report, TargetError, TargetReport

TENSORFLOW_PACKAGES = ("tensorflow", "tensorflow-cpu", "tensorflow-intel", "tf-nightly", "tensorflow-macos")

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Scanned:
    """What came of one text of the command line.

    Attributes:
        text: `module:function`, or a module or file, which stands for all that is in it.
        reports: of its targets, in order.
        environment: where they were measured; None where TensorFlow was not imported for them.
    """

    text: str
    reports: tuple[TargetReport, ...]
    environment: Environment | None = None


Scanner = Callable[[tuple[str, ...], Said, Configuration, Progress], Iterator[Scanned]]
"""Scans texts, and gives what came of each in their order."""


def silent(line: str) -> None:
    """No progress."""


def in_process(texts: tuple[str, ...], said: Said, configured: Configuration, progress: Progress) -> Iterator[Scanned]:
    """Scan here and now: what takes this process down, or hangs, takes the run with it."""
    for text in texts:
        progress(text)
        try:
            names = loading.expand(text)
        except CannotCheck as error:
            yield Scanned(text, (failed(text, error),), environment_of_tensorflow())
            continue
        reports = []
        for name in names:
            progress(name)
            reports.append(scan(name, said, configured))
        yield Scanned(text, tuple(reports), environment_of_tensorflow())


def run(
    targets: tuple[str, ...],
    said: Said,
    progress: Progress = silent,
    scanner: Scanner = in_process,
    configured: Configuration | None = None,
) -> Report:
    """Scan every target; what goes wrong with one is in its report, and the rest still run."""
    loading.make_working_directory_importable()
    if configured is None:
        configured = configuration.read(Path.cwd())
    scanned = tuple(scanner(targets, said, configured, progress))
    seed = over(said, configured.top).completed.seed
    measured = next((s.environment for s in scanned if s.environment), None) or environment()
    return Report(__version__, measured, tuple(report for s in scanned for report in s.reports), seed)


def scan(name: str, said: Said, configured: Configuration = EMPTY) -> TargetReport:
    """One target, from its name to its report; `said` is the command line's, completed by the configuration."""
    from gradcheck.pipeline import scanning  # imports every stage

    return scanning.scan(name, said, configured)


def failed(name: str, error: CannotCheck) -> TargetReport:
    """The report of a target that could not be checked."""
    return TargetReport(target=name, error=TargetError(error.code, error.message))


def environment() -> Environment:
    """Where this run was measured; TensorFlow is asked only if a target brought it in."""
    return environment_of_tensorflow() or Environment(installed_tensorflow(), platform.python_version(), "CPU")


def environment_of_tensorflow() -> Environment | None:
    """The same, None where no target brought TensorFlow in."""
    if "gradcheck.tracing" not in sys.modules:
        return None
    from gradcheck import tracing

    version, device = tracing.environment()
    return Environment(version, platform.python_version(), device)


def installed_tensorflow() -> str:
    """The version of the installed TensorFlow, without importing it."""
    return next((version for version in map(installed, TENSORFLOW_PACKAGES) if version), "not installed")


def installed(package: str) -> str | None:
    """The version of an installed package, or None."""
    from importlib import metadata  # 15 ms

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
