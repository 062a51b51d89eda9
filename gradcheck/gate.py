"""The gate: a report becomes an exit status.

In: a report and the severity that fails. Out: 0 nothing at or above it, 1 findings, 2 a target could not be checked.
"""

from gradcheck.records import Report
from gradcheck.vocabulary import COULD_NOT_CHECK, FINDINGS, NOTHING, SEVERITIES


def exit_status(report: Report, fail_on: str) -> int:
    """The exit status of a run; 2 wins over 1."""
    if any(target.error for target in report.targets):
        return COULD_NOT_CHECK
    failing = SEVERITIES[SEVERITIES.index(fail_on) :]
    found = any(f.severity in failing for target in report.targets for f in target.findings)
    return FINDINGS if found else NOTHING
