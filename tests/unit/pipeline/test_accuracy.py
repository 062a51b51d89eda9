"""With every float run, silently wrong gradients that no sample meets are found, their ends exact; right ones are not."""

from pathlib import Path

import mpmath
import numpy as np
import pytest
import tensorflow as tf

from gradcheck.bisection import Samples
from gradcheck.engine import counter
from gradcheck.engine.suspects import Suspects
from gradcheck.floats import FORMATS
from gradcheck.options import ScanOptions
from gradcheck.parsing import parse_range
from gradcheck.pipeline import accuracy, scan
from gradcheck.pipeline.accuracy import Screening, outside, points_of, runs_of
from gradcheck.records import Class, Domain, InputPlan, Region, Screen, TargetReport

F32 = FORMATS["float32"]
CODE = '''
import tensorflow as tf

def isle(x):
    """2 x; between 2.6999 and 2.7001 float32 loses one of both halves of the gradient."""
    inside = tf.abs(x - 2.7) < 1e-4
    return x + tf.where(inside, (x + 1e8 * x) - 1e8 * x, x)

def quotient(x):
    d = (x - 2.5) + 1e-5
    return (tf.exp(d) - 1) / d

def softplus(z):
    return tf.math.log(tf.exp(z) + 1)

def steps(x):
    return tf.round(x)


def of_bits(x):
    return x * tf.stop_gradient(tf.cast(tf.bitcast(x, tf.int32) % 2, tf.float32))
'''


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(counter, "WIDTHS", (1 << 16,))
    Path("accuracy_targets.py").write_text(CODE)


def scanned(name: str, interval: str, exhaustive: bool = True, dtype: str | None = None) -> TargetReport:
    options = ScanOptions(ranges=(parse_range(interval),), exhaustive=exhaustive, dtype=dtype)
    report = scan(f"accuracy_targets.py:{name}", options)
    assert report.error is None, report.error
    return report


def true_isle_slope(x: float) -> mpmath.mpf:
    """The slope of `isle` in 50 digits, by differences: every constant as float32 has it."""
    with mpmath.workdps(50):
        c, w, k = (mpmath.mpf(float(np.float32(v))) for v in (2.7, 1e-4, 1e8))

        def isle(v: mpmath.mpf) -> mpmath.mpf:
            return v + (v + k * v - k * v if abs(v - c) < w else v)

        return mpmath.diff(isle, mpmath.mpf(x), h=mpmath.mpf(10) ** -20)


def computed_isle_slope(x: float) -> float:
    """What TensorFlow computes in a large tensor of unknown size."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def slopes(xs: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(xs)
            ys = xs + tf.where(tf.abs(xs - 2.7) < 1e-4, (xs + 1e8 * xs) - 1e8 * xs, xs)
        return tape.gradient(ys, xs)

    return float(slopes(tf.fill([1 << 14], np.float32(x)))[0])


@pytest.mark.slow
def test_a_narrow_isle_that_the_sample_misses_is_found_to_the_float() -> None:
    sampled = scanned("isle", "0.5:8", exhaustive=False)
    assert sampled.status == "clean"
    report = scanned("isle", "0.5:8")
    (found,) = report.findings
    assert (found.code, found.lo is not None, found.hi is not None) == ("GC004", True, True)
    assert found.lo is not None
    assert found.hi is not None
    for wrong, right in ((found.lo, found.lo - 1), (found.hi, found.hi + 1)):  # by a route of its own
        x, beside = F32.value(wrong), F32.value(right)
        assert true_isle_slope(x) == pytest.approx(2) == true_isle_slope(beside)
        assert computed_isle_slope(x) == 1
        assert computed_isle_slope(beside) == 2
    (sweep,) = report.sweeps
    assert sweep.screen == Screen(((found.lo, found.hi),), joined=False, unlisted=())
    assert sweep.notes == ()


def test_a_short_range_is_screened_too() -> None:
    (sweep,) = scanned("isle", "2.69:2.71").sweeps
    assert sweep.screen is not None
    ((lo, hi),) = sweep.screen.stretches
    assert (F32.text(lo), F32.text(hi)) == ("2.6999002", "2.7001")
    assert [r.gradients["autodiff"] for r in sweep.regions] == [Class.FINITE, Class.INACCURATE, Class.FINITE]


@pytest.mark.slow
def test_noise_is_one_stretch_and_a_note_says_so() -> None:
    report = scanned("quotient", "2.49:2.51")
    (sweep,) = report.sweeps
    assert sweep.screen is not None
    assert sweep.screen.joined
    assert len(sweep.screen.stretches) == 1
    assert accuracy.JOINED in report.notes
    bad = [r for r in sweep.regions if r.gradients["autodiff"] is not Class.FINITE]
    assert (bad[0].lo, bad[-1].hi) == sweep.screen.stretches[0]
    assert len(bad) < 10


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "interval"),
    [("tensorflow.nn:softplus", "1:20"), ("tensorflow:sigmoid", "-30:-10"), ("tensorflow.math:tanh", "7:12")],
)
def test_stable_functions_stay_clean(target: str, interval: str) -> None:
    report = scan(target, ScanOptions(ranges=(parse_range(interval),), exhaustive=True))
    assert report.status == "clean"
    (sweep,) = report.sweeps
    assert sweep.screen is not None
    assert sweep.screen.stretches == sweep.screen.unlisted
    assert report.notes == ()


@pytest.mark.parametrize(
    ("name", "interval", "dtype", "note"),
    [
        ("of_bits", "1:1.001", None, accuracy.NO_FORM),
        pytest.param("softplus", "1:1.0000000001", "float64", accuracy.IS_DOUBLE, marks=pytest.mark.slow),
    ],
)
def test_what_cannot_be_screened_is_told(name: str, interval: str, dtype: str | None, note: str) -> None:
    report = scanned(name, interval, dtype=dtype)
    assert report.sweeps[0].screen is None
    assert note in report.notes


@pytest.mark.slow
def test_where_there_is_no_gradient_there_is_nothing_to_compare() -> None:
    report = scanned("steps", "1.499:1.501")
    assert [f.code for f in report.findings] == ["GC008"]
    assert not report.notes


def test_without_exhaustive_nothing_is_compared() -> None:
    assert scanned("softplus", "1:1.001", exhaustive=False).sweeps[0].screen is None


def test_runs_of_samples_do_not_reach_over_gaps() -> None:
    plan = InputPlan(0, ((0, 3), (6, 7)), (0,))
    runs = runs_of(Samples(np.array([0, 1, 2, 3, 6, 7]), np.array([5, 5, 0, 5, 5, 5])), plan)
    assert [a.tolist() for a in (runs.lo, runs.hi, runs.codes)] == [[0, 2, 3, 6], [1, 2, 3, 7], [5, 0, 5, 5]]


def test_the_truth_is_asked_at_ends_beside_them_inside_and_between_distant_stretches() -> None:
    plan = InputPlan(0, ((0, 10_000_000),), (0,))
    suspects = Suspects(np.array([0, 40, 60, 9_000_000]), np.array([0, 43, 60, 9_000_000]))
    screen = Screen(((0, 60), (9_000_000, 9_000_000)), joined=True)
    points = points_of(screen, suspects, plan).tolist()
    assert {0, 60, 61, 40, 8_999_999, 9_000_000, 9_000_001} <= set(points)
    assert sum(61 < o < 8_999_999 for o in points) == accuracy.CALM
    assert points == sorted(set(points))
    assert min(points) == 0


def region(lo: int, hi: int, found: Class = Class.FINITE, domain: Domain = Domain.INSIDE) -> Region:
    return Region("x", F32, lo, hi, Class.FINITE, {"autodiff": found}, lo, domain)


def test_what_no_region_lists_is_left() -> None:
    regions = (region(0, 9), region(10, 19, Class.VANISHED), region(20, 29), region(30, 39, domain=Domain.OUTSIDE))
    screening = Screening(Screen(((5, 24), (32, 35), (50, 51))), np.empty(0, np.int64))
    screen = screening.listed(regions)
    assert screen is not None
    assert screen.unlisted == ((5, 9), (20, 24), (50, 51))
    assert list(outside(((0, 5),), [])) == [(0, 5)]
    assert accuracy.NOT_SCREENED.listed(regions) is None
