"""A target with a disease inside of something larger, and the same target cured."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import expit

from gradcheck import diseases
from gradcheck.bisection import sample
from gradcheck.engine import Engine
from gradcheck.floats import FORMATS
from gradcheck.options import ScanOptions
from gradcheck.planning import plan_inputs
from gradcheck.records import Class, LoadedTarget, TracedTarget
from gradcheck.regions import find
from gradcheck.tracing import trace
from gradcheck.tracing.rewriting import NotFound, rewritten

m = tf.math
Load = Callable[..., LoadedTarget]
POINTS = [0.0, 1.0, -1.0, 1e-30, 100.0, -100.0, 0.5, 1e4, -1e4]


def cured(loaded: LoadedTarget, dtype: str | None = None) -> TracedTarget:
    return trace(rewritten(loaded, diseases.find), dtype)


def gradient(target: TracedTarget, run_version: Any, version: str = "autodiff", wrt: int = 0) -> Any:
    return run_version(target, version, POINTS, wrt)[1]


def diseased(x: Any) -> Any:
    return 2 * tf.sin(x) + m.log(1 + tf.exp(3 * x)) / (1 + x * x)


def healthy(x: Any) -> Any:
    return 2 * tf.sin(x) + m.softplus(3 * x) / (1 + x * x)


def test_a_disease_within_a_larger_expression(load_function: Load, run_version: Any) -> None:
    before, after = trace(load_function(diseased), None), cured(load_function(diseased))
    assert np.isnan(gradient(before, run_version)).any()
    np.testing.assert_allclose(
        gradient(after, run_version), gradient(trace(load_function(healthy), None), run_version), rtol=1e-5
    )


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_in_other_dtypes(dtype: str, load_function: Load, run_version: Any) -> None:
    got = gradient(cured(load_function(lambda x: m.log(1 + tf.exp(x))), dtype), run_version)
    np.testing.assert_allclose(got, expit(POINTS), atol=4e-3)


def test_a_where_over_constants_of_the_block(load_function: Load, run_version: Any) -> None:
    after = cured(load_function(lambda x: tf.where(x > 0, m.log(x), tf.zeros_like(x))))
    assert after.block == 16384
    positive = np.array(POINTS) > 0
    wanted = np.where(positive, 1 / np.where(positive, POINTS, 1.0), 0)
    np.testing.assert_allclose(gradient(after, run_version), wanted, rtol=1e-6)


def test_the_output_itself_is_replaced(load_function: Load, run_version: Any) -> None:
    np.testing.assert_array_equal(
        gradient(cured(load_function(lambda x: tf.sqrt(x * x))), run_version), np.sign(np.array(POINTS))
    )


def test_two_diseases_at_once_one_in_the_other(load_function: Load, run_version: Any) -> None:
    after = cured(load_function(lambda x: tf.sqrt(m.log(1 + tf.exp(x)) ** 2) + m.log(tf.sigmoid(x))))
    x = np.array(POINTS)
    wanted = expit(x) + expit(-x)
    np.testing.assert_allclose(gradient(after, run_version)[:-3], wanted[:-3], rtol=1e-5)


def test_inner_functions_are_looked_into(load_function: Load, run_version: Any) -> None:
    inner = tf.function(lambda x: m.log(1 + tf.exp(x)))
    assert np.isfinite(gradient(cured(load_function(tf.function(lambda x: 3 * inner(x)))), run_version)).all()


def test_control_flow_in_an_inner_function(user_module: Any, load_function: Load, run_version: Any) -> None:
    module = user_module("""
        @tf.function
        def inner(x):
            if tf.reduce_sum(x) > 0:
                y = 2 * x
            else:
                y = x
            return y

        def target(x):
            return tf.math.log(1 + tf.exp(inner(x)))
    """)
    after = cured(load_function(module.target))
    assert np.isfinite(gradient(after, run_version)).all()


def test_python_control_flow(user_module: Any, load_function: Load, run_version: Any) -> None:
    module = user_module("""
        def target(x):
            for _ in range(2):
                x = tf.math.log(1 + tf.exp(x))
            return x if x > 0 else -x
    """)
    after = cured(load_function(module.target))
    assert np.isfinite(gradient(after, run_version)).all()


def test_variables_and_keywords(load_function: Load, run_version: Any) -> None:
    scale = tf.Variable(2.0)

    def target(x: Any, *, shift: Any) -> Any:
        return scale * m.log(1 + tf.exp(x + shift))

    after = cured(load_function(target))
    assert [i.name for i in after.inputs] == ["x", "shift"]
    np.testing.assert_allclose(gradient(after, run_version, wrt=1), 2 * expit(np.array(POINTS) + 0.5), atol=1e-6)


def test_an_override_elsewhere_stays_alive(load_function: Load, run_version: Any) -> None:
    @tf.custom_gradient
    def doubled(x: Any) -> Any:
        return x, lambda upstream: 2 * upstream

    after = cured(load_function(lambda x: m.log(1 + tf.exp(doubled(x)))))
    assert [v.name for v in after.versions[0]] == ["autodiff", "custom"]
    plain, custom = gradient(after, run_version), gradient(after, run_version, "custom")
    np.testing.assert_allclose(custom, 2 * plain)
    assert np.isfinite(custom).all()


def test_rows_of_a_reduction(load_function: Load, run_version: Any) -> None:
    def target(x: Any) -> Any:
        return m.log(tf.reduce_sum(tf.exp(tf.stack([x, 2 * x], axis=-1)), axis=-1))

    assert np.isfinite(gradient(cured(load_function(target)), run_version)).all()


def test_what_is_not_there_is_an_error(load_function: Load) -> None:
    with pytest.raises(NotFound):
        tf.function(rewritten(load_function(tf.sin), diseases.find).function)(tf.constant([1.0]))


def test_a_sweep_of_the_cured_target_is_clean(load_function: Load) -> None:
    lowest, highest = FORMATS["float16"].min_ordinal, FORMATS["float16"].max_ordinal
    seen = []

    def function(x: Any) -> Any:
        return tf.sin(x) + m.log(1 + tf.exp(x))

    for target in (trace(load_function(function), "float16"), cured(load_function(function), "float16")):
        (plan,) = plan_inputs("t", target.inputs, ScanOptions())
        engine = Engine(target, plan)
        samples = sample(np.arange(lowest, highest + 1), engine.classify)
        regions = find(samples, plan, target.inputs[0], ("autodiff",), engine.columns)
        seen.append({region.gradients["autodiff"] for region in regions})
        study = target.versions[0][0].study()
        assert study is not None
    assert Class.NAN in seen[0]
    assert seen[1] == {Class.FINITE}
