"""Looks: one small compiled function that says whether many tensors are finite, or what their norms are.

In: tensors, or handles of variables. Out: numbers. A sum of squares is finite only where every entry is, but for those
that are too large to be squared; what is not finite is looked at exactly. Only these few numbers leave the device.
"""

import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.eager import context
from tensorflow.python.framework import op_callbacks
from tensorflow.python.ops import gen_resource_variable_ops as raw

from gradcheck.records import Tensor

Dtype = Any

PLAIN = (tf.float32, tf.float64)

FEW = 12
"""Variables that are read one by one where they are; of more, a compiled function looks faster."""

MOST_RESULTS = 4
"""Results of a function that are looked at."""


def dense(gradient: Any) -> Tensor:
    """The numbers of a gradient: itself, or the values of IndexedSlices."""
    return gradient.values if isinstance(gradient, tf.IndexedSlices) else gradient


def halves(tensor: Tensor) -> Tensor:
    """Half the sum of squares, as float32 or float64."""
    real = tf.abs(tensor) if tensor.dtype.is_complex else tensor
    wide = real if real.dtype in PLAIN else tf.cast(real, tf.float32)
    return tf.cast(tf.nn.l2_loss(wide), tf.float32)


def value_of(handle: Tensor, dtype: Dtype) -> Tensor:
    """The value of a variable; until it is changed it shares the variable's memory."""
    return raw.read_variable_op(handle, dtype)


def norms(gradients: Sequence[Tensor]) -> list[float]:
    """The Euclidean norm of each gradient.

    On a CPU float32 and float64 are read where they are: to call a compiled function takes five times as long.
    """
    squares = [square(t) if t.dtype in PLAIN and on_cpu(t) else 2 * halves(t) for t in gradients]
    wide = map(float, squares)  # after all of them have begun, where the device is another one
    return [math.sqrt(s) if 0 < s < math.inf else exact_norm(t) for t, s in zip(gradients, wide, strict=True)]


def square(tensor: Tensor) -> float:
    """The sum of squares of a tensor in the memory of this process, in its own dtype."""
    flat = np.asarray(tensor).ravel()
    with np.errstate(all="ignore"):
        return float(np.dot(flat, flat))


def exact_norm(tensor: Tensor) -> float:
    """The norm of a tensor whose squares are too small or too large for its dtype, or that is zero or not finite."""
    if not on_cpu(tensor) and not int(tf.math.count_nonzero(tensor)):
        return 0.0
    values = np.abs(np.asarray(tensor).astype(np.complex128 if tensor.dtype.is_complex else np.float64))
    largest = float(values.max(initial=0.0))
    if largest == 0 or not math.isfinite(largest):
        return largest
    return largest * float(np.linalg.norm((values / largest).ravel()))


def on_cpu(tensor: Tensor) -> bool:
    """Whether a tensor is in the memory of this process."""
    return "CPU" in tensor.device


def finite_look(handles: Sequence[tuple[Tensor, Dtype]]) -> Callable[[], bool]:
    """A function that says whether a sum of squares over all of these variables is finite."""
    if len(handles) <= FEW and all(dtype in PLAIN and on_cpu(handle) for handle, dtype in handles):
        return lambda: all(math.isfinite(square(value_of(handle, dtype))) for handle, dtype in handles)

    def look() -> Tensor:
        return tf.add_n([halves(value_of(handle, dtype)) for handle, dtype in handles])

    function = tf.function(look, autograph=False).get_concrete_function()
    return lambda: bool(np.isfinite(function().numpy()))


def counts(tensor: Tensor) -> tuple[int, int, int]:
    """How many entries a tensor has, how many of them are NaN, and how many are infinite."""
    real = tf.abs(tensor) if tensor.dtype.is_complex else tensor
    nan = tf.math.count_nonzero(tf.math.is_nan(real))
    infinite = tf.math.count_nonzero(tf.math.is_inf(real))
    return int(tf.size(tensor)), int(nan), int(infinite)


def is_finite(tensor: Tensor) -> bool:
    """Whether every entry is finite."""
    return not any(counts(tensor)[1:])


def is_bad(gradient: Any) -> bool:
    """Whether a gradient has an entry that is not finite."""
    if gradient is None:
        return False
    tensor = dense(gradient)
    with quiet():
        real: bool = tensor.dtype.is_floating or tensor.dtype.is_complex
        return real and not is_finite(tensor)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Operations of our own, that no callback is told of."""
    kept = list(context.context().op_callbacks)
    for callback in kept:
        op_callbacks.remove_op_callback(callback)
    try:
        yield
    finally:
        for callback in kept:
            op_callbacks.add_op_callback(callback)


def odd(result: Any) -> bool:
    """Whether a result is, or holds, a single number that is not finite, where looking at it costs nothing."""
    values = result.values() if isinstance(result, dict) else result if isinstance(result, (list, tuple)) else (result,)
    return any(is_odd(value) for value in islice(values, MOST_RESULTS))


def is_odd(value: Any) -> bool:
    """The same of one tensor."""
    number = isinstance(value, tf.Tensor) and value.ndim == 0 and value.dtype.is_floating and on_cpu(value)
    return number and not np.isfinite(value.numpy())
