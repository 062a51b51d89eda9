"""Shapes: what is declared counts, then what is said, then what is found by trying."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.domains import ValueDomain, parse_domain
from gradcheck.errors import BAD_CONFIGURATION, CANNOT_TRACE
from gradcheck.floats import FORMATS
from gradcheck.loading.calls import Call, target_of
from gradcheck.loading.signatures import arguments_of
from gradcheck.program import Array
from gradcheck.records import LoadedTarget, TensorInput
from gradcheck.tracing import shapes as module
from gradcheck.tracing.layouts import Untraceable
from gradcheck.tracing.shapes import LADDER, Shaped, as_tensor, assignments, dtypes_of, moderate, settle, tensors_of

Refused = Callable[[str, Callable[[], object]], str]
Shape = tuple[int, ...]


def loaded(function: Callable[..., Any]) -> LoadedTarget:
    """A function as it is loaded, with its conventions."""
    return target_of("t", Call(function, arguments_of("t", function)), ())


def settled(function: Callable[..., Any], dtype: str = "float32", **shapes: Shape) -> Shaped:
    """A function with inputs that it takes."""
    return settle(loaded(function), shapes, {}, dtype)


def kinds(shaped: Shaped) -> dict[str, tuple[str, Shape]]:
    """Dtype and shape of each input."""
    return {i.name: (i.dtype, i.shape) for i in shaped.inputs}


def declared(*specs: Any) -> Callable[[Callable[..., Any]], Any]:
    """A decorator with a signature."""
    return tf.function(input_signature=list(specs))  # type: ignore[no-any-return]


@declared(tf.TensorSpec([None, None, 4]), tf.TensorSpec([5, None], tf.float64))
def with_signature(x, w):  # type: ignore[no-untyped-def]
    return tf.reduce_sum(x) + tf.cast(tf.reduce_sum(w), tf.float32)


def test_a_signature_is_taken_with_small_numbers_for_its_open_dimensions() -> None:
    shaped = settled(with_signature)
    assert kinds(shaped) == {"x": ("float32", (2, 3, 4)), "w": ("float64", (5, 3))}
    assert shaped.open == ((0, 1), (1,))
    assert not shaped.guessed


def test_a_shape_that_is_said_goes_before_a_signature_and_its_batch_is_everybodys() -> None:
    shaped = settled(with_signature, w=(5, 7))
    assert kinds(shaped)["w"] == ("float64", (5, 7))
    shaped = settled(with_signature, x=(6, 1, 4))
    assert kinds(shaped)["x"] == ("float32", (6, 1, 4))
    assert shaped.open == ((), (1,))


@declared(tf.TensorSpec([None, 3]), tf.TensorSpec([None], tf.int32))
def classified(x, y):  # type: ignore[no-untyped-def]
    return tf.nn.sparse_softmax_cross_entropy_with_logits(y, x)


def test_open_first_dimensions_are_one_batch() -> None:
    assert kinds(settled(classified)) == {"x": ("float32", (2, 3)), "y": ("int32", (2,))}
    assert kinds(settled(classified, x=(5, 3))) == {"x": ("float32", (5, 3)), "y": ("int32", (5,))}


@pytest.mark.parametrize(
    ("function", "shape"),
    [
        (lambda x: tf.reduce_sum(x), (3,)),
        (lambda x: tf.nn.softmax(x, axis=-1), (3,)),
        (lambda x: tf.reduce_mean(x, axis=1), (2, 3)),
        (lambda x: x @ x, (3, 3)),
        (lambda x: tf.linalg.inv(x), (3, 3)),
        (lambda x: tf.linalg.det(x), (3, 3)),
        (lambda x: tf.linalg.solve(x, x), (3, 3)),
        (lambda x: tf.reduce_sum(x, axis=2), (2, 3, 4)),
        (lambda x: tf.nn.max_pool2d(x, 2, 1, "VALID"), (2, 4, 4, 3)),
        (lambda x: tf.cond(x > 0.0, lambda: x, lambda: -x), ()),
        (lambda x: tf.reshape(x, [1]), ()),
    ],
)
def test_where_nothing_is_declared_the_first_shape_of_the_ladder_that_runs_is_taken(
    function: Callable[..., Any], shape: Shape
) -> None:
    shaped = settled(function)
    assert kinds(shaped) == {"x": ("float32", shape)}
    assert shaped.guessed
    assert shaped.open == (tuple(range(len(shape))),)


@pytest.mark.parametrize(
    ("function", "found"),
    [
        (lambda x, w: x @ w, {"x": (3, 3), "w": (3, 3)}),
        (lambda x, w: tf.matmul(x, w) + tf.ones([2, 2]), {"x": (2, 3), "w": (3, 2)}),
        (lambda x, w: tf.ensure_shape(tf.tensordot(w, x, 1), [2]), {"x": (3,), "w": (2, 3)}),
        (lambda x, p: tf.reduce_sum(x, 1) * tf.reshape(p, []), {"x": (2, 3), "p": ()}),
    ],
)
def test_where_no_one_shape_does_they_are_mixed(function: Callable[..., Any], found: dict[str, Shape]) -> None:
    assert {i.name: i.shape for i in settled(function).inputs} == found


def test_equal_shapes_come_before_mixtures_and_each_once() -> None:
    target = loaded(lambda a, b: a + b)
    tried = [tuple(i.shape for i in inputs) for inputs in assignments(target, {}, {}, "float32")]
    floats = tried[: len(set(tried))]
    assert floats[: len(LADDER)] == [(shape, shape) for shape in LADDER]
    assert len(set(floats)) == len(floats)


def of_classes(logits, labels):  # type: ignore[no-untyped-def]
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)


def of_indices(table, places):  # type: ignore[no-untyped-def]
    return tf.gather(table, places)


def of_truths(x, keep):  # type: ignore[no-untyped-def]
    return tf.where(keep, x, 0.0)


@pytest.mark.parametrize(
    ("function", "name", "dtype"),
    [(of_classes, "labels", "int32"), (of_indices, "places", "int32"), (of_truths, "keep", "bool")],
)
def test_labels_are_integers_and_masks_truth_values_where_floats_do_not_do(
    function: Callable[..., Any], name: str, dtype: str
) -> None:
    shaped = settled(function)
    first, second = shaped.inputs
    assert (first.dtype, second.name, second.dtype) == ("float32", name, dtype)


def test_labels_stay_floats_where_those_do() -> None:
    def squared(labels: Any, x: Any) -> Any:
        return (labels - x) ** 2

    assert kinds(settled(squared)) == {"labels": ("float32", (3,)), "x": ("float32", (3,))}


@pytest.mark.parametrize("dtype", FORMATS)
def test_a_dtype_is_for_what_declares_none(dtype: str) -> None:
    def product(x: Any, keep: bool) -> Any:
        return tf.where(keep, x * x, x)

    assert kinds(settled(product, dtype)) == {"x": (dtype, (3,)), "keep": ("bool", (3,))}
    assert kinds(settled(with_signature, dtype)) == kinds(settled(with_signature))


def test_a_shape_that_is_said_is_the_only_one_that_is_tried(refused: Refused) -> None:
    with pytest.raises(Untraceable) as raised:
        settled(lambda x: x @ x, x=(2, 3))
    assert raised.value.stage == "while being traced"
    assert "Dimensions must be equal" in str(raised.value.error)


def test_a_shape_or_a_domain_for_an_input_that_there_is_not_is_refused_with_those_that_there_are(
    refused: Refused,
) -> None:
    target = loaded(lambda x, y: x + y)
    for call in (
        lambda: settle(target, {"z": (3,)}, {}, "float32"),
        lambda: settle(target, {}, {"z": ValueDomain()}, "float32"),
    ):
        assert refused(BAD_CONFIGURATION, call) == "t: no input 'z'; it has: x, y"


def raising(x: Any) -> Any:
    raise ValueError(f"rank {x.shape.rank} of {x.dtype.name} is not for me")


def exiting(x: Any) -> Any:
    raise SystemExit(3)


def asserting(x: Any) -> Any:
    with tf.control_dependencies([tf.debugging.assert_greater(tf.reduce_sum(x), 1e9)]):
        return x + 1.0


@pytest.mark.parametrize(
    ("function", "stage", "kind", "words"),
    [
        (raising, "while being traced", ValueError, "rank 1 of float32"),
        (exiting, "while being traced", SystemExit, "3"),
        (asserting, "when run", tf.errors.InvalidArgumentError, "assertion failed"),
    ],
)
def test_where_nothing_traces_the_first_failure_is_told(
    function: Callable[..., Any], stage: str, kind: type[BaseException], words: str
) -> None:
    with pytest.raises(Untraceable) as raised:
        settled(function)
    assert raised.value.stage == stage
    assert isinstance(raised.value.error, kind)
    assert words in str(raised.value.error)


def interrupted(x: Any) -> Any:
    raise KeyboardInterrupt


def test_an_interrupt_is_an_interrupt() -> None:
    with pytest.raises(KeyboardInterrupt):
        settled(interrupted)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda x: None, "t: it returns no tensor; return the value to differentiate"),
        (lambda x: tf.argmax(x), "t: it returns int64, which has no real gradient; return floats"),
        (lambda x: tf.cast(x, tf.complex64), "t: it returns complex64, which has no real gradient; return floats"),
    ],
)
def test_what_has_no_gradient_is_refused_without_trying_more(
    function: Callable[..., Any], words: str, refused: Refused
) -> None:
    assert refused(CANNOT_TRACE, lambda: settled(function)) == words


def test_integers_beside_floats_are_no_reason_to_refuse() -> None:
    assert len(settled(lambda x: (tf.argmax(x), x)).forward.outputs) == 2


@pytest.mark.parametrize("text", ["simplex", "one-hot", "-2:-1", "integer:2:4", "mask", "unit", "positive"])
def test_the_first_run_is_inside_the_domains(text: str) -> None:
    domain = parse_domain("x", text)
    item = TensorInput("x", "float32", (2, 3), domain)
    (point,) = moderate((item,))
    assert domain.contains(point[None], item.fmt).all()
    shaped = settle(loaded(lambda x: tf.reduce_sum(x)), {"x": (2, 3)}, {"x": domain}, "float32")
    assert shaped.inputs == (item,)


@pytest.mark.parametrize("n", range(1, 9))
def test_moderate_matrices_are_not_singular(n: int) -> None:
    (matrix,) = moderate((TensorInput("x", "float32", (n, n), ValueDomain()),))
    assert matrix.min() >= 0.25
    assert matrix.max() <= 0.75
    assert np.linalg.cond(matrix) < 1e3


VALUES = {"float32": [0.1, -0.0, 1e-45], "float16": [0.1, 65504.0, 6e-8], "bfloat16": [0.1, -0.0, 1e-40]}


@pytest.mark.parametrize("dtype", VALUES)
def test_floats_become_tensors_bit_by_bit(dtype: str) -> None:
    fmt = FORMATS[dtype]
    array: Array = fmt.decode(fmt.encode(np.array(VALUES[dtype])))
    tensor = as_tensor(array, dtype)
    assert tensor.dtype.name == dtype
    back = np.asarray(tensor.numpy()).astype(np.float64)
    np.testing.assert_array_equal(back, array)
    np.testing.assert_array_equal(np.signbit(back), np.signbit(array))


def test_integers_and_truth_values_become_tensors_of_their_dtypes() -> None:
    inputs = (TensorInput("a", "uint8", (2,), ValueDomain()), TensorInput("b", "bool", (), ValueDomain()))
    a, b = tensors_of(inputs, (np.array([0, 255]), np.array(True)))
    assert (a.dtype, a.numpy().tolist()) == (tf.uint8, [0, 255])
    assert (b.dtype, b.numpy().tolist()) == (tf.bool, True)


def test_what_takes_batches_is_tried_with_batches_first() -> None:
    target = replace(loaded(lambda x: tf.reduce_sum(x, -1)), takes_tensors=True)
    assert settle(target, {}, {}, "float32").inputs[0].shape == (2, 3)
    tried = [inputs[0].shape for inputs in assignments(target, {}, {}, "float32")]
    ranks = [len(shape) > 1 for shape in tried]
    assert set(tried) >= set(LADDER)
    assert ranks == sorted(ranks, reverse=True)


def test_dtypes_that_are_refused_twice_come_last(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[tuple[str, ...]] = []
    real = module.traced

    def counted(loaded: Any, inputs: Any) -> Any:
        tried.append(dtypes_of(inputs))
        return real(loaded, inputs)

    monkeypatch.setattr(module, "traced", counted)

    def masked(scores: Any, mask: Any) -> Any:
        return tf.reduce_sum(tf.where(mask, scores, 0.0))

    assert [kind for kind, _ in kinds(settled(masked)).values()] == ["float32", "bool"]
    assert tried.count(("float32", "float32")) == module.REFUSALS
