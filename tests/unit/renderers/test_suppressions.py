"""What does not count: a line of the table, fields of the JSON report."""

import json
from collections.abc import Callable
from dataclasses import replace
from importlib import resources
from typing import Any

import jsonschema
import pytest

from gradcheck.floats import FORMATS
from gradcheck.records import (
    Class,
    Finding,
    Ignore,
    Lines,
    Place,
    Report,
    SearchReport,
    Suppression,
    Sweep,
    TargetReport,
)
from gradcheck.renderers import render
from gradcheck.renderers.styles import Style

MakeFinding = Callable[..., Finding]
MakeSweep = Callable[..., Sweep]
MakeTarget = Callable[..., TargetReport]
MakeReport = Callable[..., Report]

SCHEMA = json.loads((resources.files("gradcheck.renderers") / "report.schema.json").read_text(encoding="utf-8"))
FLOAT32 = FORMATS["float32"]
COMMENT = Suppression("comment", "the range is clipped above", "losses.py:12")
BASELINE = Suppression("baseline", "", "b.json")


@pytest.fixture
def bad_sweep(make_sweep: MakeSweep) -> Sweep:
    return make_sweep(
        (FLOAT32.min_ordinal, 0, Class.FINITE, Class.FINITE), (1, FLOAT32.max_ordinal, Class.INF, Class.NAN)
    )


def table(report: Report, style: Style | None = None) -> str:
    text = render(report, "table", style or Style())
    assert text == render(report, "table", style or Style())
    return text


def test_a_target_all_of_whose_findings_are_suppressed_is_clean(
    bad_sweep: Sweep, make_finding: MakeFinding, make_target: MakeTarget, make_report: MakeReport
) -> None:
    findings = (make_finding(code="GC002", suppressed=COMMENT), make_finding(suppressed=BASELINE))
    target = make_target(bad_sweep, findings=findings, notes=("unused ignore GC003 at losses.py:9: remove it",))
    assert target.status == "clean"
    assert table(make_report(target)) == (
        "samples.softplus:my_softplus  clean, 2 suppressed\n  z: all 4,278,190,080 floats run\n"
        "  2 suppressed: GC002 (losses.py:12: the range is clipped above), GC001 (b.json)\n"
        "  note: unused ignore GC003 at losses.py:9: remove it\n"
    )


def test_beside_findings_that_count_they_are_one_line(
    bad_sweep: Sweep, make_finding: MakeFinding, make_target: MakeTarget, make_report: MakeReport
) -> None:
    codes = ("GC001", "GC003", "GC001")
    known = tuple(make_finding(code=c, severity="info", message="not shown", suppressed=BASELINE) for c in codes)
    text = table(make_report(make_target(bad_sweep, findings=(make_finding(), *known))))
    assert text.splitlines()[0] == "samples.softplus:my_softplus  1 error, 3 suppressed"
    assert "  3 suppressed: 2 GC001, GC003 (b.json)\n" in text
    assert "not shown" not in text
    assert text.count("GC001 error") == 1


@pytest.mark.parametrize("counted", [True, False])
def test_tensor_targets_too(counted: bool, make_finding: MakeFinding, make_report: MakeReport) -> None:
    search = SearchReport((), ("x",), (), {"even": 9}, 9, (), False, ("ones",))
    findings = (
        make_finding(lo=None, hi=None, suppressed=COMMENT),
        *([make_finding(lo=None, hi=None)] if counted else []),
    )
    text = table(make_report(TargetReport("m:f", findings=findings, modes=("graph",), search=search)))
    assert text.startswith(
        "m:f  1 error, 1 suppressed\n" if counted else "m:f  clean, 1 suppressed  by x: 9 points run\n"
    )
    assert "  1 suppressed: GC001 (losses.py:12: the range is clipped above)\n" in text


def test_the_last_line_counts_them_as_clean(make_finding: MakeFinding, make_report: MakeReport) -> None:
    targets = (
        TargetReport("m:f", findings=(make_finding(suppressed=COMMENT),)),
        TargetReport("m:g", findings=(make_finding(), make_finding(suppressed=COMMENT))),
    )
    assert table(make_report(*targets)).endswith("2 targets: 1 clean, 1 with findings; 2 findings suppressed\n")


def test_no_control_sequence_and_no_line_too_long(
    bad_sweep: Sweep, make_finding: MakeFinding, make_target: MakeTarget, make_report: MakeReport
) -> None:
    odd = Suppression("configuration", "\x1b[31mred\x07 " + "words " * 40, "a\x1b]0;title.py:1")
    text = table(make_report(make_target(bad_sweep, findings=(make_finding(suppressed=odd),))))
    assert all(line.isprintable() for line in text.splitlines())
    assert max(map(len, text.splitlines())) <= 80


def as_json(report: Report) -> Any:
    text = render(report, "json", Style())
    assert text == render(report, "json", Style())
    found = json.loads(text)
    jsonschema.validate(found, SCHEMA, cls=jsonschema.Draft202012Validator)
    return found


def test_json_has_all_of_it(
    bad_sweep: Sweep, make_finding: MakeFinding, make_target: MakeTarget, make_report: MakeReport
) -> None:
    line = Ignore(("GC002",), "clipped", "comment", "losses.py:12", Lines("losses.py", 11, 12))
    wrong = Ignore((), "", "comment", "losses.py:14", mistake="GC123: no such code")
    findings = (make_finding(code="GC002", suppressed=COMMENT), make_finding())
    target = make_target(bad_sweep, findings=findings, place=Place("losses.py", 10), ignores=(line, wrong))
    report = as_json(make_report(target, replace(target, target="m:g", findings=findings[:1], place=None, ignores=())))
    first, second = report["targets"]
    assert report["summary"] == {"targets": 2, "clean": 1, "findings": 1, "errors": 0, "suppressed": 2}
    assert (first["status"], second["status"]) == ("findings", "clean")
    assert [f["suppressed"] for f in first["findings"]] == [
        {"by": "comment", "reason": "the range is clipped above", "place": "losses.py:12"},
        None,
    ]
    assert (first["place"], second["place"]) == ({"file": "losses.py", "line": 10}, None)
    assert first["ignores"] == [
        {
            "codes": ["GC002"],
            "reason": "clipped",
            "by": "comment",
            "place": "losses.py:12",
            "lines": {"file": "losses.py", "first": 11, "last": 12},
            "mistake": None,
        },
        {
            "codes": [],
            "reason": "",
            "by": "comment",
            "place": "losses.py:14",
            "lines": None,
            "mistake": "GC123: no such code",
        },
    ]


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("place",), {"file": "x"}),
        (("ignores",), [{}]),
        (("findings", 0, "suppressed"), {"by": "whim", "reason": "", "place": ""}),
    ],
)
def test_the_schema_can_fail(
    place: tuple[Any, ...],
    value: Any,
    bad_sweep: Sweep,
    make_finding: MakeFinding,
    make_target: MakeTarget,
    make_report: MakeReport,
) -> None:
    report = as_json(make_report(make_target(bad_sweep, findings=(make_finding(suppressed=COMMENT),))))
    found = report["targets"][0]
    for key in place[:-1]:
        found = found[key]
    found[place[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(report, SCHEMA, cls=jsonschema.Draft202012Validator)
