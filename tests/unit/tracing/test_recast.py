"""A graph in float64 computes the same with finer rounding, whatever it is made of."""

import math
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.records import Study, TracedTarget

StudyOf = Callable[..., Study]
Trace = Callable[..., TracedTarget]


def in_doubles(
    study_of: StudyOf, function: Callable[..., Any], *point: float, dtype: str = "float32"
) -> tuple[float, ...]:
    run = study_of(function, dtype=dtype).recast()
    assert run is not None
    return cast("tuple[float, ...]", run(point))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_rounding_is_that_of_float64(study_of: StudyOf, dtype: str) -> None:
    y, gradient = in_doubles(study_of, lambda x: tf.exp(x) * x, 0.7, dtype=dtype)
    assert y == pytest.approx(math.exp(0.7) * 0.7, rel=1e-14)
    assert gradient == pytest.approx(math.exp(0.7) * 1.7, rel=1e-14)


def test_overflow_is_far_away(study_of: StudyOf) -> None:
    y, gradient = in_doubles(study_of, lambda z: tf.math.log(tf.exp(z) + 1), 300.0)
    assert y == pytest.approx(300.0)
    assert gradient == pytest.approx(1.0)


def test_constants_stay_what_they_were_in_their_own_dtype(study_of: StudyOf) -> None:
    """0.1 is the float32 that is nearest to it: the function that is judged has that one."""
    y, _ = in_doubles(study_of, lambda x: x * 0.1, 1.0)
    assert y == float(np.float32(0.1))


def test_branches_are_recast_too(study_of: StudyOf) -> None:
    def function(x: Any) -> Any:
        if x > 1.0:
            return tf.exp(x)
        return tf.sin(x) * 0.5

    assert in_doubles(study_of, function, 2.0) == pytest.approx((math.exp(2.0),) * 2, rel=1e-14)
    assert in_doubles(study_of, function, 0.3) == pytest.approx((math.sin(0.3) / 2, math.cos(0.3) / 2), rel=1e-14)


def test_several_inputs_in_order(study_of: StudyOf) -> None:
    y, gradient = in_doubles(study_of, lambda a, b: a * a + 3.0 * b, 1e-3, 1e9)
    assert y == pytest.approx(3e9 + 1e-6, rel=1e-15)
    assert gradient == pytest.approx(2.0 * 1e-3, rel=1e-15)


def test_without_a_gradient_there_is_the_output(study_of: StudyOf) -> None:
    assert in_doubles(study_of, tf.round, 2.6) == (3.0,)


def test_what_has_no_float64_kernel_has_no_recast(study_of: StudyOf) -> None:
    def narrow(x: Any) -> Any:
        image = tf.reshape(x, [-1, 1, 1, 1])
        return tf.reshape(
            tf.raw_ops.QuantizeAndDequantizeV4(input=image, input_min=-1.0, input_max=1.0), tf.shape(x)
        ) + tf.reshape(tf.nn.lrn(image), tf.shape(x))

    assert study_of(narrow).recast() is None


def test_it_is_made_when_first_asked_for_and_once(study_of: StudyOf) -> None:
    study = study_of(tf.tanh)
    assert study.recast() is study.recast()


def test_blocks_of_any_size(trace_function: Trace) -> None:
    (version,) = trace_function(lambda z: tf.math.log(tf.exp(z) + 0.1)).versions[0]
    run = version.in_doubles()
    y, gradient = run(tf.constant([0.0, 300.0, -3.0], tf.float64))
    tenth = float(np.float32(0.1))
    assert y.numpy() == pytest.approx([math.log(1 + tenth), 300.0, math.log(math.exp(-3) + tenth)], rel=1e-14)
    assert gradient.numpy() == pytest.approx([1 / (1 + tenth), 1.0, math.exp(-3) / (math.exp(-3) + tenth)], rel=1e-14)
    assert version.in_doubles() is run


def of_bits(x: Any) -> Any:
    return x * tf.cast(tf.bitcast(x, tf.int32) % 2, x.dtype)


def narrow(x: Any) -> Any:
    image = tf.reshape(x, [-1, 1, 1, 1])
    return tf.reshape(tf.nn.lrn(image), tf.shape(x))


def point_by_point(x: Any) -> Any:
    return tf.cond(x > 1.0, lambda: tf.sqrt(x), lambda: x)


@pytest.mark.parametrize("function", [of_bits, narrow, point_by_point])
def test_some_blocks_have_no_form_in_float64(trace_function: Trace, function: Callable[..., Any]) -> None:
    (version,) = trace_function(function).versions[0]
    assert version.in_doubles() is None
