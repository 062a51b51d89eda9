"""A sweep that is a proof: the same regions as a sample that looks closely, all floats counted, and said so."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcheck import loading, planning, progress, tracing
from gradcheck.bisection import sample
from gradcheck.engine import Engine, counter, tally
from gradcheck.options import ScanOptions
from gradcheck.parsing import parse_range
from gradcheck.pipeline import proofs, scan
from gradcheck.pipeline.proofs import Proof, proof_of, teller
from gradcheck.records import TargetReport

CODE = '''
import tensorflow as tf

def softplus(z):
    return tf.math.log(tf.exp(z) + 1)

def isle(x):
    """NaN at eight floats of a thousand million, which no sample of the line meets."""
    bits = tf.bitcast(x, tf.int32)
    return x + tf.where(tf.equal(bits // 8, 0x40B1C2D8 // 8), float("nan"), 0.0)

def noise(x):
    bits = tf.bitcast(x, tf.int32)
    return x / tf.stop_gradient(tf.cast(bits % 2, tf.float32))
'''


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(counter, "WIDTHS", (1 << 14,))
    Path("proofs_targets.py").write_text(CODE)


def proven(name: str, *ranges: str) -> TargetReport:
    """The report of an exhaustive scan."""
    options = ScanOptions(ranges=tuple(parse_range(text) for text in ranges), exhaustive=True)
    report = scan(f"proofs_targets.py:{name}", options)
    assert report.error is None, report.error
    return report


@pytest.mark.slow
def test_all_floats_are_counted_and_the_ends_are_exact() -> None:
    (sweep,) = proven("softplus", "80:160").sweeps
    assert sweep.exhaustive
    assert sweep.evaluated == sweep.plan.floats == 8_388_609
    fmt = sweep.input.fmt
    assert [fmt.text(region.lo) for region in sweep.regions] == ["80", "87.33655", "88.72284"]
    assert [fmt.text(region.witness) for region in sweep.regions] == ["80", "88", "100"]


@pytest.mark.slow
def test_what_no_sample_meets_is_found() -> None:
    sampled = scan("proofs_targets.py:isle", ScanOptions(ranges=(parse_range("0.001:1000"),)))
    assert sampled.status == "clean"
    (sweep,) = proven("isle", "0.001:1000").sweeps
    odd = [region for region in sweep.regions if region.forward.value == "nan"]
    assert [(region.floats, region.lo % 8) for region in odd] == [(8, 0)]


@pytest.mark.slow
def test_noise_is_sampled_and_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "MOST_RUNS", 1 << 12)
    report = proven("noise", "1:4")
    assert not report.sweeps[0].exhaustive
    assert proofs.NOISE in report.notes


def test_a_line_that_is_sampled_anyway_in_whole_needs_no_census(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*arguments: Any) -> None:
        raise AssertionError(arguments)

    monkeypatch.setattr(proofs, "census", never)
    (sweep,) = proven("softplus", "88:88.5").sweeps
    assert sweep.exhaustive


def engine_of(name: str, interval: str) -> Engine:
    """An engine for one of the functions."""
    target = tracing.trace(loading.load(f"proofs_targets.py:{name}"), None)
    (plan,) = planning.plan_inputs(name, target.inputs, ScanOptions(ranges=(parse_range(interval),)))
    return Engine(target, plan)


def test_classes_that_depend_on_the_size_of_a_tensor_are_told() -> None:
    engine = engine_of("softplus", "1:2")
    sampled = sample(np.arange(engine.plan.segments[0][0], engine.plan.segments[0][0] + 10), engine.classify_zeros)
    assert proof_of(engine, sampled).notes == ()
    other = type(sampled)(sampled.ordinals, sampled.codes + 1)
    (note,) = proof_of(engine, other).notes
    assert note.startswith("at 10 of the sampled floats, 1 among them, the class is another one")


def test_without_runs_the_engine_answers() -> None:
    engine = engine_of("softplus", "1:2")
    ordinals = np.array([engine.plan.segments[0][0]])
    proof = Proof(engine, sample(ordinals, engine.classify_zeros))
    assert proof.classify(ordinals).tolist() == engine.classify(ordinals).tolist()
    assert proof.zero_bits == engine.zero_bits()


def test_progress_is_told_once_in_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0.0, 0.5, 2.0, 2.1, 4.0])
    monkeypatch.setattr(proofs, "monotonic", lambda: next(times))
    said: list[str] = []
    with progress.told_to(said.append):
        tell = teller()
        for done in (10_000_000, 20_000_000, 21_000_000, 40_000_000):
            tell(done, 60_000_000)
    assert said == [
        "20,000,000 of 60,000,000 floats, 10 million a second, 4 s left",
        "40,000,000 of 60,000,000 floats, 10 million a second, 2 s left",
    ]
