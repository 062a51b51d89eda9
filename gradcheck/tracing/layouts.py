"""How a block of points is fed to a target.

In: a loaded target and its inputs' dtypes and shapes. Out: a traced forward function, and a way from flat tensors
[block] to calls of it and back. An elementwise target takes the block as one tensor; one whose signature fixes its
shape takes it row by row, vectorised; one that branches on single values is called once a point, in a loop inside the
graph.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.autograph.core import ag_ctx

from gradcheck.errors import CANNOT_TRACE, NOT_SUPPORTED_YET, CannotCheck, NotElementwise
from gradcheck.records import LoadedTarget, Tensor, TracedInput
from gradcheck.tracing.graphs import branches_on_tensors, has_control_flow

BLOCK_BYTES = 1 << 16
"""Bytes of one tensor of a block: a multiple of every SIMD packet, large enough to hide the call, and below the 100 KiB
up to which TensorFlow's constant folding makes tensors of constants. A larger block is another graph: the gradient of
log(0.5 * erfc(-x / sqrt(2))) is NaN below -13.146681 in blocks of 2^14 floats and of unknown size, as in most training,
and below -13.216395 in blocks of 2^16."""

LOOP_BLOCK = 1 << 10
"""The same for a looped target, which takes 10 to 20 us a point."""

Call = Callable[..., tuple[Tensor, ...]]


class Untraceable(Exception):
    """User code, or TensorFlow on its behalf, raised while it was traced or first run."""

    def __init__(self, stage: str, error: BaseException) -> None:
        self.stage = stage
        self.error = error
        super().__init__(f"{stage}: {error}")


@dataclass(frozen=True)
class Layout:
    """One way to feed a block of points.

    Attributes:
        loaded, inputs: the target.
        shapes: the static shape of each input of one call.
        block: points of a block.
        style: `whole` (one call a block), `rows` (one call a row, vectorised) or `loop` (one call a row, in a loop).
        forward: the traced target, a ConcreteFunction; None before `traced`.
    """

    loaded: LoadedTarget
    inputs: tuple[TracedInput, ...]
    shapes: tuple[tuple[int, ...], ...]
    block: int
    style: str
    forward: Any = field(default=None, compare=False)

    @property
    def looped(self) -> bool:
        """Whether points run one by one."""
        return self.style == "loop"

    def traced(self) -> "Layout":
        """The same layout with the target traced in it; raises `Untraceable`."""
        specs = [tf.TensorSpec(s, i.fmt.name, name=None) for s, i in zip(self.shapes, self.inputs, strict=True)]
        try:
            forward = tf.function(positional(self.loaded), autograph=self.loaded.autograph).get_concrete_function(
                *specs
            )
        except CannotCheck:
            raise
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # user code raises what it likes, SystemExit too
            raise Untraceable("while being traced", error) from error
        if self.style == "whole" and branches_on_tensors(forward):
            raise Untraceable("while being traced", ValueError("it branches on a tensor of several values"))
        check_output(self.loaded.name, forward)
        layout = replace(self, forward=forward)
        if self.style == "rows" and has_control_flow(forward):
            layout = replace(layout, style="loop", block=LOOP_BLOCK)
        return layout.tried()

    def tried(self) -> "Layout":
        """The same layout, after one block of moderate values went through the forward function."""
        run = tf.function(self.flat(lambda *xs: (output_of(self.forward(*xs)),)), autograph=False)
        specs = [tf.TensorSpec([self.block], i.fmt.name) for i in self.inputs]
        try:
            (y,) = run.get_concrete_function(*specs)(*(smoke_values(self.block, i) for i in self.inputs))
        except (Mismatch, CannotCheck):
            raise not_elementwise(self.loaded.name, self.forward) from None
        except Exception as error:
            raise Untraceable("when run", error) from error
        if y.shape != [self.block]:
            raise not_elementwise(self.loaded.name, self.forward)
        return self

    def single_specs(self) -> list[Any]:
        """What one point is fed as: a single element a call where the target takes a whole block, else one call."""
        shapes = [(1,) * len(s) if self.style == "whole" else s for s in self.shapes]
        return [
            tf.TensorSpec(s, i.fmt.name, placeholder_name(i.name)) for s, i in zip(shapes, self.inputs, strict=True)
        ]

    def open(self, call: Call) -> Call:
        """`call` as a function from and to tensors of any one size; only of a target that takes a whole block."""
        shapes = [tuple(-1 if d == self.block else d for d in shape) for shape in self.shapes]

        def run(*xs: Tensor) -> tuple[Tensor, ...]:
            ys = call(*(x if len(s) == 1 else tf.reshape(x, s) for x, s in zip(xs, shapes, strict=True)))
            return tuple(y if y.shape.rank == 1 else tf.reshape(y, [-1]) for y in ys)

        return run

    def flat(self, call: Call) -> Call:
        """`call`, from and to tensors of one call's shape, as a function from and to tensors [block]."""

        def run(*xs: Tensor) -> tuple[Tensor, ...]:
            if self.style == "whole":
                ys = call(*(reshaped(x, shape) for x, shape in zip(xs, self.shapes, strict=True)))
            else:
                rows = [tf.reshape(fill(x, self.padded), [-1, *s]) for x, s in zip(xs, self.shapes, strict=True)]
                ys = in_a_loop(call, rows) if self.looped else vectorised(call, rows)
            return tuple(self.flattened(y) for y in ys)

        return run

    @property
    def padded(self) -> int:
        """Points of a block filled up to whole calls."""
        size = prod(self.shapes[0])
        return -(-self.block // size) * size

    def flattened(self, y: Tensor) -> Tensor:
        """A result of all rows as a tensor [block]; raises `Mismatch` where it has another size."""
        size = y.shape.num_elements()
        if size is not None and size != self.padded:
            raise Mismatch(size, self.padded)
        flat = reshaped(y, (self.padded,))
        return flat if self.padded == self.block else flat[: self.block]


def placeholder_name(name: str) -> str | None:
    """A name that TensorFlow takes for a placeholder."""
    return name if re.fullmatch(r"[A-Za-z]\w*", name) else None


class Mismatch(Exception):
    """An output or a gradient does not have as many elements as the input."""

    def __init__(self, size: int, wanted: int) -> None:
        super().__init__(f"Incompatible shapes: {size} elements for {wanted} inputs")


def block_of(inputs: tuple[TracedInput, ...]) -> int:
    """Points of a block, for the widest of the inputs' dtypes."""
    return BLOCK_BYTES // max(max(i.fmt.bits for i in inputs) // 8, 4)


def candidates(loaded: LoadedTarget, inputs: tuple[TracedInput, ...], block: int) -> Iterator[Layout]:
    """The layouts to try for blocks of `block` points, best first; none where the declared shapes differ in size."""
    declared = [p.shape for p in loaded.parameters]
    n = len(inputs)
    if all(shape is None for shape in declared):
        yield Layout(loaded, inputs, ((block,),) * n, block, "whole")
        yield Layout(loaded, inputs, ((),) * n, block, "rows")
        yield Layout(loaded, inputs, ((),) * n, LOOP_BLOCK, "loop")
        return
    shapes = tuple(shape if shape is not None else (None,) for shape in declared)
    if all(None in shape and prod(d for d in shape if d is not None) == 1 for shape in shapes):
        yield Layout(loaded, inputs, tuple(widened(shape, block) for shape in shapes), block, "whole")
        return
    fixed = tuple(tuple(1 if d is None else d for d in shape) for shape in shapes)
    if len({prod(shape) for shape in fixed}) == 1 and 0 < prod(fixed[0]) <= LOOP_BLOCK:
        yield Layout(loaded, inputs, fixed, block, "rows")
        yield Layout(loaded, inputs, fixed, LOOP_BLOCK, "loop")


def widened(shape: tuple[int | None, ...], block: int) -> tuple[int, ...]:
    """A shape whose first open dimension takes the whole block, and every other one 1."""
    first = shape.index(None)
    return tuple(block if i == first else 1 for i in range(len(shape)))


def traces_as_matrix(loaded: LoadedTarget, inputs: tuple[TracedInput, ...]) -> bool:
    """Whether a target that takes neither a scalar nor a vector takes a small matrix: then it is a tensor target."""
    try:
        specs = [tf.TensorSpec([4, 4], i.fmt.name) for i in inputs]
        tf.function(positional(loaded), autograph=loaded.autograph).get_concrete_function(*specs)
    except KeyboardInterrupt:
        raise
    except BaseException:  # whatever it raised was raised for a vector and for a scalar too
        return False
    return True


def as_written(layout: Layout) -> Callable[..., Tensor]:
    """The target itself, to be called while a graph is built, as a training step calls it.

    It is not called through its ConcreteFunction: constants that cross a call are folded differently, which moves
    ends (log of 0.5 * erfc is NaN from another float on).
    """
    call = positional(layout.loaded)
    if layout.loaded.autograph:
        enabled = ag_ctx.ControlStatusCtx(ag_ctx.Status.ENABLED)
        call = tf.__internal__.autograph.tf_convert(
            call, enabled, user_requested=True
        )  # as tf.function has converted it
    return lambda *xs: tf.convert_to_tensor(output_of(call(*xs)))


def positional(loaded: LoadedTarget) -> Callable[..., Any]:
    """The target as a function of positional tensors."""
    function, parameters = loaded.function, loaded.parameters
    by_position = sum(not p.keyword_only for p in parameters)
    names = [p.name for p in parameters[by_position:]]

    def call(*tensors: Tensor) -> Any:
        return function(*tensors[:by_position], **dict(zip(names, tensors[by_position:], strict=True)))

    return call


def check_output(target: str, forward: Any) -> None:
    """A target returns one real floating-point tensor."""
    outputs = forward.outputs
    if not outputs:
        raise CannotCheck(CANNOT_TRACE, f"{target}: it returns no tensor; return the value to differentiate")
    if len(outputs) > 1:
        raise NotElementwise(NOT_SUPPORTED_YET, f"{target}: it returns {len(outputs)} tensors")
    if not outputs[0].dtype.is_floating:
        raise CannotCheck(
            CANNOT_TRACE, f"{target}: it returns {outputs[0].dtype.name}, which has no real gradient; return floats"
        )


def output_of(result: Any) -> Tensor:
    """The one tensor in a (possibly nested) result."""
    return tf.nest.flatten(result)[0]


def not_elementwise(target: str, forward: Any) -> NotElementwise:
    """The error for an output whose shape is not the input's."""
    shapes = f"{[i.shape.as_list() for i in forward.inputs][:1]} to {forward.outputs[0].shape}"
    return NotElementwise(NOT_SUPPORTED_YET, f"{target}: not elementwise: its output has another shape, {shapes}")


def smoke_values(block: int, traced: TracedInput) -> Tensor:
    """A block of values between 0.25 and 0.75, where nearly everything is defined."""
    return tf.constant(np.linspace(0.25, 0.75, block), traced.fmt.name)


def reshaped(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """`x` in another shape, and `x` itself where it has that shape.

    A reshape to the same shape is no matter of taste: with it, the gradient of (1 - cos(x)) / x**2 is rewritten into
    another one, which is finite where the user's is NaN.
    """
    return x if x.shape == shape else tf.reshape(x, shape)


def fill(x: Tensor, size: int) -> Tensor:
    """`x` filled up to `size` with its own first values."""
    missing = size - x.shape[0]
    return tf.concat([x, x[:missing]], 0) if missing else x


def vectorised(call: Call, rows: list[Tensor]) -> tuple[Tensor, ...]:
    """Call on every row at once."""
    ys = tf.vectorized_map(lambda row: call(*row), tuple(rows), fallback_to_while_loop=False)
    return tuple(ys)


def in_a_loop(call: Call, rows: list[Tensor]) -> tuple[Tensor, ...]:
    """Call once a row, in a while loop of the graph."""
    probe = tf.function(call, autograph=False).get_concrete_function(
        *(tf.TensorSpec(r.shape[1:], r.dtype) for r in rows)
    )
    dtypes = tuple(o.dtype for o in probe.outputs)
    return tuple(tf.map_fn(lambda row: call(*row), tuple(rows), fn_output_signature=dtypes, parallel_iterations=1))
