"""Entry points that tell a watcher, and are themselves again."""

import contextlib
import inspect
from types import ModuleType, SimpleNamespace
from typing import Any

import keras
import pytest
import tensorflow as tf

from gradcheck.observing.hooks import HOOKS, Hooks
from gradcheck.observing.wrappers import Named, applying, fed


class Told:
    """A watcher that notes what it is told, and goes on."""

    def __init__(self) -> None:
        self.calls: list[Any] = []
        self.rerun = None
        self.feeds = SimpleNamespace(
            created=lambda iterator: self.calls.append("created"), next=lambda iterator: self.again
        )
        self.again: list[Any] = []

    def entered(self, tape: Any, frame: Any) -> None:
        self.calls.append(("entered", frame.f_code.co_name))

    def differentiated(self, tape: Any, call: Any, target: Any, sources: Any) -> Any:
        self.calls.append(("differentiated", tape is None))
        return call()

    def applied(self, optimizer: Any, call: Any, gradients: Any, variables: Any) -> Any:
        self.calls.append(("applied", len(gradients), [v.name for v in variables]))
        return call()

    def called(self, call: Any, named: Any) -> Any:
        self.calls.append(("called", dict(named.items())))
        return call()

    def executed(self, concrete: Any, execute: Any, inputs: Any, captured: Any) -> Any:
        self.calls.append("executed")
        return execute(concrete, inputs, captured)

    def assigns(self, handle: Any) -> None:
        self.calls.append("assigns")

    def assigned(self, handle: Any) -> None:
        self.calls.append("assigned")


@pytest.fixture
def told() -> Any:
    watcher = Told()
    made: Any = lambda: watcher  # noqa: E731
    hooked = Hooks(made)
    hooked.install()
    try:
        yield watcher
    finally:
        hooked.remove()


def test_tapes(told: Told) -> None:
    x = tf.constant([2.0, 3.0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
    assert tape.gradient(y, x).numpy().tolist() == [4.0, 6.0]
    assert tape.gradient(target=y, sources=x).numpy().tolist() == [4.0, 6.0]
    name = inspect.currentframe().f_code.co_name  # type: ignore[union-attr]
    assert told.calls == [("entered", name), ("differentiated", False), ("differentiated", False)]


def test_jacobians(told: Told) -> None:
    x = tf.constant([[2.0, 3.0]])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
    assert tape.batch_jacobian(y, x).numpy().tolist() == [[[4.0, 0.0], [0.0, 6.0]]]
    assert ("differentiated", False) in told.calls


def test_gradients_of_a_graph(told: Told) -> None:
    @tf.function
    def step(x: Any) -> Any:
        return tf.gradients(x * x, x)[0]

    assert step(tf.constant(3.0)).numpy() == 6.0
    assert ("differentiated", True) in told.calls
    assert told.calls[0][0] == "called"
    assert told.calls[-1] == "executed"


@pytest.mark.parametrize("how", ["apply", "apply_gradients"])
def test_optimizers(told: Told, how: str) -> None:
    weights = tf.Variable([1.0], name="weights")
    sgd = keras.optimizers.SGD(1.0)
    sgd.build([weights])
    told.calls.clear()
    if how == "apply":
        sgd.apply([tf.constant([0.5])], [weights])
    else:
        sgd.apply_gradients(zip([tf.constant([0.5])], [weights], strict=True))
    assert ("applied", 1, ["weights:0"]) in told.calls
    assert [c for c in told.calls if c[0] == "applied"] == [("applied", 1, ["weights:0"])]
    assert weights.numpy().tolist() == [0.5]


def test_gradients_that_can_be_walked_through_once_only(told: Told) -> None:
    weights = tf.Variable([1.0], name="weights")
    sgd = keras.optimizers.SGD(1.0)
    sgd.build([weights])
    sgd.apply((g for g in [tf.constant([0.5])]), (v for v in [weights]))
    assert weights.numpy().tolist() == [0.5]


def test_functions_with_the_names_of_their_arguments(told: Told) -> None:
    @tf.function
    def step(x: Any, rate: float = 0.1) -> Any:
        return x * rate

    step(tf.constant(2.0), rate=0.5)
    kind, named = told.calls[0]
    assert (kind, list(named), named["rate"]) == ("called", ["x", "rate"], 0.5)


def test_variables(told: Told) -> None:
    weights = tf.Variable([1.0, 2.0])
    told.calls.clear()
    weights.assign([1.0, 1.0])
    weights.assign_add([1.0, 1.0])
    weights.scatter_nd_update([[0]], [5.0])
    weights.assign_sub([1.0, 1.0])
    assert weights.numpy().tolist() == [4.0, 1.0]
    assert told.calls.count("assigned") >= 4


def test_iterators(told: Told) -> None:
    iterator = iter(tf.data.Dataset.range(3))
    assert told.calls == ["created"]
    assert next(iterator).numpy() == 0
    told.again = [tf.constant(7)]
    assert next(iterator).numpy() == 7
    told.again = []
    assert next(iterator).numpy() == 1


def test_signatures_and_names_are_those_of_the_originals(told: Told) -> None:
    assert list(inspect.signature(tf.GradientTape.gradient).parameters)[:3] == ["self", "target", "sources"]
    assert tf.GradientTape.gradient.__name__ == "gradient"
    assert told.calls == []


def test_all_is_put_back_in_any_order() -> None:
    before = {name: vars(tf.GradientTape).get(name) for name in ("__enter__", "gradient", "jacobian", "batch_jacobian")}
    one, two = Hooks(lambda: Told()), Hooks(lambda: Told())  # type: ignore[arg-type, return-value]
    one.install()
    two.install()
    two.remove()
    one.remove()
    assert {name: vars(tf.GradientTape).get(name) for name in before} == before


def test_a_module_that_comes_later_is_hooked_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """And one that never comes costs nothing."""
    assert all(not module.startswith("gradcheck") for module, *_ in HOOKS)
    place = type("Optimizer", (), {"apply": lambda self, grads, trainable_variables=None: "applied"})
    module = ModuleType("later")
    module.Optimizer = place  # type: ignore[attr-defined]
    hooked = Hooks(lambda: Told())  # type: ignore[arg-type, return-value]
    original = place.apply  # type: ignore[attr-defined]
    hooked.put("Optimizer", ("apply", "missing"), applying, module)
    assert place.apply is not original  # type: ignore[attr-defined]
    assert not hasattr(place, "missing")
    hooked.remove()
    assert place.apply is original  # type: ignore[attr-defined]


def test_arguments_that_do_not_fit_are_numbered() -> None:
    named = Named(SimpleNamespace(python_function=lambda x: x), (1, 2), {})
    assert dict(named.items()) == {"argument 0": 1, "argument 1": 2}


def test_a_train_function_is_given_its_batches() -> None:
    given: list[Any] = []
    function = fed(given.append, SimpleNamespace(steps_per_execution=2))
    batches = iter([1, 2, 3])
    function(batches)
    function(batches)
    assert given == [[1, 2], [3]]
    with contextlib.suppress(StopIteration):
        function(batches)
        raise AssertionError
    assert given == [[1, 2], [3]]
