"""Functions whose gradients are in order: no error, and nothing vanished or wrong.

`stable.json` holds a row a function of `targets/stable.py`:

    ranges     of its inputs, as on the command line; every float if not said.
    quiet      its gradient is right to 1e-4 everywhere: nothing at all may be reported.
    saturated  where its gradient loses digits that a float32 could hold, as the library's own does, and `doubt`: by
               the letter that is GC003 or GC004. What is lost there is small beside the function's largest slope.
    why        the reason, in words.
    quick      whether it is scanned in the quick run too.
"""

import functools
import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

import mpmath
import numpy as np
import pytest
from mpmath import mpf
from numpy.typing import NDArray

from gradcheck.records import TargetReport

Entry: TypeAlias = dict[str, Any]

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
TARGETS = HERE / "targets"
ENTRIES: list[Entry] = json.loads((HERE / "stable.json").read_text("utf-8"))
COPIES = 16384
SMALLEST = 2.0**-126


def cases(entries: list[Entry]) -> list[Any]:
    """Cases of a test that scans; those that are not for the quick run are marked."""
    slow = {entry["name"]: () if entry.get("quick") else pytest.mark.slow for entry in entries}
    return [pytest.param(entry, id=entry["name"], marks=slow[entry["name"]]) for entry in entries]


@pytest.mark.parametrize("entry", cases(ENTRIES))
def test_stable(entry: Entry, monkeypatch: pytest.MonkeyPatch) -> None:
    from gradcheck import pipeline
    from gradcheck.options import ScanOptions
    from gradcheck.parsing import parse_range

    monkeypatch.chdir(ROOT)
    ranges = tuple(parse_range(text) for text in entry.get("ranges", []))
    report = pipeline.scan(f"tests/corpus/targets/stable.py:{entry['name']}", ScanOptions(ranges=ranges))
    assert report.error is None, report.error
    found = texts(report)
    assert not [f for f in report.findings if f.severity == "error"], (found, entry["why"])
    assert not {f.code for f in report.findings} & {"GC003", "GC005"}, (found, entry["why"])
    assert not (entry.get("quiet") and found), (found, entry["why"])


def texts(report: TargetReport) -> list[tuple[Any, ...]]:
    """Findings, short."""
    return [
        (f.code, f.severity, f.version, f.wrt, *[None if end is None else f.fmt.value(end) for end in (f.lo, f.hi)])
        for f in report.findings
    ]


def test_rows() -> None:
    names = [entry["name"] for entry in ENTRIES]
    assert len(names) == len(set(names)) >= 40
    assert set(names) == set(TRUTH)
    assert all(("saturated" in entry) == ("doubt" in entry) for entry in ENTRIES)
    assert not [entry["name"] for entry in ENTRIES if entry.get("quiet") and entry.get("saturated")]


# Whether the rows are true, without gradcheck.


def of_float(text: str) -> Any:
    """A decimal as TensorFlow holds it."""
    return mpf(float(np.float32(text)))


def inside(lo: Any, hi: Any, slope: Any = 1) -> Callable[[Any], Any]:
    """A slope between two ends, 0 outside."""
    return lambda x: mpf(slope) if lo < x < hi else mpf(0)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + mpmath.exp(-x))


def swish(x: Any) -> Any:
    return sigmoid(x) + x * sigmoid(x) * sigmoid(-x)


def mish(x: Any) -> Any:
    y = mpmath.tanh(mpmath.log1p(mpmath.exp(x)))
    return y + x * (1 - y * y) * sigmoid(x)


def gelu(x: Any) -> Any:
    bell = mpmath.exp(-x * x / 2) / mpmath.sqrt(2 * mpmath.pi)
    return mpmath.erfc(-x / mpmath.sqrt(2)) / 2 + x * bell


def gelu_by_tanh(x: Any) -> Any:
    root, cubic = mpmath.sqrt(2 / mpmath.pi), mpf("0.044715")
    u = root * (x + cubic * x**3)
    return (1 + mpmath.tanh(u)) / 2 + x / 2 * mpmath.sech(u) ** 2 * root * (1 + 3 * cubic * x * x)


def cauchy(x: Any) -> Any:
    return 1 / (1 + x * x)


def bell(x: Any) -> Any:
    return 2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-x * x)


def half_or_root(x: Any) -> Any:
    return 1 / (2 * mpmath.sqrt(x)) if x > 1 else mpf(0.5)


def one_or_inverse(x: Any) -> Any:
    return -1 / (x * x) if abs(x) > 1 else mpf(1)


TRUTH: dict[str, Callable[[Any], Any]] = {
    "softplus": sigmoid,
    "log_sigmoid": lambda x: sigmoid(-x),
    "silu": swish,
    "elu": lambda x: mpmath.exp(x) if x < 0 else mpf(1),
    "selu": lambda x: mpf("1.7580993408473766") * mpmath.exp(x) if x < 0 else mpf("1.0507009873554805"),
    "asinh": lambda x: 1 / mpmath.sqrt(1 + x * x),
    "tanh": lambda x: mpmath.sech(x) ** 2,
    "sigmoid": lambda x: sigmoid(x) * sigmoid(-x),
    "erf": bell,
    "erfc": lambda x: -bell(x),
    "atan": cauchy,
    "sin": mpmath.cos,
    "cos": lambda x: -mpmath.sin(x),
    "exp": mpmath.exp,
    "expm1": mpmath.exp,
    "log1p": lambda x: 1 / (1 + x),
    "log": lambda x: 1 / x,
    "gelu": gelu,
    "gelu_by_tanh": gelu_by_tanh,
    "relu": lambda x: mpf(x > 0),
    "relu6": inside(0, 6),
    "leaky_relu": lambda x: mpf(1) if x > 0 else mpf(0.2),
    "softsign": lambda x: 1 / (1 + abs(x)) ** 2,
    "absolute": mpmath.sign,
    "clipped": inside(-1, 1),
    "hard_sigmoid": inside(-3, 3, mpf(1) / 6),
    "hard_tanh": inside(-1, 1),
    "keras_softplus": sigmoid,
    "keras_mish": mish,
    "mish": mish,
    "swish": swish,
    "tanh_shrink": lambda x: mpmath.tanh(x) ** 2,
    "squared_error": lambda x: 2 * x - 1,
    "huber": lambda x: x if abs(x) <= 1 else mpmath.sign(x),
    "smooth_l1": lambda x: x - mpf(0.5) if abs(x - mpf(0.5)) < 2 else 2 * mpmath.sign(x),
    "log_of_clipped": lambda x: 1 / x if of_float("1e-10") < x < 1 else mpf(0),
    "cross_entropy_0": sigmoid,
    "cross_entropy_1": lambda x: -sigmoid(-x),
    "keras_cross_entropy": lambda p: -1 / p if of_float("1e-7") < p < of_float("0.9999999") else mpf(0),
    "softmax_of_two": lambda x: -sigmoid(x),
    "log_sum_of_two": lambda x: sigmoid(x - mpf(0.5)),
    "scaled_softplus": lambda x: sigmoid(10 * x),
    "root_above_zero": lambda x: 1 / (2 * mpmath.sqrt(x + 1)),
    "smooth_size": lambda x: x / mpmath.sqrt(x * x + of_float("1e-3")),
    "angle": cauchy,
    "power": lambda x: mpf(1.5) * mpmath.sqrt(x),
    "logit": lambda p: 1 / p + 1 / (1 - p),
    "twice_where_softplus": lambda x: sigmoid(x) if x <= 30 else mpf(1),
    "twice_where_log": lambda x: 1 / x if x > 1 else mpf(1),
    "twice_where_root": half_or_root,
    "twice_where_inverse": one_or_inverse,
    "twice_where_acos": lambda x: -1 / mpmath.sqrt(1 - x * x) if abs(x) < 0.5 else mpf(-1),
    "twice_where_exp": lambda x: mpmath.exp(x) if x < 0 else mpf(1),
    "where_root": half_or_root,
    "where_reciprocal": one_or_inverse,
    "half_angle_cosine": mpmath.sin,
    "log1mexp": lambda x: 1 / mpmath.expm1(x),
    "log_of_small_rest": lambda x: -sigmoid(x),
    "squared_norm": lambda x: 2 * x,
    "guarded_ratio": lambda x: 1 / mpf(1.5),
    "log1p_in_place": lambda x: 1 / (1 + x) if x > -0.5 else mpf(1),
}
"""The derivative by the first input, by hand; the second input is 0.5."""

KINKS = {"relu": [0], "absolute": [0], "relu6": [0, 6], "clipped": [-1, 1], "hard_tanh": [-1, 1], "selu": [0]} | {
    "hard_sigmoid": [-3, 3],
    "leaky_relu": [0],
    "log_of_clipped": [float(np.float32(1e-10)), 1],
    "keras_cross_entropy": [float(np.float32(1e-7)), float(np.float32(0.9999999))],
}
"""Where any slope between the two sides will do."""


@pytest.mark.slow
@pytest.mark.parametrize("entry", ENTRIES, ids=[entry["name"] for entry in ENTRIES])
def test_row_is_true(entry: Entry) -> None:
    """Plain TensorFlow against the derivative by hand."""
    xs = points(entry)
    gradients = gradients_of(entry["name"], xs)
    with mpmath.workdps(60):
        true = np.array([float(TRUTH[entry["name"]](mpf(float(x)))) for x in xs])
    assert np.isfinite(gradients).all(), xs[~np.isfinite(gradients)][:5]
    held = np.abs(true) >= SMALLEST
    saturated = np.zeros(len(xs), dtype=bool)
    for lo, hi in entry.get("saturated", []):
        saturated |= (float(lo) <= xs) & (xs <= float(hi))
    vanished = held & (gradients == 0)
    assert not (vanished & ~saturated).any(), xs[vanished & ~saturated][:5]
    assert (vanished & saturated).any() == ("saturated" in entry)
    tolerance = 1e-4 if entry.get("quiet") else 1e-2
    far = np.where(held, np.abs(gradients - true) > tolerance * np.abs(true), np.abs(gradients) > 2 * SMALLEST)
    assert not (far & ~saturated).any(), xs[far & ~saturated][:5]


def points(entry: Entry) -> NDArray[np.float32]:
    """Floats of the range of the first input, over the exponents and evenly; none at a kink."""
    (text, *_) = entry.get("ranges", ["x=-3.4e38:3.4e38"])
    lo, hi = (float(end) for end in text.partition("=")[2].split(":"))
    sizes = np.concatenate(
        [10.0 ** np.arange(-37, 38.5, 0.25), np.linspace(0.013, 3, 150), np.linspace(3.03, 120, 400)]
    )
    both = np.concatenate([-sizes, sizes, np.linspace(lo, hi, 101)])
    inner = np.unique(both[(lo <= both) & (both <= hi)].astype(np.float32))
    usual = inner[~np.isin(inner, np.array(KINKS.get(entry["name"], []), dtype=np.float32))]
    return usual.astype(np.float32)


@functools.cache
def module() -> ModuleType:
    """The functions, from the file that is scanned."""
    sys.path.insert(0, str(TARGETS))
    return importlib.import_module("stable")


def gradients_of(name: str, xs: NDArray[np.float32]) -> NDArray[np.float64]:
    """Gradients by the first input in float32, in graph mode."""
    import tensorflow as tf

    function = getattr(module(), name)
    held = [tf.fill([COPIES], 0.5)] * (function.__code__.co_argcount - 1)

    @tf.function(input_signature=[tf.TensorSpec([COPIES], tf.float32)])
    def run(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x, *held)
        return tape.gradient(y, x)

    gradients: NDArray[np.float64] = run(tf.constant(np.resize(xs, COPIES))).numpy()[: len(xs)].astype(np.float64)
    return gradients
