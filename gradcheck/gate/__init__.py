"""The gate: what of a report counts, and the exit status.

In: a report as it was measured, options, and what the configuration ignores. Out: a `Verdict`. Principle: what was
measured, and kept, knows nothing of the gate; so a report can be judged again with other options. What is deselected
leaves the report; what is suppressed stays in it and does not count.
"""

from collections.abc import Callable
from dataclasses import dataclass

from gradcheck.gate import baseline, selection, suppression
from gradcheck.gate.baseline_file import read, require_place, text_of
from gradcheck.gate.status import exit_status
from gradcheck.options import GateOptions
from gradcheck.records import Ignore, Report

Configured = Callable[[str], tuple[Ignore, ...]]


@dataclass(frozen=True)
class Verdict:
    """What the gate says.

    Attributes:
        report: with what counts, and notes of the gate's on its targets.
        status: the exit status.
        notes: lines for standard error.
        baseline: the text for `--write-baseline`; None where none is asked for.
    """

    report: Report
    status: int
    notes: tuple[str, ...] = ()
    baseline: str | None = None


def nothing(target: str) -> tuple[Ignore, ...]:
    """No configuration."""
    return ()


def prepared(options: GateOptions) -> None:
    """Raise `CannotCheck` for what is wrong with the files of the gate; a scan would be in vain."""
    if options.baseline is not None:
        read(options.baseline)
    if options.write_baseline is not None:
        require_place(options.write_baseline)


def judged(report: Report, options: GateOptions, configured: Configured = nothing, whole: bool = True) -> Verdict:
    """The verdict on a report; raises `CannotCheck` where the baseline cannot be read.

    Args:
        report: as it was measured, or was judged before.
        options: of the gate.
        configured: what the configuration ignores of a target.
        whole: whether the targets were checked on all that they are ever checked on; else no ignore is called unused.
    """
    report = suppression.suppressed(selection.selected(report, options), configured)
    notes = suppression.mistakes(report)
    report = suppression.with_notes(report, options, whole)
    written = text_of(baseline.entries_of(report)) if options.write_baseline is not None else None
    if options.baseline is not None:
        report, fixed = baseline.compared(report, read(options.baseline), options)
        notes += fixed
    return Verdict(report, exit_status(report, options), notes, written)


__all__ = ["Configured", "Verdict", "exit_status", "judged", "prepared"]
