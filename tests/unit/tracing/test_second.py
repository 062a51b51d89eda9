"""The gradient of a target as a target."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.errors import CANNOT_TRACE
from gradcheck.loading.calls import Call, target_of
from gradcheck.loading.signatures import arguments_of
from gradcheck.records import LoadedTarget
from gradcheck.tracing.second import differentiated, gradient_of, labelled
from gradcheck.tracing.tensors import Wanted, trace_tensors

Refused = Callable[[str, Callable[[], object]], str]


def loaded(function: Callable[..., Any]) -> LoadedTarget:
    return target_of("t", Call(function, arguments_of("t", function)), ())


def values(found: LoadedTarget, *inputs: Any) -> list[Any]:
    """What the target gives in graph mode; a gradient that is not connected is None."""
    results = tf.function(found.function)(*(tf.constant(i) for i in inputs))
    return [r.numpy().tolist() for r in tf.nest.flatten(results) if r is not None]


def product(x: Any, y: Any) -> Any:
    return tf.reduce_sum(x * x * y), tf.reduce_sum(y)


@pytest.mark.parametrize(
    ("wrt", "found"),
    [
        ((), [[6.0, 16.0], [2.0, 5.0]]),
        (("x",), [[6.0, 16.0]]),
        (("y",), [[2.0, 5.0]]),
        (("y", "x"), [[6.0, 16.0], [2.0, 5.0]]),
        (("variables",), [[6.0, 16.0], [2.0, 5.0]]),
    ],
)
def test_its_outputs_are_the_first_gradients_of_the_sum(wrt: tuple[str, ...], found: list[Any]) -> None:
    assert values(gradient_of(loaded(product), wrt), [1.0, 2.0], [3.0, 4.0]) == found


def test_labels_integers_and_what_is_not_connected_have_none() -> None:
    def loss(x: Any, labels: Any, places: int) -> Any:
        return tf.reduce_sum(tf.gather(x, places) ** 2 * tf.round(labels)), tf.argmax(x), None

    found = gradient_of(loaded(loss), ())
    assert values(found, [1.0, 2.0, 4.0], [1.0], [2]) == [[0.0, 0.0, 8.0]]


def test_outputs_say_what_they_are_by_where_others_are_not_connected() -> None:
    def loss(x: Any, y: Any, z: Any) -> Any:
        return tf.reduce_sum(x**2 * z**2 + tf.round(y))

    target = loaded(loss)
    traced = trace_tensors(gradient_of(target, ()), Wanted({}, {}))
    assert labelled(traced, differentiated(target, ())).outputs == ("first gradient by x", "first gradient by z")


def test_a_gradient_that_is_none_cannot_be_differentiated_again(refused: Refused) -> None:
    target = gradient_of(loaded(lambda x: tf.round(x)), ())
    message = refused(CANNOT_TRACE, lambda: trace_tensors(target, Wanted({}, {})))
    assert message == "t: --order 2: its first gradient is None; nothing to check"


def test_inputs_that_are_passed_by_name_still_are() -> None:
    def powers(x: Any, *, n: Any) -> Any:
        return tf.reduce_sum(x**n)

    found = gradient_of(loaded(powers), ("x",))
    assert [p.keyword_only for p in found.parameters] == [False, False]
    assert values(found, [1.0, 2.0], 3.0) == [[3.0, 12.0]]


def test_the_second_derivative_is_traced_from_it() -> None:
    target = trace_tensors(gradient_of(loaded(lambda x: tf.reduce_sum(x**3)), ()), Wanted({"x": (2,)}, {}))
    outputs, (gradient,) = target.versions[0].run((np.array([1.0, 2.0]),))
    assert [o.tolist() for o in outputs] == [[3.0, 12.0]]
    assert gradient is not None
    assert gradient.tolist() == [6.0, 12.0]


def test_python_control_flow_of_the_user_is_still_converted() -> None:
    def branching(x: Any) -> Any:
        if tf.reduce_sum(x) > 0:  # noqa: SIM108 - a Python branch
            y = x**3
        else:
            y = x**2
        return y

    found = gradient_of(loaded(branching), ())
    target = trace_tensors(found, Wanted({"x": (1,)}, {}))
    assert [target.versions[0].run((np.array([v]),))[1][0] for v in (2.0, -2.0)] == [12.0, 2.0]
