"""Points as arguments of a program.

In: a value an input: a float, which fills the tensor, or an array of floats or balls (of integers or truth values where
the input holds these), and how each of its numbers moves. Out: arrays as `Run` takes them.
"""

from typing import TypeAlias

import numpy as np
from flint import arb

from gradcheck.floats import FORMATS, FloatFormat
from gradcheck.program import Array, Program
from gradcheck.truth.duals import Dual, Real, State
from gradcheck.truth.running import FLOATS

Value: TypeAlias = float | Array
"""Of one input; an array of objects holds balls."""

Seed: TypeAlias = arb | Array | None
"""How fast an input moves: all of its numbers alike, each as in an array of its shape, or not at all."""


def arguments(program: Program, values: tuple[Value, ...], seeds: tuple[Seed, ...]) -> list[Array]:
    """All inputs of a program."""
    return [argument(program, i, v, s) for i, (v, s) in enumerate(zip(values, seeds, strict=True))]


def argument(program: Program, index: int, value: Value, seed: Seed) -> Array:
    """One value as an input of a program; what the device flushes is the 0 that it becomes."""
    node = program.nodes[program.inputs[index]]
    dtype, shape = node.dtypes[0], node.attributes.get("shape")
    if dtype not in FLOATS:
        whole = np.asarray(value).astype(dtype)
        return whole if isinstance(value, np.ndarray) else np.broadcast_to(whole, shape or ())
    if isinstance(value, np.ndarray):
        return moving(exact(value, FORMATS[dtype]), seed)
    array = np.empty(shape or (), object)
    if isinstance(seed, np.ndarray):
        array[...] = number(value, FORMATS[dtype])
        return moving(array, seed)
    array[...] = Dual(number(value, FORMATS[dtype]), seed)
    return array


def exact(values: Array, fmt: FloatFormat) -> Array:
    """Floats as balls, those that the device flushes as 0; balls as they are."""
    if values.dtype == object:
        return values
    result = np.empty(values.shape, object)
    result.ravel()[:] = [number(x, fmt) for x in values.ravel().tolist()]
    return result


def number(value: float, fmt: FloatFormat) -> Real:
    """One float as the device holds it; what is no number is not defined."""
    if value != value:  # noqa: PLR0124 - NaN
        return State.UNDEFINED
    return arb(0.0 if fmt.flushes and abs(value) < fmt.smallest_normal else value)


def moving(values: Array, seed: Seed) -> Array:
    """Balls as duals; a number with the seed 0 does not depend on what moves."""
    speeds = np.broadcast_to(np.asarray(seed, object), values.shape).ravel()
    result = np.empty(values.shape, object)
    result.ravel()[:] = [Dual(v, speed(s)) for v, s in zip(values.ravel(), speeds, strict=True)]
    return result


def speed(seed: "float | arb | None") -> arb | None:
    """A seed as a derivative."""
    return None if seed is None or seed == 0 else arb(seed)


def exact_point(program: Program, values: tuple[Value, ...]) -> tuple[Array, ...]:
    """A point of arrays with every float as a ball, ready to be moved by less than a float can hold."""
    dtypes = [program.nodes[i].dtypes[0] for i in program.inputs]
    pairs = zip(map(np.asarray, values), dtypes, strict=True)
    return tuple(exact(v, FORMATS[dtype]) if dtype in FLOATS else v for v, dtype in pairs)


def shifted(point: tuple[Array, ...], seeds: tuple[Seed, ...], step: arb) -> tuple[Array, ...]:
    """A point of balls moved by a step along seeds, arrays or None."""
    return tuple(x if s is None else moved(x, s, step) for x, s in zip(point, seeds, strict=True))


def moved(values: Array, seed: Seed, step: arb) -> Array:
    """The balls of one input, moved."""
    speeds = np.broadcast_to(np.asarray(seed, object), values.shape).ravel()
    result = np.empty(values.shape, object)
    result.ravel()[:] = [
        v if isinstance(v, State) or s == 0 else v + step * arb(s) for v, s in zip(values.ravel(), speeds, strict=True)
    ]
    return result
