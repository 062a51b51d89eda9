"""Custom gradients, planted faults and healthy ones: what must be reported of the custom version, and what must not.

`custom_gradients.json` holds a row a function of `targets/custom_gradients.py`:

    findings   what must be reported of it: code, severity, an interval that the findings of that code must overlap,
               and one that none of them may touch (or null). A row without is healthy: none of GC001 to GC005.
    or         for a code, others that are as true.
    not        codes that must not be reported of it.
    ranges, holds   as on the command line; wrt, where the input is not x or z.
    quick      whether it is scanned in the quick run too.
    saturated  where a healthy formula has fewer right digits than a float32 can hold, and `doubt`.
"""

import functools
import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import mpmath
import numpy as np
import pytest
from mpmath import mpf

from gradcheck.records import Finding, TargetReport

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
TARGETS = HERE / "targets"
ENTRIES: list[dict[str, Any]] = json.loads((HERE / "custom_gradients.json").read_text("utf-8"))
GRADIENT_CODES = {"GC001", "GC002", "GC003", "GC004", "GC005"}
WRONG = [entry for entry in ENTRIES if "findings" in entry]
HEALTHY = [entry for entry in ENTRIES if "findings" not in entry]
SMALLEST = 2.0**-126
COPIES = 16384


def cases(entries: list[dict[str, Any]]) -> list[Any]:
    """Cases of a test that scans; those that are not for the quick run are marked."""
    slow = {entry["name"]: () if entry.get("quick") else pytest.mark.slow for entry in entries}
    return [pytest.param(entry, id=entry["name"], marks=slow[entry["name"]]) for entry in entries]


each_wrong = pytest.mark.parametrize("entry", cases(WRONG))
each_healthy = pytest.mark.parametrize("entry", cases(HEALTHY))
each_row = pytest.mark.parametrize("entry", ENTRIES, ids=[entry["name"] for entry in ENTRIES])


def sigmoid(x: Any) -> Any:
    return 1 / (1 + mpmath.exp(-x))


def softplus_of(x: Any) -> Any:
    return mpmath.log1p(mpmath.exp(x))


RADIANS = mpmath.pi / 180
ROOT_2_BY_PI = mpf(float(np.float32(np.sqrt(2 / np.pi))))

TRUTH: dict[str, Callable[[Any], Any]] = {
    "wrong_sign": lambda x: -mpmath.sin(x),
    "missing_factor_2": lambda x: 2 * x,
    "missing_chain_factor": lambda x: 3 * mpmath.cos(3 * x),
    "wrong_on_one_branch": lambda x: mpmath.exp(x) if x < 0 else mpf(1),
    "wrong_for_negative_x": lambda x: 2 * abs(x),
    "wrong_above_10": lambda x: 1 / mpmath.sqrt(x * x + 1),
    "wrong_by_a_two_thousandth": mpmath.exp,
    "swapped": lambda x: mpf(0.5),
    "swapped_inputs": lambda x: mpf(3),
    "derivative_of_another": lambda x: sigmoid(x) * sigmoid(-x),
    "forgets_upstream_inside": lambda x: 3 * mpmath.cos(x),
    "squares_upstream_inside": lambda x: -1 / (1 + x * x),
    "cube_as_3x": lambda x: 3 * x * x,
    "off_by_one": lambda x: 1 / (x + 1),
    "degrees_for_radians": lambda x: mpmath.cos(x * RADIANS) * RADIANS,
    "misses_the_product_rule": lambda x: sigmoid(x) + x * sigmoid(x) * sigmoid(-x),
    "clipped_too_early": lambda x: mpf(abs(x) < 2),
    "wrong_in_the_middle": lambda x: -x / 4 * bell(x / 2) * mpmath.sech(bell(x / 2) + 1) ** 2,
    "softplus_overflows": sigmoid,
    "sine_zero_by_zero": mpmath.cos,
    "decay_underflows": lambda x: -mpmath.exp(-x / 2) / 2,
    "growth_returns_inf": lambda x: -mpmath.exp(-x),
    "softplus": sigmoid,
    "textbook_softplus": sigmoid,
    "relu_0": lambda x: mpf(x > 0),
    "relu_1": lambda x: mpf(x > 0),
    "relu_half": lambda x: mpf(x > 0),
    "absolute": mpmath.sign,
    "clip": lambda x: mpf(abs(x) < 2),
    "log_sigmoid": lambda x: sigmoid(-x),
    "log1mexp": lambda x: 1 / mpmath.expm1(x),
    "square": lambda x: 2 * x,
    "cube": lambda x: 3 * x * x,
    "tanh": lambda x: mpmath.sech(x) ** 2,
    "tanh_by_sech": lambda x: mpmath.sech(x) ** 2,
    "erf_with_rounded_constant": lambda x: 2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-x * x),
    "bell_with_rounded_constant": lambda x: ROOT_2_BY_PI * mpmath.cos(ROOT_2_BY_PI * x),
    "composite": lambda x: sigmoid(-softplus_of(x)) * sigmoid(x),
    "inside_where": lambda x: sigmoid(-x) if x > 1 else mpf(0.25),
    "part_of_a_larger_function": lambda x: sigmoid(x / 2) * 3 / 2 + mpf(0.125),
    "nested_function": sigmoid,
    "constant_zero": lambda x: mpf(0),
    "steep": lambda x: mpf(10) ** 6,
    "another_form": lambda x: 1 / mpmath.sqrt(x * x + 1),
    "inputs_in_order": lambda x: mpf(3),
}
"""The derivative of each function, by hand."""


def bell(x: Any) -> Any:
    return mpmath.exp(-x * x / 2)


def test_rows() -> None:
    names = [entry["name"] for entry in ENTRIES]
    assert len(names) == len(set(names))
    assert set(names) == set(TRUTH)
    assert len(WRONG) >= 16
    assert len(HEALTHY) >= 16


@each_wrong
def test_wrong_custom_gradient(entry: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    report = scanned(entry, monkeypatch)
    for expected in entry["findings"]:
        codes = {expected["code"], *entry.get("or", {}).get(expected["code"], [])}
        found = [f for f in of_custom(report, entry) if f.code in codes]
        there = [f for f in found if overlaps(f, expected["overlaps"])]
        assert there, f"no {sorted(codes)} over {expected['overlaps']} ({entry['why']}); found {texts(report)}"
        assert {f.severity for f in there} == {expected["severity"]}
        if expected["spares"]:
            touching = [f for f in found if overlaps(f, expected["spares"])]
            assert not touching, f"{texts(report)} touch {expected['spares']}, where the formula is right"
    for code in entry.get("not", []):
        assert code not in {f.code for f in of_custom(report, entry)}, texts(report)


@each_healthy
def test_healthy_custom_gradient(entry: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    report = scanned(entry, monkeypatch)
    wrong = {f.code for f in of_custom(report, entry)} & GRADIENT_CODES
    assert not wrong, f"{texts(report)}, but: {entry['why']}"


def scanned(entry: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> TargetReport:
    """The report of a row's function, with a version custom."""
    from gradcheck import pipeline
    from gradcheck.options import ScanOptions
    from gradcheck.parsing import parse_hold, parse_range

    monkeypatch.chdir(ROOT)
    ranges = tuple(parse_range(text) for text in entry.get("ranges", []))
    holds = tuple(parse_hold(text) for text in entry.get("holds", []))
    target = f"tests/corpus/targets/custom_gradients.py:{entry['name']}"
    report = pipeline.scan(target, ScanOptions(ranges=ranges, holds=holds))
    assert report.error is None, report.error
    assert "custom" in report.versions
    return report


def of_custom(report: TargetReport, entry: dict[str, Any]) -> list[Finding]:
    """Findings on the custom gradient, by the input that the row is about."""
    wrt = entry.get("wrt", report.inputs[0].name)
    return [f for f in report.findings if f.version == "custom" and f.wrt == wrt]


def interval(finding: Finding) -> tuple[float, float] | None:
    """The ends of a finding, those of its witness where it is not an interval."""
    ends = [end for end in (finding.lo, finding.hi) if end is not None] or [p for p in (finding.at,) if p is not None]
    return (finding.fmt.value(ends[0]), finding.fmt.value(ends[-1])) if ends else None


def overlaps(finding: Finding, ends: list[str]) -> bool:
    """Whether a finding has a point in a closed interval."""
    part = interval(finding)
    return part is not None and part[0] <= float(ends[1]) and float(ends[0]) <= part[1]


def texts(report: TargetReport) -> list[tuple[Any, ...]]:
    """Findings, short."""
    return [(f.code, f.severity, f.version, f.wrt, interval(f)) for f in report.findings]


@pytest.mark.slow
@each_row
def test_row_is_true(entry: dict[str, Any]) -> None:
    """Plain TensorFlow against the derivative by hand, without gradcheck."""
    truth, run = TRUTH[entry["name"]], gradient_of(entry)
    for expected in entry.get("findings", []):
        assert bad(expected["code"], truth, run, points(*expected["overlaps"])).any()
        if expected["spares"]:
            assert not bad(expected["code"], truth, run, points(*expected["spares"])).any()
        if expected["code"] != "GC005":  # the formula is right wherever it does not overflow
            everywhere = points(*range_of(entry))
            assert not (bad("GC005", truth, run, everywhere) & ~bad(expected["code"], truth, run, everywhere)).any()
    if "findings" not in entry:
        everywhere = points(*range_of(entry))
        for lo, hi in entry.get("saturated", []):
            everywhere = everywhere[(everywhere < float(lo)) | (float(hi) < everywhere)]
        wrong = bad("GC005", truth, run, everywhere)
        assert not wrong.any(), everywhere[wrong][:5]


def range_of(entry: dict[str, Any]) -> tuple[str, str]:
    """The ends of the range that is swept."""
    (text,) = entry.get("ranges", ["x=-3.4e38:3.4e38"])
    lo, hi = text.partition("=")[2].split(":")
    return lo, hi


def points(lo: str, hi: str) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Some floats between two ends, both even and over the exponents; no subnormals, which TensorFlow takes for 0."""
    first, last = float(lo), float(hi)
    scales = np.concatenate([10.0 ** np.arange(-37, 38.5, 0.5), np.linspace(0.1, 3, 30), np.linspace(4, 120, 59)])
    both = np.concatenate([-scales, scales, np.linspace(first, last, 41)])
    inside = np.unique(both[(first <= both) & (both <= last)].astype(np.float32))
    kinks = np.isin(np.abs(inside), [0, 1, 2]) & (first < last)
    return inside[~kinks & ((np.abs(inside) >= SMALLEST) | (first == last))]


@functools.cache
def module() -> ModuleType:
    """The functions, from the file that is scanned."""
    sys.path.insert(0, str(TARGETS))
    return importlib.import_module("custom_gradients")


def gradient_of(entry: dict[str, Any]) -> Callable[[Any], Any]:
    """Gradients of a row's function in float32, in graph mode, at points."""
    import tensorflow as tf

    function = getattr(module(), entry["name"])
    held = [float(text.partition("=")[2]) for text in entry.get("holds", [])]

    @tf.function(input_signature=[tf.TensorSpec([COPIES], tf.float32)])
    def run(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x, *(tf.fill([COPIES], value) for value in held))
        return tape.gradient(y, x)

    return lambda xs: run(tf.constant(np.resize(xs, COPIES))).numpy()[: len(xs)]


def bad(code: str, truth: Callable[[Any], Any], run: Callable[[Any], Any], xs: Any) -> Any:
    """Where the gradient has what a code says; GC005: it is not finite, or far from a truth that a float32 can hold."""
    gradients = run(xs).astype(np.float64)
    if code == "GC001":
        return np.isnan(gradients)
    if code == "GC002":
        return np.isinf(gradients)
    with mpmath.workdps(60):
        true = np.array([float(truth(mpf(float(x)))) for x in xs])
    held = (np.abs(true) >= SMALLEST) & (np.abs(true) < 3.4e38)
    if code == "GC003":
        return held & (gradients == 0)
    error = np.abs(gradients - true)
    return ~np.isfinite(gradients) | (error > np.where(held, 1e-4 * np.abs(true) + 1e-30, SMALLEST))
