"""JUnit XML keeps to the schema of Jenkins and Surefire, and a parser finds in it what was put in."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from junitparser import Error, Failure, JUnitXml, Skipped
from lxml import etree

from gradcheck.records import Report
from gradcheck.renderers import Style, render
from tests.specimens import BROKEN, CLEAN, HOSTILE, REPORTS, SEVERAL, SWEPT, hostile, report

SCHEMA = etree.XMLSchema(etree.parse(str(Path(__file__).parents[2] / "schemas" / "junit-10.xsd")))


def parsed(found: Report, fail_on: str = "error") -> JUnitXml:
    written = render(found, "junit", Style(fail_on=fail_on))
    SCHEMA.assertValid(etree.fromstring(written.encode()))
    return JUnitXml.fromstring(written.encode())


@pytest.mark.parametrize("name", REPORTS)
def test_it_keeps_to_the_schema(name: str) -> None:
    parsed(REPORTS[name])


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_text(text: str) -> None:
    assert [len(list(suite)) for suite in parsed(hostile(text))] == [len(list(s)) for s in parsed(REPORTS["all"])]


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_is_xml(text: str) -> None:
    parsed(report(BROKEN, hostile(text).targets[0]))


def test_the_schema_can_be_broken() -> None:
    written = render(report(SWEPT), "junit", Style()).replace(' tests="2"', "", 2)
    assert not SCHEMA.validate(etree.fromstring(written.encode()))


def test_a_suite_a_target_and_a_case_a_finding() -> None:
    swept, several, clean, broken = parsed(report(SWEPT, SEVERAL, CLEAN, BROKEN))
    assert [(s.tests, s.failures, s.errors, s.skipped) for s in (swept, several, clean, broken)] == [
        (2, 2, 0, 0), (2, 0, 0, 1), (1, 0, 0, 0), (1, 0, 1, 0),
    ]  # fmt: skip
    first, _ = swept
    assert (first.classname, first.name) == (
        "samples.softplus:my_softplus", "GC001 nan-gradient: autodiff gradient by z",
    )  # fmt: skip
    (failure,) = first.result
    assert isinstance(failure, Failure)
    assert failure.type == "GC001 nan-gradient"
    assert failure.message == SWEPT.findings[0].message
    assert "at z = 100: output inf" in failure.text
    assert "    return tf.math.softplus(z)" in failure.text
    warned, skipped = several
    assert warned.result == []
    assert warned.system_out.startswith("warning: ")
    assert isinstance(skipped.result[0], Skipped)
    assert skipped.result[0].message == "comment, m.py:3: a straight-through estimator"
    assert [c.name for c in clean] == ["clean"]
    (error,) = next(iter(broken)).result
    assert isinstance(error, Error)
    assert (error.type, error.message) == ("GC902 no-such-attribute", "m: has no broken; it has: working")


def test_what_fails_is_what_fails_the_run() -> None:
    (several,) = parsed(report(SEVERAL), fail_on="warning")
    assert (several.failures, several.skipped) == (1, 1)


def test_names_are_unique_and_without_ends() -> None:
    (many,) = parsed(REPORTS["many"])
    names = [c.name for c in many]
    assert len(set(names)) == len(names) == many.tests
    assert names[1] == "GC001 nan-gradient: autodiff gradient by z (2)"


def test_the_totals_are_those_of_all_suites() -> None:
    root = etree.fromstring(render(REPORTS["all"], "junit", Style()).encode())
    for name in ("tests", "failures", "errors"):
        assert int(root.get(name, "")) == sum(int(s.get(name, "")) for s in root)
    assert int(root.get("tests", "")) == len(root.findall(".//testcase"))
