"""SARIF 2.1.0, for code scanning and editors.

In: a report. Out: JSON that keeps to the schema of OASIS. Plain dictionaries: no library that writes SARIF is kept up
(sarif-om is of 2019, sarif-pydantic accepts any field). Fingerprints name the target, the code and the line of source
as it is written, neither line numbers nor the ends of intervals, so that they outlive an edit elsewhere in the file and
an upgrade that moves an end by an ulp.
"""

import hashlib
import json
from collections import Counter
from typing import Any

from gradcheck.records import Cause, Finding, Report, Suppression, TargetReport
from gradcheck.renderers.numbers import interval_object
from gradcheck.renderers.places import LEVELS, cause_place, error_text, finding_place, is_absolute, target_place, uri
from gradcheck.renderers.styles import Style
from gradcheck.renderers.training_json import step_object
from gradcheck.renderers.witnesses import evidence
from gradcheck.rules import ERRORS, RULES, Rule

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "%SRCROOT%"
"""The directory that paths are relative to."""

PLACES = {rule.code: i for i, rule in enumerate(RULES)}
NOTIFICATIONS = {rule.code: i for i, rule in enumerate(ERRORS)}
"""Where each code stands in the list of rules, and in that of what could not be checked."""

SUPPRESSED = {"comment": "inSource", "configuration": "external", "baseline": "external"}


def render_sarif(report: Report, style: Style) -> str:
    """The report as SARIF, ASCII only."""
    del style
    return json.dumps(log_object(report), indent=2, allow_nan=False) + "\n"


def log_object(report: Report) -> dict[str, Any]:
    """The whole log, of one run."""
    errors = [target for target in report.targets if target.error]
    seen: Counter[str] = Counter()
    run = {
        "tool": {"driver": driver(report)},
        "originalUriBaseIds": {ROOT: {"description": {"text": "The directory that gradcheck was run in."}}},
        "invocations": [
            {
                "executionSuccessful": not errors,
                "toolExecutionNotifications": [notification(target) for target in errors],
            }
        ],
        "columnKind": "unicodeCodePoints",
        "results": [result(f, target, seen) for target in report.targets for f in target.findings],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def driver(report: Report) -> dict[str, Any]:
    """The tool and its rules."""
    return {
        "name": "gradcheck",
        "version": report.version,
        "rules": [descriptor(rule) for rule in RULES],
        "notifications": [descriptor(rule) for rule in ERRORS],
    }


def descriptor(rule: Rule) -> dict[str, Any]:
    """One rule, with its help."""
    sentence = f"{rule.summary[0].upper()}{rule.summary[1:]}."
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": sentence},
        "fullDescription": {"text": f"{sentence} {rule.explanation}"},
        "help": {
            "text": rule.explanation,
            "markdown": f"**{rule.code} {rule.name}**: {rule.summary}.\n\n{rule.explanation}",
        },
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
    }


def notification(target: TargetReport) -> dict[str, Any]:
    """Why a target could not be checked."""
    assert target.error is not None, "asked of those alone"
    code = target.error.code
    return {
        "descriptor": {"id": code, "index": NOTIFICATIONS[code]},
        "level": "error",
        "message": message(error_text(target)),
        "locations": [location(target)],
    }


def result(finding: Finding, target: TargetReport, seen: Counter[str]) -> dict[str, Any]:
    """One finding."""
    found: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": PLACES[finding.code],
        "level": LEVELS[finding.severity],
        "message": message(told(finding, target)),
        "locations": [location(target, finding)],
        "partialFingerprints": fingerprints(finding, target, seen),
        "properties": {
            "version": finding.version,
            "wrt": finding.wrt,
            "kind": finding.kind,
            "mode": finding.mode,
            "masked": finding.masked,
            **interval_object(finding.fmt, finding.lo, finding.hi),
            **(step_object(finding.training) if finding.training else {}),
        },
    }
    if finding.cause:
        found["codeFlows"] = [code_flow(finding.cause, target)]
    if finding.suppressed:
        found["suppressions"] = [suppression(finding.suppressed)]
    return found


def told(finding: Finding, target: TargetReport) -> str:
    """What, shown by what, and what next."""
    following = [f"next: {finding.suggestion}"] if finding.suggestion else []
    return "\n".join([f"{target.target}: {finding.message}", *evidence(finding), *following])


def message(text: str) -> dict[str, str]:
    """A text in which nothing is a link: SARIF makes one of `[words](address)`."""
    return {"text": text.replace("](", "] (")}


def location(target: TargetReport, finding: Finding | None = None, words: str = "") -> dict[str, Any]:
    """A line of source, as far as there is one, and the target by its name."""
    place = finding_place(finding, target) if finding else target_place(target)
    source = finding.cause.source if finding and finding.cause and place == cause_place(finding) else None
    kind = "module" if target.training else "function"
    found: dict[str, Any] = {"logicalLocations": [{"fullyQualifiedName": target.target, "kind": kind}]}
    if place:
        found["physicalLocation"] = physical(place.file, place.line, source)
    if words:
        found["message"] = message(words)
    return found


def physical(file: str, line: int, source: str | None) -> dict[str, Any]:
    """A line of a file."""
    base = {} if is_absolute(file) else {"uriBaseId": ROOT}
    snippet = {"snippet": {"text": source}} if source else {}
    return {"artifactLocation": {"uri": uri(file), **base}, "region": {"startLine": line, **snippet}}


def code_flow(cause: Cause, target: TargetReport) -> dict[str, Any]:
    """From the target by the forward operation to the operation in which the bad value is born."""
    steps = [location(target, words=f"{target.target} is called")] if target_place(target) else []
    here: dict[str, Any] = {"logicalLocations": [{"name": cause.node or cause.op, "kind": "member"}]}
    if cause.file and cause.line and not cause.file.startswith("<"):
        here["physicalLocation"] = physical(cause.file, cause.line, cause.source)
    if cause.forward_op:
        steps.append({**here, "message": message(f"forward: {cause.forward_op}")})
    is_backward = cause.forward_op != cause.op
    born = f"{'backward' if is_backward else 'here'}: {cause.op}" + (f": {cause.message}" if cause.message else "")
    steps.append({**here, "message": message(born)})
    return {"threadFlows": [{"locations": [{"location": step, "executionOrder": i} for i, step in enumerate(steps)]}]}


def fingerprints(finding: Finding, target: TargetReport, seen: Counter[str]) -> dict[str, str]:
    """What stays the same as long as it is the same finding; those that agree in it are counted."""
    source = (finding.cause.source if finding.cause else None) or ""
    code = " ".join(source.partition("#")[0].split())  # neither blanks nor a comment make it another line
    words = json.dumps([target.target, finding.code, finding.version, finding.wrt, code])
    digest = hashlib.sha256(words.encode("ascii")).hexdigest()
    seen[digest] += 1
    return {
        "gradcheckFinding/v1": f"{digest}:{seen[digest]}",
        "primaryLocationLineHash": f"{digest[:16]}:{seen[digest]}",
    }


def suppression(why: Suppression) -> dict[str, Any]:
    """Why it does not count."""
    reason = f"{why.reason} ({why.place})" if why.reason else why.place
    return {"kind": SUPPRESSED.get(why.by, "external"), "status": "accepted", "justification": reason}
