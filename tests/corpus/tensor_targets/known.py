"""The tensor targets of the table of known ranges, as functions of whole tensors."""

import tensorflow as tf


def norm_of_order_3(x: tf.Tensor) -> tf.Tensor:
    """|x|_3."""
    return tf.norm(x, ord=3)


def global_norm(x: tf.Tensor) -> tf.Tensor:
    """The norm of all gradients."""
    return tf.linalg.global_norm([x])


def clipped(x: tf.Tensor) -> tf.Tensor:
    """Clipping by it."""
    return tf.clip_by_global_norm([x], 1.0)[0]


def of_nothing(x: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """A log-sum-exp over what a mask leaves."""
    return tf.reduce_logsumexp(x + tf.where(mask, tf.zeros_like(x), float("-inf")))


def products(x: tf.Tensor) -> tf.Tensor:
    """Cumulative products."""
    return tf.math.cumprod(x)


def norm(x: tf.Tensor) -> tf.Tensor:
    """The Euclidean norm."""
    return tf.norm(x)


def squared_norm(x: tf.Tensor) -> tf.Tensor:
    """Its square."""
    return tf.norm(x) ** 2


def power(x: tf.Tensor) -> tf.Tensor:
    """A sum of powers of 1.5."""
    return tf.reduce_sum(x**1.5)


def determinant(x: tf.Tensor) -> tf.Tensor:
    """det."""
    return tf.linalg.det(x)


def normalised(x: tf.Tensor) -> tf.Tensor:
    """x / |x|, with the library's epsilon."""
    return tf.math.l2_normalize(x)


def deviation(x: tf.Tensor) -> tf.Tensor:
    """Standard deviation."""
    return tf.math.reduce_std(x)


def root_mean_square(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """RMSE."""
    return tf.sqrt(tf.reduce_mean(tf.square(x - y)))


def angle(x: tf.Tensor) -> tf.Tensor:
    """The angle of a complex number."""
    return tf.math.angle(tf.complex(x, tf.zeros_like(x)))[0] + 0.0 * tf.reduce_sum(x)


def geometric_mean(x: tf.Tensor) -> tf.Tensor:
    """exp of the mean of logarithms."""
    return tf.exp(tf.reduce_mean(tf.math.log(x)))


def cosine(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """Cosine similarity with a bound on 1 / |x|."""
    return tf.reduce_sum(x * y) * tf.minimum(1.0 / tf.sqrt(tf.reduce_sum(x * x)), 1e8)


def cross_entropy(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """-sum y log softmax."""
    return -tf.reduce_sum(labels * tf.math.log(tf.nn.softmax(logits)))


def betainc(a: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """No gradient by its parameters."""
    return tf.reduce_sum(tf.math.betainc(a, a, x))
