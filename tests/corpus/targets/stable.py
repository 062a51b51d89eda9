"""Functions whose gradients are in order: nothing here is an error. The reasons are in `stable.json`.

Below are only those that need more than a call of the library: the twins of the diseases of `causes.py` among them.
"""

import keras
import tensorflow as tf


def softplus(x: tf.Tensor) -> tf.Tensor:
    return tf.math.softplus(x)


def log_sigmoid(x: tf.Tensor) -> tf.Tensor:
    return tf.math.log_sigmoid(x)


def silu(x: tf.Tensor) -> tf.Tensor:
    return tf.nn.silu(x)


def elu(x: tf.Tensor) -> tf.Tensor:
    return tf.nn.elu(x)


def selu(x: tf.Tensor) -> tf.Tensor:
    return tf.nn.selu(x)


def asinh(x: tf.Tensor) -> tf.Tensor:
    return tf.asinh(x)


def tanh(x: tf.Tensor) -> tf.Tensor:
    return tf.tanh(x)


def sigmoid(x: tf.Tensor) -> tf.Tensor:
    return tf.sigmoid(x)


def erf(x: tf.Tensor) -> tf.Tensor:
    return tf.math.erf(x)


def erfc(x: tf.Tensor) -> tf.Tensor:
    return tf.math.erfc(x)


def atan(x: tf.Tensor) -> tf.Tensor:
    return tf.atan(x)


def sin(x: tf.Tensor) -> tf.Tensor:
    return tf.sin(x)


def cos(x: tf.Tensor) -> tf.Tensor:
    return tf.cos(x)


def exp(x: tf.Tensor) -> tf.Tensor:
    return tf.exp(x)


def expm1(x: tf.Tensor) -> tf.Tensor:
    return tf.math.expm1(x)


def log1p(x: tf.Tensor) -> tf.Tensor:
    return tf.math.log1p(x)


def log(x: tf.Tensor) -> tf.Tensor:
    return tf.math.log(x)


def gelu(x: tf.Tensor) -> tf.Tensor:
    return tf.nn.gelu(x, approximate=False)


def gelu_by_tanh(x: tf.Tensor) -> tf.Tensor:
    return tf.nn.gelu(x, approximate=True)


def relu(x: tf.Tensor) -> tf.Tensor:
    return tf.nn.relu(x)


def relu6(x: tf.Tensor) -> tf.Tensor:
    return tf.nn.relu6(x)


def leaky_relu(x: tf.Tensor) -> tf.Tensor:
    return tf.nn.leaky_relu(x)


def softsign(x: tf.Tensor) -> tf.Tensor:
    return tf.nn.softsign(x)


def absolute(x: tf.Tensor) -> tf.Tensor:
    return tf.abs(x)


def clipped(x: tf.Tensor) -> tf.Tensor:
    return tf.clip_by_value(x, -1.0, 1.0)


def hard_sigmoid(x: tf.Tensor) -> tf.Tensor:
    return keras.activations.hard_sigmoid(x)


def hard_tanh(x: tf.Tensor) -> tf.Tensor:
    return tf.maximum(tf.minimum(x, 1.0), -1.0)


def keras_softplus(x: tf.Tensor) -> tf.Tensor:
    return keras.activations.softplus(x)


def keras_mish(x: tf.Tensor) -> tf.Tensor:
    return keras.activations.mish(x)


def mish(x: tf.Tensor) -> tf.Tensor:
    return x * tf.tanh(tf.math.softplus(x))


def swish(x: tf.Tensor) -> tf.Tensor:
    return x * tf.sigmoid(x)


def tanh_shrink(x: tf.Tensor) -> tf.Tensor:
    return x - tf.tanh(x)


def squared_error(x: tf.Tensor) -> tf.Tensor:
    return tf.square(x - 0.5)


def huber(x: tf.Tensor) -> tf.Tensor:
    size = tf.abs(x)
    return tf.where(size <= 1.0, 0.5 * tf.square(x), size - 0.5)


def smooth_l1(x: tf.Tensor) -> tf.Tensor:
    size = tf.abs(x - 0.5)
    near = tf.minimum(size, 2.0)
    return near * (size - 0.5 * near)


def log_of_clipped(x: tf.Tensor) -> tf.Tensor:
    return tf.math.log(tf.clip_by_value(x, 1e-10, 1.0))


def cross_entropy_0(x: tf.Tensor) -> tf.Tensor:
    return tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.zeros_like(x), logits=x)


def cross_entropy_1(x: tf.Tensor) -> tf.Tensor:
    return tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.ones_like(x), logits=x)


def keras_cross_entropy(p: tf.Tensor) -> tf.Tensor:
    return keras.ops.binary_crossentropy(keras.ops.ones_like(p), p)


def softmax_of_two(x: tf.Tensor) -> tf.Tensor:
    return tf.nn.log_softmax(tf.stack([tf.zeros_like(x), x], axis=-1), axis=-1)[..., 0]


def log_sum_of_two(x: tf.Tensor) -> tf.Tensor:
    return 0.5 + tf.math.softplus(x - 0.5)


def scaled_softplus(x: tf.Tensor) -> tf.Tensor:
    return 0.1 * tf.math.softplus(10.0 * x)


def root_above_zero(x: tf.Tensor) -> tf.Tensor:
    return tf.sqrt(x + 1.0)


def smooth_size(x: tf.Tensor) -> tf.Tensor:
    return tf.sqrt(tf.square(x) + 1e-3)


def angle(x: tf.Tensor) -> tf.Tensor:
    return tf.atan2(x, tf.ones_like(x))


def power(x: tf.Tensor) -> tf.Tensor:
    return x**1.5


def logit(p: tf.Tensor) -> tf.Tensor:
    return tf.math.log(p) - tf.math.log1p(-p)


# Twins of the diseases.


def twice_where_softplus(x: tf.Tensor) -> tf.Tensor:
    small = tf.where(x > 30.0, tf.zeros_like(x), x)
    return tf.where(x > 30.0, x, tf.math.log1p(tf.exp(small)))


def twice_where_log(x: tf.Tensor) -> tf.Tensor:
    safe = tf.where(x > 1.0, x, tf.ones_like(x))
    return tf.where(x > 1.0, tf.math.log(safe), x - 1.0)


def twice_where_root(x: tf.Tensor) -> tf.Tensor:
    safe = tf.where(x > 1.0, x, tf.ones_like(x))
    return tf.where(x > 1.0, tf.sqrt(safe), 0.5 * x + 0.5)


def twice_where_inverse(x: tf.Tensor) -> tf.Tensor:
    far = tf.abs(x) > 1.0
    safe = tf.where(far, x, tf.ones_like(x))
    return tf.where(far, 1.0 / safe, x)


def twice_where_acos(x: tf.Tensor) -> tf.Tensor:
    inside = tf.abs(x) < 0.5
    safe = tf.where(inside, x, tf.zeros_like(x))
    return tf.where(inside, tf.acos(safe), 1.5 - x)


def twice_where_exp(x: tf.Tensor) -> tf.Tensor:
    return tf.where(x < 0.0, tf.math.expm1(tf.minimum(x, 0.0)), x)


def where_root(x: tf.Tensor) -> tf.Tensor:
    """One where is enough here: TensorFlow's gradient of sqrt is 0 where what comes from above is 0."""
    return tf.where(x > 1.0, tf.sqrt(x), 0.5 * x + 0.5)


def where_reciprocal(x: tf.Tensor) -> tf.Tensor:
    """The same for tf.math.reciprocal; `1.0 / x` in its place gives NaN at 0."""
    return tf.where(tf.abs(x) > 1.0, tf.math.reciprocal(x), x)


def half_angle_cosine(x: tf.Tensor) -> tf.Tensor:
    """1 - cos(x) without cancellation."""
    return 2.0 * tf.square(tf.sin(0.5 * x))


def log1mexp(x: tf.Tensor) -> tf.Tensor:
    return tf.math.log(-tf.math.expm1(-x))


def log_of_small_rest(x: tf.Tensor) -> tf.Tensor:
    return -tf.math.softplus(x)


def squared_norm(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    return tf.square(x) + tf.square(y)


def guarded_ratio(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    return x / (tf.abs(y) + 1.0)


def log1p_in_place(x: tf.Tensor) -> tf.Tensor:
    """Behind a tf.where as well, of an argument that is never -1."""
    return tf.where(x > -0.5, tf.math.log1p(tf.maximum(x, -0.5)), x)
