"""The HTML report: one file that needs nothing else.

In: a report. Out: a page with a plot for each swept input and each line through a witness. Principle: nothing on it
came from a user's code but as text. The template escapes what it is given, the plots' numbers travel as JSON in which
`<` cannot stand, what draws them writes text and no markup, and the page's policy lets no other script run and nothing
be fetched. Same report, same bytes.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from importlib import resources
from typing import Any

from gradcheck.errors import BAD_CONFIGURATION, CannotCheck
from gradcheck.records import Report
from gradcheck.renderers.html_report.views import page_of
from gradcheck.renderers.styles import Style

POLICY = (
    "default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; "
    "form-action 'none'"
)
"""Plotly writes styles of its own, and makes pictures of what is drawn; of scripts those with these digests run."""

UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
"""What ends a script, opens a comment or breaks a line in it, as JSON escapes."""


def render_html(report: Report, style: Style) -> str:
    """The page."""
    del style  # a browser has its own
    try:
        from jinja2 import Environment, StrictUndefined
        from plotly.offline import get_plotlyjs
    except ImportError as error:
        wanted = "the HTML report is drawn by plotly; pip install 'gradcheck[html]'"
        raise CannotCheck(BAD_CONFIGURATION, f"--format html: {error.name} is not installed: {wanted}") from error
    page = page_of(report)
    scripts = (get_plotlyjs(), own("plots.js")) if page.plots else ()
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    text = environment.from_string(own("page.html")).render(
        page=page,
        policy=POLICY.format(scripts=digests(scripts)),
        css=own("page.css"),
        scripts=scripts,
        data=in_script(page.plots),
    )
    return text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n"  # half a surrogate pair has no UTF-8


def own(name: str) -> str:
    """A file beside this one."""
    return resources.files(__name__).joinpath(name).read_text(encoding="utf-8")


def digests(scripts: Sequence[str]) -> str:
    """What a policy calls scripts by; it lets none run where there are none."""
    hashes = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    return " ".join(f"'sha256-{digest}'" for digest in hashes) or "'none'"


def in_script(value: Any) -> str:
    """JSON that may stand inside a script element."""
    text = json.dumps(value, allow_nan=False, ensure_ascii=True, separators=(",", ":"))
    return "".join(UNSAFE.get(c, c) for c in text)
