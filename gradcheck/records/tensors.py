"""Tensor targets: their inputs, points of them, and what was seen at a point.

A point is a tuple with one array an input, in order; a batch of n points has one array [n, *shape] an input. Floats of
every dtype travel as float64, which holds them all exactly; integers as int64, truth values as bool.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from gradcheck.domains import ValueDomain
from gradcheck.floats import FORMATS, FloatFormat
from gradcheck.program import Array
from gradcheck.records.targets import Stop, Study

TensorPoint: TypeAlias = tuple[Array, ...]
Batch: TypeAlias = tuple[Array, ...]


@dataclass(frozen=True)
class TensorInput:
    """One tensor of a target's arguments, structures taken apart.

    Attributes:
        name: of the argument, with the path inside a structure behind it: `inputs['image']`, `pair[0]`, `state.h`.
        dtype: of a float, an integer, or `bool`.
        shape: static.
        domain: the values that it may have.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    domain: ValueDomain

    @property
    def fmt(self) -> FloatFormat | None:
        """Its floats; None of integers and truth values."""
        return FORMATS.get(self.dtype)

    @property
    def array_dtype(self) -> str:
        """The dtype in which its values travel."""
        return "float64" if self.fmt else "bool" if self.dtype == "bool" else "int64"


@dataclass(frozen=True, eq=False)
class TensorVersion:
    """One way to get the gradients of a tensor target, with one cotangent, traced.

    Attributes:
        name: `autodiff`, `custom` or `against`.
        cotangent: `ones` or `random signs`.
        run: from one point to its outputs and its gradients (None: not connected), alone, as a training step would.
        look: from the tensors of one point to class codes: of the outputs together, then of each gradient.
        vectorised: makes the same for a batch of `width` points at once; None where TensorFlow cannot.
        width: points of a batch.
        forward: from one point to its outputs alone.
        failure: why the gradient cannot be computed, or None.
        connected: for each tensor to differentiate by, whether autodiff returns a gradient.
        study: makes its program at a single point: all outputs, then every gradient.
    """

    name: str
    cotangent: str
    run: Callable[[TensorPoint], tuple[tuple[Array, ...], tuple[Array | None, ...]]]
    look: Callable[[TensorPoint], Array]
    vectorised: Callable[[], Callable[[Batch], Array] | None]
    width: int
    forward: Callable[[TensorPoint], tuple[Array, ...]]
    failure: str | None
    connected: tuple[bool, ...]
    study: Callable[[], Study | None]


@dataclass(frozen=True)
class Weight:
    """A captured variable that is differentiated by."""

    name: str
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class TracedTensors:
    """A tensor target as TensorFlow graphs.

    Attributes:
        name: the target's name.
        inputs: its inputs, in order.
        wrt: names of what is differentiated by: inputs, then weights.
        weights: the captured variables among them.
        outputs: a name for each output.
        cotangents: for each name of a cotangent, an array an output.
        versions: `autodiff` and, where an override is in the graph, `custom`; each with every cotangent.
        size: floats and integers that one point's graph computes.
        operations: how many operations that graph has.
        tables, scalars: constants of the graph: small tensors, and numbers.
        guessed: whether the shapes were found by trying.
        open: for each input, the dimensions that nothing fixes.
        stops: `tf.stop_gradient` calls in the forward graph.
        notes: what the user should know of how it was traced.
    """

    name: str
    inputs: tuple[TensorInput, ...]
    wrt: tuple[str, ...]
    weights: tuple[Weight, ...]
    outputs: tuple[str, ...]
    cotangents: Mapping[str, tuple[Array, ...]]
    versions: tuple[TensorVersion, ...]
    size: int
    operations: int
    tables: tuple[Array, ...]
    scalars: tuple[float, ...]
    guessed: bool
    open: tuple[tuple[int, ...], ...]
    stops: tuple[Stop, ...]
    notes: tuple[str, ...]
    pull: "Callable[[], Pull | None]"


@dataclass(frozen=True, eq=False)
class Pull:
    """How far the arguments of dangerous operations are from their danger, and how to get nearer.

    Attributes:
        names: one a danger: operation, its line, and the value.
        measure: from a batch of points and weights [n, dangers] to the distances [n, dangers], signed, of the element
            that is nearest, and to the gradient of their weighted sum: an array an input, None of those that are no
            floats, or where there is no gradient.
        width: points of a batch.
    """

    names: tuple[str, ...]
    measure: Callable[[Batch, Array], tuple[Array, tuple[Array | None, ...]]]
    width: int
