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
    told: dict[str, Counter[str]] = {}
    for finding in target.suppressed:
        told.setdefault(by_what(finding), Counter())[finding.code] += 1
    listed = [f"{codes_text(codes)} ({what})" for what, codes in told.items()]
    return [wrapped(f"{len(target.suppressed)} suppressed: {', '.join(listed)}", style, "  ")]


def by_what(finding: Finding) -> str:
    """Where it is said that a finding does not count, and why."""
    by = finding.suppressed
    assert by is not None, "asked of what is suppressed"
    return one_line(f"{by.place}{': ' + by.reason if by.reason else ''}")


def codes_text(codes: Counter[str]) -> str:
    """Codes, with how many there are of each."""
    return ", ".join(f"{number} {code}" if number > 1 else code for code, number in codes.items())
