"""Functions whose gradient depends on how TensorFlow runs them.

gradcheck scan samples/modes.py --mode graph --mode eager --mode xla
"""

import tensorflow as tf


# gradcheck: scan
def rectified_root(x: tf.Tensor) -> tf.Tensor:
    """The square root of what is positive, 0 elsewhere.

    Clean in graph mode and in eager mode, where the kernel of sqrt's gradient takes 0 * inf for 0; compiled by XLA the
    gradient is NaN for x <= 0: GC001 with --mode xla, and GC007 with several modes.
    """
    return tf.where(x > 0.0, tf.sqrt(x), 0.0)


# gradcheck: scan
def selu(x: tf.Tensor) -> tf.Tensor:
    """SELU as its paper writes it.

    The gradient is NaN from 88.72284 on in every mode, where exp overflows; in graph mode already from 88.208046 on, if
    the tensor holds more than a few numbers.
    """
    return 1.0507 * tf.where(x > 0.0, x, 1.6733 * (tf.exp(x) - 1.0))
