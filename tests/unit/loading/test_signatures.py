"""The float inputs of a callable."""

import functools
from collections.abc import Callable
from typing import Any

import pytest
import tensorflow as tf

from gradcheck.loading.signatures import parameters_of
from gradcheck.records import Parameter

Refused = Callable[[str, Callable[[], object]], str]

X = Parameter("x")
Y = Parameter("y")


def two(x: Any, y: Any) -> Any:
    return x * y


def with_default(x: Any, scale: float = 2.0, *, shift: float = 1.0) -> Any:
    return x * scale + shift


def keyword_only(x: Any, *, y: Any) -> Any:
    return x * y


def positional_only(x: Any, /) -> Any:
    return x


def untouched(*xs: Any) -> Any:
    return xs[0]


def with_rest(x: Any, *rest: Any, **options: Any) -> Any:
    return x


class Loss:
    def __call__(self, x: Any, y: Any) -> Any:
        return x * y

    def method(self, x: Any) -> Any:
        return x


KINDS: dict[str, tuple[Callable[..., Any], tuple[Parameter, ...]]] = {
    "function": (two, (X, Y)),
    "lambda": (lambda x: x, (X,)),
    "defaults are kept": (with_default, (X,)),
    "keyword-only": (keyword_only, (X, Parameter("y", keyword_only=True))),
    "positional-only": (positional_only, (X,)),
    "only *args": (untouched, (X,)),
    "*args and **options beside it": (with_rest, (X,)),
    "callable object": (Loss(), (X, Y)),
    "bound method": (Loss().method, (X,)),
    "partial by position": (functools.partial(two, 2.0), (Y,)),
    "partial by name": (functools.partial(two, y=2.0), (X,)),
    "partial by name of the first": (functools.partial(two, x=2.0), (Parameter("y", keyword_only=True),)),
    "tf.function": (tf.function(two), (X, Y)),
    "partial of a tf.function": (functools.partial(tf.function(two), 2.0), (Y,)),
    "custom gradient": (tf.custom_gradient(lambda x: (x, lambda dy: dy)), (X,)),
    "tensorflow's own": (tf.math.acos, (X,)),
    "tensorflow's own with a name": (tf.math.xlogy, (X, Y)),
    "keras layer": (tf.keras.layers.LeakyReLU(), (X,)),
    "keras activation": (tf.keras.activations.gelu, (X,)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_arguments_without_a_default_are_swept(kind: str) -> None:
    function, expected = KINDS[kind]
    assert parameters_of("t", function) == expected


def signed(*specs: Any) -> Callable[[Any], Any]:
    def decorate(function: Any) -> Any:
        return tf.function(function, input_signature=list(specs))

    return decorate


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("shape", [(None,), (), (None, 1), (3,), (None, None)])
def test_an_input_signature_declares_dtype_and_shape(dtype: str, shape: tuple[int | None, ...]) -> None:
    function = signed(tf.TensorSpec(shape, dtype))(lambda x: x)
    assert parameters_of("t", function) == (Parameter("x", dtype, shape),)


def test_a_signature_of_unknown_rank_declares_the_dtype_alone() -> None:
    assert parameters_of("t", signed(tf.TensorSpec(None, tf.float64))(lambda x: x)) == (Parameter("x", "float64"),)


def test_each_input_has_its_own_declaration() -> None:
    function = signed(tf.TensorSpec([3], tf.float32), tf.TensorSpec([], tf.float64))(two)
    assert parameters_of("t", function) == (Parameter("x", "float32", (3,)), Parameter("y", "float64", ()))


def test_a_declared_input_with_a_default_keeps_it() -> None:
    specs = tf.TensorSpec([None], tf.float32), tf.TensorSpec([], tf.float32)
    function = signed(*specs)(lambda x, scale=2.0: x * scale)
    assert parameters_of("t", function) == (Parameter("x", "float32", (None,)),)


def test_a_method_and_a_callable_object_with_a_signature() -> None:
    class Model(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.float64)])
        def predict(self, x: Any) -> Any:
            return x

    assert parameters_of("t", Model().predict) == (Parameter("x", "float64", (None,)),)


def test_a_concrete_function() -> None:
    concrete = tf.function(positional_only).get_concrete_function(tf.TensorSpec([None], tf.float64))
    assert [(p.dtype, p.shape) for p in parameters_of("t", concrete)] == [("float64", (None,))]


def test_a_concrete_function_of_two_inputs() -> None:
    concrete = tf.function(two).get_concrete_function(tf.TensorSpec([3], tf.float64), tf.TensorSpec([], tf.float64))
    found = parameters_of("t", concrete)
    assert [(p.dtype, p.shape) for p in found] == [("float64", (3,)), ("float64", ())]


@pytest.mark.parametrize("function", [lambda: 1.0, lambda x=1.0: x, lambda **options: 1.0])
def test_no_input(refused: Refused, function: Callable[..., Any]) -> None:
    assert refused("GC908", lambda: parameters_of("some:target", function)).startswith("some:target: no input to sweep")


def annotated(annotation: Any) -> Callable[..., Any]:
    def function(x: Any, n: Any) -> Any:
        return x

    function.__annotations__["n"] = annotation
    return function


@pytest.mark.parametrize(("annotation", "dtype"), [(int, "int32"), ("int", "int32"), (bool, "bool"), ("bool", "bool")])
def test_an_argument_annotated_as_an_int_or_a_bool(annotation: Any, dtype: str) -> None:
    assert parameters_of("t", annotated(annotation)) == (X, Parameter("n", dtype))
    assert parameters_of("t", functools.partial(annotated(annotation), n=3)) == (X,)


@pytest.mark.parametrize("annotation", [str, "str"])
def test_an_argument_annotated_as_a_text(refused: Refused, annotation: Any) -> None:
    message = refused("GC908", lambda: parameters_of("some:target", annotated(annotation)))
    assert message.startswith("some:target: n is a str, and inputs are tensors of numbers;")
    assert "functools.partial" in message
    assert parameters_of("t", functools.partial(annotated(annotation), n="a")) == (X,)


@pytest.mark.parametrize("annotation", [float, "tf.Tensor", tf.Tensor, "float"])
def test_an_argument_annotated_as_something_that_may_be_a_float(annotation: Any) -> None:
    assert [p.name for p in parameters_of("t", annotated(annotation))] == ["x", "n"]


def with_typed_rest(x: Any, *dims: int) -> Any:
    return x


def with_typed_options(x: Any, **options: str) -> Any:
    return x


@pytest.mark.parametrize("function", [with_typed_rest, with_typed_options])
def test_annotations_of_what_is_not_swept_do_not_matter(function: Callable[..., Any]) -> None:
    assert parameters_of("t", function) == (X,)


@pytest.mark.parametrize("dtype", [tf.int32, tf.bool, tf.int8, tf.uint64])
def test_a_signature_of_no_float(refused: Refused, dtype: Any) -> None:
    function = signed(tf.TensorSpec([None], dtype))(lambda x: x)
    message = refused("GC908", lambda: parameters_of("some:target", function))
    assert message.startswith(f"some:target: no float input: x is {dtype.name}, and only float16, bfloat16, float32,")


def test_no_float_is_needed_where_variables_are_trained() -> None:
    class Table(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rows = tf.Variable([1.0, 2.0])

        @tf.function(input_signature=[tf.TensorSpec([None], tf.int32)])
        def look_up(self, i: Any) -> Any:
            return tf.gather(self.rows, i)

        def plain(self, i: int) -> Any:
            return tf.gather(self.rows, i)

    assert parameters_of("t", Table().look_up) == (Parameter("i", "int32", (None,)),)
    assert parameters_of("t", Table().plain) == (Parameter("i", "int32"),)


@pytest.mark.parametrize(
    ("dtype", "words"), [(tf.string, "wrap the target in a function that holds it"), (tf.complex64, "imaginary parts")]
)
def test_dtypes_that_are_refused_beside_a_float(refused: Refused, dtype: Any, words: str) -> None:
    function = signed(tf.TensorSpec([None]), tf.TensorSpec([None], dtype))(two)
    message = refused("GC908", lambda: parameters_of("some:target", function))
    assert message.startswith(f"some:target: input y is {dtype.name}, and inputs are floats, integers or truth values;")
    assert words in message


def test_other_dtypes_beside_a_float() -> None:
    function = signed(tf.TensorSpec([None]), tf.TensorSpec([], tf.int64))(two)
    assert parameters_of("t", function) == (Parameter("x", "float32", (None,)), Parameter("y", "int64", ()))


@pytest.mark.parametrize(
    ("spec", "kind"),
    [(tf.RaggedTensorSpec([None, None]), "ragged"), (tf.SparseTensorSpec([None, 3]), "sparse")],
)
def test_ragged_and_sparse_inputs_are_refused(refused: Refused, spec: Any, kind: str) -> None:
    message = refused("GC909", lambda: parameters_of("some:target", signed(tf.TensorSpec([]), spec)(two)))
    assert message.startswith(f"some:target: input y is {kind}, and ragged and sparse tensors are not supported;")
    assert "takes the dense values" in message
    nested = signed({"a": [spec]})(lambda d: d)
    assert "input d['a'][0] is" in refused("GC909", lambda: parameters_of("t", nested))


@pytest.mark.parametrize("annotation", [tf.RaggedTensor, "tf.SparseTensor"])
def test_annotations_of_ragged_and_sparse_tensors_are_refused(refused: Refused, annotation: Any) -> None:
    message = refused("GC909", lambda: parameters_of("t", annotated(annotation)))
    assert "ragged and sparse tensors are not supported" in message


def test_a_model_that_was_loaded_in_a_module(tmp_path: Any) -> None:
    module = tf.Module()
    module.__call__ = tf.function(lambda d: d["a"] * 2.0, input_signature=[{"a": tf.TensorSpec([2])}])
    tf.saved_model.save(module, str(tmp_path))
    assert parameters_of("t", tf.saved_model.load(str(tmp_path))) == (Parameter("d['a']", "float32", (2,)),)


def test_a_signature_of_a_partial_and_of_a_callable_object() -> None:
    class Model(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([3]), tf.TensorSpec([], tf.float64)])
        def __call__(self, x: Any, y: Any) -> Any:
            return x

    declared = (Parameter("x", "float32", (3,)), Parameter("y", "float64", ()))
    assert parameters_of("t", Model()) == declared
    fixed = functools.partial(Model().__call__, y=tf.constant(1.0, tf.float64))
    assert parameters_of("t", fixed) == declared[:1]


def test_arguments_that_cannot_be_read(refused: Refused) -> None:
    assert "its arguments cannot be read" in refused("GC908", lambda: parameters_of("t", min))


def test_a_structure_of_tensors_is_taken_apart() -> None:
    specs = [tf.TensorSpec([None], tf.float32), tf.TensorSpec([2], tf.int32)]
    function = signed(specs)(lambda xs: xs[0] * xs[1])
    assert parameters_of("t", function) == (Parameter("xs[0]", "float32", (None,)), Parameter("xs[1]", "int32", (2,)))
