"""What scans, and how it is run: quietly, with progress on standard error.

In: targets and options. Out: a report. What does the work is imported when there is something to scan.
"""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from gradcheck.delivery import progress, say

if TYPE_CHECKING:
    from gradcheck.configuration import Configuration
    from gradcheck.options import Said
    from gradcheck.pipeline import Scanned, Scanner
    from gradcheck.records import Report

Result = TypeVar("Result")


def scanner(jobs: int | None, timeout: float, no_cache: bool, cluster: str | None) -> "Scanner":
    """What scans: a cluster, or worker processes, where there are process groups; behind the cache."""
    from gradcheck import pipeline

    scan = pipeline.in_process if os.name != "posix" else in_workers(jobs, timeout)
    if cluster is not None:
        scan = on_cluster(cluster, timeout)
    if no_cache:
        return scan
    from gradcheck.pipeline.remembered import remembering

    return remembering(scan, lambda warning: say(f"gradcheck: {warning}", sys.stderr))


def in_workers(jobs: int | None, timeout: float) -> "Scanner":
    """Workers, imported when there is something to scan."""

    def scan(
        texts: tuple[str, ...], said: "Said", configured: "Configuration", progress: Callable[[str], None]
    ) -> Iterator["Scanned"]:
        from gradcheck.pipeline.crew import Crew

        return Crew(jobs, timeout)(texts, said, configured, progress)

    return scan


def on_cluster(address: str, timeout: float) -> "Scanner":
    """A cluster, connected to when there is something to scan."""

    def scan(
        texts: tuple[str, ...], said: "Said", configured: "Configuration", progress: Callable[[str], None]
    ) -> Iterator["Scanned"]:
        from gradcheck.pipeline.cluster import Cluster

        return Cluster(address, timeout)(texts, said, configured, progress)

    return scan


def run_quietly(targets: tuple[str, ...], said: "Said", scanner: "Scanner", configured: "Configuration") -> "Report":
    """Run the pipeline."""

    def run(show: Callable[[str], None]) -> "Report":
        from gradcheck import pipeline

        return pipeline.run(targets, said, show, scanner, configured)

    return quietly(run)


def quietly(run: "Callable[[Callable[[str], None]], Result]") -> "Result":
    """Run with progress on standard error, and nothing of the targets' own on standard output."""
    from gradcheck.streams import without_tensorflow_logs

    with without_tensorflow_logs() as terminal, progress(terminal) as show, contextlib.redirect_stdout(sys.stderr):
        return run(show)
