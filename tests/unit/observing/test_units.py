"""Units of work that can be run again, and what their tensors are called."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.observing.feeds import Feeds
from gradcheck.observing.marks import Mark
from gradcheck.observing.units import Call, bytes_of, flat, names_in


def call_of(function: Any, inputs: list[Any], **fields: Any) -> Call:
    concrete = function.get_concrete_function(*inputs) if "concrete" not in fields else fields.pop("concrete")
    tensors = [t for t in tf.nest.flatten(inputs) if isinstance(t, tf.Tensor)]
    options = {"again": None, "named": {}} | fields
    return Call(concrete, tensors, list(concrete.captured_inputs), Mark(), type(concrete)._call_flat, **options)


def test_a_call_runs_the_same_graph_again() -> None:
    total = tf.Variable(0.0)
    call = call_of(tf.function(lambda x: total.assign_add(tf.reduce_sum(x))), [tf.constant([1.0, 2.0])])
    call.first()
    assert total.numpy() == 3.0
    call.replay()
    assert total.numpy() == 6.0


def test_a_call_that_takes_from_an_iterator_gets_the_same_elements_again() -> None:
    total = tf.Variable(0, dtype=tf.int64)
    iterator = iter(tf.data.Dataset.range(1, 7))
    feeds = Feeds()
    feeds.created(iterator)
    function = tf.function(lambda it: total.assign_add(next(it) * 10 + next(it)))
    concrete = function.get_concrete_function(iterator)
    resource = iterator._iterator_resource
    call = call_of(function, [resource], concrete=concrete, feeds=feeds.of([resource]))
    call.first()
    assert total.numpy() == 12
    total.assign(0)
    call.replay()
    assert total.numpy() == 12
    assert next(iterator).numpy() == 3


def test_what_the_user_called_is_run_if_it_is_known() -> None:
    called: list[int] = []
    function = tf.function(lambda x: x)
    call_of(function, [tf.constant(1.0)], again=lambda: called.append(1)).run()
    call_of(function, [tf.constant(1.0)]).run()
    assert called == [1]


@pytest.mark.parametrize("jit", [False, True])
def test_whether_xla_compiles_it(jit: bool) -> None:
    function = tf.function(lambda x: x + 1, jit_compile=jit)
    assert call_of(function, [tf.constant(1.0)]).is_compiled == jit
    around = tf.function(lambda x: function(x) * 2)
    assert call_of(around, [tf.constant(1.0)]).is_compiled == jit


def test_bytes() -> None:
    assert bytes_of(tf.zeros([3, 4])) == 48
    assert bytes_of(tf.zeros([], tf.float64)) == 8
    assert bytes_of(tf.constant(["a", "b"])) == 0
    assert bytes_of(tf.Variable(1.0).handle) == 0
    call = call_of(tf.function(lambda x, y: (x, y)), [tf.zeros([5]), tf.zeros([2], tf.float16)])
    assert call.size == 24


def test_tensors_of_structures_are_named_by_their_path() -> None:
    a, b, c = (tf.constant(float(i)) for i in range(3))
    call = call_of(
        tf.function(lambda x: x), [a], named={"batch": {"x": a, "y": [b, (c,)]}, "rate": 0.1, "array": np.ones(3)}
    )
    assert names_in(call) == {a._id: "batch['x']", b._id: "batch['y'][0]", c._id: "batch['y'][1][0]"}
    assert flat("x", a) == [("x", a)]
    assert flat("x", "text") == []
