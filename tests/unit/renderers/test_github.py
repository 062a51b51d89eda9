"""Annotations: one line each, escaped so that a reader of workflow commands finds what was put in, and nothing else."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck.records import Report
from gradcheck.renderers import Style, render
from gradcheck.renderers.github import command
from tests.specimens import BROKEN, CLEAN, HOSTILE, REPORTS, SEVERAL, SWEPT, hostile, report

COMMAND = re.compile(r"::(error|warning|notice) ([^:]*)::(.*)")


def read(line: str) -> tuple[str, dict[str, str], str]:
    """A command as the runner of GitHub Actions reads it."""
    found = COMMAND.fullmatch(line)
    assert found is not None, line
    name, listed, message = found.groups()
    properties = dict(item.split("=", 1) for item in listed.split(","))
    unescaped = {
        key: value.replace("%3A", ":").replace("%2C", ",").replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
        for key, value in properties.items()
    }
    return name, unescaped, message.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def annotations(found: Report) -> list[tuple[str, dict[str, str], str]]:
    return [read(line) for line in render(found, "github", Style()).splitlines()]


@given(text=st.text(), value=st.text())
def test_a_command_is_one_line_that_reads_back(text: str, value: str) -> None:
    line = command("error", {"file": value, "title": text}, text)
    assert "\n" not in line
    assert "\r" not in line
    assert read(line) == ("error", {"file": value, "title": text}, text)


def test_findings_are_at_their_lines_the_worst_first() -> None:
    third, first, second, fourth = annotations(report(SEVERAL, SWEPT, CLEAN, BROKEN))
    assert first[:2] == ("error", {"file": "samples/softplus.py", "line": "12", "title": "GC001 nan-gradient"})
    assert first[2].startswith("samples.softplus:my_softplus: the autodiff gradient is NaN on")
    assert "\nnext: use tf.math.softplus" in first[2]
    assert second[1] == {"file": "samples/softplus.py", "line": "10", "title": "GC003 vanished-gradient"}
    assert third == ("error", {"title": "GC902 no-such-attribute"}, "m:broken: m: has no broken; it has: working")
    assert fourth[:2] == ("warning", {"title": "GC001 nan-gradient"})


def test_what_is_clean_or_suppressed_says_nothing() -> None:
    assert render(report(CLEAN), "github", Style()) == ""
    assert "GC008" not in render(report(SEVERAL), "github", Style())


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_begin_no_command(text: str) -> None:
    plain, nasty = annotations(REPORTS["all"]), annotations(hostile(text))
    assert [a[0] for a in nasty] == [a[0] for a in plain]
    assert [set(a[1]) for a in nasty] == [set(a[1]) for a in plain]
