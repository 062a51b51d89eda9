"""The whole gate: a report in, a verdict out."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gradcheck.errors import CannotCheck
from gradcheck.gate import judged, prepared
from gradcheck.options import GateOptions
from gradcheck.records import Finding, Ignore, Report, TargetError, TargetReport

SAID = Ignore(("GC001",), "legacy", "comment", "m.py:1")


@pytest.fixture
def report(make_report: Callable[..., Report], make_finding: Callable[..., Finding]) -> Report:
    """Two findings, one of them ignored, and an ignore that matches nothing."""
    findings = (make_finding(), make_finding(code="GC006", severity="warning"))
    unused = Ignore(("GC002",), "old", "comment", "m.py:2")
    wrong = Ignore((), "", "comment", "m.py:3", mistake="it cannot be read")
    return make_report(TargetReport("m:f", findings=findings, modes=("graph",), ignores=(SAID, unused, wrong)))


def test_the_measured_report_is_left_alone_and_the_verdict_has_all(report: Report) -> None:
    verdict = judged(report, GateOptions())
    assert report.targets[0].findings[0].suppressed is None
    assert (verdict.status, verdict.baseline) == (0, None)
    assert verdict.notes == ("m.py:3: this comment ignores nothing: it cannot be read",)
    (target,) = verdict.report.targets
    assert [f.code for f in target.counted] == ["GC006"]
    assert target.notes == ("unused ignore GC002 at m.py:2: remove it",)
    assert judged(report, GateOptions(fail_on="warning")).status == 1
    assert judged(report, GateOptions(fail_on="warning", ignore=("GC006",))).status == 0


def test_it_may_be_judged_again(report: Report, tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    path.write_text(judged(report, GateOptions(write_baseline=path, select=("GC006",))).baseline or "")
    for options in (GateOptions(), GateOptions(baseline=path)):
        once = judged(report, options)
        assert judged(once.report, options) == once


def test_no_ignore_is_unused_where_a_part_was_checked_but_a_reason_is_wanted(report: Report) -> None:
    assert judged(report, GateOptions(), whole=False).report.targets[0].notes == ()
    bare = replace(report.targets[0], ignores=(replace(SAID, reason=""),))
    verdict = judged(replace(report, targets=(bare,)), GateOptions(), whole=False)
    assert verdict.report.targets[0].notes == ("m.py:1: write a reason: # gradcheck: ignore[GC001] -- reason",)


def test_a_baseline_holds_what_counts_and_is_found_again(report: Report, tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    verdict = judged(report, GateOptions(write_baseline=path, fail_on="info"))
    assert verdict.status == 0
    assert verdict.baseline is not None
    assert [word in verdict.baseline for word in ("GC006", "GC001")] == [True, False]
    path.write_text(verdict.baseline)
    again = judged(report, GateOptions(baseline=path, fail_on="info"))
    assert again.status == 0
    assert [f.suppressed and f.suppressed.by for f in again.report.targets[0].findings] == ["comment", "baseline"]
    renewed = judged(report, GateOptions(baseline=path, write_baseline=path))
    assert renewed.baseline == verdict.baseline


def test_a_target_that_could_not_be_checked_is_never_accepted(report: Report) -> None:
    broken = replace(report, targets=(*report.targets, TargetReport("m:g", error=TargetError("GC901", "no"))))
    every = Ignore(("GC",), "all", "configuration", "pyproject.toml")
    options = GateOptions(ignore=("GC",), exit_zero=True, write_baseline=Path("b.json"))
    assert judged(broken, options, lambda target: (every,)).status == 2


@pytest.mark.parametrize(
    "options", [GateOptions(baseline=Path("none.json")), GateOptions(write_baseline=Path("no/b.json"))]
)
def test_bad_files_are_told_before_anything_is_scanned(options: GateOptions) -> None:
    with pytest.raises(CannotCheck, match="no such"):
        prepared(options)
    prepared(GateOptions())
