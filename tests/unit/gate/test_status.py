"""A report becomes an exit status."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gradcheck.gate import exit_status
from gradcheck.options import GateOptions
from gradcheck.records import Finding, Report, Suppression, TargetError, TargetReport
from gradcheck.vocabulary import BUG, COULD_NOT_CHECK, FINDINGS, INTERRUPTED, NOTHING, SEVERITIES

MakeFinding = Callable[..., Finding]
MakeReport = Callable[..., Report]
CLEAN = TargetReport("m:clean")
BROKEN = TargetReport("m:broken", error=TargetError("GC901", "m: cannot be imported"))


def test_the_statuses_are_those_of_the_contract() -> None:
    assert (NOTHING, FINDINGS, COULD_NOT_CHECK, BUG, INTERRUPTED) == (0, 1, 2, 101, 130)


@pytest.mark.parametrize("fail_on", SEVERITIES)
def test_nothing_found(make_report: MakeReport, fail_on: str) -> None:
    assert exit_status(make_report(), GateOptions(fail_on=fail_on)) == 0
    assert exit_status(make_report(CLEAN, CLEAN), GateOptions(fail_on=fail_on)) == 0


@pytest.mark.parametrize(
    ("severity", "failing"),
    [("info", {"info"}), ("warning", {"info", "warning"}), ("error", {"info", "warning", "error"})],
)
@pytest.mark.parametrize("fail_on", SEVERITIES)
def test_a_finding_fails_from_the_asked_severity_on(
    make_report: MakeReport, make_finding: MakeFinding, severity: str, failing: set[str], fail_on: str
) -> None:
    found = TargetReport("m:found", findings=(make_finding(severity=severity),))
    assert exit_status(make_report(CLEAN, found), GateOptions(fail_on=fail_on)) == (1 if fail_on in failing else 0)
    assert exit_status(make_report(found, CLEAN), GateOptions(fail_on=fail_on)) == (1 if fail_on in failing else 0)


def test_the_most_severe_of_several_findings_counts(make_report: MakeReport, make_finding: MakeFinding) -> None:
    severities = ("info", "error", "warning")
    found = TargetReport("m:found", findings=tuple(make_finding(severity=severity) for severity in severities))
    assert exit_status(make_report(found), GateOptions(fail_on="error")) == 1


@pytest.mark.parametrize("fail_on", SEVERITIES)
def test_what_could_not_be_checked_wins_over_findings(
    make_report: MakeReport, make_finding: MakeFinding, fail_on: str
) -> None:
    found = TargetReport("m:found", findings=(make_finding(),))
    assert exit_status(make_report(BROKEN), GateOptions(fail_on=fail_on)) == 2
    assert exit_status(make_report(found, BROKEN), GateOptions(fail_on=fail_on)) == 2
    assert exit_status(make_report(BROKEN, found), GateOptions(fail_on=fail_on)) == 2


def test_what_is_suppressed_does_not_fail(make_report: MakeReport, make_finding: MakeFinding) -> None:
    by = Suppression("comment", "known", "m.py:3")
    one, other = make_finding(suppressed=by), make_finding(severity="warning")
    assert exit_status(make_report(TargetReport("m:f", findings=(one,))), GateOptions(fail_on="info")) == 0
    both = make_report(TargetReport("m:f", findings=(one, other)))
    assert [exit_status(both, GateOptions(fail_on=f)) for f in SEVERITIES] == [1, 1, 0]


@pytest.mark.parametrize("options", [GateOptions(exit_zero=True), GateOptions(write_baseline=Path("b.json"))])
def test_findings_may_be_accepted_but_not_what_could_not_be_checked(
    make_report: MakeReport, make_finding: MakeFinding, options: GateOptions
) -> None:
    found = TargetReport("m:found", findings=(make_finding(),))
    assert exit_status(make_report(found), options) == 0
    assert exit_status(make_report(found, BROKEN), options) == 2
