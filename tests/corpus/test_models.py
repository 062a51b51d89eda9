"""Real models, saved both ways and scanned: both agree, healthy ones have no error, sick ones have theirs."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.options import ScanOptions
from gradcheck.pipeline import scan
from gradcheck.records import TargetReport

pytestmark = pytest.mark.slow


def module() -> ModuleType:
    """The builders; classes are registered once a process."""
    name = "gradcheck_corpus_models"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name("models.py"))
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


ERRORS = {
    "cnn": set(),
    "lstm": set(),
    "transformer": set(),
    "vae": set(),
    "mdn": {("GC001", "x"), ("GC001", "y")},
    "stable_mdn": set(),
    "with_custom_layer": set(),
    "wrong_custom_layer": {("GC005", "features")},
    "embedder": {("GC001", "features")},
}
"""By model, the errors: those of `mdn` are log(0), those of `embedder` 0 / 0."""


def saved(model: Any, directory: Path) -> tuple[str, str]:
    """A model in both formats."""
    model.save(directory / "model.keras")
    model.export(directory / "exported", verbose=False)
    return str(directory / "model.keras"), str(directory / "exported")


def errors(report: TargetReport) -> set[tuple[str, str]]:
    return {(f.code, f.wrt) for f in report.findings if f.severity == "error"}


def told(report: TargetReport) -> set[tuple[str, str, str, bool]]:
    return {(f.code, f.severity, f.wrt, f.masked) for f in report.findings}


@pytest.mark.parametrize("name", ERRORS)
def test_both_formats_agree(name: str, tmp_path: Path) -> None:
    from_keras, exported = (scan(path, ScanOptions()) for path in saved(module().built(name), tmp_path))
    assert from_keras.error is None
    assert exported.error is None
    assert errors(from_keras) == errors(exported) == ERRORS[name]
    assert told(from_keras) == told(exported)


@pytest.mark.parametrize("name", ["mdn", "embedder"])
def test_what_is_told_is_true(name: str, tmp_path: Path) -> None:
    """Plain TensorFlow has the same gradient at the witness."""
    model = module().built(name)
    report = scan(saved(model, tmp_path)[0], ScanOptions())
    for finding in (f for f in report.findings if f.code == "GC001" and f.severity == "error"):
        witness = finding.tensor
        assert witness is not None
        assert witness.gradient is not None
        inputs = {n: tf.constant(v, witness.dtypes[n]) for n, v in witness.inputs.items()}
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            y = model(list(inputs.values()) if len(inputs) > 1 else next(iter(inputs.values())), training=False)
        gradient = tape.gradient(y, inputs[finding.wrt]).numpy()
        np.testing.assert_array_equal(np.isnan(gradient), np.isnan(witness.gradient))


@pytest.mark.parametrize("exported", [False, True])
def test_a_million_weights(exported: bool, tmp_path: Path) -> None:
    path = saved(module().built("million"), tmp_path)[exported]
    report = scan(path, ScanOptions(wrt=("features", "variables")))
    assert report.error is None
    assert report.search is not None
    assert sum(int(np.prod(w.shape)) for w in report.search.weights) == 965_270
    assert sum(report.search.points.values()) >= 32
    assert not errors(report)
