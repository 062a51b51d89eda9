"""SARIF keeps to the schema of OASIS, and its fingerprints outlive what does not matter."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gradcheck.records import Finding, Place, Report, Suppression, TargetReport
from gradcheck.renderers import Style, render
from gradcheck.rules import RULES
from tests.specimens import BROKEN, CAUSE, HOSTILE, NAN_FINDING, REPORTS, SEVERAL, SWEPT, hostile, report

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "sarif-2.1.0-rtm.5.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft4Validator(SCHEMA, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER)


def run_of(found: Report) -> Any:
    written = render(found, "sarif", Style())
    assert written.isascii()
    log = json.loads(written)
    VALIDATOR.validate(log)
    (run,) = log["runs"]
    return run


@pytest.mark.parametrize("name", REPORTS)
def test_it_keeps_to_the_schema(name: str) -> None:
    run_of(REPORTS[name])


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_text(text: str) -> None:
    run = run_of(hostile(text))
    for result in run["results"]:
        assert "](" not in result["message"]["text"]
        for where in result["locations"]:
            if "physicalLocation" in where:
                assert where["physicalLocation"]["artifactLocation"]["uri"].startswith(
                    ("samples/softplus.py", "train.py")
                )
    assert "\\ud800" not in json.dumps(run).replace("\\\\ud800", "")


def test_the_schema_can_be_broken() -> None:
    log = json.loads(render(REPORTS["swept"], "sarif", Style()))
    log["runs"][0]["results"][0]["level"] = "info"
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(log)


def test_every_code_is_a_rule_with_help() -> None:
    driver = run_of(REPORTS["empty"])["tool"]["driver"]
    assert [rule["id"] for rule in driver["rules"]] == [rule.code for rule in RULES]
    for found, rule in zip(driver["rules"], RULES, strict=True):
        assert found["defaultConfiguration"]["level"] == rule.severity
        assert rule.explanation in found["help"]["markdown"]
    assert [rule["id"] for rule in driver["notifications"]] == [f"GC90{i}" for i in range(1, 10)]


def test_a_result_is_at_the_line_of_its_cause() -> None:
    first, second = run_of(REPORTS["swept"])["results"]
    assert (first["ruleId"], first["level"]) == ("GC001", "error")
    place = first["locations"][0]["physicalLocation"]
    assert place == {
        "artifactLocation": {"uri": "samples/softplus.py", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 12, "snippet": {"text": "return tf.math.log(tf.exp(z) + 1)"}},
    }
    assert second["locations"][0]["physicalLocation"]["region"] == {"startLine": 10}  # the target's place
    assert first["message"]["text"].splitlines()[1] == "at z = 100: output inf (true 100), gradient nan (true 1)"
    assert first["properties"]["lo"] == 88.72284


def test_the_cause_is_a_flow_from_the_call_to_where_it_is_born() -> None:
    first, second = run_of(REPORTS["swept"])["results"]
    steps = [s["location"] for s in first["codeFlows"][0]["threadFlows"][0]["locations"]]
    assert [s["message"]["text"] for s in steps] == [
        "samples.softplus:my_softplus is called", "forward: Exp", "backward: Mul: in Exp at softplus.py:12: NaN",
    ]  # fmt: skip
    assert [s["physicalLocation"]["region"]["startLine"] for s in steps] == [10, 12, 12]
    ends = [s["location"] for s in second["codeFlows"][0]["threadFlows"][0]["locations"]]
    assert [s["message"]["text"][:13] for s in ends] == ["samples.softp", "backward: Mul"]


def test_levels_and_suppressions() -> None:
    first, second = run_of(report(SEVERAL))["results"]
    assert (first["level"], second["level"]) == ("warning", "note")
    assert "suppressions" not in first
    (why,) = second["suppressions"]
    assert why == {"kind": "inSource", "status": "accepted", "justification": "a straight-through estimator (m.py:3)"}
    baseline = replace(NAN_FINDING, suppressed=Suppression("baseline", "", "baseline.json"))
    (found,) = run_of(report(replace(SWEPT, findings=(baseline,))))["results"]
    assert found["suppressions"][0]["kind"] == "external"
    assert found["suppressions"][0]["justification"] == "baseline.json"


def test_what_could_not_be_checked_is_a_notification() -> None:
    (invocation,) = run_of(report(BROKEN, SWEPT))["invocations"]
    assert invocation["executionSuccessful"] is False
    (told,) = invocation["toolExecutionNotifications"]
    assert told["descriptor"] == {"id": "GC902", "index": 1}
    assert told["message"]["text"] == "m:broken: m: has no broken; it has: working"
    assert run_of(report(SWEPT))["invocations"] == [{"executionSuccessful": True, "toolExecutionNotifications": []}]


def prints(*findings: Finding, target: TargetReport = SWEPT) -> list[Any]:
    results = run_of(report(replace(target, findings=findings)))["results"]
    return [result["partialFingerprints"] for result in results]


def test_a_fingerprint_does_not_depend_on_lines_and_ends() -> None:
    assert NAN_FINDING.lo is not None
    moved = replace(NAN_FINDING, lo=NAN_FINDING.lo + 1, message="another one", cause=replace(CAUSE, line=99))
    assert prints(moved, target=replace(SWEPT, place=Place("samples/softplus.py", 98))) == prints(NAN_FINDING)


def test_a_comment_on_the_line_makes_no_other_finding() -> None:
    commented = replace(
        NAN_FINDING, cause=replace(CAUSE, source=f"{CAUSE.source}  # gradcheck: ignore[GC001] -- known")
    )
    assert prints(commented) == prints(NAN_FINDING)


@pytest.mark.parametrize(
    "other",
    [
        replace(NAN_FINDING, code="GC002"),
        replace(NAN_FINDING, version="custom"),
        replace(NAN_FINDING, wrt="y"),
        replace(NAN_FINDING, cause=replace(CAUSE, source="return z")),
    ],
)
def test_it_depends_on_what_it_is_about(other: Finding) -> None:
    assert prints(other) != prints(NAN_FINDING)
    assert prints(NAN_FINDING, target=replace(SWEPT, target="m:other")) != prints(NAN_FINDING)


def test_two_findings_of_one_kind_are_told_apart() -> None:
    first, second = prints(NAN_FINDING, replace(NAN_FINDING, lo=5, hi=6))
    assert first != second
    assert {*first} == {"gradcheckFinding/v1", "primaryLocationLineHash"}


def test_a_file_elsewhere_and_code_that_was_typed() -> None:
    outside = replace(NAN_FINDING, cause=replace(CAUSE, file="/opt/lib/a b.py"))
    typed = replace(NAN_FINDING, cause=replace(CAUSE, file="<stdin>"))
    nowhere = replace(SWEPT, place=None, findings=(outside, typed))
    first, second = run_of(report(nowhere))["results"]
    assert first["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "file:///opt/lib/a%20b.py"}
    assert "physicalLocation" not in second["locations"][0]
