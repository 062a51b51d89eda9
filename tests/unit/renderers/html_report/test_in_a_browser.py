"""The page in headless Chromium: what draws runs, what is hostile does not.

Skipped where there is no browser. `alert` is replaced by a note on the root element, so that a script that runs is seen
in the document that comes out.
"""

import html
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from gradcheck.records import Environment, Report, TargetReport
from gradcheck.renderers import render
from gradcheck.renderers.styles import Style

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
BROWSER = next((found for name in BROWSERS if (found := shutil.which(name))), None)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason=f"no browser: none of {', '.join(BROWSERS)} is installed"),
]

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</script><script>alert(1)</script>",
    "<svg onload=alert(1)></svg>",
)
NOTING = '<script>window.alert = () => document.documentElement.setAttribute("data-executed", "yes")</script>'
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')


def document(text: str, folder: Path) -> str:
    """What a browser has made of a page after its scripts have run."""
    path = folder / "page.html"
    path.write_text(text, encoding="utf-8")
    assert BROWSER is not None, "skipped otherwise"
    command = [
        *(BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
        *("--disable-dev-shm-usage", f"--user-data-dir={folder / 'profile'}", "--window-size=1000,3000"),
        *("--virtual-time-budget=4000", "--dump-dom", path.as_uri()),
    ]
    environment = {**os.environ, "HOME": str(folder)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True, env=environment)
    return done.stdout


def without_policy(text: str) -> str:
    """The page without its second belt, and with an `alert` that leaves a note."""
    bare, found = POLICY.subn("", text)
    assert found == 1
    return bare.replace("<head>", f"<head>{NOTING}", 1)


def test_the_note_is_left_by_a_script_that_runs(tmp_path: Path) -> None:
    page = f"<!DOCTYPE html><html><head>{NOTING}</head><body>{HOSTILE[0]}</body></html>"
    assert 'data-executed="yes"' in document(page, tmp_path)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_of_the_users_runs_even_without_the_policy(
    text: str, make_hostile: Callable[[str], Report], tmp_path: Path
) -> None:
    found = document(without_policy(render(make_hostile(text), "html", Style())), tmp_path)
    assert "data-executed" not in found.replace(NOTING, "")
    assert found.count("<svg onload") == found.count("<img") == 0
    assert html.escape(text, quote=False) in found
    assert found.count('class="main-svg"') >= 3


def test_the_policy_lets_the_page_draw_and_nothing_else_run(
    swept: TargetReport, searched: TargetReport, tmp_path: Path
) -> None:
    report = Report("0.0.1", Environment("2.21.0", "3.11.7", "CPU"), (swept, searched))
    text = render(report, "html", Style())
    planted = text.replace("</main>", f"{NOTING}{HOSTILE[0]}<img src=x onerror=alert(1)></main>", 1)
    found = document(planted, tmp_path)
    assert '<html lang="en" data-executed' not in found
    assert 'data-executed="yes"' not in found.replace(NOTING, "")
    assert found.count('class="main-svg"') >= 2
    assert "autodiff gradient" in found
    assert "point at the plot" in found
