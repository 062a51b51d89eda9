"""Norms, means and normalisations; `# cause: NAME` ends the line that the target NAME fails at."""

import tensorflow as tf


def row_norms(x: tf.Tensor) -> tf.Tensor:
    """tf.norm of a row of zeros."""
    return tf.norm(x, axis=-1)  # cause: row_norms


def row_norms_overflow(x: tf.Tensor) -> tf.Tensor:
    """A root that is never 0, of squares that overflow."""
    total = tf.reduce_sum(tf.square(x), axis=-1)  # cause: row_norms_overflow
    return tf.sqrt(total + 1.0)  # cause: row_norms_overflow


def half_norm(x: tf.Tensor) -> tf.Tensor:
    """In float16 the squares of 300 overflow."""
    return tf.sqrt(tf.reduce_sum(x * x) + 1.0)  # cause: half_norm


def euclidean_norm(x: tf.Tensor) -> tf.Tensor:
    """The operation EuclideanNorm, whose gradient divides by the norm."""
    return tf.math.reduce_euclidean_norm(x, axis=-1)  # cause: euclidean_norm


def cubic_norm(x: tf.Tensor) -> tf.Tensor:
    """The third norm at 0."""
    return tf.norm(x, ord=3, axis=-1)  # cause: cubic_norm


def squared_norm(x: tf.Tensor) -> tf.Tensor:
    """The square of a norm: 0 where the squares underflow."""
    root = tf.norm(x)  # cause: squared_norm
    return tf.square(root)


def standard_deviation(x: tf.Tensor) -> tf.Tensor:
    """tf.math.reduce_std of a constant."""
    return tf.math.reduce_std(x, axis=-1)  # cause: standard_deviation


def unit_vector(x: tf.Tensor) -> tf.Tensor:
    """0 / 0 at 0."""
    return x / tf.norm(x, axis=-1, keepdims=True)  # cause: unit_vector


def unit_vector_where(x: tf.Tensor) -> tf.Tensor:
    """Short vectors are masked; 0 / 0 is among them."""
    size = tf.norm(x, axis=-1, keepdims=True)  # cause: unit_vector_where
    unit = x / size  # cause: unit_vector_where
    return tf.where(size > 1e-3, unit, tf.zeros_like(x))


def large_unit(x: tf.Tensor) -> tf.Tensor:
    """tf.math.l2_normalize where the squares overflow."""
    return tf.math.l2_normalize(x, axis=-1)  # cause: large_unit


def layer_norm(x: tf.Tensor) -> tf.Tensor:
    """Layer normalisation without an epsilon."""
    mean, variance = tf.nn.moments(x, axes=[-1], keepdims=True)
    return (x - mean) * tf.math.rsqrt(variance)  # cause: layer_norm


@tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32)])
def batch_norm(x: tf.Tensor) -> tf.Tensor:
    """Batch normalisation without an epsilon; the batch's size is open."""
    mean = tf.reduce_mean(x, axis=0)
    variance = tf.reduce_mean(tf.square(x - mean), axis=0)
    return (x - mean) / tf.sqrt(variance)  # cause: batch_norm


def batch_norm_late_epsilon(x: tf.Tensor) -> tf.Tensor:
    """The epsilon is added to the deviation, behind the root."""
    mean = tf.reduce_mean(x, axis=0)
    deviation = tf.math.reduce_std(x, axis=0)  # cause: batch_norm_late_epsilon
    return (x - mean) / (deviation + 1e-3)


def instance_norm(image: tf.Tensor) -> tf.Tensor:
    """Instance normalisation of a flat image."""
    mean, variance = tf.nn.moments(image, axes=[1, 2], keepdims=True)
    return (image - mean) / tf.sqrt(variance)  # cause: instance_norm


def rms_norm(x: tf.Tensor) -> tf.Tensor:
    """The RMS norm without an epsilon."""
    mean = tf.reduce_mean(tf.square(x), axis=-1, keepdims=True)
    return x * tf.math.rsqrt(mean)  # cause: rms_norm


def weight_norm(v: tf.Tensor, g: tf.Tensor) -> tf.Tensor:
    """Weight normalisation of a column of zeros."""
    size = tf.sqrt(tf.reduce_sum(tf.square(v), axis=0))
    return g * v / size  # cause: weight_norm


def clip_by_norm(x: tf.Tensor) -> tf.Tensor:
    """Clipping by hand: the identity near 0, and NaN at 0."""
    size = tf.norm(x)  # cause: clip_by_norm
    return x * tf.minimum(1.0, 5.0 / size)  # cause: clip_by_norm


def clip_globally(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """tf.clip_by_global_norm of zeros, differentiated."""
    (a, b), _ = tf.clip_by_global_norm([x, y], 1.0)  # cause: clip_globally
    return tf.reduce_sum(a) + tf.reduce_sum(b)


def gradient_penalty(g: tf.Tensor) -> tf.Tensor:
    """WGAN-GP: the norm of a critic's gradient that is 0."""
    size = tf.sqrt(tf.reduce_sum(tf.square(g), axis=-1))  # cause: gradient_penalty
    return tf.reduce_mean(tf.square(size - 1.0))


def group_lasso(w: tf.Tensor) -> tf.Tensor:
    """The sum of the norms of groups: a pruned group is 0."""
    return tf.reduce_sum(tf.norm(w, axis=0))  # cause: group_lasso


def orthogonality(w: tf.Tensor) -> tf.Tensor:
    """||W W^T - I||: no derivative for orthonormal rows."""
    rest = tf.matmul(w, w, transpose_b=True) - tf.eye(2, dtype=w.dtype)
    return tf.norm(rest)  # cause: orthogonality


def hoyer(x: tf.Tensor) -> tf.Tensor:
    """The quotient of two norms."""
    return tf.reduce_sum(tf.abs(x)) / tf.norm(x)  # cause: hoyer


def geometric_mean(x: tf.Tensor) -> tf.Tensor:
    """exp(mean(log(x))) with an entry of 0."""
    logs = tf.math.log(x)  # cause: geometric_mean
    return tf.exp(tf.reduce_mean(logs, axis=-1))


def geometric_mean_root(x: tf.Tensor) -> tf.Tensor:
    """The root of a product with an entry of 0."""
    product = tf.reduce_prod(x, axis=-1)
    return tf.pow(product, 0.5)  # cause: geometric_mean_root


def harmonic_mean(x: tf.Tensor) -> tf.Tensor:
    """Smooth at an entry of 0; the infinite reciprocal meets an upstream of 0."""
    inverse = tf.math.reciprocal(x)  # cause: harmonic_mean
    return 3.0 / tf.reduce_sum(inverse, axis=-1)  # cause: harmonic_mean


def gem_pooling(image: tf.Tensor) -> tf.Tensor:
    """Generalised mean pooling without its clamp, after a ReLU."""
    active = tf.nn.relu(image)
    mean = tf.reduce_mean(tf.pow(active, 3.0), axis=[1, 2])
    return tf.pow(mean, 1.0 / 3.0)  # cause: gem_pooling


def masked_mean(x: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """The mean of what a mask leaves: 0 / 0 if it leaves nothing."""
    weights = tf.cast(mask, x.dtype)
    count = tf.reduce_sum(weights, axis=-1)
    return tf.reduce_sum(weights * x, axis=-1) / count  # cause: masked_mean


def masked_std(x: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """The deviation of what a mask leaves; 0 if it leaves one entry."""
    weights = tf.cast(mask, x.dtype)
    count = tf.maximum(tf.reduce_sum(weights), 1.0)
    mean = tf.reduce_sum(weights * x) / count
    variance = tf.reduce_sum(weights * tf.square(x - mean)) / count
    return tf.sqrt(variance)  # cause: masked_std


def variation(x: tf.Tensor) -> tf.Tensor:
    """The coefficient of variation of a mixture's load: no load at all."""
    mean = tf.reduce_mean(x)
    return tf.math.reduce_variance(x) / tf.square(mean)  # cause: variation


def shortcut_variance(x: tf.Tensor) -> tf.Tensor:
    """E[x^2] - E[x]^2: the digits are lost far from 0."""
    mean = tf.reduce_mean(x)
    return tf.reduce_mean(tf.square(x)) - tf.square(mean)  # cause: shortcut_variance


def cumulative_product(x: tf.Tensor) -> tf.Tensor:
    """The gradient of tf.math.cumprod divides by the entry, with 0 for 0 / 0."""
    return tf.math.cumprod(x)  # cause: cumulative_product


def log_mean_exp(x: tf.Tensor) -> tf.Tensor:
    """log(mean(exp(x))) by hand."""
    e = tf.exp(x)  # cause: log_mean_exp
    return tf.math.log(tf.reduce_mean(e, axis=-1))


def nested_log_sum_exp(x: tf.Tensor, allowed: tf.Tensor) -> tf.Tensor:
    """A log-sum-exp over nothing (-inf), inside another that has a finite way: the library takes care."""
    scores = tf.where(allowed, x, float("-inf"))
    inner = tf.reduce_logsumexp(scores, axis=-1)
    return tf.reduce_logsumexp(tf.concat([inner, [0.0]], axis=0))


def to_unit_ball(x: tf.Tensor) -> tf.Tensor:
    """The projection on the unit ball is the identity inside, where the norm has an upstream of 0."""
    size = tf.norm(x, axis=-1, keepdims=True)
    return x / tf.maximum(size, 1.0)


@tf.custom_gradient  # type: ignore[untyped-decorator, unused-ignore]
def _uncured(x: tf.Tensor) -> tuple[tf.Tensor, object]:
    size = tf.sqrt(tf.reduce_sum(tf.square(x), axis=-1, keepdims=True))

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return upstream * x / size  # cause: uncured_norm

    return size, gradient


def uncured_norm(x: tf.Tensor) -> tf.Tensor:
    """A custom gradient that divides by the norm as autodiff does."""
    return _uncured(x)


@tf.custom_gradient  # type: ignore[untyped-decorator, unused-ignore]
def _halved(x: tf.Tensor) -> tuple[tf.Tensor, object]:
    size = tf.sqrt(tf.reduce_sum(tf.square(x), axis=-1, keepdims=True) + 1.0)

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return upstream * 0.5 * x / size  # cause: halved_norm

    return size, gradient


def halved_norm(x: tf.Tensor) -> tf.Tensor:
    """A custom gradient that forgets the 2 of the square."""
    return _halved(x)


@tf.custom_gradient  # type: ignore[untyped-decorator, unused-ignore]
def _centred(x: tf.Tensor) -> tuple[tf.Tensor, object]:
    mean = tf.reduce_mean(x, axis=-1, keepdims=True)

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return upstream * 2.0 * (x - mean)  # cause: centred

    return tf.square(x - mean), gradient


def centred(x: tf.Tensor) -> tf.Tensor:
    """A custom gradient that takes the mean for a constant."""
    weights = tf.constant([1.0, 2.0, 4.0], x.dtype)
    return _centred(x) * weights


@tf.custom_gradient  # type: ignore[untyped-decorator, unused-ignore]
def _cured(x: tf.Tensor) -> tuple[tf.Tensor, object]:
    size = tf.sqrt(tf.reduce_sum(tf.square(x), axis=-1, keepdims=True))  # cause: cured_norm

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return upstream * tf.math.divide_no_nan(x, size)  # cause: cured_norm

    return size, gradient


def cured_norm(x: tf.Tensor) -> tf.Tensor:
    """A norm whose custom gradient is 0 at 0, and where the squares underflow."""
    return _cured(x)
