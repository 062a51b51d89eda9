"""What gradcheck runs is what a training step runs: bit for bit the output and gradient of a plain tf.function.

Every function here once came out differently, or is likely to: the gradient of (1 - cos(x)) / x**2 is rewritten into
another one as soon as a reshape that does nothing stands in front of it and behind it.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gradcheck.engine import Engine
from gradcheck.options import ScanOptions
from gradcheck.planning import plan_inputs
from gradcheck.records import LoadedTarget, Parameter
from gradcheck.tracing import trace

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "(1 - cos(x)) / x**2": lambda x: (1 - tf.cos(x)) / x**2,
    "(1 - cos(x)) / (x * x)": lambda x: (1 - tf.cos(x)) / (x * x),
    "log(0.5 * erfc(-x / sqrt(2)))": lambda x: tf.math.log(0.5 * tf.math.erfc(-x / 2**0.5)),
    "log(1 / (1 + exp(-x)))": lambda x: tf.math.log(1 / (1 + tf.exp(-x))),
    "log(x + 1e-10)": lambda x: tf.math.log(x + 1e-10),
    "x / (x * x + 1e-45)": lambda x: x / (x * x + 1e-45),
    "sqrt(exp(x))": lambda x: tf.sqrt(tf.exp(x)),
    "exp(x) / (1 + exp(x))": lambda x: tf.exp(x) / (1 + tf.exp(x)),
    "0.1 * (x / 3 - 2 * x) * 7": lambda x: 0.1 * (x / 3 - 2 * x) * 7,
    "tanh(log(1 + exp(x))) * x": lambda x: tf.tanh(tf.math.log(1 + tf.exp(x))) * x,
    "silu(x)": tf.nn.silu,
    "gelu(x)": tf.nn.gelu,
}
BLOCK = 1 << 14


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_graph_that_is_run_is_the_users(name: str) -> None:
    function = FUNCTIONS[name]
    target = trace(LoadedTarget(name, function, (Parameter("x"),)), None)
    (plan,) = plan_inputs(name, target.inputs, ScanOptions())
    engine = Engine(target, plan)

    @tf.function(input_signature=[tf.TensorSpec([BLOCK], tf.float32)])
    def step(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        return y, tape.gradient(y, x)

    rng = np.random.default_rng(0)
    everywhere = rng.integers(plan.segments[0][0], plan.segments[0][1], BLOCK, endpoint=True)
    moderate = engine.fmt.encode(rng.uniform(-100, 100, BLOCK))
    for ordinals in (everywhere, moderate):
        floats = engine.fmt.to_bits(ordinals).view(np.float32)
        y, gradient = (t.numpy() for t in step(tf.constant(floats)))
        values = engine.values(ordinals)
        as_written = values.gradients[-1]  # custom where the library has one, as a training step would run it
        assert as_written is not None
        np.testing.assert_array_equal(values.outputs, y.astype(np.float64))
        np.testing.assert_array_equal(as_written, gradient.astype(np.float64))
