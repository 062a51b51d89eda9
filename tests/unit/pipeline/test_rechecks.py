"""Findings say where TensorFlow gives another class: in another mode, alone, in a batch, at the witness or at an end."""

from pathlib import Path

import pytest

from gradcheck.options import ScanOptions
from gradcheck.parsing import parse_range
from gradcheck.pipeline import scan
from gradcheck.pipeline.rechecks import kind

CODE = """
import tensorflow as tf

def selu(x):
    return 1.0507 * tf.where(x > 0, x, 1.6732632 * (tf.exp(x) - 1))

def softplus(z):
    return tf.math.log(tf.exp(z) + 1)
"""


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rechecks_targets.py").write_text(CODE)


@pytest.mark.slow
def test_the_end_of_a_region_may_be_of_another_class_elsewhere() -> None:
    report = scan("rechecks_targets.py:selu", ScanOptions(ranges=(parse_range("-3:90"),)))
    (finding,) = report.findings
    assert finding.code == "GC001"
    assert finding.elsewhere
    assert {e.at for e in finding.elsewhere} == {finding.fmt.shortest(finding.lo or 0)}
    assert {"eager", "xla"} <= {e.mode for e in finding.elsewhere}
    assert {kind(e.gradient) for e in finding.elsewhere} == {"finite"}


def test_where_all_agree_nothing_is_said() -> None:
    report = scan("rechecks_targets.py:softplus", ScanOptions(ranges=(parse_range("80:100"),)))
    assert {f.code for f in report.findings} == {"GC001", "GC003", "GC006"}
    assert all(f.elsewhere == () for f in report.findings)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(1.0, "finite"), (-0.0, "zero"), (float("nan"), "nan"), (float("-inf"), "-inf"), (None, "None")],
)
def test_kinds_of_numbers(value: float | None, wanted: str) -> None:
    assert kind(value) == wanted
