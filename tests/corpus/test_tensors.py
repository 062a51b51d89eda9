"""Every row of the tensor corpus: its defects are found, on their line, and what is stable is not an error."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gradcheck import pipeline
from gradcheck.records import TargetReport
from tests.corpus import tensors

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _among_the_targets() -> Iterator[None]:
    before = Path.cwd()
    os.chdir(tensors.TARGETS)
    yield
    os.chdir(before)


def scanned(row: dict[str, Any]) -> TargetReport:
    report = pipeline.scan(row["target"], tensors.options_of(row))
    assert report.error is None, report.error
    return report


@pytest.mark.parametrize("row", [r for r in tensors.rows() if not r["stable"]], ids=lambda r: r["target"])
def test_a_defect_is_found_on_its_line(row: dict[str, Any]) -> None:
    report = scanned(row)
    assert tensors.missed(row, report) == []
    assert tensors.off_line(row, report) == []


@pytest.mark.parametrize("row", [r for r in tensors.rows() if r["stable"]], ids=lambda r: r["target"])
def test_what_is_stable_is_no_error(row: dict[str, Any]) -> None:
    assert tensors.errors(scanned(row)) == []


KNOWN = {
    "norm_of_order_3": ((), ("GC001", "x", True)),
    "global_norm": ((), ("GC001", "x", True)),
    "clipped": ((), ("GC001", "x", True)),
    "of_nothing": (("--shape", "x=3", "--shape", "mask=3"), ("GC001", "x", False)),
    "products": ((), ("GC003", "x", True)),
    "norm": (("--dtype", "float16"), ("GC003", "x", False)),
    "squared_norm": (("--order", "2"), ("GC001", "x", True)),
    "power": (("--order", "2"), ("GC002", "x", True)),
    "determinant": ((), ("GC009", "x", True)),
    "normalised": ((), ("GC001", "x", True)),
    "deviation": ((), ("GC001", "x", True)),
    "root_mean_square": ((), ("GC001", "y", True)),
    "angle": ((), ("GC001", "x", True)),
    "geometric_mean": ((), ("GC001", "x", True)),
    "cosine": ((), ("GC001", "x", True)),
    "cross_entropy": (("--domain", "labels=one-hot"), ("GC001", "logits", False)),
    "betainc": (("--range", "0.1:0.9"), ("GC008", "a", True)),
}
"""By function of known.py: options, and a finding: code, input, whether the output is finite there."""


@pytest.mark.parametrize("name", KNOWN)
def test_what_is_known_is_found(name: str) -> None:
    options, finding = KNOWN[name]
    report = scanned({"target": f"known.py:{name}", "options": list(options)})
    assert finding in {(f.code, f.wrt, f.masked) for f in report.findings}
