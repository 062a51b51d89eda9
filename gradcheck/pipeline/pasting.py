"""A witness as Python that can be pasted and run.

In: a loaded target, a point and what the gradient is by. Out: lines of code that print the bad gradient, in graph mode
as it was found.
"""

import keyword
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from gradcheck.floats import FORMATS
from gradcheck.program import Array
from gradcheck.records import LoadedTarget, TensorInput, TensorPoint, TracedTensors

WRITTEN_OUT = 256
"""Elements of a tensor that are written one by one; of more, only constant ones are written."""


@dataclass(frozen=True)
class Slope:
    """Which gradient is printed.

    Attributes:
        wrt: what it is by.
        weights: what the outputs are weighed with; None: ones.
        order: 1, or 2 for the gradient of a gradient.
    """

    wrt: str
    weights: tuple[Array, ...] | None = None
    order: int = 1


@dataclass(frozen=True)
class Shell:
    """The function around what is run: its name and decorators."""

    name: str = "gradient"
    decorators: tuple[str, ...] = ("@tf.function",)


def pasted(loaded: LoadedTarget, target: TracedTensors, point: TensorPoint, slope: Slope) -> tuple[str, ...]:
    """The lines; none where the target cannot be named, or a tensor is too large to be written."""
    wrt, weights, order = slope.wrt, slope.weights, slope.order
    names = names_of(target.inputs)
    by = [i.name for i in target.inputs]
    watched = names[by.index(wrt)] if wrt in by else None
    floats = [k for k, i in enumerate(target.inputs) if i.fmt]
    chosen = [k for k in floats if by[k] in target.wrt] or [k for k in floats if by[k] not in loaded.held]
    first = [names[k] for k in chosen] if order > 1 else []
    return script(loaded, target.inputs, point, partial(body, watched=watched, weights=weights, first=first))


def script(
    loaded: LoadedTarget,
    inputs: tuple[TensorInput, ...],
    point: TensorPoint,
    inside: Callable[[str], list[str]],
    shell: Shell = Shell(),
) -> tuple[str, ...]:
    """Lines that print what a function of the inputs gives; `inside` is its body, made from the call of the target."""
    names = names_of(inputs)
    values = [written(array, i) for array, i in zip(point, inputs, strict=True)]
    if not loaded.paste or not loaded.call or any(v is None for v in values):
        return ()
    arguments = ", ".join(names)
    return (
        "import tensorflow as tf",
        *(line for line in loaded.paste if line != "import tensorflow as tf"),
        *(f"{name} = {value}" for name, value in zip(names, values, strict=True)),
        *shell.decorators,
        f"def {shell.name}({arguments}):",
        *(f"    {line}" for line in inside(loaded.call.format(*names))),
        f"print({shell.name}({arguments}))",
    )


def names_of(inputs: tuple[TensorInput, ...]) -> list[str]:
    """A Python name for each input."""
    return [variable(i.name, k) for k, i in enumerate(inputs)]


def body(called: str, watched: str | None, weights: tuple[Array, ...] | None, first: list[str]) -> list[str]:
    """What the function does; of second derivatives, `first` is what all first ones are by."""
    signs = ""
    if weights is not None:
        written_signs = ", ".join(f"tf.constant({np.asarray(w).tolist()})" for w in weights)
        signs = f", output_gradients=[{written_signs}]"
    by = "tape.watched_variables()" if watched is None else watched
    watch = [] if watched is None else [f"    tape.watch({watched})"]
    flat = f"tf.nest.flatten({called})"
    if signs and not first:  # one sign a float: what is no float goes
        flat = f"[y for y in {flat} if tf.convert_to_tensor(y).dtype.is_floating]"
    if not first:
        return ["with tf.GradientTape() as tape:", *watch, f"    ys = {flat}", f"return tape.gradient(ys, {by}{signs})"]
    inputs = f"[{', '.join(first)}]"
    return [
        "with tf.GradientTape() as tape:",
        *watch,
        "    with tf.GradientTape() as first:",
        f"        first.watch({inputs})",
        f"        ys = {flat}",
        f"    slopes = [tf.convert_to_tensor(g) for g in first.gradient(ys, {inputs}) if g is not None]",
        f"return tape.gradient(slopes, {by}{signs})",
    ]


def variable(name: str, place: int) -> str:
    """A Python name for an input."""
    plain = re.sub(r"\W+", "_", name).strip("_")
    taken = keyword.iskeyword(plain) or plain in ("f", "tf", "tape", "first", "gradient", "output", "ys", "slopes")
    return plain if plain.isidentifier() and not taken else f"x{place}"


def written(array: Array, traced: TensorInput) -> str | None:
    """A tensor as an expression."""
    if not array.size:
        return f"tf.zeros({list(array.shape)}, tf.{traced.dtype})"
    if array.size > 1 and is_constant(array):
        value = number(array.ravel()[0], traced)
        return f"tf.fill({list(array.shape)}, tf.constant({value}, tf.{traced.dtype}))"
    if array.size > WRITTEN_OUT:
        return None
    return f"tf.constant({nested(array, traced)}, tf.{traced.dtype})"


def is_constant(array: Array) -> bool:
    """Whether all elements are one value; 0 and -0 are two."""
    first = array.ravel()[0]
    return bool(((array == first) & (np.signbit(array * 1.0) == np.signbit(first * 1.0))).all())


def nested(array: Array, traced: TensorInput) -> str:
    """Numbers in brackets."""
    if array.ndim == 0:
        return number(array[()], traced)
    return "[" + ", ".join(nested(part, traced) for part in array) + "]"


def number(value: object, traced: TensorInput) -> str:
    """One number, as short as it reads back."""
    fmt = FORMATS.get(traced.dtype)
    if fmt is None:
        return str(value)
    return repr(fmt.shortest(int(fmt.encode(value))))
