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
