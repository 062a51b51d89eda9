"""Lines of source that a report cites, comments and all, which the key leaves out.

In: reports from the cache. Out: whether the files still say so.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from gradcheck.cache.sources import decoded
from gradcheck.records import Cause, TargetReport


def still_hold(reports: Iterable[TargetReport]) -> bool:
    """Whether every cited line is as it was."""
    files: dict[str, list[str]] = {}
    return all(line_of(cause, files) == cause.source for cause in causes(reports) if cause.file and cause.line)


def causes(reports: Iterable[TargetReport]) -> Iterator[Cause]:
    """The causes of all findings."""
    return (finding.cause for report in reports for finding in report.findings if finding.cause)


def line_of(cause: Cause, files: dict[str, list[str]]) -> str:
    """The line that a cause names, without the blanks around it; empty where there is none."""
    file, line = cause.file or "", cause.line or 0
    if file not in files:
        try:
            files[file] = decoded(Path(file).read_bytes()).split("\n")
        except (OSError, ValueError, SyntaxError):
            files[file] = []
    lines = files[file]
    return lines[line - 1].strip() if 0 < line <= len(lines) else ""
