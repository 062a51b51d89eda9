"""Codes by their beginnings, as ruff takes them."""

from collections.abc import Callable

import pytest

from gradcheck import checks
from gradcheck.errors import BAD_CONFIGURATION, CannotCheck
from gradcheck.gate.selection import all_selected, is_selected, selected
from gradcheck.options import GateOptions
from gradcheck.parsing import parse_codes
from gradcheck.records import Finding, Report, TargetError, TargetReport
from gradcheck.rules import SCANNED
from gradcheck.vocabulary import CODES


@pytest.mark.parametrize(
    ("select", "ignore", "kept"),
    [
        (("GC",), (), CODES),
        (("GC001",), (), ("GC001",)),
        (("GC001", "GC004"), (), ("GC001", "GC004")),
        (("GC0",), ("GC004",), tuple(c for c in CODES if c != "GC004")),
        (("GC01",), ("GC011",), ("GC010", "GC012")),
        (("GC",), ("GC0",), ()),
        (("GC",), ("GC00",), tuple(c for c in CODES if not c.startswith("GC00"))),
        (("GC001",), ("GC00",), ("GC001",)),  # the longer one says
        (("GC001",), ("GC001",), ()),  # and ignore where they are equally long
        (("GC",), ("GC",), ()),
    ],
)
def test_the_longest_beginning_says(select: tuple[str, ...], ignore: tuple[str, ...], kept: tuple[str, ...]) -> None:
    options = GateOptions(select=select, ignore=ignore)
    assert tuple(code for code in CODES if is_selected(code, options)) == kept
    assert all_selected("GC", options) == (kept == CODES)


def test_what_is_deselected_leaves_the_report_and_errors_stay(
    make_report: Callable[..., Report], make_finding: Callable[..., Finding]
) -> None:
    findings = tuple(make_finding(code=code) for code in ("GC001", "GC004"))
    broken = TargetReport("m:broken", error=TargetError("GC901", "no"))
    report = selected(make_report(TargetReport("m:f", findings=findings), broken), GateOptions(ignore=("GC001",)))
    assert [f.code for f in report.targets[0].findings] == ["GC004"]
    assert report.targets[1] == broken


def test_codes_are_read_with_commas_and_once() -> None:
    assert parse_codes("--select", ["GC001, GC00", "GC001", "GC"]) == ("GC001", "GC00", "GC")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no such code"),
        ("G", "no such code"),
        ("GC013", "did you mean"),
        ("gc001", "did you mean GC001"),
        ("GC001,", "no such code"),
        ("GC901", "always told"),
        ("E501", "GC001 to GC012"),
        ("nan-gradient", "GC001 to GC012"),
    ],
)
def test_what_is_no_code_is_one_line(text: str, words: str) -> None:
    with pytest.raises(CannotCheck, match=words) as raised:
        parse_codes("--ignore", [text])
    assert raised.value.code == BAD_CONFIGURATION
    assert raised.value.message.startswith("--ignore ")


def test_the_codes_are_those_of_the_checks() -> None:
    names = [m for m in dir(checks) if m.startswith("gc00")]
    assert tuple(sorted(m.upper() for m in names)) == tuple(rule.code for rule in SCANNED)
