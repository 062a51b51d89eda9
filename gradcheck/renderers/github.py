"""Annotations in the log of GitHub Actions, as workflow commands.

In: a report. Out: a line a finding, the most severe first, since few of them are shown; what is suppressed is left out.
Values are escaped by the rules of workflow commands, so that nothing in them can end the line or begin another one.
"""

from gradcheck.records import Finding, Report, TargetReport
from gradcheck.renderers.places import error_text, finding_place, is_absolute
from gradcheck.renderers.styles import Style
from gradcheck.renderers.witnesses import evidence
from gradcheck.rules import BY_CODE
from gradcheck.vocabulary import SEVERITIES

COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}
"""The command of each severity."""


def render_github(report: Report, style: Style) -> str:
    """All annotations; empty where there is nothing to say."""
    del style
    lines = [(SEVERITIES[-1], error_line(t)) for t in report.targets if t.error]
    lines += [(f.severity, finding_line(f, t)) for t in report.targets for f in t.findings if not f.suppressed]
    ordered = sorted(lines, key=lambda line: -SEVERITIES.index(line[0]))
    return "".join(line + "\n" for _, line in ordered)


def finding_line(finding: Finding, target: TargetReport) -> str:
    """One finding, at the line that it comes from."""
    place = finding_place(finding, target)
    where = {"file": place.file, "line": str(place.line)} if place and not is_absolute(place.file) else {}
    message = [f"{target.target}: {finding.message}", *evidence(finding)]
    message += [f"next: {finding.suggestion}"] if finding.suggestion else []
    title = f"{finding.code} {finding.name}"
    return command(COMMANDS[finding.severity], {**where, "title": title}, "\n".join(message))


def error_line(target: TargetReport) -> str:
    """A target that could not be checked."""
    assert target.error is not None, "asked of those alone"
    rule = BY_CODE[target.error.code]
    return command("error", {"title": f"{rule.code} {rule.name}"}, error_text(target))


def command(name: str, properties: dict[str, str], message: str) -> str:
    """A workflow command."""
    listed = ",".join(f"{key}={in_property(value)}" for key, value in properties.items())
    return f"::{name} {listed}::{in_message(message)}"


def in_message(text: str) -> str:
    """A message in one line."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def in_property(text: str) -> str:
    """A property, which a colon or a comma would end."""
    return in_message(text).replace(":", "%3A").replace(",", "%2C")
