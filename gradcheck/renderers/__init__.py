"""Renderers: a report becomes text.

In: a report. Out: a string; same report, same bytes. One format a file, all of them in one table.
"""

from collections.abc import Callable, Mapping

from gradcheck.records import Report
from gradcheck.renderers.json_report import render_json
from gradcheck.renderers.styles import Style
from gradcheck.renderers.table import render_table

FORMATS: Mapping[str, Callable[[Report, Style], str]] = {"table": render_table, "json": render_json}


def render(report: Report, name: str, style: Style) -> str:
    """The report in the format `name`, ending with a newline, or empty."""
    return FORMATS[name](report, style)


__all__ = ["FORMATS", "Style", "render"]
