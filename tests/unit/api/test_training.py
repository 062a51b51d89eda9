"""Watching from Python: what is found, what is done about it, and that the training itself stays as it was."""

# mypy: disable-error-code="union-attr"
import contextlib
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import gradcheck
from gradcheck.errors import CannotCheck
from gradcheck.observing import looks
from gradcheck.observing.hooks import HOOKS

BAD = 5
"""The step whose batch is all zero; the distance to it has no gradient."""

STEPS = 12

MODES = ["eager", "graph", "xla"]

Loop = Callable[..., list[bytes]]


class Model:
    """A small network whose loss is the square root of a sum of squares of what comes in."""

    def __init__(self, mode: str, optimizers: int = 1) -> None:
        self.first = tf.Variable(np.linspace(-1, 1, 12).reshape(4, 3).astype(np.float32), name="first")
        self.second = tf.Variable(np.linspace(1, -1, 3).reshape(3, 1).astype(np.float32), name="second")
        self.variables = [self.first, self.second]
        self.optimizers = [
            keras.optimizers.Adam(0.01, name="adam"),
            keras.optimizers.SGD(0.01, momentum=0.9, name="sgd"),
        ][:optimizers]
        self.groups = [self.variables] if optimizers == 1 else [[self.first], [self.second]]
        for optimizer, group in zip(self.optimizers, self.groups, strict=True):
            optimizer.build(group)
        written = self.written
        self.step = written if mode == "eager" else tf.function(written, jit_compile=mode == "xla")

    def written(self, x: Any) -> Any:
        """One step."""
        with tf.GradientTape() as tape:
            inside = tf.matmul(x, self.first)
            root = tf.sqrt(tf.reduce_sum(inside * inside))
            loss = root + tf.reduce_sum(tf.tanh(self.second) ** 2)
        gradients = tape.gradient(loss, self.variables)
        for optimizer, group in zip(self.optimizers, self.groups, strict=True):
            mine = [g for g, v in zip(gradients, self.variables, strict=True) if any(v is w for w in group)]
            optimizer.apply_gradients(zip(mine, group, strict=True))
        return loss

    @property
    def state(self) -> list[bytes]:
        """The bits of all weights and slots."""
        slots = [v for o in self.optimizers for v in o.variables]
        return [np.asarray(v).tobytes() for v in [*self.variables, *slots]]


def batch(step: int, bad: int | None = BAD) -> Any:
    numbers = np.random.default_rng(step).normal(size=(2, 4)).astype(np.float32)
    return tf.constant(numbers * (0 if step == bad else 1))


def train(model: Model, bad: int | None = BAD, steps: int = STEPS, without: int | None = None) -> None:
    for step in range(steps):
        if step != without:
            model.step(batch(step, bad))


def bad_line() -> int:
    code = Model.written.__code__
    lines = open(code.co_filename).read().splitlines()  # noqa: SIM115, PTH123
    return 1 + next(i for i, line in enumerate(lines) if line.strip().startswith("root = tf.sqrt"))


def finding(result: Any) -> Any:
    (found,) = result.findings
    return found


@contextlib.contextmanager
def stopped() -> Iterator[Any]:
    with pytest.raises(gradcheck.BadGradient) as raised:
        yield raised


@pytest.mark.parametrize("mode", MODES)
def test_stop_raises_at_the_first_bad_step_with_its_cause(mode: str) -> None:
    model = Model(mode)
    with stopped() as raised, gradcheck.watching(every=1) as watch:
        train(model)
    assert raised.value.result is watch.result
    found = finding(watch.result)
    assert (found.code, found.mode, found.wrt) == ("GC001", mode, "first")
    witness = found.training
    assert (witness.step, witness.optimizer, witness.order, witness.variables) == (BAD, "adam", 1, 2)
    assert [(g.variable, g.shape, g.entries, g.nan, g.inf) for g in witness.gradients] == [("first", (4, 3), 12, 12, 0)]
    assert (found.cause.line, found.cause.forward_op) == (bad_line(), "Sqrt")
    assert found.cause.file.endswith("test_training.py")
    assert watch.result.targets[0].training.ended == "stopped"
    assert f"{BAD}" in str(raised.value)


@pytest.mark.parametrize("mode", MODES)
def test_norms_and_loss_of_the_bad_step_are_those_of_the_loop(mode: str) -> None:
    plain, model = Model("eager"), Model(mode)
    expected = []
    for step in range(BAD):
        with tf.GradientTape() as tape:
            inside = tf.matmul(batch(step), plain.first)
            loss = tf.sqrt(tf.reduce_sum(inside * inside)) + tf.reduce_sum(tf.tanh(plain.second) ** 2)
        expected.append(float(tf.linalg.global_norm(tape.gradient(loss, plain.variables))))
        plain.step(batch(step))
    with stopped(), gradcheck.watching() as watch:
        train(model)
    (norms,) = finding(watch.result).training.norms
    assert (norms.optimizer, norms.order, norms.steps[-1]) == ("adam", 1, BAD)
    assert norms.steps[:-1] == tuple(range(BAD))
    np.testing.assert_allclose(norms.norms[:-1], expected, rtol=1e-4)
    assert np.isnan(norms.norms[-1])
    assert finding(watch.result).training.loss == pytest.approx(float(tf.reduce_sum(tf.tanh(plain.second) ** 2)), 1e-4)


@pytest.mark.parametrize("mode", MODES)
def test_warn_goes_on_as_if_nobody_watched(mode: str) -> None:
    alone, model = Model(mode), Model(mode)
    train(alone)
    with gradcheck.watching(on_bad="warn") as watch:
        train(model)
    first = watch.result.findings[0]
    assert (first.code, first.training.step, first.cause.line) == ("GC001", BAD, bad_line())
    assert watch.result.targets[0].training.steps == STEPS
    assert watch.result.targets[0].training.ended == "finished"
    assert model.state == alone.state


@pytest.mark.parametrize("mode", MODES)
def test_skip_step_is_the_loop_that_leaves_the_step_out(mode: str) -> None:
    alone, model = Model(mode), Model(mode)
    train(alone, without=BAD)
    with gradcheck.watching(on_bad="skip-step") as watch:
        train(model)
    assert finding(watch.result).training.step == BAD
    assert model.state == alone.state


@pytest.mark.parametrize("every", [1, 3, 100])
def test_skip_step_in_a_graph_with_later_looks(every: int) -> None:
    """What was run since is run again, without the bad step."""
    alone, model = Model("graph"), Model("graph")
    train(alone, without=BAD)
    with gradcheck.watching(on_bad="skip-step", every=every) as watch:
        train(model)
    assert finding(watch.result).training.step == BAD
    assert model.state == alone.state


@pytest.mark.parametrize("every", [1, 2, 7, 50])
def test_step_is_the_same_however_seldom_the_weights_are_looked_at(every: int) -> None:
    with stopped(), gradcheck.watching(every=every) as watch:
        train(Model("graph"))
    found = finding(watch.result)
    assert (found.training.step, found.cause.line) == (BAD, bad_line())


@pytest.mark.parametrize("late", [31, 32, 33, 63, 64, 70])
def test_a_bad_step_is_found_wherever_it_falls_among_what_is_kept(late: int) -> None:
    model = Model("graph")
    with stopped(), gradcheck.watching() as watch:
        train(model, bad=late, steps=late + 10)
    assert finding(watch.result).training.step == late
    assert len(finding(watch.result).training.norms[0].norms) == 20


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_a_healthy_run_has_the_same_weights_bit_for_bit(mode: str) -> None:
    alone, model = Model(mode, 2), Model(mode, 2)
    train(alone, bad=None)
    with gradcheck.watching(vanished=3, exploding=1e6, untrained=True, every=2) as watch:
        train(model, bad=None)
    assert watch.result.findings == ()
    seen = [(o.name, o.order, o.steps, o.variables) for o in watch.result.targets[0].training.optimizers]
    assert seen == [("adam", 1, STEPS, 1), ("sgd", 2, STEPS, 1)]
    assert watch.result.targets[0].notes == ()
    assert model.state == alone.state


@pytest.mark.parametrize("mode", MODES)
def test_of_several_optimizers_the_one_that_got_it_is_named(mode: str) -> None:
    model = Model(mode, 2)
    model.groups.reverse()
    model.optimizers.reverse()
    model.optimizers[1].build([model.first])
    with stopped(), gradcheck.watching() as watch:
        train(model)
    witness = finding(watch.result).training
    assert (witness.optimizer, witness.order, witness.step) == ("adam", 2, BAD)
    assert {(n.optimizer, n.order) for n in witness.norms} == {("sgd", 1), ("adam", 2)}


def test_the_functions_of_tensorflow_are_themselves_again() -> None:
    def entry_points() -> list[Any]:
        import sys

        places = [(getattr(sys.modules[m], o) if o else sys.modules[m], n) for m, o, n, _ in HOOKS if m in sys.modules]
        return [vars(place).get(name) for place, names in places for name in names]

    before, eagerly = entry_points(), tf.config.functions_run_eagerly()
    assert len(before) > 15
    with gradcheck.watching():
        assert entry_points() != before
        train(Model("graph"), bad=None)
    assert entry_points() == before
    with stopped(), gradcheck.watching():
        train(Model("graph"))
    with pytest.raises(KeyError), gradcheck.watching():
        raise KeyError
    assert entry_points() == before
    assert tf.config.functions_run_eagerly() == eagerly


def test_an_error_of_the_users_comes_through_and_is_noted() -> None:
    def fail() -> None:
        train(Model("eager"), bad=None, steps=2)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), gradcheck.watching() as watch:
        fail()
    training = watch.result.targets[0].training
    assert (training.ended, training.steps) == ("raised", 2)


def test_one_watching_after_another() -> None:
    model = Model("graph")
    for _ in range(2):
        with gradcheck.watching() as watch:
            train(model, bad=None, steps=4)
        assert (watch.result.targets[0].training.steps, watch.result.findings) == (4, ())
    with stopped(), gradcheck.watching() as watch:
        train(model)
    assert (finding(watch.result).training.step, finding(watch.result).cause.line) == (BAD, bad_line())


def test_one_watching_may_be_entered_again() -> None:
    watch = gradcheck.watching()
    with watch:
        train(Model("eager"), bad=None, steps=3)
    first = watch.result
    with watch:
        train(Model("eager"), bad=None, steps=4)
    assert [r.targets[0].training.steps for r in (first, watch.result)] == [3, 4]


def test_functions_that_were_traced_before_are_watched() -> None:
    model = Model("graph")
    train(model, bad=None, steps=3)
    with stopped(), gradcheck.watching() as watch:
        train(model)
    found = finding(watch.result)
    assert found.code == "GC001"
    witness = found.training
    assert (found.mode, found.cause.line, witness.step) == ("graph", bad_line(), BAD)
    assert (witness.optimizer, witness.order, witness.variables) == ("adam", 1, 2)


def test_a_bad_gradient_that_nobody_uses_is_no_finding() -> None:
    model = Model("eager")
    with gradcheck.watching() as watch:
        for step in range(6):
            with tf.GradientTape() as tape:
                loss = tf.sqrt(tf.reduce_sum(tf.matmul(batch(step, bad=2), model.first) ** 2))
            gradient = tape.gradient(loss, model.first)
            model.optimizers[0].apply_gradients([(tf.where(tf.math.is_finite(gradient), gradient, 0.0), model.first)])
    assert watch.result.findings == ()
    assert watch.result.targets[0].training.steps == 6


@pytest.mark.parametrize("mode", MODES)
def test_updates_by_hand(mode: str) -> None:
    weights = tf.Variable([[1.0], [2.0], [3.0], [4.0]], name="weights")

    def written(x: Any) -> None:
        with tf.GradientTape() as tape:
            loss = tf.sqrt(tf.reduce_sum(tf.matmul(x, weights) ** 2))
        weights.assign_sub(0.01 * tape.gradient(loss, weights))

    step = written if mode == "eager" else tf.function(written, jit_compile=mode == "xla")
    with stopped(), gradcheck.watching() as watch:
        for number in range(STEPS):
            step(batch(number))
    found = finding(watch.result)
    assert (found.training.step, found.training.optimizer, found.training.order) == (BAD, None, None)
    assert [g.variable for g in found.training.gradients] == ["weights"]
    assert (found.mode, found.cause.forward_op) == (mode, "Sqrt")


@pytest.mark.parametrize("mode", MODES)
def test_updates_by_hand_that_mask_what_is_bad(mode: str) -> None:
    weights = tf.Variable([[1.0], [2.0], [3.0], [4.0]], name="weights")

    def written(x: Any) -> None:
        with tf.GradientTape() as tape:
            loss = tf.sqrt(tf.reduce_sum(tf.matmul(x, weights) ** 2))
        gradient = tape.gradient(loss, weights)
        weights.assign_sub(0.01 * tf.where(tf.math.is_nan(gradient), 0.0, gradient))

    step = written if mode == "eager" else tf.function(written, jit_compile=mode == "xla")
    with gradcheck.watching() as watch:
        for number in range(STEPS):
            step(batch(number))
    assert watch.result.findings == ()


@pytest.mark.parametrize("mode", ["graph", "xla"])
def test_a_function_computes_the_gradient_and_the_loop_applies_it(mode: str) -> None:
    model = Model("eager")

    @tf.function(jit_compile=mode == "xla")
    def gradients(x: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.sqrt(tf.reduce_sum(tf.matmul(x, model.first) ** 2))
        return tape.gradient(loss, [model.first])

    with stopped(), gradcheck.watching() as watch:
        for step in range(STEPS):
            model.optimizers[0].apply_gradients(zip(gradients(batch(step)), [model.first], strict=True))
    found = finding(watch.result)
    assert (found.training.step, found.training.optimizer, found.mode) == (BAD, "adam", mode)
    assert found.cause.forward_op == "Sqrt"


def test_a_function_that_is_called_within_another() -> None:
    model = Model("graph")

    @tf.function
    def epoch(batches: Any) -> None:
        for x in batches:
            model.step(x)

    batches = tf.stack([batch(step) for step in range(STEPS)])
    with stopped(), gradcheck.watching() as watch:
        epoch(batches)
    found = finding(watch.result)
    assert (found.training.step, found.training.optimizer, found.cause.line) == (BAD, "adam", bad_line())


@pytest.mark.parametrize("mode", ["eager", "graph"])
def test_steps_that_a_loss_scale_leaves_out_are_counted_and_no_finding(mode: str) -> None:
    weights = tf.Variable([[1.0], [2.0], [3.0], [4.0]], name="weights")
    inner = keras.optimizers.SGD(1e-3, name="inner")
    outer = keras.optimizers.LossScaleOptimizer(inner, initial_scale=2.0**10)
    outer.build([weights])

    def written(x: Any, factor: Any) -> None:
        with tf.GradientTape() as tape:
            loss = outer.scale_loss(tf.reduce_sum(tf.matmul(x, weights) ** 2) * factor)
        outer.apply_gradients(zip(tape.gradient(loss, [weights]), [weights], strict=True))

    step = written if mode == "eager" else tf.function(written)
    with gradcheck.watching() as watch:
        for number in range(6):
            step(batch(number, None), tf.constant(np.inf if number == 3 else 1.0, tf.float32))
    assert watch.result.findings == ()
    assert [(o.name, o.steps) for o in watch.result.targets[0].training.optimizers] == [("inner", 6)]
    assert np.isfinite(weights.numpy()).all()


def test_plain_arrays_are_fine_while_it_watches() -> None:
    with gradcheck.watching() as watch:
        assert tf.square(3.0).numpy() == 9
    training = watch.result.targets[0].training
    assert (training.steps, training.optimizers, training.ended) == (0, (), "finished")
    assert watch.result.findings == ()


@pytest.mark.parametrize("mode", MODES)
def test_no_gradient_leaves_the_device_while_all_is_well(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a CPU numbers are read where they are; this one is told that it is another device."""
    sizes: list[int] = []
    plain = type(tf.constant(0.0))._numpy

    def read(tensor: Any) -> Any:
        if tensor.dtype.is_floating:  # axes of sums are TensorFlow's own business
            sizes.append(int(np.prod(tensor.shape)))
        return plain(tensor)

    model = Model(mode)
    model.step(batch(0, None))
    monkeypatch.setattr(looks, "on_cpu", lambda tensor: False)
    with gradcheck.watching(every=1):
        monkeypatch.setattr(type(tf.constant(0.0)), "_numpy", read)
        monkeypatch.setattr(looks, "exact_norm", pytest.fail)
        train(model, bad=None)
        monkeypatch.undo()
    assert sizes
    assert max(sizes) == 1


def mlp() -> Any:
    keras.utils.set_random_seed(3)
    layers = keras.layers
    model = keras.Sequential(
        [layers.Input((4,)), layers.Dense(8, "relu"), layers.Dropout(0.5), layers.BatchNormalization(), layers.Dense(1)]
    )
    model.compile(keras.optimizers.Adam(0.01, name="adam"), "mse")
    return model


def bits(model: Any) -> list[bytes]:
    return [np.asarray(v).tobytes() for v in [*model.weights, *model.optimizer.variables]]


def data(rows: int = 40) -> tuple[Any, Any]:
    generator = np.random.default_rng(1)
    return generator.normal(size=(rows, 4)).astype(np.float32), generator.normal(size=(rows, 1)).astype(np.float32)


@pytest.mark.slow
@pytest.mark.parametrize("eagerly", [False, True])
def test_fit_with_dropout_and_shuffling_has_the_same_weights(eagerly: bool) -> None:
    x, y = data()

    def fit(callbacks: Any = ()) -> Any:
        model = mlp()
        model.run_eagerly = eagerly
        model.fit(x, y, batch_size=8, epochs=3, shuffle=True, verbose=0, callbacks=list(callbacks))
        return model

    alone = fit()
    with gradcheck.watching() as watch:
        within = fit()
    assert bits(within) == bits(alone)
    assert watch.result.targets[0].training.steps == 15
    callback = gradcheck.keras_callback(every=2)
    assert bits(fit([callback])) == bits(alone)
    assert (callback.result.targets[0].training.steps, callback.result.findings) == (15, ())


def vanishing(y: Any, predicted: Any) -> Any:
    return tf.reduce_mean(tf.sqrt(tf.abs(y * predicted)))


@pytest.mark.slow
@pytest.mark.parametrize("eagerly", [False, True])
def test_callback_stops_fit_at_the_bad_batch(eagerly: bool) -> None:
    x, y = data()
    y[24:32] = 0
    model = mlp()
    model.compile(keras.optimizers.Adam(0.01, name="adam"), vanishing, run_eagerly=eagerly)
    callback = gradcheck.keras_callback()
    with stopped() as raised:
        model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0, callbacks=[callback])
    found = finding(raised.value.result)
    assert (found.training.step, found.training.optimizer) == (3, "adam")
    assert "tf.sqrt" in found.cause.source
    assert callback.result is raised.value.result


def test_callback_leaves_nothing_behind() -> None:
    x, y = data(8)
    before = tf.GradientTape.gradient
    model = mlp()
    model.fit(x, y, batch_size=8, verbose=0, callbacks=[gradcheck.keras_callback()])
    assert tf.GradientTape.gradient is before


def test_bad_gradient_can_be_pickled() -> None:
    with stopped() as raised, gradcheck.watching():
        train(Model("eager"))
    again = pickle.loads(pickle.dumps(raised.value))
    assert str(again) == str(raised.value)
    assert again.result.findings[0].training.step == BAD


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"on_bad": "skip"}, "on_bad='skip': unknown; write one of stop, warn, skip-step"),
        ({"every": 0}, "every=0: must be 1 or more"),
    ],
)
def test_wrong_options_are_said(options: Any, words: str) -> None:
    for make in (gradcheck.watching, gradcheck.keras_callback):
        with pytest.raises(CannotCheck) as raised:
            make(**options)
        assert (raised.value.code, raised.value.message) == ("GC907", words)


def test_functions_that_were_traced_before_are_watched_on_request() -> None:
    model = Model("graph", 2)
    train(model, bad=None, steps=3)
    with gradcheck.watching(exploding=1e6, untrained=True) as watch:
        train(model, bad=None)
    seen = [(o.name, o.order, o.steps, o.variables) for o in watch.result.targets[0].training.optimizers]
    assert seen == [("adam", 1, STEPS, 1), ("sgd", 2, STEPS, 1)]
    assert (watch.result.findings, watch.result.targets[0].notes) == ((), ())


@pytest.mark.parametrize("by", ["tapes", "function"])
def test_gradients_that_are_asked_for_before_the_first_of_two_optimizers_are_run_again(by: str) -> None:
    """As a GAN is trained: both gradients first, then both updates, the first of which changes what the second read."""
    one, two = (tf.Variable([3.0, 4.0], name=name) for name in ("one", "two"))
    first, second = (keras.optimizers.SGD(1e-3, name=name) for name in ("first", "second"))

    def gradients(x: Any) -> Any:
        with tf.GradientTape() as tape, tf.GradientTape() as other:
            loss = tf.reduce_sum((x + 1) * one)
            length = tf.sqrt(tf.reduce_sum((x * two * one) ** 2))  # the line
        return tape.gradient(loss, one), other.gradient(length, two)

    def train() -> None:
        for number in range(6):
            x = tf.constant([0.0, 0.0] if number == 4 else [1.0, 2.0])
            if by == "function":
                ours, theirs = traced(x)
            else:
                with tf.GradientTape() as tape:
                    loss = tf.reduce_sum((x + 1) * one)
                with tf.GradientTape() as other:
                    length = tf.sqrt(tf.reduce_sum((x * two * one) ** 2))  # the line
                ours, theirs = tape.gradient(loss, one), other.gradient(length, two)
            first.apply_gradients([(ours, one)])
            second.apply_gradients([(theirs, two)])

    traced = tf.function(gradients)
    with pytest.raises(gradcheck.BadGradient) as caught, gradcheck.watching():
        train()
    found = caught.value.result.findings[0]
    assert found.training is not None
    assert (found.training.step, found.training.optimizer, found.training.order) == (4, "second", 2)
    assert found.cause is not None
    assert found.cause.forward_op == "Sqrt"
    assert found.cause.source is not None
    assert "# the line" in found.cause.source


def test_a_step_that_raises_after_its_update_is_the_one_that_is_told() -> None:
    weights, optimizer = tf.Variable([3.0, 4.0], name="weights"), keras.optimizers.SGD(1e-3, name="sgd")

    @tf.function
    def step(x: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.sqrt(tf.reduce_sum((x * weights) ** 2))
        optimizer.apply_gradients([(tape.gradient(loss, weights), weights)])
        return tf.debugging.check_numerics(weights, "weights")

    with gradcheck.watching(on_bad="warn") as watch:
        for number in range(4):
            with contextlib.suppress(tf.errors.InvalidArgumentError):
                step(tf.constant([0.0, 0.0] if number == 2 else [1.0, 2.0]))
    found = watch.result.findings[0]
    assert (found.training.step, found.training.optimizer) == (2, "sgd")
    assert found.cause.forward_op == "Sqrt"


def test_loss_scaling_that_never_stops_skipping_is_a_note() -> None:
    weights = tf.Variable([1.0, 2.0], name="weights")
    outer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(1e-3, name="inner"))
    outer.build([weights])
    with gradcheck.watching() as watch:
        for number in range(30):
            gradient = tf.constant([np.nan, 1.0] if number >= 10 else [1.0, 1.0], tf.float32)
            outer.apply_gradients([(gradient, weights)])
    (target,) = watch.result.targets
    assert target.findings == ()
    assert target.notes == (
        "optimizer 1 (inner): its loss scaling left out 20 of 30 steps, whose gradients were not finite",
    )


@pytest.mark.slow
def test_fit_of_batches_of_unknown_size_has_the_same_weights() -> None:
    """Layer normalization is another operation where the size of a batch is known."""

    def trained(callbacks: Any) -> list[bytes]:
        keras.utils.set_random_seed(3)
        layers = [keras.layers.Dense(6, "tanh"), keras.layers.LayerNormalization(), keras.layers.Dense(1)]
        model = keras.Sequential([keras.Input([4]), *layers])
        model.compile(keras.optimizers.RMSprop(1e-3), "mse", steps_per_execution=2)
        model.fit(*data(50), batch_size=16, epochs=3, verbose=0, callbacks=callbacks)
        return bits(model)

    assert trained([gradcheck.keras_callback()]) == trained([])


def test_a_gradient_of_more_than_is_updated_is_run_again_with_the_variables_of_its_step() -> None:
    """What is left of an earlier step's gradients says nothing of this one."""
    moving, still = tf.Variable([4.0], name="moving"), tf.Variable([1.0], name="still")
    optimizer = keras.optimizers.SGD(1.0, name="sgd")

    def train() -> None:
        for _ in range(8):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(moving + still + 0.0 * (1.0 / moving))  # bad where it is 0: at step 4
            gradient, _ = tape.gradient(loss, [moving, still])
            optimizer.apply_gradients([(gradient, moving)])

    with pytest.raises(gradcheck.BadGradient) as caught, gradcheck.watching():
        train()
    found = caught.value.result.findings[0]
    assert found.training is not None
    assert found.training.step == 4
    assert found.training.rerun == ""
    assert found.cause is not None
    assert found.cause.source is not None
    assert "bad where it is 0" in found.cause.source
