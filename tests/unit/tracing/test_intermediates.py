"""The intermediates of a version's graph, and the values of them that are dangerous."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.records import Probe, TracedTarget
from gradcheck.tracing.intermediates import DANGERS, MAX_INTERMEDIATES

Trace = Callable[..., TracedTarget]


def probe_of(trace_function: Trace, function: Callable[..., Any], version: int = 0) -> tuple[TracedTarget, Probe]:
    target = trace_function(function)
    probe = target.versions[0][version].probe
    assert probe is not None
    return target, probe


def looked_at(target: TracedTarget, probe: Probe, points: list[float]) -> list[list[float]]:
    """Each intermediate at the points."""
    x = tf.constant(np.resize(points, target.block), target.inputs[0].fmt.name)
    values = [t.numpy().astype(np.float64)[: len(points)].tolist() for t in probe.run(x)]
    assert len(values) == len(probe.dangers)
    return values


@pytest.mark.parametrize(
    ("function", "argument", "dangers"),
    [
        (lambda x: 1.0 / (x - 3.0), lambda x: x - 3, {0.0}),
        (lambda x: tf.math.log(x * 2.0), lambda x: 2 * x, {0.0}),
        (lambda x: tf.math.log1p(x * 2.0), lambda x: 2 * x, {-1.0}),
        (lambda x: tf.sqrt(x * x), lambda x: x * x, {0.0}),
        (lambda x: tf.math.rsqrt(x + 5.0), lambda x: x + 5, {0.0}),
        (lambda x: tf.pow(x + 1.0, 0.5), lambda x: x + 1, {0.0}),
        (lambda x: tf.asin(x * 0.25), lambda x: x / 4, {-1.0, 1.0}),
        (lambda x: tf.acos(tf.cos(x)), math.cos, {-1.0, 1.0}),
        (lambda x: tf.math.reciprocal(x + 5.0), lambda x: x + 5, {0.0}),
        (lambda x: tf.abs(x - 1.0), lambda x: x - 1, {0.0}),
        (lambda x: tf.math.log(tf.identity(tf.identity(x * 2.0))), lambda x: 2 * x, {0.0}),
    ],
)
def test_what_a_dangerous_operation_reads(
    trace_function: Trace, function: Callable[..., Any], argument: Callable[[float], float], dangers: set[float]
) -> None:
    points = [0.5, 1.5, 2.25]
    target, probe = probe_of(trace_function, function)
    values = looked_at(target, probe, points)
    wanted = [argument(x) for x in points]
    found = [set(d) for v, d in zip(values, probe.dangers, strict=True) if v == pytest.approx(wanted, rel=1e-5)]
    assert any(dangers <= d for d in found), (values, probe.dangers)


def test_a_danger_of_the_input_itself(trace_function: Trace) -> None:
    target, probe = probe_of(trace_function, lambda x: tf.math.log(x))
    assert [v for v, d in zip(looked_at(target, probe, [0.5, 2.0]), probe.dangers, strict=True) if 0.0 in d] == [
        [0.5, 2.0]
    ]


def test_operations_that_only_the_backward_pass_has(trace_function: Trace) -> None:
    target, probe = probe_of(trace_function, lambda x: tf.sqrt(x) * 5.0)
    assert pytest.approx([5 / 2 / math.sqrt(2.0)]) in looked_at(target, probe, [2.0])


@pytest.mark.slow
def test_dangerous_ones_come_first_and_there_are_not_too_many(trace_function: Trace) -> None:
    def function(x: Any) -> Any:
        y = x
        for i in range(150):
            y = tf.sin(y + float(i))
        return y + tf.math.log(x - 3.0)

    target, probe = probe_of(trace_function, function)
    assert len(probe.dangers) == MAX_INTERMEDIATES
    assert 0.0 in probe.dangers[0]
    assert looked_at(target, probe, [4.5])[0] == [1.5]


def test_versions_have_their_own(trace_function: Trace) -> None:
    @tf.custom_gradient
    def function(x: Any) -> Any:
        return tf.exp(x), lambda dy: dy / (x - 3.0)

    target, autodiff = probe_of(trace_function, function, 0)
    _, custom = probe_of(trace_function, function, 1)
    assert [-2.5] not in looked_at(target, autodiff, [0.5])
    assert [-2.5] in looked_at(target, custom, [0.5])


def test_only_what_holds_one_float_a_point(trace_function: Trace) -> None:
    target, probe = probe_of(
        trace_function, lambda x: tf.math.log(tf.reduce_sum(tf.stack([x, x * x, -x]), axis=0)) + tf.reduce_max(x) * 0.0
    )
    for intermediate in probe.run(tf.ones([target.block])):
        assert intermediate.shape == [target.block]


def test_inputs_of_a_fixed_shape(trace_function: Trace) -> None:
    signed = tf.function(lambda x: tf.math.log(x), input_signature=[tf.TensorSpec([4], tf.float32)])
    target = trace_function(signed)
    probe = target.versions[0][0].probe
    if probe is not None:
        assert all(len(v) == 2 for v in looked_at(target, probe, [0.5, 2.0]))


def test_point_by_point_targets_have_none(trace_function: Trace) -> None:
    target = trace_function(lambda x: tf.cond(x > 0, lambda: tf.math.log(x), lambda: x))
    assert target.looped
    assert target.versions[0][0].probe is None


def test_a_gradient_that_raises_has_none(trace_function: Trace) -> None:
    target = trace_function(lambda x: tf.raw_ops.PreventGradient(input=x, message=""))
    assert target.versions[0][0].probe is None


@pytest.mark.parametrize("kind", DANGERS)
def test_the_table_names_operations_and_their_arguments(kind: str) -> None:
    from tensorflow.python.framework import op_def_registry

    definition = op_def_registry.get(kind)
    assert definition is not None, "not an operation of this TensorFlow"
    assert all(position < len(definition.input_arg) for position in DANGERS[kind])
    assert all(list(values) == sorted(set(values)) for values in DANGERS[kind].values())
