"""Five losses that people really write, each with its disease and its cure.

    gradcheck scan samples.losses:cross_entropy --hold label=0
    gradcheck scan samples/losses.py                       # all ten

The numbers are for float32.
"""

import tensorflow as tf


# gradcheck: scan
def cross_entropy(logit: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
    """Binary cross-entropy by hand, through a probability.

    The disease: the sigmoid rounds to 1 above 16.635532 and is flushed to 0 below -87.33655; one of the logarithms is
    then of 0. The scan prints GC001 for logit on both sides: the output is not finite, the gradient NaN. Exit status 1.
    """
    p = tf.sigmoid(logit)
    return -(label * tf.math.log(p) + (1 - label) * tf.math.log(1 - p))


# gradcheck: scan
def cross_entropy_cured(logit: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
    """The cure: the library's form takes the logit itself."""
    return tf.nn.sigmoid_cross_entropy_with_logits(labels=label, logits=logit)


# gradcheck: scan
def focal(logit: tf.Tensor) -> tf.Tensor:
    """Focal loss with gamma = 1/2.

    The disease: the derivative of (1 - p)**0.5 is infinite once 1 - p is 0. The scan prints GC001 from 16.635532 up,
    where the output is finite: no check of it sees this. Exit status 1.
    """
    p = tf.sigmoid(logit)
    return -((1 - p) ** 0.5) * tf.math.log(p)


# gradcheck: scan
def focal_cured(logit: tf.Tensor) -> tf.Tensor:
    """The cure: both factors as exponentials of log_sigmoid, which never rounds to 0 or 1."""
    return -tf.exp(0.5 * tf.math.log_sigmoid(-logit)) * tf.math.log_sigmoid(logit)


# gradcheck: scan
def distance(difference: tf.Tensor) -> tf.Tensor:
    """The Euclidean distance of two numbers.

    The disease: the square root has no derivative at 0, and squares of small differences are flushed to it. The scan
    prints GC001 and GC002 around 0, all of them masked: the output is finite; and GC003 where the square overflows: the
    gradient is 0 instead of 1. Exit status 1.
    """
    return tf.sqrt(difference * difference)


# gradcheck: scan
def distance_cured(difference: tf.Tensor) -> tf.Tensor:
    """The cure: the library's absolute value squares nothing, and has a gradient at 0."""
    return tf.abs(difference)


# gradcheck: scan
def log_cosh(difference: tf.Tensor) -> tf.Tensor:
    """log(cosh(d)), a smooth absolute error.

    The disease: cosh overflows where its logarithm is still small. The scan prints GC001 from 89.41599 up and from
    -89.41599 down: output inf, gradient NaN. Exit status 1.
    """
    return tf.math.log(tf.cosh(difference))


# gradcheck: scan
def log_cosh_cured(difference: tf.Tensor) -> tf.Tensor:
    """The cure: log(cosh(d)) = |d| + softplus(-2 |d|) - log(2)."""
    size = tf.abs(difference)
    return size + tf.math.softplus(-2.0 * size) - 0.6931471805599453


# gradcheck: scan
def angle(cosine: tf.Tensor) -> tf.Tensor:
    """The angle between two directions, from its cosine.

    The disease: the derivative of acos is infinite at both ends, which a vector and itself reach. The scan prints GC002
    at -1 and at 1, masked, and a warning for what lies outside of [-1, 1]. Exit status 1.
    """
    return tf.acos(cosine)


# gradcheck: scan
def angle_cured(cosine: tf.Tensor) -> tf.Tensor:
    """The cure: keep the cosine away from both ends; the gradient outside is then 0."""
    return tf.acos(tf.clip_by_value(cosine, -1 + 1e-6, 1 - 1e-6))
