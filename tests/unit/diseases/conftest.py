"""Functions as programs."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest
import tensorflow as tf

from gradcheck.program import Program
from gradcheck.tracing.programs import program_of

Trace = Callable[..., Program]


@pytest.fixture(scope="session")
def program() -> Trace:
    """The forward program of a function of float32 tensors."""

    def traced(function: Callable[..., Any], shape: tuple[int, ...] = (3,)) -> Program:
        inputs = [p for p in inspect.signature(function).parameters.values() if p.default is p.empty]
        specs = [tf.TensorSpec(shape, tf.float32)] * len(inputs)
        graph = tf.function(lambda *xs: function(*xs), autograph=False).get_concrete_function(*specs).graph
        return program_of(graph, [t.name for t in graph.inputs], graph.outputs, {})

    return traced
