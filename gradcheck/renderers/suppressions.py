"""What does not count, in one line of the table.

In: a target's report. Out: how many findings are suppressed, their codes, and by what.
"""

from collections import Counter

from gradcheck.errors import one_line
from gradcheck.records import Finding, TargetReport
from gradcheck.renderers.paragraphs import wrapped
from gradcheck.renderers.styles import Style


def clean_word(target: TargetReport, style: Style) -> str:
    """What a target without findings that count is."""
    number = len(target.suppressed)
    return style.paint("clean", "good") + (f", {number} suppressed" if number else "")


def suppressed_lines(target: TargetReport, style: Style) -> list[str]:
    """The line, where there is something to tell."""
    if not target.suppressed:
        return []
    told = Counter(by_what(finding) for finding in target.suppressed)
    listed = ", ".join(f"{number} {text}" if number > 1 else text for text, number in told.items())
    return [wrapped(f"{len(target.suppressed)} suppressed: {listed}", style, "  ")]


def by_what(finding: Finding) -> str:
    """A code, with where it is said that it does not count, and why."""
    by = finding.suppressed
    assert by is not None, "asked of what is suppressed"
    return one_line(f"{finding.code} ({by.place}{': ' + by.reason if by.reason else ''})")
