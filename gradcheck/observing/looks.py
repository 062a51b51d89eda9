"""Looks: one small compiled function that says whether many tensors are finite, or what their norms are.

In: tensors, or handles of variables. Out: numbers. A sum of squares is finite only where every entry is, but for those
that are too large to be squared; what is not finite is looked at exactly. Only these few numbers leave the device.
"""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.ops import gen_resource_variable_ops as raw

from gradcheck.program import Array
from gradcheck.records import Tensor

Dtype = Any

MOST_RESULTS = 4
"""Results of a function that are looked at."""


def dense(gradient: Any) -> Tensor:
    """The numbers of a gradient: itself, or the values of IndexedSlices."""
    return gradient.values if isinstance(gradient, tf.IndexedSlices) else gradient


def halves(tensor: Tensor) -> Tensor:
    """Half the sum of squares, as float32 or float64."""
    wide = tensor if tensor.dtype in (tf.float32, tf.float64) else tf.cast(tensor, tf.float32)
    return tf.cast(tf.nn.l2_loss(wide), tf.float32)


def value_of(handle: Tensor, dtype: Dtype) -> Tensor:
    """The value of a variable; until it is changed it shares the variable's memory."""
    return raw.read_variable_op(handle, dtype)


class Norms:
    """Euclidean norms of lists of gradients; a function is compiled for each list of dtypes and ranks."""

    def __init__(self) -> None:
        self.made: dict[Any, Any] = {}

    def __call__(self, gradients: Sequence[Tensor]) -> Array:
        """One norm a gradient, as float64."""
        key = tuple((t.dtype, t.shape.rank) for t in gradients)
        if key not in self.made:
            specs = [tf.TensorSpec([None] * rank if rank is not None else None, dtype) for dtype, rank in key]
            function = tf.function(lambda *tensors: tf.stack([halves(t) for t in tensors]), autograph=False)
            self.made[key] = function.get_concrete_function(*specs)
        squares: Array = self.made[key](*gradients).numpy().astype(np.float64)
        norms: Array = np.sqrt(2 * squares)
        return norms


def finite_look(handles: Sequence[tuple[Tensor, Dtype]]) -> Callable[[], bool]:
    """A function that says whether a sum of squares over all of these variables is finite."""
    if not handles:
        return lambda: True

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


def is_bad(tensor: Any) -> bool:
    """Whether an entry is not finite."""
    return (tensor.dtype.is_floating or tensor.dtype.is_complex) and not is_finite(tensor)


def odd(result: Any) -> bool:
    """Whether a result is, or holds, a single number that is not finite, where looking at it costs nothing."""
    values = result.values() if isinstance(result, dict) else result if isinstance(result, (list, tuple)) else (result,)
    return any(is_odd(value) for value in islice(values, MOST_RESULTS))


def is_odd(value: Any) -> bool:
    """The same of one tensor."""
    number = isinstance(value, tf.Tensor) and value.ndim == 0 and value.dtype.is_floating and "CPU" in value.device
    return number and not np.isfinite(value.numpy())
