"""A witness as Python that can be pasted and run.

In: a loaded target, a point and what the gradient is by. Out: lines of code that print the bad gradient, in graph mode
as it was found.
"""

import re

import numpy as np

from gradcheck.floats import FORMATS
from gradcheck.program import Array
from gradcheck.records import LoadedTarget, TensorInput, TensorPoint, TracedTensors

WRITTEN_OUT = 256
"""Elements of a tensor that are written one by one; of more, only constant ones are written."""


def pasted(
    loaded: LoadedTarget,
    target: TracedTensors,
    point: TensorPoint,
    wrt: str,
    weights: tuple[Array, ...] | None,
    order: int,
) -> tuple[str, ...]:
    """The lines; none where the target cannot be named, or a tensor is too large to be written."""
    names = [variable(i.name, k) for k, i in enumerate(target.inputs)]
    values = [written(array, i) for array, i in zip(point, target.inputs, strict=True)]
    if not loaded.paste or not loaded.call or any(v is None for v in values):
        return ()
    by = [i.name for i in target.inputs]
    watched = names[by.index(wrt)] if wrt in by else None
    called = loaded.call.format(*names)
    arguments = ", ".join(names)
    return (
        "import tensorflow as tf",
        *(line for line in loaded.paste if line != "import tensorflow as tf"),
        *(f"{name} = {value}" for name, value in zip(names, values, strict=True)),
        "@tf.function",
        f"def gradient({arguments}):",
        *(f"    {line}" for line in body(called, watched, weights, order)),
        f"print(gradient({arguments}))",
    )


def body(called: str, watched: str | None, weights: tuple[Array, ...] | None, order: int) -> list[str]:
    """What the function does."""
    signs = ""
    if weights is not None:
        written_signs = ", ".join(f"tf.constant({np.asarray(w).tolist()})" for w in weights)
        signs = f", output_gradients=[{written_signs}]"
    by = "tape.watched_variables()" if watched is None else watched
    watch = [] if watched is None else [f"    tape.watch({watched})"]
    flat = f"tf.nest.flatten({called})"
    if order == 1:
        return ["with tf.GradientTape() as tape:", *watch, f"    ys = {flat}", f"return tape.gradient(ys, {by}{signs})"]
    inner = [f"        {line.strip()}" for line in watch]
    return [
        "with tf.GradientTape() as tape:",
        *watch,
        "    with tf.GradientTape() as first:",
        *(line.replace("tape.", "first.") for line in inner),
        f"        ys = {flat}",
        f"    slopes = first.gradient(ys, {by})",
        f"return tape.gradient(slopes, {by}{signs})",
    ]


def variable(name: str, place: int) -> str:
    """A Python name for an input."""
    plain = re.sub(r"\W+", "_", name).strip("_")
    return plain if plain.isidentifier() and plain not in ("f", "tf", "tape", "gradient", "ys") else f"x{place}"


def written(array: Array, traced: TensorInput) -> str | None:
    """A tensor as an expression."""
    if array.size > 1 and (array == array.ravel()[0]).all():
        value = number(array.ravel()[0], traced)
        return f"tf.fill({list(array.shape)}, tf.constant({value}, tf.{traced.dtype}))"
    if array.size > WRITTEN_OUT:
        return None
    return f"tf.constant({nested(array, traced)}, tf.{traced.dtype})"


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
