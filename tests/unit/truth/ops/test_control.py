"""Branches and loops, against TensorFlow."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.truth.duals import State
from gradcheck.truth.running import NotInTable

raw = tf.raw_ops


@pytest.mark.parametrize("at", [0.5, -0.5])
def test_branches(judge: Any, at: float) -> None:
    def call(x: Any) -> Any:
        return tf.cond(x > 0.0, lambda: (tf.exp(x), x * 2.0), lambda: (x * x, x - 1.0))

    judge(call, np.array(at))


@pytest.mark.parametrize("at", [0.5, -0.5, 1.5])
def test_nested_branches(judge: Any, at: float) -> None:
    def call(x: Any) -> Any:
        return tf.cond(x > 0.0, lambda: tf.cond(x > 1.0, lambda: x * x * x, lambda: tf.sin(x)), lambda: tf.exp(x))

    judge(call, np.array(at))


@pytest.mark.parametrize("index", [-1, 0, 1, 2, 3])
def test_cases(judge: Any, index: int) -> None:
    def call(x: Any, i: Any) -> Any:
        return tf.switch_case(i, [lambda: x * x, lambda: tf.exp(x), lambda: tf.sin(x)])

    judge(call, np.array([0.5, -1.5]), np.int32(index))


def test_a_loop(judge: Any) -> None:
    def call(x: Any) -> Any:
        return tf.while_loop(lambda i, y: i < 4, lambda i, y: (i + 1, tf.sin(y) * x), (0, x))

    judge(call, np.array([0.5, 2.0]))


def test_a_loop_that_ends_by_its_numbers(judge: Any) -> None:
    def call(x: Any) -> Any:
        return tf.while_loop(lambda y: tf.abs(y * y - x) > 1e-8, lambda y: ((y + x / y) / 2.0,), (x,))

    judge(call, np.array(2.0))


def test_a_loop_in_a_loop_and_a_branch_in_that(judge: Any) -> None:
    def inner(x: Any) -> Any:
        return tf.while_loop(
            lambda k, y: k < 3,
            lambda k, y: (k + 1, tf.cond(y > 1.0, lambda: y * 0.5, lambda: y * x + 0.75)),
            (0, x),
        )[1]

    def call(x: Any) -> Any:
        return tf.while_loop(lambda i, y: i < 2, lambda i, y: (i + 1, y + inner(y)), (0, x))[1]

    judge(call, np.array(0.4))


def test_a_loop_with_calls(judge: Any) -> None:
    @tf.function
    def step(y: Any) -> Any:
        return tf.cond(y > 0.0, lambda: tf.sin(y), lambda: y - 1.0)

    judge(lambda x: tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, step(y)), (0, x))[1], np.array(0.7))


def test_scans_and_maps(judge: Any) -> None:
    x = np.array([0.3, 1.2, -0.7])
    judge(lambda x: tf.map_fn(lambda t: t * t + 1.0, x), x)
    judge(lambda x: tf.scan(lambda a, t: a * tf.sin(t) + t, x), x)
    judge(lambda x: tf.foldl(lambda a, t: a * t + 1.0, x), x)


def gradient(call: Any) -> Any:
    """What a gradient graph computes: its own programs are run here, as values."""

    def along(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = call(x)
        return tape.gradient(y, x)

    return along


@pytest.mark.parametrize("at", [0.5, -0.5])
def test_programs_of_gradients(judge: Any, at: float) -> None:
    def loop(x: Any) -> Any:
        return tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, tf.sin(y) * x), (0, x))[1]

    def nested(x: Any) -> Any:
        return tf.while_loop(lambda i, y: i < 2, lambda i, y: (i + 1, loop(y) + y), (0, x))[1]

    branch = gradient(lambda x: tf.cond(x > 0.0, lambda: tf.exp(x) * x, lambda: x * x))
    judge(branch, np.array(at))
    judge(gradient(loop), np.array([at, 2.0]))
    judge(gradient(nested), np.array([at, 2.0]))
    judge(gradient(lambda x: tf.map_fn(lambda t: t * t * t, x)), np.array([at, 2.0]))
    judge(
        gradient(lambda x: tf.cond(x > 0.0, lambda: loop(x), lambda: tf.cond(x > -1.0, lambda: x * x, lambda: x))),
        np.array(at),
    )


def test_a_tie_is_taken_from_both_sides(judge: Any) -> None:
    def call(x: Any) -> Any:
        return tf.cond(x > 1.0, lambda: 3.0 * x, lambda: x + 2.0)

    results = [judge.along(call, np.array(1.0), side=side) for side in (1, 0, -1)]
    assert [float(outputs[0].item().d) for outputs, _ in results] == [3.0, 1.0, 1.0]
    assert all(run.ties for _, run in results)
    assert not judge.along(call, np.array(1.25))[1].ties


def undecided(x: Any) -> Any:
    """A truth value that no precision decides: exp(log(x)) is x."""
    return raw.Exp(x=raw.Log(x=x)) > x


def test_an_undecided_predicate_leaves_results_of_the_right_shape(judge: Any) -> None:
    def call(x: Any) -> Any:
        return tf.cond(undecided(x), lambda: (tf.stack([x, x]), 1), lambda: (tf.stack([x, 2.0 * x]), 2))

    (numbers, integer), _ = judge.along(call, np.array(3.0))
    assert [(x.v, x.d) for x in numbers] == [(State.UNDECIDED, State.UNDECIDED)] * 2
    assert integer.item() is State.UNDECIDED


def test_an_undecided_case_or_loop(judge: Any) -> None:
    def case(x: Any) -> Any:
        return tf.switch_case(tf.cast(undecided(x), tf.int32), [lambda: x, lambda: x * 2.0])

    def loop(x: Any) -> Any:
        return tf.while_loop(lambda y, z: undecided(z), lambda y, z: (y * z, z), (x, x))

    assert judge.along(case, np.array(3.0))[0][0].item().v is State.UNDECIDED
    (changed, kept), _ = judge.along(loop, np.array(3.0))
    assert changed.item().v is State.UNDECIDED
    assert kept.item().v == 3


def test_an_undecided_gradient(judge: Any) -> None:
    call = gradient(lambda x: tf.cond(undecided(x), lambda: tf.exp(x) * x, lambda: x * x))
    assert judge.along(call, np.array(3.0))[0][0].item().v is State.UNDECIDED


def test_a_loop_without_end_is_not_followed(judge: Any) -> None:
    with pytest.raises(NotInTable):
        judge.along(lambda x: tf.while_loop(lambda y: y > 0.0, lambda y: (y,), (x,)), np.array(1.0))


def test_assertions_pass(judge: Any) -> None:
    def call(x: Any) -> Any:
        with tf.control_dependencies([tf.debugging.assert_positive(x)]):
            return tf.cond(x > 0.0, lambda: tf.identity(x), lambda: x)

    judge(call, np.array(2.0))
