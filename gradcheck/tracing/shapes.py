"""The shapes and dtypes of a tensor target's inputs.

In: a loaded target, and what the user said of shapes. Out: the inputs, and a traced forward function. What a signature
declares counts; then `--shape`; open dimensions become small ones; where nothing says anything, a short ladder of
shapes is tried until one traces and runs.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

import numpy as np
import tensorflow as tf

from gradcheck.domains import ValueDomain
from gradcheck.errors import BAD_CONFIGURATION, CANNOT_TRACE, NOT_SUPPORTED_YET, CannotCheck
from gradcheck.floats import FORMATS
from gradcheck.program import Array
from gradcheck.records import LoadedTarget, Parameter, TensorInput, TensorPoint
from gradcheck.tracing.layouts import Untraceable, positional
from gradcheck.tracing.memory import check_fits

Shape = tuple[int, ...]

LABELS = 1000.0
"""Size of float labels of which nothing is said."""

BATCH = 2
"""Size of an open first dimension: the smallest batch in which one row can spoil another."""

OPEN = 3
"""Size of any other open dimension."""

LADDER: tuple[Shape, ...] = ((3,), (2, 3), (3, 3), (2, 3, 4), (2, 4, 4, 3), (), (1,))
"""Shapes that are tried where nothing declares one, all inputs alike: a vector, a batch of vectors, a square matrix, a
sequence, images, a number. Keras takes batches: where it is known to be asked, those that are none come last."""

MIXED: tuple[Shape, ...] = ((3,), (2, 3), (), (2,), (3, 3), (3, 2), (2, 3, 3))
"""Shapes that are combined where no one shape does for all inputs."""

TRIES = 160
"""Combinations that are tried, a few milliseconds each."""

OTHERS = ("int32", "bool")
"""Dtypes tried where floats do not do: for labels and masks, by their names, then for each input that declares none."""


@dataclass(frozen=True)
class Shaped:
    """Inputs that the target was traced for.

    Attributes:
        inputs: with static shapes.
        forward: the ConcreteFunction.
        guessed: whether the shapes were found by trying.
        open: for each input, the positions of the dimensions that may be smaller.
    """

    inputs: tuple[TensorInput, ...]
    forward: Any
    guessed: bool
    open: tuple[tuple[int, ...], ...]


def settle(loaded: LoadedTarget, shapes: Mapping[str, Shape], domains: Mapping[str, ValueDomain], dtype: str) -> Shaped:
    """The first assignment of shapes and dtypes that traces and runs; `dtype` is for what declares none."""
    unknown = [n for n in {**shapes, **domains} if n not in {p.name for p in loaded.parameters}]
    if unknown:
        names = ", ".join(p.name for p in loaded.parameters)
        raise CannotCheck(BAD_CONFIGURATION, f"{loaded.name}: no input {unknown[0]!r}; it has: {names}")
    first: Untraceable | None = None
    refused: Counter[tuple[str, ...]] = Counter()
    for inputs in likely_first(assignments(loaded, shapes, domains, dtype), refused):
        check_fits(loaded.name, inputs)
        try:
            forward = traced(loaded, inputs)
        except Untraceable as failure:
            first = first or failure
            refused[dtypes_of(inputs)] += bool(DTYPE_ERROR.search(str(failure.error)))
            continue
        free = tuple(open_dimensions(p, i, shapes) for p, i in zip(loaded.parameters, inputs, strict=True))
        guessed = any(p.shape is None and p.name not in shapes for p in loaded.parameters)
        return Shaped(inputs, forward, guessed, free)
    assert first is not None, "there is always one assignment to try"
    raise first


def dtypes_of(inputs: tuple[TensorInput, ...]) -> tuple[str, ...]:
    """The dtypes of some inputs."""
    return tuple(i.dtype for i in inputs)


def likely_first(
    assigned: Iterator[tuple[TensorInput, ...]], refused: Mapping[tuple[str, ...], int]
) -> Iterator[tuple[TensorInput, ...]]:
    """Assignments in order, but dtypes that were refused more than once, whatever the shapes, at the end."""
    postponed = []
    for inputs in assigned:
        if refused.get(dtypes_of(inputs), 0) < REFUSALS:
            yield inputs
        else:
            postponed.append(inputs)
    yield from postponed


def assignments(
    loaded: LoadedTarget, shapes: Mapping[str, Shape], domains: Mapping[str, ValueDomain], dtype: str
) -> Iterator[tuple[TensorInput, ...]]:
    """Inputs to try, the likeliest first; with other dtypes for what is held where floats do not do."""
    open_ones = [p for p in loaded.parameters if p.dtype is None]
    held = [p for p in open_ones if p.name in loaded.held]
    changes: list[tuple[str | None, list[Parameter]]] = [(None, []), *((o, held) for o in OTHERS if held)]
    if len(open_ones) > 1:
        changes += [(other, [p]) for p in reversed(open_ones) for other in reversed(OTHERS) if [p] != held]
    for other, changed in changes:
        kinds = [p.dtype or (other if other and p in changed else dtype) for p in loaded.parameters]
        choices = shape_choices(loaded.parameters, shapes, other is not None)
        for chosen in sorted(choices, key=lambda c: loaded.takes_tensors and not is_batch(c)):
            yield tuple(
                TensorInput(p.name, kind, shape, domains.get(p.name) or usual(p, kind, loaded))
                for p, kind, shape in zip(loaded.parameters, kinds, chosen, strict=True)
            )


def is_batch(shapes: tuple[Shape, ...]) -> bool:
    """Whether every input has a first dimension for the batch and another one."""
    return all(len(shape) > 1 for shape in shapes)


def usual(parameter: Parameter, dtype: str, loaded: LoadedTarget) -> ValueDomain:
    """Every float; labels and masks that training does not differentiate by keep to ordinary sizes."""
    if parameter.name in loaded.held and dtype in FORMATS:
        return ValueDomain("range", -LABELS, LABELS)
    return ValueDomain()


def shape_choices(
    parameters: tuple[Parameter, ...], shapes: Mapping[str, Shape], mixed_first: bool
) -> Iterator[tuple[Shape, ...]]:
    """A shape an input: what is said or declared, and for the rest the ladder, then mixtures."""
    known = [shapes.get(p.name, closed(p, shapes)) for p in parameters]
    free = [i for i, shape in enumerate(known) if shape is None]

    def filled(rest: tuple[Shape, ...]) -> tuple[Shape, ...]:
        given = iter(rest)
        return tuple(next(given) if shape is None else shape for shape in known)

    alike = [filled((shape,) * len(free)) for shape in LADDER] if free else [filled(())]
    mixed = (filled(rest) for rest in product(MIXED, repeat=len(free))) if len(free) > 1 or known.count(None) else ()
    yield from dict.fromkeys([*islice(mixed, TRIES), *alike] if mixed_first else [*alike, *islice(mixed, TRIES)])


def closed(parameter: Parameter, shapes: Mapping[str, Shape]) -> Shape | None:
    """A declared shape with its open dimensions set: the first as a batch."""
    if parameter.shape is None:
        return None
    said = next((s for s in shapes.values() if s), None)
    batch = said[0] if said else BATCH
    return tuple((batch if i == 0 else OPEN) if d is None else d for i, d in enumerate(parameter.shape))


def open_dimensions(parameter: Parameter, traced_input: TensorInput, shapes: Mapping[str, Shape]) -> tuple[int, ...]:
    """The dimensions of an input that nothing fixes."""
    if parameter.name in shapes:
        return ()
    declared = parameter.shape if parameter.shape is not None else (None,) * len(traced_input.shape)
    return tuple(i for i, d in enumerate(declared) if d is None)


def traced(loaded: LoadedTarget, inputs: tuple[TensorInput, ...]) -> Any:
    """The target traced for these inputs and run once; raises `Untraceable`."""
    try:
        forward = tf.function(positional(loaded), autograph=loaded.autograph).get_concrete_function(*specs_of(inputs))
    except (CannotCheck, KeyboardInterrupt):
        raise
    except BaseException as error:  # user code raises what it likes, SystemExit too
        raise Untraceable("while being traced", error) from error
    check_outputs(loaded.name, forward)
    try:
        forward(*tensors_of(inputs, moderate(inputs)))
    except Exception as error:
        raise Untraceable("when run", error) from error
    return forward


DTYPE_ERROR = re.compile(r"dtype|DataType|DT_[A-Z]|[Ee]xpected (bool|int\d+)|type (float|bool|int)\d*")
"""What TensorFlow says of a tensor of the wrong dtype."""

REFUSALS = 2
"""Shapes with which dtypes are refused until others are tried."""

COMPOSITE = (tf.RaggedTensorSpec, tf.SparseTensorSpec, tf.RaggedTensor, tf.SparseTensor)


def check_outputs(target: str, forward: Any) -> None:
    """A target returns at least one real floating-point tensor, all of static shape."""
    if not forward.outputs:
        raise CannotCheck(CANNOT_TRACE, f"{target}: it returns no tensor; return the value to differentiate")
    if any(isinstance(s, COMPOSITE) for s in tf.nest.flatten(forward.structured_outputs)):
        raise CannotCheck(
            NOT_SUPPORTED_YET,
            f"{target}: it returns a ragged or sparse tensor; return its values, or to_tensor() of it",
        )
    if not any(t.dtype.is_floating for t in forward.outputs):
        dtype = forward.outputs[0].dtype.name
        raise CannotCheck(CANNOT_TRACE, f"{target}: it returns {dtype}, which has no real gradient; return floats")


def specs_of(inputs: tuple[TensorInput, ...]) -> list[Any]:
    """TensorSpecs of one point."""
    return [tf.TensorSpec(i.shape, i.dtype) for i in inputs]


def tensors_of(inputs: tuple[TensorInput, ...], point: TensorPoint) -> list[Any]:
    """A point, or a batch of points, as tensors, every float exactly."""
    return [as_tensor(array, i.dtype) for array, i in zip(point, inputs, strict=True)]


def as_tensor(array: Array, dtype: str) -> Any:
    """An array of float64, int64 or bool as a tensor of a dtype."""
    fmt = FORMATS.get(dtype)
    if fmt is not None and fmt.name == "bfloat16":  # numpy has none
        return tf.bitcast(tf.constant(fmt.to_bits(fmt.encode(array))), dtype)
    return tf.constant(array.astype(dtype))


def moderate(inputs: tuple[TensorInput, ...]) -> TensorPoint:
    """One point of values between 0.25 and 0.75, in the domains; out of order, as a matrix of a ramp is singular."""
    values = []
    for i in inputs:
        places = np.arange(1, int(np.prod(i.shape)) + 1)
        mixed = np.linspace(0.25, 0.75, len(places))[np.argsort(places**3 * 589 % 10007, kind="stable")]
        array = mixed.reshape((1, *i.shape)) if i.fmt else np.zeros((1, *i.shape))
        values.append(i.domain.project(array.astype(i.array_dtype), i.fmt)[0])
    return tuple(values)
