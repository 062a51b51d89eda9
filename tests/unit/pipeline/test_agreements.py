"""Several modes: what is the same is told once, and where they differ that is a finding with exact ends."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.floats import FORMATS
from gradcheck.options import ScanOptions
from gradcheck.parsing import parse_range
from gradcheck.pipeline import scan
from gradcheck.records import Finding

CODE = """
import tensorflow as tf

def selu(x):
    return 1.0507 * tf.where(x > 0, x, 1.6732632 * (tf.exp(x) - 1))

def softplus(z):
    return tf.math.log(tf.exp(z) + 1)

def root(x):
    return tf.where(x > 0, tf.sqrt(x), 0.0)

def norm(x):
    return tf.norm(x)
"""
F32 = FORMATS["float32"]


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("agreements_targets.py").write_text(CODE)


def found(name: str, span: str, *modes: str, exhaustive: bool = False) -> list[Finding]:
    options = ScanOptions(ranges=(parse_range(span),), modes=modes, exhaustive=exhaustive)
    report = scan(f"agreements_targets.py:{name}", options)
    assert report.error is None
    assert report.modes == modes
    return list(report.findings)


def selu_gradient(x: float, mode: str) -> float:
    """Of many equal numbers, asked for by hand."""

    def gradient(xs: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(xs)
            y = 1.0507 * tf.where(xs > 0, xs, 1.6732632 * (tf.exp(xs) - 1))
        return tape.gradient(y, xs)

    run = {"eager": gradient, "graph": tf.function(gradient), "xla": tf.function(gradient, jit_compile=True)}[mode]
    return float(run(tf.fill([1 << 14], tf.constant(x)))[0])


@pytest.mark.slow
def test_a_disagreement_has_exact_ends() -> None:
    (nan, differs) = found("selu", "80:90", "graph", "eager")
    assert (nan.code, nan.mode, differs.code, differs.severity) == ("GC001", "graph", "GC007", "warning")
    assert differs.lo == nan.lo
    assert differs.lo is not None
    assert differs.hi is not None
    assert differs.message.startswith("the autodiff gradient is NaN in graph mode, finite in eager mode on [")
    for ordinal, agree in ((differs.lo - 1, True), (differs.lo, False), (differs.hi, False), (differs.hi + 1, True)):
        both = [np.isnan(selu_gradient(F32.shortest(ordinal), mode)) for mode in ("graph", "eager")]
        assert (both[0] == both[1]) == agree, (ordinal, both)
    assert differs.witness is not None
    assert np.isnan(differs.witness.gradient or 0.0)
    assert [(e.mode, np.isfinite(e.gradient or np.nan)) for e in differs.elsewhere] == [("eager", True)]


def test_what_only_another_mode_has_is_told_as_its_own() -> None:
    (nan, differs) = found("root", "-4:4", "graph", "xla")
    assert (nan.code, nan.mode, nan.severity, differs.code) == ("GC001", "xla", "error", "GC007")
    assert nan.message.startswith("compiled by XLA, the autodiff gradient is NaN on [-4, ")
    assert (differs.lo, differs.hi) == (nan.lo, nan.hi)


@pytest.mark.slow
def test_modes_that_agree_say_everything_once() -> None:
    alone = found("softplus", "80:100", "graph")
    assert [f.code for f in found("softplus", "80:100", "graph", "eager")] == [f.code for f in alone]


@pytest.mark.slow
def test_every_float_under_xla() -> None:
    (nan,) = found("root", "-0.001:0.001", "xla", exhaustive=True)
    assert (nan.code, nan.mode) == ("GC001", "xla")
    assert nan.hi is not None
    assert F32.shortest(nan.hi) < np.finfo(np.float32).tiny <= F32.shortest(nan.hi + 1)


def test_tensor_targets_are_refused() -> None:
    report = scan("agreements_targets.py:norm", ScanOptions(modes=("xla",)))
    assert report.error is not None
    assert (report.error.code, report.error.message.endswith("leave it out")) == ("GC907", True)
