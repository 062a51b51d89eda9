"""Options of a configuration and of the comment above a function reach the scan of their target."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gradcheck import pipeline
from gradcheck.configuration import Configuration, TargetTable
from gradcheck.options import Said
from gradcheck.parsing import parse_range
from gradcheck.pipeline.scanning import load, options_of
from gradcheck.precedence import for_all
from gradcheck.records import TargetReport

SOURCE = """
import tensorflow as tf

# gradcheck: scan range=x=1:1.0001 dtype=float16
def root(x):
    return tf.sqrt(x)

@tf.function(input_signature=[tf.TensorSpec([None], tf.float64, name="x")])
def declared(x):
    return tf.sqrt(x)

def total(batch):
    return tf.reduce_sum(tf.abs(batch))

def reordered(x):
    return tf.math.log(tf.exp(100 * x) + 1)
"""


@pytest.fixture(autouse=True, scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A working directory with targets."""
    directory = tmp_path_factory.mktemp("scanning")
    (directory / "scanning_targets.py").write_text(SOURCE, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(directory)
        patch.setattr(sys, "path", [str(directory), *sys.path])
        importlib.invalidate_caches()
        yield directory
    sys.modules.pop("scanning_targets", None)


def scan(name: str, said: Said, configured: Configuration) -> TargetReport:
    """The report of one target of the file."""
    return pipeline.scan(f"scanning_targets.py:{name}", said, configured)


def ranges(report: TargetReport) -> list[tuple[str, str, str]]:
    """Of each input of a line: its dtype and the first and the last float that were in range."""
    assert report.error is None, report.error
    fmt = [i.fmt for i in report.inputs]
    ends = [s.plan.segments[0] for s in report.sweeps]
    return [(f.name, f.text(lo), f.text(hi)) for f, (lo, hi) in zip(fmt, ends, strict=True)]


def test_the_comment_comes_before_the_file_and_behind_the_command_line() -> None:
    table = TargetTable(Said(ranges=(parse_range("x=3:4"),), dtype="bfloat16"))
    configured = Configuration(targets={"scanning_targets.py:root": table}, top=Said(dtype="float32"))
    assert ranges(scan("root", Said(), configured)) == [("float16", "1", "1")]
    assert ranges(scan("root", Said(ranges=(parse_range("x=2:2"),)), configured)) == [("float16", "2", "2")]


def test_what_a_project_says_of_all_targets_yields_to_a_signature() -> None:
    loaded = load("scanning_targets.py:declared", Said())
    top = Configuration(top=for_all(Said(dtype="float16")))
    assert options_of(loaded, Said(), top).dtype is None
    assert options_of(loaded, Said(dtype="float16"), top).dtype == "float16"
    assert options_of(load("scanning_targets.py:root", Said()), Said(dtype="float64"), top).dtype == "float64"
    own = Configuration(targets={"scanning_targets.py:declared": TargetTable(Said(dtype="float16"))})
    report = scan("declared", Said(), own)
    assert report.error is not None
    assert "declared float64" in report.error.message


def test_a_mode_for_all_targets_is_left_out_of_a_search() -> None:
    said = Said(shapes={"batch": (2, 2)}, budget=0.01)
    report = scan("total", said, Configuration(top=for_all(Said(modes=("xla",)))))
    assert report.error is None
    assert report.search is not None
    own = Configuration(targets={"scanning_targets.py:total": TargetTable(Said(modes=("xla",)))})
    report = scan("total", said, own)
    assert report.error is not None
    assert "--mode xla is for elementwise targets" in report.error.message


def test_the_seed_of_a_report_is_that_which_holds() -> None:
    configured = Configuration(top=Said(seed=5))
    for said, seed in ((Said(), 5), (Said(seed=0), 0)):
        assert pipeline.run((), said, configured=configured).seed == seed


def test_what_the_graph_optimizer_breaks_is_no_operations_fault() -> None:
    """It makes 100 * (exp(100 x) / (exp(100 x) + 1)) of factors in another order, which overflow."""
    said = Said(ranges=(parse_range("0.8:0.88"),))
    report = pipeline.scan("scanning_targets:reordered", said)
    found = {finding.code: finding for finding in report.findings}
    assert {"GC001", "GC002"} <= set(found)
    for code in ("GC001", "GC002"):
        assert found[code].cause is None
        assert "TensorFlow's graph optimizer makes something else of them" in found[code].message
