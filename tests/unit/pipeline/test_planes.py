"""Every pair of two 16-bit inputs: when they are run, and the one finding that stands for all of a kind."""

from pathlib import Path
from typing import Any

import pytest

from gradcheck.cache import dumps, loads
from gradcheck.errors import CannotCheck
from gradcheck.options import ScanOptions
from gradcheck.parsing import parse_hold, parse_range
from gradcheck.pipeline import planes, scan
from gradcheck.records import Finding, Plane, TargetReport

CODE = '''
import tensorflow as tf

def length(x, y):
    return tf.sqrt(x * x + y * y)

def quotient(x, y):
    return x / y

def product(x, y):
    return x * y

def root(x, y):
    """Infinite at x = 0, whatever y is, so that the line has it too."""
    return tf.sqrt(x) + y

def root_of_sum(x, y):
    """NaN where the sum is negative, but there it is not defined."""
    return tf.sqrt(x + y)

@tf.custom_gradient
def safe_length(x, y):
    n = tf.sqrt(x * x + y * y)
    return n, lambda upstream: (upstream * tf.math.divide_no_nan(x, n), upstream * tf.math.divide_no_nan(y, n))

def branches(x, y):
    return tf.cond(x > y, lambda: x, lambda: y)

def three(x, y, z):
    return x + y + z
'''


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("planes_targets.py").write_text(CODE)


def scanned(name: str, *ranges: str, dtype: str = "float16", **said: Any) -> TargetReport:
    options = ScanOptions(ranges=tuple(map(parse_range, ranges)), dtype=dtype, exhaustive=True, **said)
    report = scan(f"planes_targets.py:{name}", options)
    assert report.error is None, report.error
    return report


def plane_of(report: TargetReport) -> Plane:
    assert report.plane is not None
    return report.plane


def on_pairs(report: TargetReport) -> list[Finding]:
    return [finding for finding in report.findings if finding.lo is None]


@pytest.mark.slow
def test_a_norm_at_zero_is_one_finding_a_code_and_input() -> None:
    report = scanned("length", "-1e-3:1e-3")
    found = on_pairs(report)
    assert [(f.code, f.wrt, f.severity, f.kind) for f in found] == [
        ("GC001", "x", "error", "singular"),
        ("GC001", "y", "error", "singular"),
        ("GC002", "x", "error", "numerical"),
        ("GC002", "y", "error", "numerical"),
    ]
    assert all(f.masked and f.witness and f.cause for f in found)
    origin = found[0].witness
    assert origin is not None
    assert dict(origin.inputs) == {"x": 0.0, "y": 0.0}
    assert "pairs, and the output finite at all of those" in found[0].message
    assert plane_of(report).pairs == plane_of(report).maps[0].count(
        *(c.gradient for c in plane_of(report).maps[0].classes)
    )


def test_what_is_clean_is_finite_at_all_pairs() -> None:
    report = scanned("product", "0.5:2")
    assert report.status == "clean"
    assert plane_of(report).is_finite
    assert plane_of(report).pairs == 2049**2


def test_what_a_line_has_already_is_not_told_again() -> None:
    report = scanned("root", "x=0:1e-3", "y=1:1.1")
    assert [(f.code, f.wrt) for f in report.findings] == [("GC002", "x")]
    assert on_pairs(report) == []
    assert not plane_of(report).is_finite


def test_what_no_line_has_is_told() -> None:
    """With x at 0.5 the quotient's gradient by y overflows from 0.0039 down; by x, with y at 0.5, it is 2."""
    report = scanned("quotient", "x=1:2", "y=1e-5:1")
    (finding,) = (f for f in on_pairs(report) if f.wrt == "x")
    assert (finding.code, finding.severity, finding.kind) == ("GC002", "warning", "overflow")
    assert finding.suggestion == "scan it where your inputs are, with --range"


def test_where_the_function_is_not_defined_there_is_no_finding() -> None:
    report = scanned("root_of_sum", "x=-2:-1.9", "y=0.5:1")
    assert on_pairs(report) == []
    assert plane_of(report).maps[0].cells[0].strip("N") == ""


@pytest.mark.slow
def test_a_custom_gradient_is_what_counts() -> None:
    found = on_pairs(scanned("safe_length", "-1e-3:1e-3"))
    assert {f.version for f in found if f.severity == "info"} == {"autodiff"}
    assert {f.version for f in found if f.severity != "info"} <= {"custom"}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("product", {"dtype": "float32"}),
        pytest.param("product", {"holds": (parse_hold("y=2"),)}, marks=pytest.mark.slow),
    ],
)
def test_pairs_are_not_run_of_other_dtypes_and_of_what_is_held(name: str, said: dict[str, Any]) -> None:
    report = scanned(name, "1:1.01", **said)
    assert report.plane is None
    assert report.notes == ()


def test_pairs_are_not_run_unless_every_float_is_asked_for() -> None:
    options = ScanOptions(dtype="float16", ranges=(parse_range("1:1.01"),))
    assert scan("planes_targets.py:product", options).plane is None


@pytest.mark.parametrize(
    ("name", "note"),
    [("three", planes.MORE_INPUTS), pytest.param("branches", planes.NO_BLOCKS, marks=pytest.mark.slow)],
)
def test_a_note_says_why_pairs_are_not_run(name: str, note: str) -> None:
    report = scanned(name, "1:1.01")
    assert report.plane is None
    assert note in report.notes


@pytest.mark.slow
def test_what_was_seen_can_be_kept() -> None:
    report = scanned("length", "-1e-5:1e-5")
    assert loads(dumps(plane_of(report))) == report.plane


def test_an_error_in_the_middle_of_the_plane_is_that_of_the_target(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*arguments: Any) -> None:
        raise CannotCheck("GC903", "it raised")

    monkeypatch.setattr("gradcheck.engine.plane.plane", failing)
    options = ScanOptions(ranges=(parse_range("1:1.01"),), dtype="float16", exhaustive=True)
    report = scan("planes_targets.py:product", options)
    assert report.error is not None
    assert report.error.code == "GC903"
