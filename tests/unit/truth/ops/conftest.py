"""How a rule is judged: its values by TensorFlow's kernel in float64, its derivatives by differences of itself."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from flint import arb, ctx

from gradcheck.program import Array, Program
from gradcheck.tracing.programs import program_of
from gradcheck.truth.duals import Dual
from gradcheck.truth.ops import TABLE
from gradcheck.truth.running import FLOATS, Run

STEP = arb(2) ** -66
"""Of the central difference, at 256 bits: its error is about 1e-40."""


def traced(call: Callable[..., Any], *arrays: Any) -> tuple[Program, Callable[[], list[Array]]]:
    """A function of arrays as a program, and a call for what TensorFlow computes."""
    tensors = [tf.convert_to_tensor(a) for a in arrays]
    concrete = tf.function(call, autograph=False).get_concrete_function(
        *(tf.TensorSpec(t.shape, t.dtype) for t in tensors)
    )
    graph = concrete.graph
    program = program_of(graph, [t.name for t in graph.inputs], list(graph.outputs), {})
    return program, lambda: [t.numpy() for t in tf.nest.flatten(concrete(*tensors))]


def arguments(arrays: tuple[Any, ...], directions: list[Array], along: arb | None = None) -> list[Array]:
    """The arrays as inputs of a program: with derivatives, or else moved by `along` times the directions."""
    return [argument(np.asarray(a), e, along) for a, e in zip(arrays, directions, strict=True)]


def argument(array: Array, direction: Array, along: arb | None) -> Array:
    if array.dtype.name not in FLOATS:
        return array
    result = np.empty(array.shape, object)
    for i in np.ndindex(array.shape):
        v, d = arb(float(array[i])), arb(float(direction[i]))
        result[i] = Dual(v, d) if along is None else Dual(v + along * d)
    return result


def directions_of(arrays: tuple[Any, ...]) -> list[Array]:
    rng = np.random.default_rng(7)
    return [rng.integers(-8, 9, np.shape(a)) / 8 for a in arrays]


def run(program: Program, inputs: list[Array], side: int = 0) -> tuple[list[Array], Run]:
    """The outputs of a program, and the run that made them."""
    made = Run(TABLE, side)
    return made.call(program, inputs), made


def number(x: Any) -> float:
    """The middle of an enclosure that is narrow."""
    assert isinstance(x.v, arb), x
    assert not x.v.is_finite() or x.v.rad() <= 1e-12 * (1 + abs(x.v)), x
    return float(x.v.mid())


def check_values(outputs: list[Array], expected: list[Array], tolerance: float) -> None:
    assert len(outputs) == len(expected)
    for got, want in zip(outputs, expected, strict=True):
        assert np.shape(got) == want.shape
        if want.dtype.name not in FLOATS:
            np.testing.assert_array_equal(got, want)
            assert got.dtype in (want.dtype, object)
            continue
        numbers = np.array([number(x) for x in np.ravel(got)]).reshape(want.shape)
        np.testing.assert_allclose(numbers, want.astype(np.float64), rtol=tolerance, atol=tolerance)


def check_derivatives(program: Program, arrays: tuple[Any, ...]) -> None:
    """The carried derivatives against central differences at 256 bits."""
    outer, ctx.prec = ctx.prec, 256
    try:
        directions = directions_of(arrays)
        here, _ = run(program, arguments(arrays, directions))
        above, below = (run(program, arguments(arrays, directions, s * STEP))[0] for s in (1, -1))
        for node, outputs in zip(program.outputs, zip(here, above, below, strict=True), strict=True):
            if program.nodes[node[0]].dtypes[node[1]] in FLOATS:
                for x, up, down in zip(*(np.ravel(o) for o in outputs), strict=True):
                    check_derivative(x, up, down)
    finally:
        ctx.prec = outer


def check_derivative(x: Dual, up: Dual, down: Dual) -> None:
    assert isinstance(x.v, arb)
    assert isinstance(up.v, arb)
    assert isinstance(down.v, arb)
    if not x.v.is_finite():
        assert x.v == up.v == down.v
    elif x.d is None:
        assert abs(up.v - down.v) < 1e-60
    else:
        difference = (up.v - down.v) / (2 * STEP)
        assert isinstance(x.d, arb), x
        assert abs(x.d - difference) < 1e-20 * (1 + abs(x.d)), (x, difference)


class Judge:
    """What tests of rules use."""

    traced = staticmethod(traced)
    run = staticmethod(run)

    def __call__(self, call: Callable[..., Any], *arrays: Any, tolerance: float = 1e-9, smooth: bool = True) -> None:
        """Values against TensorFlow; derivatives against differences."""
        program, kernels = traced(call, *arrays)
        outputs, _ = run(program, arguments(arrays, directions_of(arrays)))
        check_values(outputs, kernels(), tolerance)
        if smooth:
            check_derivatives(program, arrays)

    @staticmethod
    def along(call: Callable[..., Any], *arrays: Any, side: int = 0) -> tuple[list[Array], Run]:
        """Outputs where every float input moves at speed 1."""
        program, _ = traced(call, *arrays)
        return run(program, arguments(arrays, [np.ones(np.shape(a)) for a in arrays]), side)


@pytest.fixture(scope="session")
def judge() -> Judge:
    """Values against TensorFlow's kernels, derivatives against differences of the rule itself."""
    return Judge()


@pytest.fixture(scope="session")
def floats() -> Callable[..., Array]:
    """Random numbers of a shape, all different and away from 0."""

    def make(*shape: int, low: float = -2.0, high: float = 2.0, seed: int = 0) -> Array:
        rng = np.random.default_rng(seed + int(np.prod(shape, dtype=int)))
        return rng.uniform(low, high, shape)

    return make
