"""Gradients that are stopped on purpose: gradcheck says so and blames nobody.

gradcheck scan samples/blocking.py
"""

import tensorflow as tf


# gradcheck: scan
def frozen(x: tf.Tensor) -> tf.Tensor:
    """No gradient at all, as it is wanted for a target network.

    The scan prints GC008 for information: the gradient is None although the output depends on x, stopped on purpose by
    tf.stop_gradient, with this file and line. Exit status 0.
    """
    return tf.stop_gradient(tf.tanh(x))


# gradcheck: scan
def straight_through(x: tf.Tensor) -> tf.Tensor:
    """Round forward, the identity backward (the straight-through estimator).

    The scan prints one line, clean, and a note that a part of the gradient is stopped on purpose. Exit status 0.
    """
    return x + tf.stop_gradient(tf.round(x) - x)
