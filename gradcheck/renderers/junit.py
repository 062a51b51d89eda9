"""JUnit XML, as Jenkins, GitLab and others read it.

In: a report. Out: XML. A suite a target, a test case a finding, or one that passes where there is none. What fails the
run is a failure, what could not be checked an error, what is suppressed is skipped, and the rest passes with its
message as output. Written with the standard library: `junitparser` takes lxml where that is installed, which may write
other bytes.
"""

from xml.etree import ElementTree as ET

from gradcheck.records import Finding, Report, TargetReport
from gradcheck.renderers.styles import Style
from gradcheck.renderers.witnesses import evidence
from gradcheck.rules import BY_CODE
from gradcheck.vocabulary import SEVERITIES

KINDS = {"failures": "failure", "errors": "error", "skipped": "skipped"}
"""What is counted of a suite, and the element that says so of a test case."""


def render_junit(report: Report, style: Style) -> str:
    """The report as XML."""
    failing = SEVERITIES[SEVERITIES.index(style.fail_on) :]
    suites = [suite(target, failing) for target in report.targets]
    total = {name: str(sum(int(s.get(name, "0")) for s in suites)) for name in ("tests", "failures", "errors")}
    root = ET.Element("testsuites", {"name": "gradcheck", **total})
    root.extend(suites)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def suite(target: TargetReport, failing: tuple[str, ...]) -> ET.Element:
    """One target."""
    cases = [error_case(target)] if target.error else finding_cases(target, failing) or [case(target, "clean")]
    counted = {name: str(sum(c.find(kind) is not None for c in cases)) for name, kind in KINDS.items()}
    place = {"file": target.place.file} if target.place else {}
    element = ET.Element("testsuite", {"name": target.target, "tests": str(len(cases)), **counted, **place})
    element.extend(cases)
    return element


def case(target: TargetReport, name: str) -> ET.Element:
    """One test case, which passes."""
    return ET.Element("testcase", {"classname": target.target, "name": name})


def error_case(target: TargetReport) -> ET.Element:
    """A target that could not be checked."""
    assert target.error is not None, "asked of those alone"
    rule, found = BY_CODE[target.error.code], case(target, "could not be checked")
    ET.SubElement(found, "error", {"type": f"{rule.code} {rule.name}", "message": target.error.message})
    return found


def finding_cases(target: TargetReport, failing: tuple[str, ...]) -> list[ET.Element]:
    """A test case a finding, each with a name of its own that does not depend on the exact ends."""
    cases: list[ET.Element] = []
    names: dict[str, int] = {}
    for finding in target.findings:
        name = f"{finding.code} {finding.name}: {about(finding)}"
        names[name] = names.get(name, 0) + 1
        numbered = name if names[name] == 1 else f"{name} ({names[name]})"
        cases.append(finding_case(case(target, numbered), finding, failing))
    return cases


def about(finding: Finding) -> str:
    """Whose gradient: of a version by an input, or that an optimizer was given."""
    if finding.training is None:
        return f"{finding.version} gradient by {finding.wrt}"
    giver = finding.training.optimizer
    return f"gradients of {giver}" if giver is not None else "gradients of updates by hand"


def finding_case(found: ET.Element, finding: Finding, failing: tuple[str, ...]) -> ET.Element:
    """What came of one finding."""
    text = "\n".join([finding.message, *evidence(finding), *(["next: " + s] if (s := finding.suggestion) else [])])
    if finding.suppressed:
        why = finding.suppressed
        message = f"{why.by}, {why.place}" + (f": {why.reason}" if why.reason else "")
        ET.SubElement(found, "skipped", {"type": finding.code, "message": message}).text = text
    elif finding.severity in failing:
        kind = {"type": f"{finding.code} {finding.name}", "message": finding.message}
        ET.SubElement(found, "failure", kind).text = text
    else:
        ET.SubElement(found, "system-out").text = f"{finding.severity}: {text}"
    return found
