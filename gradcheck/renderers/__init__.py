"""Renderers: a report becomes text.

In: a report. Out: a string; same report, same bytes. One format a file, all of them in one table; a file is imported
when its format is asked for.
"""

from collections.abc import Callable, Mapping

from gradcheck.records import Report
from gradcheck.renderers.styles import Style


def table(report: Report, style: Style) -> str:
    """For people."""
    from gradcheck.renderers.table import render_table

    return render_table(report, style)


def as_json(report: Report, style: Style) -> str:
    """For programs."""
    from gradcheck.renderers.json_report import render_json

    return render_json(report, style)


def as_html(report: Report, style: Style) -> str:
    """For a browser."""
    from gradcheck.renderers.html_report import render_html

    return render_html(report, style)


FORMATS: Mapping[str, Callable[[Report, Style], str]] = {"table": table, "json": as_json, "html": as_html}


def render(report: Report, name: str, style: Style) -> str:
    """The report in the format `name`, ending with a newline, or empty."""
    return FORMATS[name](report, style)


__all__ = ["FORMATS", "Style", "render"]
