"""The exit status of a run.

In: a report, and options. Out: 0 nothing that counts at or above the severity that fails, 1 findings, 2 a target could
not be checked. A run that writes a baseline accepts what it found.
"""

from gradcheck.options import GateOptions
from gradcheck.records import Report
from gradcheck.vocabulary import COULD_NOT_CHECK, FINDINGS, NOTHING, SEVERITIES


def exit_status(report: Report, options: GateOptions) -> int:
    """The exit status of a run; 2 wins over 1."""
    if any(target.error for target in report.targets):
        return COULD_NOT_CHECK
    if options.exit_zero or options.write_baseline is not None:
        return NOTHING
    failing = SEVERITIES[SEVERITIES.index(options.fail_on) :]
    found = any(f.severity in failing for target in report.targets for f in target.counted)
    return FINDINGS if found else NOTHING
