"""`autodiff` is really stripped, `custom` is as written: told apart by custom gradients that are wrong on purpose."""

import functools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from gradcheck.floats import Doubles
from gradcheck.loading import load
from gradcheck.records import LoadedTarget, TracedTarget, Version
from gradcheck.tracing import trace

Load = Callable[..., LoadedTarget]
Trace = Callable[..., TracedTarget]
Run = Callable[..., tuple[Doubles, Doubles | None]]
Derivative = Callable[[float], float]

POINTS = [-1.0, -0.25, 0.5, 0.75]
SCALE = tf.Variable(2.0)


@tf.custom_gradient
def exp_times_7(x: Any) -> Any:
    return tf.exp(x), lambda dy: dy * 7.0


@tf.custom_gradient
def sine_times_100(x: Any) -> Any:
    return tf.sin(x), lambda dy: dy * 100.0


@tf.custom_gradient
def product_with_wrong_gradients(x: Any, y: Any) -> Any:
    return x * y, lambda dy: (dy * 10.0, dy * 20.0)


@tf.custom_gradient
def scaled_by_a_variable(x: Any) -> Any:
    def gradient(dy: Any, variables: Any = None) -> Any:
        return dy * 9.0, [tf.zeros_like(v) for v in variables]

    return x * SCALE, gradient


@tf.custom_gradient
def override_in_its_gradient(x: Any) -> Any:
    return tf.exp(x), lambda dy: dy * sine_times_100(x)


@tf.function
def inner(x: Any) -> Any:
    return exp_times_7(x)


@tf.function
def nested(x: Any) -> Any:
    return inner(x) + x * x


@tf.function
def twice_nested(x: Any) -> Any:
    return nested(x) + nested(x)


def in_a_cond(x: Any) -> Any:
    return tf.cond(x > 0, lambda: exp_times_7(x), lambda: x * x)


def in_a_python_branch(x: Any) -> Any:
    if x > 0:
        return exp_times_7(x) * SCALE
    return x * x


def in_a_while_loop(x: Any) -> Any:
    return tf.while_loop(lambda i, x: i < 2, lambda i, x: (i + 1, exp_times_7(x)), (0, x))[1]


def in_a_python_while(x: Any) -> Any:
    i = tf.constant(0)
    while i < 2:
        x = exp_times_7(x) * SCALE
        i += 1
    return x


def signed(shape: tuple[int | None, ...], function: Callable[..., Any]) -> Any:
    return tf.function(function, input_signature=[tf.TensorSpec(shape, tf.float32)])


def doubled_exp_loop(x: float) -> float:
    return 4 * math.exp(2 * math.exp(x)) * math.exp(x)


CASES: dict[str, tuple[Callable[..., Any], Derivative, Derivative]] = {
    "plain": (exp_times_7, math.exp, lambda x: 7.0),
    "called": (lambda x: exp_times_7(2.0 * x), lambda x: 2 * math.exp(2 * x), lambda x: 14.0),
    "nested tf.function": (nested, lambda x: math.exp(x) + 2 * x, lambda x: 7 + 2 * x),
    "nested twice": (twice_nested, lambda x: 2 * math.exp(x) + 4 * x, lambda x: 14 + 4 * x),
    "tf.function of it": (tf.function(exp_times_7), math.exp, lambda x: 7.0),
    "tf.cond": (in_a_cond, lambda x: math.exp(x) if x > 0 else 2 * x, lambda x: 7.0 if x > 0 else 2 * x),
    "python branch": (
        in_a_python_branch,
        lambda x: 2 * math.exp(x) if x > 0 else 2 * x,
        lambda x: 14.0 if x > 0 else 2 * x,
    ),
    "tf.while_loop": (in_a_while_loop, lambda x: math.exp(math.exp(x)) * math.exp(x), lambda x: 49.0),
    "python while": (in_a_python_while, doubled_exp_loop, lambda x: 14.0**2),
    "two overrides side by side": (
        lambda x: exp_times_7(x) + sine_times_100(x),
        lambda x: math.exp(x) + math.cos(x),
        lambda x: 107.0,
    ),
    "two overrides in a chain": (
        lambda x: exp_times_7(sine_times_100(x)),
        lambda x: math.exp(math.sin(x)) * math.cos(x),
        lambda x: 700.0,
    ),
    "an override in its own gradient": (override_in_its_gradient, math.exp, math.sin),
    "variable outside": (lambda x: exp_times_7(x) * SCALE, lambda x: 2 * math.exp(x), lambda x: 14.0),
    "variable inside": (scaled_by_a_variable, lambda x: 2.0, lambda x: 9.0),
    "signature []": (signed((), exp_times_7), math.exp, lambda x: 7.0),
    "signature [3]": (signed((3,), exp_times_7), math.exp, lambda x: 7.0),
    "signature [None, 1]": (signed((None, 1), exp_times_7), math.exp, lambda x: 7.0),
    "partial": (functools.partial(lambda k, x: exp_times_7(x) * k, 3.0), lambda x: 3 * math.exp(x), lambda x: 21.0),
    "numpy function beside it": (
        lambda x: exp_times_7(x) + tf.stop_gradient(tf.numpy_function(lambda a: a, [x], tf.float32)),
        math.exp,
        lambda x: 7.0,
    ),
}


def names_of(target: TracedTarget) -> list[str]:
    return [version.name for version in target.versions[0]]


def version_of(target: TracedTarget, name: str) -> Version:
    (found,) = (v for v in target.versions[0] if v.name == name)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_autodiff_is_the_derivative_and_custom_is_as_written(
    trace_function: Trace, run_version: Run, case: str
) -> None:
    function, derivative, custom = CASES[case]
    target = trace_function(function)
    assert names_of(target) == ["autodiff", "custom"]
    outputs = [run_version(target, name, POINTS) for name in ("autodiff", "custom")]
    assert outputs[0][0] == pytest.approx(outputs[1][0], rel=1e-6)
    assert outputs[0][1] == pytest.approx([derivative(x) for x in POINTS], rel=1e-5)
    assert outputs[1][1] == pytest.approx([custom(x) for x in POINTS], rel=1e-5)


def test_overrides_of_several_inputs(trace_function: Trace, run_version: Run) -> None:
    target = trace_function(product_with_wrong_gradients)
    for wrt, custom in ((0, 10.0), (1, 20.0)):
        assert run_version(target, "autodiff", [2.0, 3.0], wrt, held=4.0)[1] == pytest.approx([4.0, 4.0])
        assert run_version(target, "custom", [2.0, 3.0], wrt, held=4.0)[1] == pytest.approx([custom, custom])


def test_a_custom_gradient_that_the_library_has(trace_function: Trace, run_version: Run) -> None:
    target = trace_function(tf.nn.silu)
    assert names_of(target) == ["autodiff", "custom"]
    sigmoid = [1 / (1 + math.exp(-x)) for x in POINTS]
    expected = [s + x * s * (1 - s) for x, s in zip(POINTS, sigmoid, strict=True)]
    for name in ("autodiff", "custom"):
        assert run_version(target, name, POINTS)[1] == pytest.approx(expected, rel=1e-5)


def test_where_there_is_no_override_there_is_one_version(trace_function: Trace) -> None:
    assert names_of(trace_function(lambda x: tf.stop_gradient(x) * tf.identity(x))) == ["autodiff"]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_stripping_in_every_dtype(trace_function: Trace, run_version: Run, dtype: str) -> None:
    target = trace_function(exp_times_7, dtype)
    assert run_version(target, "autodiff", [0.0])[1] == [1.0]
    assert run_version(target, "custom", [0.0])[1] == [7.0]


@tf.custom_gradient
def raising_gradient(x: Any) -> Any:
    def gradient(dy: Any) -> Any:
        raise RuntimeError("not written yet")

    return tf.exp(x), gradient


@tf.custom_gradient
def missing_gradient(x: Any) -> Any:
    return tf.exp(x), lambda dy: None


@tf.custom_gradient
def misshapen_gradient(x: Any) -> Any:
    return tf.exp(x), lambda dy: dy[:1]


@pytest.mark.parametrize(
    ("function", "words"),
    [(raising_gradient, "RuntimeError: not written yet"), (misshapen_gradient, "shape")],
)
def test_a_custom_gradient_that_raises_leaves_autodiff_alone(
    trace_function: Trace, run_version: Run, function: Callable[..., Any], words: str
) -> None:
    target = trace_function(function)
    custom = version_of(target, "custom")
    assert custom.failure is not None
    assert words in custom.failure
    assert "\n" not in custom.failure
    assert version_of(target, "autodiff").failure is None
    assert run_version(target, "autodiff", [0.0])[1] == [1.0]
    y, gradient = run_version(target, "custom", [0.0])
    assert (list(y), gradient) == ([1.0], None)


def test_a_custom_gradient_that_is_none(trace_function: Trace, run_version: Run) -> None:
    target = trace_function(missing_gradient)
    assert (version_of(target, "custom").connected, version_of(target, "autodiff").connected) == (False, True)
    assert run_version(target, "custom", [0.0])[1] is None


def test_constants_of_forward_and_backward(trace_function: Trace) -> None:
    @tf.custom_gradient
    def function(x: Any) -> Any:
        return x * 3.25, lambda dy: dy * 4.75

    target = trace_function(function)
    assert 3.25 in version_of(target, "autodiff").constants
    assert 4.75 not in version_of(target, "autodiff").constants
    assert {3.25, 4.75} <= set(version_of(target, "custom").constants)


class Model(tf.Module):
    """The same overrides as signatures."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = tf.Variable(3.0)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def vector(self, x: Any) -> Any:
        return exp_times_7(x) * self.scale

    @tf.function(input_signature=[tf.TensorSpec([], tf.float32)])
    def cond(self, x: Any) -> Any:
        return in_a_cond(x)

    @tf.function(input_signature=[tf.TensorSpec([], tf.float32)])
    def loop(self, x: Any) -> Any:
        return in_a_while_loop(x)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def rest(self, x: Any) -> Any:
        return tf.sin(x)


SIGNATURES: dict[str, tuple[Derivative, Derivative]] = {
    "vector": (lambda x: 3 * math.exp(x), lambda x: 21.0),
    "cond": CASES["tf.cond"][1:],
    "loop": CASES["tf.while_loop"][1:],
}


def saved(directory: Path, custom_gradients: bool) -> str:
    model = Model()
    signatures = {name: getattr(model, name) for name in (*SIGNATURES, "rest")}
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=custom_gradients)
    tf.saved_model.save(model, str(directory), signatures=signatures, options=options)
    return str(directory)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return saved(tmp_path_factory.mktemp("model"), custom_gradients=True)


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> str:
    return saved(tmp_path_factory.mktemp("lost"), custom_gradients=False)


@pytest.mark.slow
@pytest.mark.parametrize("signature", SIGNATURES)
def test_a_saved_model_has_both_versions(model: str, run_version: Run, signature: str) -> None:
    derivative, custom = SIGNATURES[signature]
    target = trace(load(f"{model}:{signature}"), None)
    assert [(v.name, v.failure) for v in target.versions[0]] == [("autodiff", None), ("custom", None)]
    assert run_version(target, "autodiff", POINTS)[1] == pytest.approx([derivative(x) for x in POINTS], rel=1e-5)
    assert run_version(target, "custom", POINTS)[1] == pytest.approx([custom(x) for x in POINTS], rel=1e-5)


@pytest.mark.parametrize("signature", SIGNATURES)
def test_a_saved_model_without_its_custom_gradients(lost: str, run_version: Run, signature: str) -> None:
    target = trace(load(f"{lost}:{signature}"), None)
    assert [(v.name, v.failure) for v in target.versions[0]] == [("autodiff", None)]
    assert any("was not saved with it" in note for note in target.notes)
    expected = [SIGNATURES[signature][0](x) for x in POINTS]
    assert run_version(target, "autodiff", POINTS)[1] == pytest.approx(expected, rel=1e-5)


def test_a_strangers_gradient_of_the_same_name_is_not_picked_up(
    lost: str, run_version: Run, load_function: Load
) -> None:
    loaded = tf.saved_model.load(lost)
    signature = loaded.signatures["vector"]
    x = tf.constant([0.5])
    with tf.GradientTape() as tape:
        tape.watch(x)
        (y,) = signature(x=x).values()
    assert tape.gradient(y, x).numpy() == [21.0], "the trap is set: this process has a gradient of the saved name"
    target = trace(load_function(tf.sin), None, load(f"{lost}:vector"))
    assert run_version(target, "against", [0.5])[1] == pytest.approx([3 * math.exp(0.5)], rel=1e-5)


def test_a_saved_model_against_another_one(model: str, lost: str, run_version: Run) -> None:
    target = trace(load(f"{lost}:vector"), None, load(f"{model}:vector"))
    assert names_of(target) == ["autodiff", "against"]
    assert run_version(target, "autodiff", [0.0])[1] == [3.0]
    assert run_version(target, "against", [0.0])[1] == [21.0]


def test_a_signature_without_overrides_has_one_version(model: str, run_version: Run) -> None:
    target = trace(load(f"{model}:rest"), None)
    assert names_of(target) == ["autodiff"]
    assert run_version(target, "autodiff", POINTS)[1] == pytest.approx([math.cos(x) for x in POINTS], rel=1e-5)
