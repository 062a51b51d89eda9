"""Functions of whole tensors: losses over a batch, and what one bad row does to the others.

    gradcheck scan samples.tensors:rmse
    gradcheck scan samples/tensors.py                      # all of them

The numbers are for float32.
"""

import tensorflow as tf


# gradcheck: scan
def rmse(prediction: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """The root of the mean squared error.

    The disease: the square root has no derivative at 0, and a perfect prediction reaches it.
    """
    return tf.sqrt(tf.reduce_mean(tf.square(prediction - target)))


# gradcheck: scan
def cosine(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """The cosine of the angle between two vectors.

    The disease: a vector of zeros has no length to be divided by.
    """
    return tf.reduce_sum(a * b) / (tf.norm(a) * tf.norm(b))


# gradcheck: scan
def cross_entropy(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Softmax cross-entropy by hand; scan it with --domain labels=one-hot.

    The disease: the softmax rounds to 0 where one logit is far above the others, and its logarithm is then infinite.
    """
    return -tf.reduce_sum(labels * tf.math.log(tf.nn.softmax(logits)))


# gradcheck: scan
def cross_entropy_cured(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """The cure: the library's form takes the logits themselves."""
    return tf.reduce_sum(tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits))


# gradcheck: scan
def mean_length(batch: tf.Tensor) -> tf.Tensor:
    """The mean length of the rows of a batch, each column over its root mean square; scan it with --shape batch=4,3.

    The disease: the length of a row of zeros has no derivative, and all rows share the root mean square.
    """
    size = tf.sqrt(tf.reduce_mean(tf.square(batch), axis=0) + 1e-6)
    return tf.reduce_mean(tf.norm(batch / size, axis=-1))


# gradcheck: scan
def mean_length_cured(batch: tf.Tensor) -> tf.Tensor:
    """The cure: a small number under the root."""
    size = tf.sqrt(tf.reduce_mean(tf.square(batch), axis=0) + 1e-6)
    return tf.reduce_mean(tf.sqrt(tf.reduce_sum(tf.square(batch / size), axis=-1) + 1e-6))
