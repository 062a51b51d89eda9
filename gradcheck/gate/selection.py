"""Which codes are told of at all.

In: a report, `--select` and `--ignore`. Out: the report without the findings that are not asked for. As ruff does: of
the codes and beginnings of codes that fit, the longest says, and `--ignore` where they are equally long. Errors (GC9xx)
are no findings and stay.
"""

from dataclasses import replace

from gradcheck.options import GateOptions
from gradcheck.records import Report
from gradcheck.vocabulary import CODES


def selected(report: Report, options: GateOptions) -> Report:
    """A report of the codes that are asked for."""
    targets = (
        replace(target, findings=tuple(f for f in target.findings if is_selected(f.code, options)))
        for target in report.targets
    )
    return replace(report, targets=tuple(targets))


def is_selected(code: str, options: GateOptions) -> bool:
    """Whether a code is asked for."""
    return longest(code, options.select) > longest(code, options.ignore)


def all_selected(beginning: str, options: GateOptions) -> bool:
    """Whether every code with this beginning is."""
    return all(is_selected(code, options) for code in CODES if code.startswith(beginning))


def longest(code: str, said: tuple[str, ...]) -> int:
    """Characters of the longest beginning of a code that is said; 0 where none is."""
    return max((len(beginning) for beginning in said if code.startswith(beginning)), default=0)
