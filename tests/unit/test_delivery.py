"""What an option needs is asked for before anything is scanned."""

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

from gradcheck.delivery import format_of, require
from gradcheck.errors import CannotCheck
from gradcheck.vocabulary import EXTRAS


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but what gradcheck brings is installed."""
    find: Any = importlib.util.find_spec
    drawing = {package for packages in EXTRAS.values() for package in packages}
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in drawing else find(name))


@pytest.mark.parametrize(
    ("extra", "option", "package"), [("html", "--format html", "plotly"), ("plot", "--plot", "uniplot")]
)
@pytest.mark.usefixtures("bare")
def test_one_line_says_what_to_install(extra: str, option: str, package: str) -> None:
    wanted = f"GC907 {option}: {package} is not installed: pip install 'gradcheck[{extra}]'"
    with pytest.raises(CannotCheck, match=re.escape(wanted)):
        require(extra, option)


@pytest.mark.usefixtures("bare")
def test_a_page_that_cannot_be_drawn_is_no_place_for_a_report(tmp_path: Path) -> None:
    with pytest.raises(CannotCheck, match=re.escape(f"--output {tmp_path}/a.html: plotly is not installed")):
        format_of(tmp_path / "a.html")


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("extra", ["table", "json"])
def test_what_is_there_from_the_start_needs_nothing(extra: str) -> None:
    require(extra, "--format")


def test_all_is_there_with_the_extras() -> None:
    for extra in EXTRAS:
        require(extra, "--format")
