"""Functions of two inputs, for scans of all pairs of 16-bit floats.

`gradcheck scan samples.pairs:distance --dtype float16 --exhaustive` runs all 4,030,726,144 of them.
"""

import tensorflow as tf


def distance(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """From the origin; the gradient is NaN there, and infinite around it, where the squares are too small."""
    return tf.sqrt(x * x + y * y)
