"""Marks on graphs: which of them train."""

from typing import Any

import tensorflow as tf

from gradcheck.observing.marks import Mark, known, mark_of, marked, writes

SPEC = tf.TensorSpec([2], tf.float32)


def traced(function: Any) -> Any:
    return tf.function(function).get_concrete_function(SPEC)


def trained(x: Any, weights: Any) -> None:
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum((x * weights) ** 2)
    weights.assign_sub(tape.gradient(loss, weights))


def test_a_function_that_trains_is_known_by_what_is_in_it() -> None:
    weights = tf.Variable([1.0, 2.0])
    concrete = traced(lambda x: trained(x, weights))
    assert mark_of(concrete.graph) is None
    found = known(concrete)
    assert found is not None
    assert mark_of(concrete.graph) is found
    assert known(concrete) is found


def test_so_is_one_that_calls_another_that_trains() -> None:
    weights = tf.Variable([1.0, 2.0])
    inner = tf.function(lambda x: trained(x, weights))

    def outer(x: Any) -> None:
        for _ in tf.range(3):
            inner(x)

    assert known(traced(outer)) is not None


def test_a_gradient_alone_or_a_change_alone_is_no_training() -> None:
    weights = tf.Variable([1.0, 2.0])

    def gradient(x: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum((x * weights) ** 2)
        return tape.gradient(loss, weights)

    alone, change = traced(gradient), traced(lambda x: weights.assign(x))
    assert (known(alone), known(change)) == (None, None)
    assert (writes(alone), writes(change)) == (False, True)


def test_writes_within_a_function_that_is_called() -> None:
    weights = tf.Variable([1.0, 2.0])
    inner = tf.function(lambda x: weights.assign_add(x))
    assert writes(traced(lambda x: inner(x)))
    assert not writes(traced(lambda x: weights + x))


def test_scatter_is_a_change() -> None:
    weights = tf.Variable([1.0, 2.0])
    assert writes(traced(lambda x: weights.scatter_sub(tf.IndexedSlices(x[:1], [0]))))


def test_marks_add_up_in_the_graph_and_in_those_around_it() -> None:
    one, two = object(), object()

    @tf.function
    def inner(x: Any) -> Any:
        marked(Mark({id(one): 1}, {id(one): one}, {id(one): [(None, "w")]}, {5: "handle"}))
        marked(Mark({id(one): 1, id(two): 2}, {id(two): two}))
        return x

    concrete = traced(lambda x: inner(x) + 1)
    mark = known(concrete)
    assert mark is not None
    assert mark.optimizers == {id(one): 2, id(two): 2}
    assert mark.objects == {id(one): one, id(two): two}
    assert mark.sources == {5: "handle"}
    within = known(inner.get_concrete_function(SPEC))
    assert within is not None
    assert within.optimizers == mark.optimizers


def test_nothing_is_marked_eagerly() -> None:
    marked(Mark({1: 1}))
    assert mark_of(tf.compat.v1.get_default_graph()) is None
