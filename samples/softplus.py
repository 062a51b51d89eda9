"""log(exp(z) + 1), five times: the story that gradcheck is built around.

    gradcheck scan samples.softplus:my_softplus            # or any other function of this file
    gradcheck scan samples/softplus.py                     # those that are discoverable

The numbers are for float32.
"""

import tensorflow as tf


# gradcheck: scan
def my_softplus(z: tf.Tensor) -> tf.Tensor:
    """As it stands in the textbook.

    The scan prints two errors. GC003: on [87.33655, 88.72283] the gradient is exactly 0 (the true one is 1), because
    1 / (exp(z) + 1) is subnormal and flushed. GC001: on [88.72284, 3.4028235e+38] it is NaN, because exp(z) is inf and
    its gradient inf * 0; GC006 says that the output is inf there too. tf.math.softplus was tried, and cures all of it.
    Exit status 1.
    """
    return tf.math.log(tf.exp(z) + 1)


@tf.custom_gradient
def my_better_softplus(z: tf.Tensor) -> tf.Tensor:
    """The same output with a gradient that does not overflow.

    The scan prints the columns autodiff and custom side by side: autodiff is vanished on [87.33655, 88.72283] and nan
    from 88.72284 up, custom is finite everywhere. The output is still inf from 88.72284 up: GC006, a warning. GC001 and
    GC003 are there for information only, since training runs the custom gradient. Exit status 0.
    """

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return upstream / (1 + 1 / tf.exp(z))

    return tf.math.log(tf.exp(z) + 1), gradient


# gradcheck: scan
def where_softplus(z: tf.Tensor) -> tf.Tensor:
    """A tf.where behind the damage: it cures the output, not the gradient.

    The scan prints one error: GC001 on [88.72284, 3.4028235e+38], and now the output is finite there, so no check of it
    sees the NaN: tf.where multiplies the gradient of the branch that it did not take by 0, and 0 * inf is NaN.
    Exit status 1.
    """
    return tf.where(z > 30, z, my_softplus(z))


# gradcheck: scan
def double_where_softplus(z: tf.Tensor) -> tf.Tensor:
    """A second tf.where in front of the damage, so that exp never sees a large number.

    The scan prints one line: clean. Exit status 0.
    """
    small = tf.where(z > 30, tf.zeros_like(z), z)
    return tf.where(z > 30, z, my_softplus(small))


# gradcheck: scan
def library_softplus(z: tf.Tensor) -> tf.Tensor:
    """What the library has for it.

    The scan prints one line: clean. Exit status 0.
    """
    return tf.math.softplus(z)
