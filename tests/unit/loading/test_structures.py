"""Structures of tensors: one flat tensor a leaf, packed again when the target is called."""

from collections import OrderedDict, namedtuple
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

import pytest
import tensorflow as tf

from gradcheck.loading import load
from gradcheck.loading.calls import Call, target_of
from gradcheck.loading.declarations import Argument
from gradcheck.loading.signatures import arguments_of
from gradcheck.loading.structures import classes_in, mapped, packed, parameters_in, written
from gradcheck.records import LoadedTarget, Parameter

Write = Callable[[str, str | bytes], Path]
State = namedtuple("State", "h c")
S = tf.TensorSpec


def loaded(function: Any) -> LoadedTarget:
    return target_of("t", Call(function, arguments_of("t", function)), ())


def tree_of(name: str, shape: Any) -> Any:
    return mapped(shape, lambda path, leaf: Parameter(path) if leaf is None else leaf, name)


TREES: dict[str, tuple[Any, tuple[str, ...], str]] = {
    "dict": ({"b": None, "a": None}, ("x['b']", "x['a']"), '{{"b": {0}, "a": {1}}}'),
    "list": ([None, None], ("x[0]", "x[1]"), "[{0}, {1}]"),
    "tuple": ((None, None), ("x[0]", "x[1]"), "({0}, {1})"),
    "tuple of one": ((None,), ("x[0]",), "({0},)"),
    "namedtuple": (State(None, None), ("x.h", "x.c"), "State({0}, {1})"),
    "nested": ({"s": State(None, [None]), "k": 3}, ("x['s'].h", "x['s'].c[0]"), '{{"s": State({0}, [{1}]), "k": 3}}'),
    "keys": ({"a}b": None, 1: None}, ("x['a}b']", "x[1]"), '{{"a}}b": {0}, 1: {1}}}'),
    "empty": ({"a": None, "b": (), "c": {}}, ("x['a']",), '{{"a": {0}, "b": (), "c": {{}}}}'),
}


@pytest.mark.parametrize("kind", TREES)
def test_names_order_and_text_of_a_structure(kind: str) -> None:
    shape, names, text = TREES[kind]
    tree = tree_of("x", shape)
    assert tuple(p.name for p in parameters_in(tree)) == names
    places = (f"{{{i}}}" for i in count())
    assert written(tree, places) == text
    values = [1.5 * i for i in range(len(names))]
    again = packed(tree, iter(values))
    assert type(again) is type(shape)
    assert eval(text.format(*values), {"State": State}) == again


def test_kinds_of_mappings() -> None:
    assert type(packed(OrderedDict(a=Parameter("a")), iter([1.0]))) is OrderedDict
    assert classes_in({"a": [State(1, (State(2, 3),))]}) == [State]


def test_a_declared_structure_is_packed_for_the_function() -> None:
    @tf.function(input_signature=[{"image": S([2]), "n": S([], tf.int32)}, State(S([]), (S([]), S([])))])
    def f(inputs: Any, state: Any) -> Any:
        return {"y": inputs["image"] * tf.cast(inputs["n"], tf.float32) * state.h, "rest": state.c[0] - state.c[1]}

    target = loaded(f)
    assert [(p.name, p.dtype, p.shape) for p in target.parameters] == [
        ("inputs['image']", "float32", (2,)),
        ("inputs['n']", "int32", ()),
        ("state.h", "float32", ()),
        ("state.c[0]", "float32", ()),
        ("state.c[1]", "float32", ()),
    ]
    result = target.function(tf.constant([1.0, 2.0]), tf.constant(3), *(tf.constant(v) for v in (2.0, 5.0, 1.0)))
    assert list(result["y"].numpy()) == [6.0, 12.0]
    assert result["rest"].numpy() == 4.0
    assert target.call == 'f({{"image": {0}, "n": {1}}}, State({2}, ({3}, {4})))'
    assert target.is_tensor


def test_a_structure_is_packed_inside_a_graph_with_autograph() -> None:
    def branching(pair: Any) -> Any:
        if pair[0] > 0:
            return pair[1]
        return -pair[1]

    call = Call(branching, (Argument("pair", (Parameter("pair[0]"), Parameter("pair[1]"))),))
    for run in (call.run, loaded(tf.function(branching, input_signature=[(S([]), S([]))])).function):
        graph = tf.function(run).get_concrete_function(S([]), S([]))
        assert graph(tf.constant(-1.0), tf.constant(2.0)).numpy() == -2.0


def test_a_concrete_function_of_structures_constants_and_keywords() -> None:
    @tf.function
    def f(pair: Any, power: Any, scale: Any = 2.0, *, options: Any) -> Any:
        return (pair.h + pair.c) ** power * scale * options["k"]

    concrete = f.get_concrete_function(State(S([]), S([])), 2, options={"k": S([])})
    target = loaded(concrete)
    assert [p.name for p in target.parameters] == ["pair.h", "pair.c", "options['k']"]
    assert not any(p.keyword_only for p in target.parameters)
    assert target.function(*(tf.constant(v) for v in (1.0, 2.0, 10.0))).numpy() == 180.0
    assert target.call == 'f(State({0}, {1}), 2, 2.0, options={{"k": {2}}})'


def test_a_signature_of_a_saved_model_in_a_module_takes_its_inputs_by_name() -> None:
    concrete = tf.function(lambda *, x, y: x * y).get_concrete_function(x=S([]), y=S([], tf.float32))
    target = loaded(concrete)
    assert [(p.name, p.keyword_only) for p in target.parameters] == [("x", True), ("y", True)]
    assert target.function(x=tf.constant(2.0), y=tf.constant(3.0)).numpy() == 6.0
    assert target.call == "f(x={0}, y={1})"


class Pair(NamedTuple):
    x: float
    n: int


class Batch(TypedDict):
    image: Any
    state: Pair
    masked: bool


def test_annotations_declare_a_structure() -> None:
    def f(batch: Batch, pair: Pair) -> Any:
        return batch["image"] * batch["state"].x + pair.x

    target = loaded(f)
    assert [(p.name, p.dtype) for p in target.parameters] == [
        ("batch['image']", None),
        ("batch['state'].x", None),
        ("batch['state'].n", "int32"),
        ("batch['masked']", "bool"),
        ("pair.x", None),
        ("pair.n", "int32"),
    ]
    assert target.function(2.0, 3.0, 0, True, 1.0, 0) == 7.0
    assert target.call == 'f({{"image": {0}, "state": Pair({1}, {2}), "masked": {3}}}, Pair({4}, {5}))'


@pytest.mark.parametrize("annotation", [dict, "dict[str, tf.Tensor]", dict[str, Any], Mapping[str, Any]])
def test_a_dict_of_nobody_knows_what(refused: Callable[..., str], annotation: Any) -> None:
    def f(batch: Any) -> Any:
        return batch

    f.__annotations__["batch"] = annotation
    message = refused("GC909", lambda: loaded(f))
    assert "nothing says what is in it; declare it with tf.function(input_signature=" in message


def test_a_flat_function_is_itself() -> None:
    def f(x: Any, *, y: Any) -> Any:
        return x - y

    target = loaded(f)
    assert target.function is f
    assert target.call == "f({0}, y={1})"
    assert not target.is_tensor


def test_labels_are_held_and_masks_have_a_domain() -> None:
    def loss(logits: Any, labels: Any, sample_weight: Any, mask: bool) -> Any:
        return logits

    target = loaded(loss)
    assert target.held == ("labels", "sample_weight", "mask")
    assert target.domains == {"mask": "mask"}
    assert target.is_tensor
    batch = tf.function(lambda batch: batch["x"], input_signature=[{"x": S([]), "y_true": S([]), "mask": S([])}])
    assert loaded(batch).held == ("batch['y_true']", "batch['mask']")
    assert loaded(batch).domains == {"batch['mask']": "mask"}


def test_labels_alone_are_not_held() -> None:
    assert loaded(lambda target: target).held == ()
    assert loaded(lambda n, labels: labels).held == ("labels",)


def test_lines_to_paste_import_a_namedtuple(project: Path, write: Write, pasted: Callable[..., Any]) -> None:
    write(
        "states.py",
        """
        from collections import namedtuple
        import tensorflow as tf

        State = namedtuple("State", "h c")
        S = tf.TensorSpec([])

        @tf.function(input_signature=[State(S, S)])
        def f(state):
            return state.h - state.c

        def make():
            Other = namedtuple("Other", "a")
            return tf.function(lambda o: o.a, input_signature=[Other(S)])
        """,
    )
    target = load("states:f")
    assert target.paste == ("from states import f", "from states import State")
    assert pasted(target, tf.constant(3.0), tf.constant(1.0)).numpy() == 2.0
    other = load("states:make()")
    assert other.paste[2:] == ("from collections import namedtuple", 'Other = namedtuple("Other", "a")')
    assert other.function(tf.constant(3.0)).numpy() == 3.0
