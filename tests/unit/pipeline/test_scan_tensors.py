"""The scan of a tensor target: the same for the same seed, and what it says of gradients that raise or are None."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.domains import parse_domain
from gradcheck.errors import BAD_CONFIGURATION, CANNOT_TRACE, CannotCheck
from gradcheck.loading.calls import Call, target_of
from gradcheck.loading.signatures import arguments_of
from gradcheck.options import HoldOption, RangeOption, ScanOptions
from gradcheck.pipeline.asked_domains import domains_of
from gradcheck.pipeline.tensors import scan_tensors, unknown
from gradcheck.records import Environment, Finding, LoadedTarget, Report, TargetReport
from gradcheck.renderers.json_report import render_json
from gradcheck.renderers.styles import Style
from gradcheck.truth import TOO_LARGE

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of a busy machine stops nothing."""
    monkeypatch.setattr("gradcheck.pipeline.tensors.PATIENCE", 1e9)


def loaded(function: Callable[..., Any], **fields: Any) -> LoadedTarget:
    return target_of("t", Call(function, arguments_of("t", function)), (), **fields)


def scan(function: Callable[..., Any], budget: float = 0.1, **options: Any) -> TargetReport:
    return scan_tensors(loaded(function), ScanOptions(budget=budget, **options))


def codes(report: TargetReport) -> list[tuple[str, str, str, str]]:
    return [(f.code, f.severity, f.version, f.wrt) for f in report.findings]


def only(report: TargetReport, code: str) -> Finding:
    (found,) = [f for f in report.findings if f.code == code]
    return found


def as_json(report: TargetReport) -> str:
    return render_json(Report("0", Environment("2", "3", "CPU"), (report,)), Style())


def rmse(x: Any, y: Any) -> Any:
    return tf.sqrt(tf.reduce_mean((x - y) ** 2))


def rows(x: Any) -> Any:
    return tf.nn.softmax(x, axis=-1) / tf.norm(x, axis=-1, keepdims=True)


def determinant(m: Any) -> Any:
    return tf.linalg.det(m)


@pytest.mark.parametrize("function", [rmse, rows, determinant])
def test_the_same_seed_makes_the_same_report_byte_by_byte(function: Callable[..., Any]) -> None:
    assert as_json(scan(function, seed=3)) == as_json(scan(function, seed=3))


@pytest.mark.parametrize("seed", [1, 2, 12345])
def test_another_seed_still_finds_a_planted_bug(seed: int) -> None:
    def planted(x: Any) -> Any:
        return tf.sqrt(tf.reduce_sum((x[0] - 20.0 * x[1]) ** 2) + tf.nn.relu(x[2]) ** 2)

    assert ("GC001", "error", "autodiff", "x") in codes(scan(planted, budget=1.0, seed=seed, shapes={"x": (3,)}))


def test_a_clean_function_is_clean() -> None:
    report = scan(lambda x: tf.reduce_sum(tf.nn.log_softmax(x)))
    assert (report.status, report.findings) == ("clean", ())
    assert report.search is not None
    assert report.search.judged > 0
    assert report.search.guessed


# Gradients that raise.


def test_the_gradient_of_a_determinant_raises_where_the_matrix_is_singular() -> None:
    found = only(scan(determinant), "GC009")
    assert (found.severity, found.wrt, found.masked) == ("error", "m", True)
    assert "InvalidArgumentError: Input is not invertible" in found.message
    assert found.tensor is not None
    assert found.tensor.gradient is None
    assert found.tensor.line is None
    assert found.tensor.inputs["m"].tolist() == [[0.0] * 3] * 3
    assert found.tensor.outputs[""].tolist() == 0.0


@tf.custom_gradient
def of_inverse(m: Any) -> Any:
    return tf.reduce_sum(m * m), lambda upstream: upstream * 2.0 * tf.linalg.inv(tf.linalg.inv(m))


def test_a_gradient_of_ones_own_that_raises_is_found_with_its_version() -> None:
    report = scan(of_inverse, shapes={"m": (2, 2)})
    assert report.versions == ("autodiff", "custom")
    assert [(f.version, f.severity) for f in report.findings if f.code == "GC009"] == [("custom", "error")]


@tf.custom_gradient
def unfinished(x: Any) -> Any:
    def gradient(upstream: Any) -> Any:
        raise NotImplementedError("later")

    return tf.reduce_sum(x), gradient


def test_a_gradient_that_cannot_be_traced_is_one_finding_without_a_point() -> None:
    report = scan(unfinished)
    found = only(report, "GC009")
    assert (found.version, found.severity, found.tensor) == ("custom", "error", None)
    assert "NotImplementedError: later" in found.message


@pytest.mark.parametrize(
    "function",
    [
        lambda m: tf.linalg.inv(m),
        lambda m: tf.reduce_sum(tf.linalg.solve(m, tf.ones([3, 1]))),
        lambda m: tf.debugging.check_numerics(1.0 + tf.abs(m), "odd"),
    ],
)
def test_where_the_function_itself_raises_nothing_is_found(function: Callable[..., Any]) -> None:
    report = scan(function, shapes={"m": (3, 3)})
    assert [f for f in report.findings if f.code in ("GC009", "GC001", "GC002")] == []


def test_no_gradient_of_cholesky_is_blamed_on_matrices_that_are_not_definite() -> None:
    assert [c for c in codes(scan(lambda m: tf.reduce_sum(tf.linalg.cholesky(m)))) if c[1] == "error"] == []


# Gradients that are None.


def test_a_rounded_input_has_no_gradient_and_that_is_said_once() -> None:
    report = scan(lambda x, w: tf.round(x) * w, shapes={"x": (3,), "w": (3,)})
    found = only(report, "GC008")
    assert (found.wrt, found.severity, found.tensor) == ("x", "warning", None)


def test_an_input_that_is_not_used_is_no_finding() -> None:
    assert scan(lambda x, w: tf.reduce_sum(w) + 0.0 * tf.reduce_sum(tf.stop_gradient(x) * 0.0)).findings == ()


def test_a_stopped_gradient_is_for_information() -> None:
    report = scan(lambda x, w: tf.stop_gradient(x) * w, shapes={"x": (3,), "w": (3,)})
    assert codes(report) == [("GC008", "info", "autodiff", "x")]
    assert "test_scan_tensors.py:" in only(report, "GC008").message


# Versions.


@tf.custom_gradient
def repaired(x: Any) -> Any:
    y = tf.norm(x)
    return y, lambda upstream: upstream * x / tf.maximum(y, 1e-6)


@tf.custom_gradient
def mistaken(x: Any) -> Any:
    return tf.reduce_sum(x**2), lambda upstream: upstream * 3.0 * x


def test_what_a_custom_gradient_repairs_is_for_information() -> None:
    report = scan(repaired)
    assert {s for _, s, version, _ in codes(report) if version == "autodiff"} == {"info"}
    assert not [c for c in codes(report) if c[0] == "GC001" and c[2] == "custom"]


def test_a_custom_gradient_that_is_not_the_derivative_is_wrong() -> None:
    assert ("GC005", "error", "custom", "x") in codes(scan(mistaken))


# Variables.


@tf.custom_gradient
def safe_norm(x: Any) -> Any:
    y = tf.norm(x, axis=-1)
    return y, lambda upstream: upstream[:, None] * x / tf.maximum(y, 1e-6)[:, None]


class Module(tf.Module):
    def __init__(self, norm: Callable[..., Any]) -> None:
        self.norm = norm
        self.w = tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], name="w")
        self.scale = tf.Variable(2.0, name="scale")
        self.fixed = tf.Variable(1.0, name="fixed", trainable=False)

    @tf.function(input_signature=[tf.TensorSpec([None, 3])])
    def __call__(self, x):  # type: ignore[no-untyped-def]
        return self.scale * self.norm(x @ self.w) * self.fixed


def plain_norm(x: Any) -> Any:
    return tf.norm(x, axis=-1)


VARIABLES: dict[str, Any] = {"wrt": ("variables",)}


def test_gradients_by_variables_are_found_bad() -> None:
    report = scan(Module(plain_norm), **VARIABLES)
    assert report.search is not None
    assert report.search.wrt == ("w:0", "scale:0")
    assert [(w.name, w.dtype, w.shape) for w in report.search.weights] == [
        *[("w:0", "float32", (3, 2)), ("scale:0", "float32", ())]
    ]
    assert ("GC001", "error", "autodiff", "w:0") in codes(report)


def test_gradients_by_variables_are_found_in_the_version_without_its_custom_gradient() -> None:
    report = scan(Module(safe_norm), **VARIABLES)
    found = codes(report)
    assert report.versions == ("autodiff", "custom")
    assert ("GC001", "info", "autodiff", "w:0") in found
    assert not [c for c in found if c[1] == "error"]


def test_variables_are_not_differentiated_by_unless_asked_for() -> None:
    report = scan(Module(plain_norm))
    assert report.search is not None
    assert (report.search.wrt, report.search.weights) == (("x",), ())
    both = scan(Module(plain_norm), wrt=("x", "w:0"))
    assert both.search is not None
    assert both.search.wrt == ("x", "w:0")


# What is asked for.


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (VARIABLES, "t: --wrt variables: it reads no trainable variable"),
        ({"wrt": ("z",)}, "t: --wrt z: no input or variable 'z'; "),
        ({"shapes": {"z": (3,)}}, "t: no input 'z'; it has: x, y"),
        ({"domains": {"z": parse_domain("z", "mask")}}, "t: no input 'z'; it has: x, y"),
        ({"against": "other:f"}, "t: --against is for elementwise targets; scan each alone"),
    ],
)
def test_what_cannot_be_done_is_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(CannotCheck) as raised:
        scan(rmse, **options)
    assert raised.value.code == BAD_CONFIGURATION
    assert raised.value.message.startswith(words)


def chosen(x: Any, places: int) -> Any:
    return tf.sqrt(tf.gather(x, places * 0))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"domains": {"places": parse_domain("", "probability")}}, "--domain places=probability: {}has no fractions; "),
        ({"domains": {"x": parse_domain("", "0:1e99")}}, "--domain x=0:1e+99: x is float32, and float32 ends at "),
        ({"ranges": (RangeOption("places", "0.1", "0.9"),)}, "--range places=0.1:0.9: {}has no number in it; "),
        ({"holds": (HoldOption("places", "1e20"),)}, "--hold places=1e20: {}holds -2147483648 to 2147483647; "),
    ],
)
def test_values_that_an_input_cannot_have_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(CannotCheck) as raised:
        scan(chosen, shapes={"x": (3,), "places": (2,)}, **options)
    assert raised.value.code == BAD_CONFIGURATION
    assert raised.value.message.startswith("t: " + words.format("places is int32, and int32 "))


def test_a_range_of_all_floats_leaves_truth_values_alone() -> None:
    report = scan(lambda x, flag: tf.where(tf.logical_not(flag), x, 2 * x), ranges=(RangeOption(None, "2", "3"),))
    assert report.search is not None
    assert [i.dtype for i in report.search.inputs] == ["float32", "bool"]


def test_where_nothing_traces_the_first_reason_is_told_with_what_to_write() -> None:
    def refusing(x: Any) -> Any:
        raise ValueError(f"images please, not {x.shape}")

    with pytest.raises(CannotCheck) as raised:
        scan(refusing)
    assert raised.value.code == CANNOT_TRACE
    assert "ValueError: images please, not (3,)" in raised.value.message
    assert raised.value.message.endswith("; say what it takes with --shape NAME=4,3")
    with pytest.raises(CannotCheck) as raised:
        scan(refusing, shapes={"x": (5,)})
    assert "--shape" not in raised.value.message


def repeated(x: Any, n: int) -> Any:
    return tf.reduce_sum(tf.concat([x] * n, 0))


def test_a_python_number_is_to_be_held_and_then_is_one() -> None:
    with pytest.raises(CannotCheck) as raised:
        scan(repeated)
    assert raised.value.code == CANNOT_TRACE
    assert raised.value.message.endswith("; if n is a Python number, hold it: --hold n=1")
    report = scan(repeated, holds=(HoldOption("n", "2"),))
    assert report.search is not None
    assert [i.name for i in report.search.inputs] == ["x"]


def test_ranges_and_held_values_are_domains() -> None:
    options = ScanOptions(
        ranges=(RangeOption("x", "2", "3"), RangeOption(None, "-1", "1")),
        holds=(HoldOption("y", "0.5"),),
        domains={"z": parse_domain("z", "simplex")},
    )
    found = domains_of(loaded(lambda w, x, y, z: w + x + y + z), options)
    assert {name: domain.text for name, domain in found.items()} == {
        "w": "-1:1",
        "x": "2:3",
        "y": "0.5:0.5",
        "z": "simplex",
    }


def test_the_clock_stops_a_search_that_takes_too_long_and_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradcheck.pipeline.tensors.PATIENCE", 0.0)
    report = scan(rmse)
    assert report.search is not None
    assert report.search.cut


@pytest.mark.parametrize(
    ("function", "options", "reason"),
    [
        (lambda x, y: tf.reduce_sum(x**2 * y**2), {"order": 2}, "second derivatives are judged by one input alone"),
        (lambda x: tf.reduce_sum(x * x), {}, None),
    ],
)
def test_where_the_truth_is_not_known_the_reason_is_told(
    function: Callable[..., Any], options: dict[str, Any], reason: str | None
) -> None:
    report = scan(function, **options)
    assert report.search is not None
    told = [note for note in report.notes if note.startswith("the truth is not known, since ")]
    assert [n.removeprefix("the truth is not known, since ").startswith(reason or "") for n in told] == [True] * (
        reason is not None
    )


@pytest.mark.parametrize(
    ("judges", "missing", "reason"),
    [
        ({}, (), "no result was met that could be judged"),
        ({"ones": None}, ("Svd",), "Svd has no rule, and TensorFlow cannot run it in float64"),
        ({"ones": None}, (TOO_LARGE,), "it is too large for real arithmetic, and TensorFlow cannot run it in float64"),
        ({"ones": None}, (), "TensorFlow cannot make one graph of the function and its gradient"),
    ],
)
def test_reasons_for_which_the_truth_is_not_known(judges: Any, missing: tuple[str, ...], reason: str) -> None:
    bench: Any = SimpleNamespace(judged=0, judges=SimpleNamespace(judges=judges, missing=missing, original=None))
    assert list(unknown(bench)) == [f"the truth is not known, since {reason}"]


def test_noise_is_noted() -> None:
    assert any("random numbers" in note for note in scan(lambda x: tf.nn.dropout(x, 0.5)).notes)


def test_second_derivatives_are_searched() -> None:
    report = scan(lambda x: tf.norm(x) ** 3, order=2)
    found = only(report, "GC001")
    assert report.search is not None
    assert report.search.order == 2
    assert found.tensor is not None
    np.testing.assert_array_equal(found.tensor.inputs["x"], [0.0, 0.0, 0.0])
    assert next(iter(found.tensor.outputs.values())).tolist() == [0.0, 0.0, 0.0]


def test_what_shrinks_to_one_point_is_told_once() -> None:
    def weighted(p: Any, w: Any) -> Any:
        return tf.reduce_mean(tf.math.log(p) * w)

    found = scan(weighted, budget=1.0).findings
    told = [(f.code, f.wrt, f.message, repr(f.tensor and f.tensor.inputs)) for f in found]
    assert len(told) == len(set(told))


# The line that is drawn.


def test_the_line_through_a_witness_is_drawn_with_both_sides_of_its_interval() -> None:
    found = only(scan(lambda x: tf.norm(x), shapes={"x": (2,)}, ranges=(RangeOption(None, "-5", "5"),)), "GC001").tensor
    assert found is not None
    assert found.line is not None
    assert found.curve is not None
    line, curve = found.line, found.curve
    here = curve.ordinals.index(int(line.fmt.encode(found.inputs["x"][line.index])))
    assert {line.lo, line.hi, line.lo - 1, line.hi + 1} <= set(curve.ordinals)
    assert (line.fmt.value(curve.ordinals[0]), line.fmt.value(curve.ordinals[-1])) == (-5, 5)
    gradients = np.array(curve.gradients["autodiff"], np.float64)
    assert np.isnan(gradients[here])
    assert curve.output[here] == found.outputs[""]
    inside = [line.lo <= o <= line.hi for o in curve.ordinals]
    assert np.isnan(gradients).tolist() == inside
    assert any(v is not None for v in curve.true_gradient)


def test_of_a_large_graph_no_line_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradcheck.pipeline.line_curves.LINE_OPERATIONS", 10)
    found = only(scan(lambda x: tf.norm(x), shapes={"x": (2,)}), "GC001").tensor
    assert found is not None
    assert found.curve is None
