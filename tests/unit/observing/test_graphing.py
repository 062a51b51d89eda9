"""A loss as a graph of the operations that were run: its inputs, its variables, and what is cut off."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.observing.graphing import Drawn, Known, drawn
from gradcheck.observing.nodes import NoGraph, legal, unique
from gradcheck.observing.optimizers import handles_of
from gradcheck.observing.recording import Recorder, identity, recording


def drawn_of(
    loss: Callable[[], Any],
    sources: list[Any],
    names: dict[str, Any] | None = None,
    arrays: dict[str, Any] | None = None,
) -> Drawn:
    """Run a loss and draw it; sources that are variables are called by their own names."""
    recorder = Recorder()
    with recording(recorder), tf.GradientTape(persistent=True) as tape:
        tape.watch([s for s in sources if isinstance(s, tf.Tensor)])
        target = loss()
        recorder.differentiated(lambda: tape.gradient(target, sources), target, sources)
    variables = [s for s in sources if isinstance(s, tf.Variable)]
    handles = handles_of(variables)
    called = {key: v.name.removesuffix(":0") for v in variables for key in handles_of(v)}
    tensors = {identity(t): name for name, t in (names or {}).items()}
    return drawn(recorder, recorder.asked[-1], Known(tensors, arrays or {}, called, handles))


def at(found: Drawn) -> float:
    return float(found.function(*found.values)["loss"])


@pytest.fixture
def w() -> Any:
    return tf.Variable([2.0, 3.0], name="w")


def test_named_tensors_are_inputs_and_variables_are_variables(w: Any) -> None:
    x = tf.constant([4.0, 5.0])
    found = drawn_of(lambda: tf.reduce_sum(x * w * 2.0), [w], {"batch['x']": x})
    assert (found.names, found.keys, found.wrt) == (("batch['x']",), ("batch__x",), ("w",))
    assert at(found) == 46.0
    found.variables["w"].assign([0.0, 1.0])
    assert float(found.function(tf.constant([1.0, 1.0]))["loss"]) == 2.0


def test_a_variable_that_is_read_twice_is_one(w: Any) -> None:
    found = drawn_of(lambda: tf.reduce_sum(w * tf.convert_to_tensor(w)), [w])
    assert list(found.variables) == ["w"]
    assert found.names == ()
    assert at(found) == 13.0


def test_an_embedding_is_gathered_from_its_variable() -> None:
    table = tf.Variable([[1.0, 2.0], [3.0, 4.0]], name="table")
    ids = tf.constant([1, 1, 0])
    found = drawn_of(lambda: tf.reduce_sum(tf.nn.embedding_lookup(table, ids)), [table], {"ids": ids})
    assert found.names == ("ids",)
    assert float(found.function(tf.constant([0, 0, 0]))["loss"]) == 9.0


def test_a_variable_that_changes_within_the_step_is_as_it_was_read_last(w: Any) -> None:
    counter = tf.Variable(1.0, name="counter")

    def loss() -> Any:
        before = counter.read_value()
        counter.assign_add(10.0)
        return tf.reduce_sum(w) * before + counter.read_value()

    assert at(drawn_of(loss, [w, counter])) == 16.0


def test_random_numbers_are_as_they_were_drawn(w: Any) -> None:
    drew: list[Any] = []

    def loss() -> Any:
        drew.append(tf.random.normal([20]))
        return tf.reduce_sum(drew[0]) * w[0]

    found = drawn_of(loss, [w])
    assert at(found) == at(found) == pytest.approx(float(tf.reduce_sum(drew[0])) * 2)


def test_python_that_needs_numbers_is_no_matter(w: Any) -> None:
    def loss() -> Any:
        total = tf.constant(0.0)
        for k in range(int(w.numpy()[1])):
            if float(total) < 3.0:
                total = total + w[0] * float(k + 1)
        return total

    assert at(drawn_of(loss, [w])) == 6.0


def test_an_array_of_numpy_is_an_input_by_its_name_once(w: Any) -> None:
    rows = np.arange(20, dtype=np.float32).reshape(10, 2)
    found = drawn_of(lambda: tf.reduce_sum(rows * w) + tf.reduce_sum(rows), [w], arrays={"rows": rows})
    assert found.names == ("rows",)
    assert at(found) == 670.0


def test_what_is_differentiated_by_is_an_input_although_it_is_computed(w: Any) -> None:
    x = tf.constant([1.0, 2.0])
    mixed = x * 3.0
    found = drawn_of(lambda: tf.reduce_sum(mixed**2), [mixed])
    assert (found.names, found.wrt) == (("source",), ("source",))
    assert at(found) == 45.0


def test_several_targets_are_summed_as_a_tape_sums_them(w: Any) -> None:
    found = drawn_of(lambda: [w * 2.0, tf.reduce_sum(w)], [w])
    assert at(found) == 15.0


def test_loops_lists_and_lists_of_dimensions_are_kept(w: Any) -> None:
    def loss() -> Any:
        parts = tf.split(tf.reshape(w, [1, 2]), 2, axis=1)
        looped = tf.while_loop(lambda i, s: i < 3, lambda i, s: (i + 1, s + w[0]), [0, 0.0])[1]
        return tf.reduce_sum(tf.squeeze(tf.concat([*parts, tf.transpose(parts[0])], 1))) + looped

    assert at(drawn_of(loss, [w])) == 13.0


def test_lines_are_those_of_the_code(w: Any) -> None:
    found = drawn_of(lambda: tf.reduce_sum(tf.sqrt(w)), [w])
    (place,) = [p for name, p in found.places.items() if name.endswith("_Sqrt")]
    assert place.file == __file__
    assert "tf.sqrt(w)" in place.source


def test_what_is_no_float_has_no_graph(w: Any) -> None:
    with pytest.raises(NoGraph, match="no float tensor"):
        drawn_of(lambda: tf.constant(3), [w])


def test_names_are_made_legal_and_unique() -> None:
    assert legal("a/b['x']") == "a_b__x"
    assert legal("lambda") == "x_lambda"
    assert legal("0") == "x_0"
    assert legal("ä") == "x_"
    assert unique("x", ["x", "x_2"]) == "x_3"
