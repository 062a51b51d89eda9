"""Traced tensor targets: versions, cotangents, variables, and what the search wants to know of a graph."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.domains import parse_domain
from gradcheck.errors import BAD_CONFIGURATION
from gradcheck.loading.calls import Call, target_of
from gradcheck.loading.signatures import arguments_of
from gradcheck.program import Array
from gradcheck.records import TensorPoint, TensorVersion, TracedTensors
from gradcheck.tracing.tensors import Wanted, trace_tensors

Refused = Callable[[str, Callable[[], object]], str]


def traced(function: Callable[..., Any], **fields: Any) -> TracedTensors:
    loaded = target_of("t", Call(function, arguments_of("t", function)), (), **fields.pop("loaded", {}))
    return trace_tensors(loaded, Wanted(fields.pop("shapes", {}), fields.pop("domains", {}), **fields))


def version(target: TracedTensors, name: str = "autodiff", cotangent: str = "ones") -> TensorVersion:
    (found,) = [v for v in target.versions if (v.name, v.cotangent) == (name, cotangent)]
    return found


def gradients(target: TracedTensors, point: TensorPoint, *key: str) -> list[Any]:
    """Gradients of a version at a point, as lists."""
    return [None if g is None else g.tolist() for g in version(target, *key).run(point)[1]]


def floats(*values: float) -> Array:
    return np.array(values)


def test_a_number_needs_no_random_signs() -> None:
    target = traced(lambda x: tf.reduce_sum(x * x))
    assert {name: [a.tolist() for a in arrays] for name, arrays in target.cotangents.items()} == {"ones": [1.0]}
    assert [(v.name, v.cotangent) for v in target.versions] == [("autodiff", "ones")]
    assert gradients(target, (floats(1, 2, 3),)) == [[2.0, 4.0, 6.0]]


def test_several_numbers_are_weighed_with_random_signs_of_the_seed_too() -> None:
    def squares(x: Any) -> Any:
        return x * x, tf.reduce_sum(x)

    target = traced(squares, seed=4)
    first, second = target.cotangents["random signs"]
    assert (first.shape, second.shape) == ((3,), ())
    assert set(np.abs([*first, second])) == {1.0}
    wanted = 2 * first * floats(1, 2, 3) + second
    assert gradients(target, (floats(1, 2, 3),), "autodiff", "random signs") == [wanted.tolist()]
    assert target.outputs == ("0", "1")
    again, others = traced(squares, seed=4), [traced(squares, seed=s) for s in range(5, 11)]
    assert np.array_equal(again.cotangents["random signs"][0], first)
    assert not all(np.array_equal(o.cotangents["random signs"][0], first) for o in others)


def test_outputs_that_are_no_floats_or_none_are_left_out_and_the_others_keep_their_names() -> None:
    target = traced(lambda x: {"place": tf.argmax(x), "loss": tf.reduce_sum(x), "nothing": None, "twice": 2 * x})
    assert target.outputs == ("loss", "twice")
    outputs, (gradient,) = version(target).run((floats(1, 2, 4),))
    assert [o.tolist() for o in outputs] == [7.0, [2.0, 4.0, 8.0]]
    assert gradient is not None
    assert gradient.tolist() == [3.0, 3.0, 3.0]


def test_labels_are_not_differentiated_by_unless_they_are_named() -> None:
    def loss(labels: Any, x: Any) -> Any:
        return tf.reduce_sum((labels - x) ** 2)

    assert traced(loss).wrt == ("x",)
    assert traced(loss, wrt=("labels",)).wrt == ("labels",)
    assert traced(lambda y_true: tf.reduce_sum(y_true)).wrt == ("y_true",)


def gathered(table: Any, places: Any) -> Any:
    return tf.reduce_sum(tf.gather(table, places) ** 2)


def test_an_integer_is_refused_to_be_differentiated_by(refused: Refused) -> None:
    wanted = "t: --wrt places: it is int32; name a float input"
    assert refused(BAD_CONFIGURATION, lambda: traced(gathered, wrt=("places",))) == wanted


def test_a_misspelt_name_is_answered_with_the_likely_one(refused: Refused) -> None:
    wanted = "t: --wrt tabel: no input or variable 'tabel'; did you mean table?"
    assert refused(BAD_CONFIGURATION, lambda: traced(gathered, wrt=("tabel",))) == wanted


def test_sparse_gradients_are_made_dense() -> None:
    target = traced(gathered, shapes={"table": (3,), "places": (2,)})
    assert gradients(target, (floats(1, 2, 3), np.array([1, 1]))) == [[0.0, 8.0, 0.0]]


def test_a_gradient_that_is_not_connected_is_none() -> None:
    target = traced(lambda x, w: tf.reduce_sum(tf.round(x) * w))
    assert version(target).connected == (False, True)
    assert gradients(target, (floats(1, 2, 3), floats(1, 1, 1))) == [None, [1.0, 2.0, 3.0]]


@tf.custom_gradient
def tripled(x: Any) -> Any:
    return x * x, lambda upstream: upstream * 3.0 * x


def test_a_custom_gradient_is_a_version_beside_the_one_without_it() -> None:
    target = traced(lambda x: tf.reduce_sum(tripled(x)))
    assert gradients(target, (floats(1, 2, 3),), "autodiff") == [[2.0, 4.0, 6.0]]
    assert gradients(target, (floats(1, 2, 3),), "custom") == [[3.0, 6.0, 9.0]]


class Module(tf.Module):
    def __init__(self, squared: Callable[..., Any]) -> None:
        self.squared = squared
        self.w = tf.Variable([1.0, 2.0, 3.0], name="w")
        self.unused = tf.Variable(1.0, name="unused")
        self.fixed = tf.Variable(2.0, name="fixed", trainable=False)
        self.count = tf.Variable(3, name="count")

    def __call__(self, x: Any) -> Any:
        return tf.reduce_sum(self.squared(x * self.w)) * self.fixed + tf.cast(self.count, tf.float32)


@pytest.mark.parametrize("squared", [tf.square, tripled])
def test_gradients_by_variables_are_right_with_and_without_a_custom_gradient(squared: Callable[..., Any]) -> None:
    module = Module(squared)
    target = traced(module, wrt=("variables",), shapes={"x": (3,)})
    assert (target.wrt, [w.shape for w in target.weights]) == (("w:0",), [(3,)])
    x = floats(1, 1, 2)
    assert gradients(target, (x,)) == [[4.0, 8.0, 48.0]]
    if squared is tripled:
        assert gradients(target, (x,), "custom") == [[6.0, 12.0, 72.0]]


@pytest.mark.parametrize("squared", [tf.square, tripled])
def test_the_program_of_variables_computes_the_same_gradients(squared: Callable[..., Any]) -> None:
    target = traced(Module(squared), wrt=("x", "variables"), shapes={"x": (3,)})
    x = (floats(1, 1, 2),)
    for one in target.versions:
        study = one.study()
        assert study is not None
        seen = study.observe(x)
        found = [seen[ref].reshape(-1).tolist() for ref in study.program.outputs[study.program.results :]]
        assert found == [None if g is None else g.tolist() for g in one.run(x)[1]]


@pytest.mark.parametrize("squared", [tf.square, tripled])
def test_variables_are_read_when_it_runs_not_when_it_was_traced(squared: Callable[..., Any]) -> None:
    module = Module(squared)
    target = traced(module, wrt=("w:0",), shapes={"x": (3,)})
    before = gradients(target, (floats(1, 1, 2),))
    module.w.assign(2 * module.w)
    assert gradients(target, (floats(1, 1, 2),), "custom" if squared is tripled else "autodiff") != before


def test_codes_of_a_point_are_those_of_what_it_gives() -> None:
    target = traced(lambda x: tf.sqrt(x), shapes={"x": (2,)})
    look = version(target).look
    assert [look((floats(*p),)).tolist() for p in ((1, 1), (0, 1), (-1, 0))] == [[0, 0], [0, 2], [1, 1]]


def test_a_batch_is_looked_at_as_its_points_are() -> None:
    one = version(traced(lambda x: tf.sqrt(x), shapes={"x": (2,)}))
    many = one.vectorised()
    assert many is not None
    batch = np.resize([[1.0, 1.0], [0.0, 1.0], [-1.0, 0.0]], (one.width, 2))
    np.testing.assert_array_equal(many((batch,))[:3], [[0, 0], [0, 2], [1, 1]])


def test_what_tensorflow_cannot_vectorise_is_run_alone() -> None:
    assert version(traced(lambda m: tf.linalg.det(m))).vectorised() is None


def test_the_forward_function_runs_without_its_gradient() -> None:
    @tf.custom_gradient
    def broken(x: Any) -> Any:
        def gradient(upstream: Any) -> Any:
            raise NotImplementedError("later")

        return 2 * x, gradient

    target = traced(broken, shapes={"x": (2,)})
    assert version(target).failure is None
    custom = version(target, "custom")
    assert custom.failure == "NotImplementedError: later"
    assert [o.tolist() for o in custom.forward((floats(1, 2),))] == [[2.0, 4.0]]


def test_constants_of_the_graph_are_told() -> None:
    table = tf.constant([0.25, 0.5, 7.0])
    target = traced(lambda x: tf.where(x > 17.5, x, table * x))
    assert any(t.tolist() == [0.25, 0.5, 7.0] for t in target.tables)
    assert 17.5 in target.scalars


def test_domains_of_a_convention_give_way_to_those_that_are_said() -> None:
    def masked(x: Any, mask: Any) -> Any:
        return tf.reduce_sum(x * mask)

    assert [i.domain.text for i in traced(masked).inputs] == ["any", "mask"]
    said = {"mask": parse_domain("mask", "0:5")}
    assert [i.domain.text for i in traced(masked, domains=said).inputs] == ["any", "0:5"]


def test_stops_and_xla_are_told() -> None:
    target = traced(lambda x: tf.reduce_sum(tf.stop_gradient(x) * x))
    assert [stop.file for stop in target.stops] == [__file__]
    compiled = tf.function(lambda x: tf.reduce_sum(x), jit_compile=True)
    assert any("XLA" in note for note in traced(lambda x: compiled(x)).notes)
    assert target.notes == ()


@tf.function(input_signature=[{"p": tf.TensorSpec([2]), "q": [tf.TensorSpec([])]}])
def structured(batch):  # type: ignore[no-untyped-def]
    return tf.cond(batch["q"][0] > 0, lambda: tf.math.log(batch["p"]), lambda: tf.sqrt(batch["p"]))


@tf.custom_gradient
def overridden(x):  # type: ignore[no-untyped-def]
    return tf.math.log(x), lambda upstream: upstream / x


@pytest.mark.parametrize("name", ["autodiff", "custom"])
def test_programs_name_inputs_as_the_user_does(name: str) -> None:
    def lists(xs: Any) -> Any:
        return overridden(xs["a"][0]) * xs["a"][1]

    spec = {"a": [tf.TensorSpec([2]), tf.TensorSpec([2])]}
    study = version(traced(tf.function(lists, input_signature=[spec])), name).study()
    assert study is not None
    assert [study.program.nodes[i].name for i in study.program.inputs] == ["xs['a'][0]", "xs['a'][1]"]


def test_programs_of_taken_branches_do_too() -> None:
    study = version(traced(structured)).study()
    assert study is not None
    inside = study.entered((floats(1.0, 2.0), np.array(1.0)))
    assert inside is not None
    assert [inside.program.nodes[i].name for i in inside.program.inputs] == ["batch['p']", "batch['q'][0]"]
