"""A report becomes an exit status."""

from collections.abc import Callable

import pytest

from gradcheck.gate import exit_status
from gradcheck.records import Finding, Report, TargetError, TargetReport
from gradcheck.vocabulary import BUG, COULD_NOT_CHECK, FINDINGS, INTERRUPTED, NOTHING, SEVERITIES

MakeFinding = Callable[..., Finding]
MakeReport = Callable[..., Report]
CLEAN = TargetReport("m:clean")
BROKEN = TargetReport("m:broken", error=TargetError("GC901", "m: cannot be imported"))


def test_the_statuses_are_those_of_the_contract() -> None:
    assert (NOTHING, FINDINGS, COULD_NOT_CHECK, BUG, INTERRUPTED) == (0, 1, 2, 101, 130)


@pytest.mark.parametrize("fail_on", SEVERITIES)
def test_nothing_found(make_report: MakeReport, fail_on: str) -> None:
    assert exit_status(make_report(), fail_on) == 0
    assert exit_status(make_report(CLEAN, CLEAN), fail_on) == 0


@pytest.mark.parametrize(
    ("severity", "failing"),
    [("info", {"info"}), ("warning", {"info", "warning"}), ("error", {"info", "warning", "error"})],
)
@pytest.mark.parametrize("fail_on", SEVERITIES)
def test_a_finding_fails_from_the_asked_severity_on(
    make_report: MakeReport, make_finding: MakeFinding, severity: str, failing: set[str], fail_on: str
) -> None:
    found = TargetReport("m:found", findings=(make_finding(severity=severity),))
    assert exit_status(make_report(CLEAN, found), fail_on) == (1 if fail_on in failing else 0)
    assert exit_status(make_report(found, CLEAN), fail_on) == (1 if fail_on in failing else 0)


def test_the_most_severe_of_several_findings_counts(make_report: MakeReport, make_finding: MakeFinding) -> None:
    severities = ("info", "error", "warning")
    found = TargetReport("m:found", findings=tuple(make_finding(severity=severity) for severity in severities))
    assert exit_status(make_report(found), "error") == 1


@pytest.mark.parametrize("fail_on", SEVERITIES)
def test_what_could_not_be_checked_wins_over_findings(
    make_report: MakeReport, make_finding: MakeFinding, fail_on: str
) -> None:
    found = TargetReport("m:found", findings=(make_finding(),))
    assert exit_status(make_report(BROKEN), fail_on) == 2
    assert exit_status(make_report(found, BROKEN), fail_on) == 2
    assert exit_status(make_report(BROKEN, found), fail_on) == 2
