"""What comments and the configuration ignore, and what is said of them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gradcheck.gate.suppression import mistakes, suppressed, with_notes
from gradcheck.options import GateOptions
from gradcheck.records import (
    Cause,
    Finding,
    Ignore,
    Lines,
    Report,
    SearchReport,
    Suppression,
    TargetError,
    TargetReport,
)

MakeFinding = Callable[..., Finding]
MakeReport = Callable[..., Report]
BY_COMMENT = Ignore(("GC002",), "clipped above", "comment", "losses.py:12")
CAUSE = Cause("Mul", "Exp", str(Path.cwd() / "losses.py"), 20, "return tf.exp(x)")


def nothing(target: str) -> tuple[Ignore, ...]:
    return ()


def marks(report: Report) -> list[tuple[str, str | None]]:
    return [(f.code, f.suppressed.place if f.suppressed else None) for t in report.targets for f in t.findings]


@pytest.mark.parametrize(
    ("codes", "marked"),
    [
        (("GC002",), {"GC002"}),
        (("GC00",), {"GC001", "GC002"}),
        (("GC",), {"GC001", "GC002"}),
        (("GC002", "GC001"), {"GC001", "GC002"}),
        (("GC003",), set()),
    ],
)
def test_codes_are_ignored_by_their_beginnings(
    make_report: MakeReport, make_finding: MakeFinding, codes: tuple[str, ...], marked: set[str]
) -> None:
    findings = (make_finding(code="GC001"), make_finding(code="GC002"))
    target = TargetReport("m:f", findings=findings, ignores=(replace(BY_COMMENT, codes=codes),))
    report = suppressed(make_report(target), nothing)
    assert {code for code, place in marks(report) if place} == marked
    (found,) = report.targets
    assert found.status == ("clean" if len(marked) == 2 else "findings")
    assert {f.code for f in found.counted} == {"GC001", "GC002"} - marked
    for finding in found.suppressed:
        assert finding.suppressed == Suppression("comment", "clipped above", "losses.py:12")


def test_a_line_is_about_causes_on_it_wherever_the_file_is_named_from(
    make_report: MakeReport, make_finding: MakeFinding
) -> None:
    ignore = replace(BY_COMMENT, lines=Lines("losses.py", 20, 21))
    there = [make_finding(code="GC002", cause=replace(CAUSE, line=line)) for line in (19, 20, 21, 22)]
    other = [
        make_finding(code="GC002", cause=replace(CAUSE, file="losses.py")),
        make_finding(code="GC002", cause=replace(CAUSE, file="/elsewhere/losses.py")),
        make_finding(code="GC002", cause=replace(CAUSE, file=None, line=None)),
        make_finding(code="GC002"),
    ]
    target = TargetReport("m:f", findings=(*there, *other), ignores=(ignore,))
    found = [place for _, place in marks(suppressed(make_report(target), nothing))]
    assert [place is not None for place in found] == [False, True, True, False, True, False, False, False]


def test_what_the_configuration_says_is_told_with_the_target(
    make_report: MakeReport, make_finding: MakeFinding
) -> None:
    said = Ignore(("GC001",), "legacy", "configuration", "pyproject.toml")
    targets = [TargetReport(name, findings=(make_finding(),)) for name in ("m:f", "m:g")]
    report = suppressed(make_report(*targets), lambda target: (said,) if target == "m:f" else ())
    assert marks(report) == [("GC001", "pyproject.toml"), ("GC001", None)]
    assert [t.ignores for t in report.targets] == [(said,), ()]
    assert suppressed(report, lambda target: (said,) if target == "m:f" else ()) == report


def test_what_was_suppressed_before_stays_so(make_report: MakeReport, make_finding: MakeFinding) -> None:
    known = Suppression("baseline", "", "b.json")
    target = TargetReport("m:f", findings=(make_finding(suppressed=known),), ignores=(BY_COMMENT,))
    assert marks(suppressed(make_report(target), nothing)) == [("GC001", "b.json")]


def test_a_mistake_ignores_nothing_and_is_told_once(make_report: MakeReport, make_finding: MakeFinding) -> None:
    wrong = Ignore((), "", "comment", "m.py:3", mistake="GC123: no such code")
    targets = [TargetReport(name, findings=(make_finding(),), ignores=(wrong,)) for name in ("m:f", "m:g")]
    report = suppressed(make_report(*targets), nothing)
    assert marks(report) == [("GC001", None), ("GC001", None)]
    assert mistakes(report) == ("m.py:3: this comment ignores nothing: GC123: no such code",)
    assert with_notes(report, GateOptions()) == report


def notes(report: Report, options: GateOptions | None = None) -> list[str]:
    return [n for t in with_notes(report, options or GateOptions()).targets for n in t.notes]


def test_an_unused_ignore_is_a_note_code_by_code(make_report: MakeReport, make_finding: MakeFinding) -> None:
    ignore = replace(BY_COMMENT, codes=("GC001", "GC002", "GC003"))
    target = TargetReport("m:f", findings=(make_finding(code="GC002"),), ignores=(ignore,), notes=("before",))
    assert notes(make_report(target)) == [
        "before",
        "unused ignore GC001 at losses.py:12: remove it",
        "unused ignore GC003 at losses.py:12: remove it",
    ]
    assert notes(make_report(target), GateOptions(select=("GC001",))) == [
        "before",
        "unused ignore GC001 at losses.py:12: remove it",
    ]
    every = replace(BY_COMMENT, codes=("GC",))
    assert notes(make_report(TargetReport("m:f", ignores=(every,)))) == ["unused ignore at losses.py:12: remove it"]
    assert notes(make_report(TargetReport("m:f", ignores=(every,))), GateOptions(ignore=("GC004",))) == []


def test_an_ignore_is_used_where_one_of_several_targets_uses_it(
    make_report: MakeReport, make_finding: MakeFinding
) -> None:
    clean = TargetReport("m:f", ignores=(BY_COMMENT,))
    uses = TargetReport("m:g", findings=(make_finding(code="GC002"),), ignores=(BY_COMMENT,))
    assert notes(make_report(clean, uses)) == []
    assert notes(make_report(clean, replace(clean, target="m:h"))) == ["unused ignore GC002 at losses.py:12: remove it"]


def test_of_what_was_not_checked_nothing_is_said(make_report: MakeReport) -> None:
    search = SearchReport((), ("x",), (), {"even": 1}, 0, (), False, ("ones",), cut=True)
    broken = TargetReport("m:f", error=TargetError("GC901", "no"), ignores=(BY_COMMENT,))
    assert notes(make_report(broken, TargetReport("m:g", search=search, ignores=(BY_COMMENT,)))) == []
    assert notes(make_report(TargetReport("m:g", search=replace(search, cut=False), ignores=(BY_COMMENT,)))) != []


def test_a_comment_without_a_reason_works_and_is_asked_for_one(
    make_report: MakeReport, make_finding: MakeFinding
) -> None:
    bare = replace(BY_COMMENT, reason="")
    report = suppressed(
        make_report(TargetReport("m:f", findings=(make_finding(code="GC002"),), ignores=(bare,))), nothing
    )
    assert marks(report) == [("GC002", "losses.py:12")]
    assert notes(report) == ["losses.py:12: write a reason: # gradcheck: ignore[GC002] -- reason"]
    configured = replace(bare, by="configuration")
    assert notes(make_report(TargetReport("m:f", findings=(make_finding(code="GC002"),), ignores=(configured,)))) == []
