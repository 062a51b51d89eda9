"""Functions with their judges, without a sweep."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from gradcheck.domains import ValueDomain
from gradcheck.floats import FORMATS
from gradcheck.options import TOLERANCES
from gradcheck.program import Array, Program
from gradcheck.records import Study, TensorInput, TensorPoint
from gradcheck.tracing.programs import program_of
from gradcheck.truth.judging import Judge, Line
from gradcheck.truth.oracle import Oracle
from gradcheck.truth.tensor_judging import TensorJudge
from gradcheck.truth.tensors import TensorOracle

StudyOf = Callable[..., Study]


@pytest.fixture(scope="session")
def judge_for(study_of: StudyOf) -> Callable[..., Judge]:
    """The judge of a function of one input (or of one with the others held); with `custom`, of its own gradient too."""

    def build(
        function: Callable[..., Any],
        dtype: str = "float32",
        *,
        custom: bool = False,
        tolerance: float | None = None,
        index: int = 0,
        held: tuple[float, ...] = (0.0,),
    ) -> Judge:
        oracle = Oracle(study_of(function, dtype=dtype, wrt=index).program, index)
        names: tuple[str, ...] = ("autodiff",)
        exact: dict[str, Oracle] = {}
        if custom:
            program = study_of(function, "custom", dtype, index).program
            names, exact = ("autodiff", "custom"), {"custom": Oracle(program, index, program.outputs[1])}
        fmt = FORMATS[dtype]
        line = Line(fmt, index, held, ((fmt.min_ordinal, fmt.max_ordinal),))
        return Judge(oracle, exact, names, line, TOLERANCES[dtype] if tolerance is None else tolerance)

    return build


def traced_tensors(function: Callable[..., Any], shapes: list[tuple[int, ...]], dtype: str = "float32") -> Program:
    """A function of tensors as a program."""
    specs = [tf.TensorSpec(shape, dtype) for shape in shapes]
    concrete = tf.function(lambda *xs: tf.nest.flatten(function(*xs))).get_concrete_function(*specs)
    frozen = convert_variables_to_constants_v2(concrete, lower_control_flow=False)
    outputs = list(frozen.outputs)
    program = program_of(frozen.graph, [t.name for t in frozen.inputs], outputs, {})
    return replace(program, results=len(outputs))


class Tensors:
    """A function of tensors with its oracle and its judge, for one cotangent."""

    def __init__(
        self, function: Callable[..., Any], shapes: list[tuple[int, ...]], dtype: str = "float32", signs: bool = False
    ) -> None:
        self.function, self.dtype = function, dtype
        self.program = traced_tensors(function, shapes, dtype)
        outputs = tf.nest.flatten(function(*(tf.ones(s, dtype) for s in shapes)))
        rng = np.random.default_rng(1)
        self.cotangents = tuple(rng.choice((-1.0, 1.0), o.shape) if signs else np.ones(o.shape) for o in outputs)
        self.oracle = TensorOracle(self.program, self.program.outputs, self.cotangents)
        self.inputs = tuple(TensorInput(f"x{i}", dtype, s, ValueDomain()) for i, s in enumerate(shapes))
        self.ordinary = [self.point(*(rng.normal(size=s) for s in shapes)) for _ in range(5)]
        self.judge = TensorJudge(self.oracle, {}, self.inputs, TOLERANCES[dtype], self.ordinary)

    def point(self, *arrays: Any) -> TensorPoint:
        """Arrays rounded to the dtype."""
        fmt = FORMATS[self.dtype]
        return tuple(fmt.decode(fmt.encode(np.asarray(a, np.float64))) for a in arrays)

    def computed(self, point: TensorPoint) -> tuple[list[Array], list[Array]]:
        """Outputs and gradients as TensorFlow computes them."""
        xs = [tf.constant(a, self.dtype) for a in point]
        with tf.GradientTape() as tape:
            tape.watch(xs)
            outputs = tf.nest.flatten(self.function(*xs))
        seeds = [tf.constant(c, self.dtype) for c in self.cotangents]
        gradients = tape.gradient(outputs, xs, output_gradients=seeds, unconnected_gradients="zero")
        return [np.asarray(o, np.float64) for o in outputs], [
            np.asarray(tf.convert_to_tensor(g), np.float64) for g in gradients
        ]


@pytest.fixture(scope="session")
def tensors() -> type[Tensors]:
    """How to make one."""
    return Tensors
