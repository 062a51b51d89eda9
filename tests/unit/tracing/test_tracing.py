"""Every kind of target as TensorFlow graphs, and every target that cannot be traced."""

import functools
import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
import tensorflow as tf

from gradcheck.floats import Doubles
from gradcheck.records import LoadedTarget, Parameter, TracedTarget
from gradcheck.tracing import environment, trace

Load = Callable[..., LoadedTarget]
Trace = Callable[..., TracedTarget]
Run = Callable[..., tuple[Doubles, Doubles | None]]
Refused = Callable[[str, Callable[[], object]], str]

POINTS = [-1.5, -0.25, 0.5, 1.25]
SCALE = tf.Variable(3.0)


def signed(*shapes: tuple[int | None, ...], dtype: str = "float32") -> Callable[[Any], Any]:
    specs = [tf.TensorSpec(shape, dtype) for shape in shapes]
    return lambda function: tf.function(function, input_signature=specs)


def cubed(x: Any) -> Any:
    return x * x * x


def scaled(x: Any, y: Any = 3.0) -> Any:
    return tf.sin(x) * y


def keyword_only(x: Any, *, y: Any) -> Any:
    return x * x * y


class Square:
    def __call__(self, x: Any) -> Any:
        return x * x


class Shifted(tf.keras.layers.Layer):
    """A layer that makes its variable when it is first called."""

    def build(self, shape: Any) -> None:
        self.shift = self.add_weight(shape=(), initializer="ones")

    def call(self, x: Any) -> Any:
        return tf.exp(x) * (1.0 + self.shift)


@tf.function
def inner(x: Any) -> Any:
    return tf.exp(x) * 2.0


@tf.function
def nested(x: Any) -> Any:
    return inner(x) + inner(x * x)


def branches(x: Any) -> Any:
    if x > 0:
        y = x * x
    elif x > -1:
        y = x * 5.0
    else:
        y = -x
    return y


def conditional(x: Any) -> Any:
    return tf.cond(x > 0, lambda: x * x, lambda: x * 5.0)


def switched(x: Any) -> Any:
    return tf.switch_case(tf.cast(x > 0, tf.int32), [lambda: x * 5.0, lambda: tf.exp(x)])


def while_loop(x: Any) -> Any:
    i = tf.constant(0)
    while i < 3:
        x = x * x
        i += 1
    return x


def python_loop(x: Any) -> Any:
    for _ in range(3):
        x = x * x
    return x


def halved(x: Any) -> Any:
    while x > 0.5:
        x = x / 2.0
    return x


def eighth_power_derivative(x: float) -> float:
    return 8 * x**7


KINDS: dict[str, tuple[Callable[..., Any], Callable[[float], float]]] = {
    "plain function": (cubed, lambda x: 3 * x * x),
    "tensorflow's own": (tf.math.atan, lambda x: 1 / (1 + x * x)),
    "tf.function": (tf.function(cubed), lambda x: 3 * x * x),
    "signature [None]": (signed((None,))(cubed), lambda x: 3 * x * x),
    "signature []": (signed(())(cubed), lambda x: 3 * x * x),
    "signature [None, 1]": (signed((None, 1))(cubed), lambda x: 3 * x * x),
    "signature [1, None]": (signed((1, None))(cubed), lambda x: 3 * x * x),
    "signature [3]": (signed((3,))(cubed), lambda x: 3 * x * x),
    "signature [2, 3]": (signed((2, 3))(cubed), lambda x: 3 * x * x),
    "signature [None, 3]": (signed((None, 3))(cubed), lambda x: 3 * x * x),
    "partial by position": (functools.partial(tf.multiply, 3.0), lambda x: 3.0),
    "partial by name": (functools.partial(scaled, y=2.0), lambda x: 2 * math.cos(x)),
    "a default is kept": (scaled, lambda x: 3 * math.cos(x)),
    "callable object": (Square(), lambda x: 2 * x),
    "closure over a variable": (lambda x: tf.sin(x) * SCALE, lambda x: 3 * math.cos(x)),
    "nested tf.functions": (nested, lambda x: 2 * math.exp(x) + 4 * x * math.exp(x * x)),
    "keras layer": (tf.keras.layers.LeakyReLU(negative_slope=0.25), lambda x: 1.0 if x > 0 else 0.25),
    "keras layer with a variable": (Shifted(), lambda x: 2 * math.exp(x)),
    "python loop": (python_loop, eighth_power_derivative),
    "while loop": (while_loop, eighth_power_derivative),
    "python branches": (branches, lambda x: 2 * x if x > 0 else 5.0 if x > -1 else -1.0),
    "tf.cond": (conditional, lambda x: 2 * x if x > 0 else 5.0),
    "tf.switch_case": (switched, lambda x: math.exp(x) if x > 0 else 5.0),
    "scalar signature with branches": (signed(())(branches), lambda x: 2 * x if x > 0 else 5.0 if x > -1 else -1.0),
    "a loop that depends on the value": (halved, lambda x: 1 / 4 if x > 1 else 1.0),
    "a result in a list": (lambda x: [tf.sin(x)], math.cos),
    "a result in a dict": (lambda x: {"loss": tf.sin(x)}, math.cos),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_of_every_kind_of_target(trace_function: Trace, run_version: Run, kind: str) -> None:
    function, derivative = KINDS[kind]
    target = trace_function(function)
    (version,) = target.versions[0]
    assert (version.name, version.failure, version.connected) == ("autodiff", None, True)
    _, gradient = run_version(target, "autodiff", POINTS)
    assert gradient == pytest.approx([derivative(x) for x in POINTS], rel=1e-5)


@pytest.mark.parametrize("kind", ["python branches", "tf.cond", "a loop that depends on the value"])
def test_data_dependent_control_flow_runs_point_by_point(trace_function: Trace, kind: str) -> None:
    target = trace_function(KINDS[kind][0])
    assert target.looped
    assert target.block < 2**14


@pytest.mark.parametrize(
    "kind", ["plain function", "signature []", "signature [3]", "while loop", "nested tf.functions"]
)
def test_what_runs_as_one_tensor_does(trace_function: Trace, kind: str) -> None:
    target = trace_function(KINDS[kind][0])
    assert not target.looped
    assert target.block == 2**14


def test_several_inputs_have_a_gradient_each(trace_function: Trace, run_version: Run) -> None:
    target = trace_function(lambda x, y: x * x * y + tf.sin(y))
    assert [i.name for i in target.inputs] == ["x", "y"]
    y, by_x = run_version(target, "autodiff", POINTS, wrt=0, held=2.0)
    assert y == pytest.approx([2 * x * x + math.sin(2) for x in POINTS], rel=1e-5)
    assert by_x == pytest.approx([4 * x for x in POINTS], rel=1e-5)
    _, by_y = run_version(target, "autodiff", POINTS, wrt=1, held=2.0)
    assert by_y == pytest.approx([4 + math.cos(y) for y in POINTS], rel=1e-5)


def test_keyword_only_inputs_are_passed_by_name(trace_function: Trace, run_version: Run) -> None:
    target = trace_function(keyword_only)
    assert [i.name for i in target.inputs] == ["x", "y"]
    assert run_version(target, "autodiff", POINTS, wrt=0, held=2.0)[1] == pytest.approx([4 * x for x in POINTS])
    assert run_version(target, "autodiff", POINTS, wrt=1, held=2.0)[1] == pytest.approx([4.0] * 4)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_dtypes(trace_function: Trace, run_version: Run, dtype: str) -> None:
    target = trace_function(cubed, dtype)
    assert target.inputs[0].fmt.name == dtype
    y, gradient = run_version(target, "autodiff", [0.5, 2.0])
    assert list(y) == [0.125, 8.0]
    assert gradient is not None
    assert list(gradient) == [0.75, 12.0]


def test_a_declared_dtype_needs_no_option_and_the_rest_is_float32(trace_function: Trace) -> None:
    double = signed((None,), dtype="float64")(cubed)
    assert trace_function(double).inputs[0].fmt.name == "float64"
    assert trace_function(double, "float64").inputs[0].fmt.name == "float64"
    assert trace_function(cubed).inputs[0].fmt.name == "float32"


def test_inputs_of_several_dtypes(trace_function: Trace, run_version: Run) -> None:
    specs = [tf.TensorSpec([None], tf.float32), tf.TensorSpec([None], tf.float64)]
    target = trace_function(tf.function(lambda x, y: x * tf.cast(y * y, tf.float32), input_signature=specs))
    assert [i.fmt.name for i in target.inputs] == ["float32", "float64"]
    assert run_version(target, "autodiff", POINTS, wrt=1, held=3.0)[1] == pytest.approx([6 * y for y in POINTS])


def test_a_dtype_that_contradicts_the_declared_one(trace_function: Trace, refused: Refused) -> None:
    message = refused("GC907", lambda: trace_function(signed((None,))(cubed), "float64"))
    assert message == "t: --dtype float64: input x is declared float32; leave --dtype out"


def test_variables_have_the_value_that_they_have_now(trace_function: Trace, run_version: Run) -> None:
    scale = tf.Variable(2.0)
    assert run_version(trace_function(lambda x: x * scale), "autodiff", [1.0])[1] == [2.0]
    scale.assign(5.0)
    assert run_version(trace_function(lambda x: x * scale), "autodiff", [1.0])[1] == [5.0]


@tf.custom_gradient
def sine_times_100(x: Any) -> Any:
    return tf.sin(x), lambda dy: dy * 100.0


def test_a_target_against_another_one(trace_function: Trace, run_version: Run) -> None:
    target = trace_function(cubed, against=sine_times_100)
    assert [v.name for v in target.versions[0]] == ["autodiff", "against"]
    assert run_version(target, "autodiff", POINTS)[1] == pytest.approx([3 * x * x for x in POINTS])
    y, gradient = run_version(target, "against", POINTS)
    assert y == pytest.approx([math.sin(x) for x in POINTS], rel=1e-5)
    assert gradient == pytest.approx([100.0] * 4)


def test_all_three_versions(trace_function: Trace, run_version: Run) -> None:
    target = trace_function(sine_times_100, against=cubed)
    assert [v.name for v in target.versions[0]] == ["autodiff", "custom", "against"]
    assert run_version(target, "autodiff", [1.0])[1] == pytest.approx([math.cos(1)])
    assert run_version(target, "custom", [1.0])[1] == pytest.approx([100.0])
    assert run_version(target, "against", [1.0])[1] == pytest.approx([3.0])


@pytest.mark.slow
@pytest.mark.parametrize(("first", "second"), [(cubed, branches), (branches, cubed)])
def test_against_a_target_that_has_to_run_point_by_point(
    trace_function: Trace, run_version: Run, first: Callable[..., Any], second: Callable[..., Any]
) -> None:
    target = trace_function(first, against=second)
    assert target.looped
    by = {cubed: [12.0, 0.1875], branches: [4.0, 5.0]}
    assert run_version(target, "autodiff", [2.0, -0.25])[1] == pytest.approx(by[first])
    assert run_version(target, "against", [2.0, -0.25])[1] == pytest.approx(by[second])


def test_against_a_target_of_another_shape(trace_function: Trace, run_version: Run) -> None:
    target = trace_function(cubed, against=signed((3,))(lambda x: x * 7.0))
    assert run_version(target, "autodiff", POINTS)[1] == pytest.approx([3 * x * x for x in POINTS])
    assert run_version(target, "against", POINTS)[1] == pytest.approx([7.0] * 4)


def test_against_a_target_that_takes_other_inputs(trace_function: Trace, refused: Refused) -> None:
    message = refused("GC907", lambda: trace_function(cubed, against=tf.math.xlogy))
    assert message.startswith("--against other: takes 2 inputs, and t 1;")
    double = signed((None,), dtype="float64")(cubed)
    assert "is float64, not float32" in refused("GC907", lambda: trace_function(cubed, against=double))


def raises_when_traced(user_module: Callable[..., ModuleType], body: str, name: str = "user_code.py") -> Any:
    return user_module(f"def helper(x):\n    {body}\n\ndef f(x):\n    y = x + 1\n    return helper(y)\n", name).f


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("raise ValueError('boom')", "ValueError: boom (user_code.py:3)"),
        ("return undefined_name", "NameError: name 'undefined_name' is not defined (user_code.py:3)"),
        ("return x + 'a'", "TypeError: "),
        ("return tf.reshape(x, [7, 7])", "ValueError: Cannot reshape"),
        ("return x.numpy()", "AttributeError: "),
        ("raise ValueError('one\\n  two\\nthree')", "ValueError"),
        ("raise ValueError", "ValueError"),
        ("import math; return math.exp(x)", "TypeError: must be real number"),
        ("import numpy; return numpy.exp(x)", "NotImplementedError: Cannot convert a symbolic tf.Tensor"),
        ("assert False, 'not ready'", "AssertionError: not ready"),
    ],
)
def test_a_function_that_raises_when_traced_names_the_users_line(
    trace_function: Trace, refused: Refused, user_module: Callable[..., ModuleType], body: str, words: str
) -> None:
    message = refused("GC903", lambda: trace_function(raises_when_traced(user_module, body)))
    assert message.startswith("t: while being traced it raised ")
    assert words in message
    assert message.endswith("(user_code.py:3)")


def test_the_users_line_is_named_wherever_the_project_lies(
    trace_function: Trace, refused: Refused, user_module: Callable[..., ModuleType]
) -> None:
    function = raises_when_traced(user_module, "raise ValueError('bang')", "my_tensorflow_project/losses.py")
    assert "ValueError: bang (losses.py:3)" in refused("GC903", lambda: trace_function(function))


def test_the_line_of_a_plain_branch_on_a_tensor_is_the_users(
    trace_function: Trace, refused: Refused, user_module: Callable[..., ModuleType]
) -> None:
    module = user_module(
        """
        @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
        def f(x):
            if x > 0:
                return x * x
            return x
        """
    )
    message = refused("GC903", lambda: trace_function(module.f))
    assert ".py:" not in message.replace("user_code.py:", "")


def exits(x: Any) -> Any:
    raise SystemExit(3)


def interrupted(x: Any) -> Any:
    raise KeyboardInterrupt


def test_a_function_that_exits_when_traced(trace_function: Trace, refused: Refused) -> None:
    assert "SystemExit: 3" in refused("GC903", lambda: trace_function(exits))


def test_ctrl_c_while_tracing(trace_function: Trace) -> None:
    with pytest.raises(KeyboardInterrupt):
        trace_function(interrupted)


RESULTS: dict[str, tuple[Any, str, str]] = {
    "a string": (lambda x: "text", "GC903", "it returns string, which has no real gradient; return floats"),
    "None": (lambda x: None, "GC903", "it returns no tensor; return the value to differentiate"),
    "nothing": (lambda x: [], "GC903", "it returns no tensor; return the value to differentiate"),
    "ints": (lambda x: tf.cast(x, tf.int32), "GC903", "it returns int32, which has no real gradient; return floats"),
    "truth values": (lambda x: x > 0, "GC903", "it returns bool, which has no real gradient; return floats"),
    "complex": (lambda x: tf.cast(x, tf.complex64), "GC903", "it returns complex64, which has no real gradient"),
    "two tensors": (lambda x: (x, -x), "GC909", "it returns 2 tensors"),
}


@pytest.mark.parametrize("kind", RESULTS)
def test_a_result_that_has_no_gradient(trace_function: Trace, refused: Refused, kind: str) -> None:
    function, code, words = RESULTS[kind]
    assert refused(code, lambda: trace_function(function)).startswith(f"t: {words}")


@pytest.mark.parametrize(
    "function",
    [
        tf.reduce_sum,
        tf.reduce_max,
        lambda x: x[1:],
        lambda x: tf.concat([x, x], 0),
        lambda x: tf.matmul(x, x),
        lambda x: tf.constant(1.0),
        tf.keras.layers.Dense(1),
        signed((3,))(tf.reduce_sum),
        signed((None, 3))(lambda x: tf.reduce_sum(x, -1)),
    ],
)
def test_a_target_that_maps_shapes_to_other_shapes(
    trace_function: Trace, refused: Refused, function: Callable[..., Any]
) -> None:
    said = refused("GC909", lambda: trace_function(function))
    assert said.startswith(("t: not elementwise: its output has another shape, ", "t: needs tensors of a shape"))


def test_inputs_of_different_sizes_are_no_lines(trace_function: Trace, refused: Refused) -> None:
    function = signed((3,), ())(lambda x, y: x * y)
    assert refused("GC909", lambda: trace_function(function)) == "t: needs tensors of a shape"


def test_an_operation_that_has_no_vectorised_form_runs_point_by_point(trace_function: Trace, run_version: Run) -> None:
    target = trace_function(signed(())(lambda x: tf.linalg.det([[x * x]])))
    assert run_version(target, "autodiff", POINTS)[1] == pytest.approx([2 * x for x in POINTS])


def test_notes_of_loading_and_of_xla(load_function: Load, trace_function: Trace) -> None:
    assert trace(load_function(cubed, notes=("said before",)), None).notes == ("said before",)
    (note,) = trace_function(tf.function(cubed, jit_compile=True)).notes
    assert "XLA" in note
    assert trace_function(cubed).notes == ()


def stopped_in_part(x: Any) -> Any:
    return x * tf.stop_gradient(tf.exp(x))


def stopped(x: Any) -> Any:
    return tf.stop_gradient(x * 2.0)


@tf.function
def stopped_inside(x: Any) -> Any:
    return stopped(x)


@pytest.mark.parametrize("function", [stopped, stopped_in_part, stopped_inside])
def test_stops_of_the_users_own(trace_function: Trace, function: Callable[..., Any]) -> None:
    source = stopped if function is stopped_inside else function
    (stop,) = trace_function(function).stops
    assert stop.file == __file__
    assert stop.line == source.__code__.co_firstlineno + 1


def test_a_stopped_part_is_noted_and_a_whole_stop_is_left_to_the_check(trace_function: Trace, run_version: Run) -> None:
    target = trace_function(stopped_in_part)
    assert run_version(target, "autodiff", POINTS)[1] == pytest.approx([math.exp(x) for x in POINTS], rel=1e-5)
    (note,) = target.notes
    assert "tf.stop_gradient (test_tracing.py:" in note
    target = trace_function(stopped)
    assert not target.versions[0][0].connected
    assert target.notes == ()


def test_stops_of_tensorflow_itself_are_not_the_users(trace_function: Trace, run_version: Run) -> None:
    target = trace_function(lambda x: tf.reduce_logsumexp(tf.stack([x, tf.zeros_like(x)]), axis=0))
    assert target.stops == ()
    sigmoid = [1 / (1 + math.exp(-x)) for x in POINTS]
    assert run_version(target, "autodiff", POINTS)[1] == pytest.approx(sigmoid, rel=1e-5)


@pytest.mark.parametrize("function", [tf.round, tf.floor, lambda x: tf.cast(x > 0, tf.float32), tf.sign])
def test_disconnected_or_zero_gradients(trace_function: Trace, run_version: Run, function: Callable[..., Any]) -> None:
    target = trace_function(function)
    (version,) = target.versions[0]
    assert version.failure is None
    gradient = run_version(target, "autodiff", POINTS)[1]
    assert (gradient is None) == (not version.connected)
    assert version.connected == (function is tf.sign)


def test_a_gradient_that_raises_is_a_fact_and_the_output_still_runs(trace_function: Trace, run_version: Run) -> None:
    target = trace_function(lambda x: tf.raw_ops.PreventGradient(input=tf.exp(x), message="no way"))
    (version,) = target.versions[0]
    assert version.failure is not None
    assert version.failure.startswith("LookupError: ")
    assert "no way" in version.failure
    y, gradient = run_version(target, "autodiff", POINTS)
    assert y == pytest.approx([math.exp(x) for x in POINTS], rel=1e-5)
    assert gradient is None


def test_resources_other_than_variables(trace_function: Trace, run_version: Run) -> None:
    pairs = tf.lookup.KeyValueTensorInitializer([0, 1], [2.0, 3.0], tf.int64, tf.float32)
    table = tf.lookup.StaticHashTable(pairs, 0.0)
    target = trace_function(lambda x: tf.nn.silu(x) * 0.0 + x * table.lookup(tf.cast(x, tf.int64)))
    for version in ("autodiff", "custom"):
        assert run_version(target, version, [0.5, 1.5])[1] == pytest.approx([2.0, 3.0])


def test_parameters_may_be_declared_without_a_signature(load_function: Load, run_version: Run) -> None:
    loaded = LoadedTarget("t", cubed, (Parameter("x", "float64", (None,)),))
    target = trace(loaded, None)
    assert target.inputs[0].fmt.name == "float64"
    assert run_version(target, "autodiff", [2.0])[1] == [12.0]


def test_environment() -> None:
    version, device = environment()
    assert version == tf.__version__
    assert device in ("CPU", "GPU")
