"""Renderers: a report becomes text.

In: a report. Out: a string; same report, same bytes. One format a file, all of them in one table; a file is imported
when its format is asked for. Every format but JSON gets the report with its texts made printable, so that nothing of
somebody else's reaches a terminal, or a line-by-line reader, as anything but text.
"""

from collections.abc import Callable, Mapping

from gradcheck.records import Report
from gradcheck.renderers.cleaning import cleaned
from gradcheck.renderers.styles import Style


def table(report: Report, style: Style) -> str:
    """For people."""
    from gradcheck.renderers.table import render_table

    return render_table(report, style)


def as_json(report: Report, style: Style) -> str:
    """For programs."""
    from gradcheck.renderers.json_report import render_json

    return render_json(report, style)


def sarif(report: Report, style: Style) -> str:
    """For code scanning."""
    from gradcheck.renderers.sarif import render_sarif

    return render_sarif(report, style)


def junit(report: Report, style: Style) -> str:
    """For what shows test results."""
    from gradcheck.renderers.junit import render_junit

    return render_junit(report, style)


def github(report: Report, style: Style) -> str:
    """For the log of GitHub Actions."""
    from gradcheck.renderers.github import render_github

    return render_github(report, style)


def markdown(report: Report, style: Style) -> str:
    """For the summary of a job."""
    from gradcheck.renderers.markdown import render_markdown

    return render_markdown(report, style)


def as_html(report: Report, style: Style) -> str:
    """For a browser."""
    from gradcheck.renderers.html_report import render_html

    return render_html(report, style)


FORMATS: Mapping[str, Callable[[Report, Style], str]] = {
    "table": table,
    "json": as_json,
    "sarif": sarif,
    "junit": junit,
    "github": github,
    "markdown": markdown,
    "html": as_html,
}


def render(report: Report, name: str, style: Style) -> str:
    """The report in the format `name`, ending with a newline, or empty."""
    return FORMATS[name](report if name == "json" else cleaned(report), style)


__all__ = ["FORMATS", "Style", "render"]
