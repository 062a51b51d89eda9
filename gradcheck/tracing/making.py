"""Making the versions of a tensor target.

In: a source, and a cotangent. Out: a `TensorVersion`: traced for one point, as a training step runs it, on demand for a
batch of points, vectorised, and as a program.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
import tensorflow as tf

from gradcheck.errors import one_line
from gradcheck.program import Array
from gradcheck.records import (
    Batch,
    Study,
    Tensor,
    TensorInput,
    TensorPoint,
    TensorVersion,
)
from gradcheck.tracing.batching import vectorise
from gradcheck.tracing.graphs import (
    LOOPS,
    nodes,
)
from gradcheck.tracing.layouts import placeholder_name
from gradcheck.tracing.programs import named, study
from gradcheck.tracing.shapes import moderate, specs_of, tensors_of
from gradcheck.tracing.sources import Call, Source, stripped

ONES, SIGNS = "ones", "random signs"

BATCH_NUMBERS = 1 << 22
"""Numbers that a vectorised batch may compute: 16 MiB of float32, about 5 ms."""

MAX_WIDTH = 512
"""Points of a vectorised batch, at most; a small graph takes about 1 ms for as many."""

MIN_WIDTH = 4
"""Points of a batch below which vectorising gains nothing."""

MOST_NODES, MOST_NODES_OF_LOOPS = 4000, 600
"""Operations of a gradient's graph, and of one with loops, beyond which it is not vectorised: TensorFlow takes about a
millisecond for each, several in a loop, and mostly gives up on the loops of recurrent networks."""


@dataclass(frozen=True)
class Making:
    """How versions of one target are made.

    Attributes:
        inputs: of the target.
        chosen: positions of those that are differentiated by.
        weights: variables that are.
        results: how many outputs there are.
        written: the target itself.
        size: numbers that one point's forward and backward graph computes, roughly: three times the forward graph's,
            and the gradients of the weights.
    """

    inputs: tuple[TensorInput, ...]
    chosen: tuple[int, ...]
    weights: tuple[Any, ...]
    results: int
    written: Call
    size: int

    def width(self, size: int) -> int:
        """Points of a vectorised batch for a graph that computes `size` numbers a point."""
        return min(MAX_WIDTH, BATCH_NUMBERS // max(size, 1))

    def version(self, source: Source, cotangent: str, signs: tuple[Array, ...]) -> TensorVersion:
        """One source with one cotangent, traced; a gradient that cannot be computed is a fact, not an error."""
        weighed = None if cotangent == ONES else signs
        both = partial(self.gradients, source, weighed)
        specs = specs_of(self.inputs)
        failure: str | None = None
        found: list[bool] = []
        try:
            concrete = tf.function(partial(self.connected_only, both, found), autograph=False)
            concrete = concrete.get_concrete_function(*specs)
            concrete(*tensors_of(self.inputs, moderate(self.inputs)))
        except tf.errors.OpError:
            pass  # at this point; elsewhere it may not raise
        except Exception as error:
            failure = f"{type(error).__name__}: {one_line(str(error), 160)}"
        connected = tuple(found[-len(self.wrt_names()) :]) if found and not failure else ()
        slow = failure is not None or is_slow_to_vectorise(concrete, bool(self.weights))
        width = 0 if slow else self.width(self.size)
        codes = partial(self.codes, both)
        look = cache(lambda: tf.function(codes, autograph=False).get_concrete_function(*specs))
        outputs = cache(
            lambda: tf.function(partial(self.outputs, source), autograph=False).get_concrete_function(*specs)
        )
        return TensorVersion(
            name=source.name,
            cotangent=cotangent,
            run=partial(self.run, concrete, connected),
            look=lambda point: look()(*tensors_of(self.inputs, point)).numpy(),
            vectorised=cache(partial(self.vectorised, codes, width)),
            width=width,
            forward=lambda point: tuple(doubles(t) for t in outputs()(*tensors_of(self.inputs, point))),
            failure=failure,
            connected=connected,
            study=cache(partial(self.studied, source, weighed)),
        )

    def wrt_names(self) -> list[str]:
        """What is differentiated by."""
        return [*(self.inputs[i].name for i in self.chosen), *(v.name for v in self.weights)]

    def outputs(self, source: Source, *xs: Tensor) -> list[Tensor]:
        """The outputs alone."""
        return source.call(*xs, *(self.weight_tensors() if source.imported else ()))

    def gradients(
        self, source: Source, signs: tuple[Array, ...] | None, *xs: Tensor
    ) -> tuple[list[Tensor], list[Tensor | None]]:
        """Outputs and gradients (None: not connected); with tf.gradients where the source is an imported graph."""
        watched = [xs[i] for i in self.chosen]
        if source.imported:
            weights = self.weight_tensors()
            ys = source.call(*xs, *weights)
            cotangents = None if signs is None else constants_like(ys, signs)
            return ys, list(tf.gradients(ys, [*watched, *weights], grad_ys=cotangents))
        with tf.GradientTape() as tape:
            tape.watch(watched)
            ys = source.call(*xs)
        cotangents = None if signs is None else constants_like(ys, signs)
        return ys, list(tape.gradient(ys, [*watched, *self.weights], output_gradients=cotangents))

    def weight_tensors(self) -> list[Tensor]:
        """The present values of the weights."""
        return [tf.convert_to_tensor(v) for v in self.weights]

    def connected_only(self, both: Callable[..., Any], found: list[bool], *xs: Tensor) -> list[Tensor]:
        """Outputs and those gradients that there are."""
        ys, gs = both(*xs)
        found.extend(g is not None for g in gs)
        return [*ys, *(tf.convert_to_tensor(g) for g in gs if g is not None)]

    def run(
        self, concrete: Any, connected: tuple[bool, ...], point: TensorPoint
    ) -> tuple[tuple[Array, ...], tuple[Array | None, ...]]:
        """One point alone."""
        results = [doubles(t) for t in concrete(*tensors_of(self.inputs, point))]
        gradients = iter(results[self.results :])
        return tuple(results[: self.results]), tuple(next(gradients) if c else None for c in connected)

    def codes(self, both: Callable[..., Any], *xs: Tensor) -> Tensor:
        """Class codes [1 + wrt]: of the outputs together, then of each gradient."""
        ys, gs = both(*xs)
        found = [code_of(ys), *(NONE if g is None else code_of([tf.convert_to_tensor(g)]) for g in gs)]
        return tf.stack([tf.cast(code, tf.int32) for code in found])

    def vectorised(self, codes: Callable[..., Tensor], width: int) -> Callable[[Batch], Array] | None:
        """`codes` over a batch of points; None where TensorFlow has no vectorised form of an operation."""
        if width < MIN_WIDTH:
            return None
        specs = [tf.TensorSpec((width, *i.shape), i.dtype) for i in self.inputs]
        concrete = vectorise(codes, specs)
        if concrete is None:
            return None
        try:
            filled = tuple(np.stack([array] * width) for array in moderate(self.inputs))
            concrete(*tensors_of(self.inputs, filled))
        except Exception:  # then points are run one by one
            return None
        return lambda batch: concrete(*tensors_of(self.inputs, batch)).numpy()

    def studied(self, source: Source, signs: tuple[Array, ...] | None) -> Study | None:
        """The program of all outputs and all gradients at one point; a gradient that is not connected is zeros.

        Where the gradient reads variables in a loop it cannot be made constant: then the forward graph is, before it
        is differentiated.
        """
        specs = [tf.TensorSpec(i.shape, i.dtype, placeholder_name(i.name)) for i in self.inputs]

        def outputs(*xs: Tensor) -> tuple[Tensor, ...]:
            return tuple(self.written(*xs))

        frozen = partial(self.backward_of, True, source.imported, signs)
        plain = partial(self.backward_of, False, False, signs)
        found = None if source.imported else study(outputs, lambda written: plain(source.call), specs)
        found = found or study(outputs, frozen, specs)
        return None if found is None else named(found, [i.name for i in self.inputs])

    def backward_of(
        self, imported: bool, strips: bool, signs: tuple[Array, ...] | None, forward: Any
    ) -> Callable[..., tuple[Tensor, ...]]:
        """Outputs and gradients of a call, or of a traced function that is imported as a graph."""
        call = stripped(forward, range(self.results), list(self.weights), strips) if imported else forward

        def backward(*xs: Tensor) -> tuple[Tensor, ...]:
            weights = self.weight_tensors() if imported else list(self.weights)
            ys = call(*xs, *weights) if imported else call(*xs)
            watched = [*(xs[i] for i in self.chosen), *weights]
            cotangents = None if signs is None else constants_like(ys, signs)
            gs = tf.gradients(ys, watched, grad_ys=cotangents)  # names every operation after the forward one
            return (
                *ys,
                *(zeros(x) if g is None else tf.convert_to_tensor(g) for g, x in zip(gs, watched, strict=True)),
            )

        return backward


def is_slow_to_vectorise(concrete: Any, by_weights: bool) -> bool:
    """Whether TensorFlow would take seconds to vectorise a traced gradient, or vectorises it as a loop."""
    kinds = [node.op for node in nodes(concrete.graph.as_graph_def())]
    if by_weights and any("BackpropFilter" in kind for kind in kinds):
        return True
    return len(kinds) > (MOST_NODES_OF_LOOPS if LOOPS & set(kinds) else MOST_NODES)


def zeros(x: Any) -> Tensor:
    """Zeros of a tensor's, or a variable's, shape."""
    return tf.zeros(x.shape, x.dtype)


def constants_like(ys: list[Tensor], signs: tuple[Array, ...]) -> list[Tensor]:
    """A cotangent as constants of the outputs' dtypes."""
    return [tf.constant(s, y.dtype) for s, y in zip(signs, ys, strict=True)]


NONE = 4
"""The class code of a gradient that is not connected; NaN is 1, an infinity 2, all finite 0."""


def code_of(tensors: list[Tensor]) -> Tensor:
    """The class code of some tensors together."""
    nan = tf.reduce_any([tf.reduce_any(tf.math.is_nan(t)) for t in tensors])
    inf = tf.reduce_any([tf.reduce_any(tf.math.is_inf(t)) for t in tensors])
    return tf.where(nan, 1, tf.where(inf, 2, 0))


def doubles(tensor: Tensor) -> Array:
    """A tensor's values as float64."""
    array: Array = np.asarray(tensor.numpy())
    return array.astype(np.float64)
