"""Distances and similarities; `# cause: NAME` ends the line that the target NAME fails at."""

import tensorflow as tf


def euclidean(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """No derivative where the points are the same."""
    squared = tf.reduce_sum(tf.square(x - y), axis=-1)
    return tf.sqrt(squared)  # cause: euclidean


def euclidean_where(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """The kernel of the root's gradient gives 0 for an upstream of 0: a tf.where around is enough, but for tiny rows."""
    squared = tf.reduce_sum(tf.square(x - y), axis=-1)  # cause: euclidean_where
    root = tf.sqrt(squared)  # cause: euclidean_where
    return tf.where(squared > 0.0, root, tf.zeros_like(root))


def pairwise(x: tf.Tensor) -> tf.Tensor:
    """All distances of a batch; the diagonal is 0 for every batch."""
    differences = x[:, None, :] - x[None, :, :]
    squared = tf.reduce_sum(tf.square(differences), axis=-1)
    return tf.sqrt(squared)  # cause: pairwise


def pairwise_by_gram(x: tf.Tensor) -> tf.Tensor:
    """Distances by the Gram matrix, clamped at 0."""
    gram = tf.matmul(x, x, transpose_b=True)
    squares = tf.linalg.diag_part(gram)
    squared = squares[:, None] - 2.0 * gram + squares[None, :]
    return tf.sqrt(tf.maximum(squared, 0.0))  # cause: pairwise_by_gram


def to_constant(x: tf.Tensor) -> tf.Tensor:
    """The distance to a point that only the graph knows."""
    c = tf.constant([0.3, -1.7, 2.9, 41.25], x.dtype)
    return tf.sqrt(tf.reduce_sum(tf.square(x - c)))  # cause: to_constant


def to_two_constants(x: tf.Tensor) -> tf.Tensor:
    """The lesser of two distances; each is 0 somewhere."""
    a = tf.constant([0.125, -7.5, 3.0], x.dtype)
    b = tf.constant([11.0, 0.6, -0.4], x.dtype)
    near = tf.norm(x - a)  # cause: to_two_constants
    far = tf.norm(2.0 * x - b)  # cause: to_two_constants
    return tf.minimum(near, far)


def cosine_similarity(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """0 / 0 for a vector of zeros."""
    dot = tf.reduce_sum(x * y, axis=-1)
    return dot / (tf.norm(x, axis=-1) * tf.norm(y, axis=-1))  # cause: cosine_similarity


def cosine_similarity_epsilon(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """An epsilon in the divisor; the norms behind it have no derivative at 0."""
    x_norm = tf.norm(x, axis=-1)  # cause: cosine_similarity_epsilon
    y_norm = tf.norm(y, axis=-1)  # cause: cosine_similarity_epsilon
    return tf.reduce_sum(x * y, axis=-1) / (x_norm * y_norm + 1e-3)


def cosine_similarity_maximum(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """Keras 1's merge(mode='cos'): the maximum comes after the root, whose gradient of an upstream of 0 is 0."""
    squares = tf.reduce_sum(x * x, axis=-1) * tf.reduce_sum(y * y, axis=-1)
    root = tf.sqrt(squares)
    return tf.reduce_sum(x * y, axis=-1) / tf.maximum(root, 1e-3)


def pearson(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """The correlation with a constant."""
    dx = x - tf.reduce_mean(x)
    dy = y - tf.reduce_mean(y)
    norms = tf.sqrt(tf.reduce_sum(dx * dx) * tf.reduce_sum(dy * dy))
    return tf.reduce_sum(dx * dy) / norms  # cause: pearson


def pearson_epsilon(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """The same with an epsilon in the divisor."""
    dx = x - tf.reduce_mean(x)
    dy = y - tf.reduce_mean(y)
    norms = tf.sqrt(tf.reduce_sum(dx * dx) * tf.reduce_sum(dy * dy))  # cause: pearson_epsilon
    return tf.reduce_sum(dx * dy) / (norms + 1e-3)


def mahalanobis(x: tf.Tensor) -> tf.Tensor:
    """The root of a quadratic form around a constant mean."""
    mean = tf.constant([1.5, -0.25], x.dtype)
    precision = tf.constant([[2.0, 0.5], [0.5, 1.0]], x.dtype)
    d = x - mean
    form = tf.reduce_sum(d * tf.linalg.matvec(precision, d))
    return tf.sqrt(form)  # cause: mahalanobis


def hellinger(p: tf.Tensor, q: tf.Tensor) -> tf.Tensor:
    """Roots of probabilities, and the root of their distance."""
    d = tf.sqrt(p) - tf.sqrt(q)  # cause: hellinger
    return tf.sqrt(tf.reduce_sum(tf.square(d)))  # cause: hellinger


def jensen_shannon(p: tf.Tensor, q: tf.Tensor) -> tf.Tensor:
    """0 * log(0) in each half."""
    m = 0.5 * (p + q)
    left = p * tf.math.log(p / m)  # cause: jensen_shannon
    right = q * tf.math.log(q / m)  # cause: jensen_shannon
    return 0.5 * tf.reduce_sum(left + right)


def minkowski(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """The third norm of a difference."""
    total = tf.reduce_sum(tf.pow(tf.abs(x - y), 3.0), axis=-1)
    return tf.pow(total, 1.0 / 3.0)  # cause: minkowski


def canberra(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """0 / 0 where both coordinates are 0."""
    size = tf.abs(x) + tf.abs(y)
    return tf.reduce_sum(tf.abs(x - y) / size)  # cause: canberra


def canberra_where(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """The 0 / 0 is masked in the value, and so is all that is small."""
    size = tf.abs(x) + tf.abs(y)
    ratio = (x - y) / size  # cause: canberra_where
    return tf.reduce_sum(tf.where(size > 1e-3, ratio, tf.zeros_like(ratio)))


def poincare(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """The hyperbolic distance in the unit ball: acosh(1)."""
    squared = tf.reduce_sum(tf.square(x - y), axis=-1)
    x_rest = 1.0 - tf.reduce_sum(tf.square(x), axis=-1)
    y_rest = 1.0 - tf.reduce_sum(tf.square(y), axis=-1)
    return tf.acosh(1.0 + 2.0 * squared / (x_rest * y_rest))  # cause: poincare


def great_circle(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """The angle of unit vectors, clipped for safety."""
    cosine = tf.clip_by_value(tf.reduce_sum(x * y, axis=-1), -1.0, 1.0)
    return tf.acos(cosine)  # cause: great_circle


def haversine(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """Latitude and longitude of two places, which may be the same."""
    half = tf.square(tf.sin(0.5 * (a - b)))
    h = half[0] + tf.cos(a[0]) * tf.cos(b[0]) * half[1]
    return 2.0 * tf.asin(tf.sqrt(h))  # cause: haversine


def log_of_rest(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """log(1 - x.y), cut off below; -inf where x.y is 1."""
    rest = 1.0 - tf.reduce_sum(x * y)
    return tf.maximum(tf.math.log(rest), -10.0)  # cause: log_of_rest


def log_of_affine(x: tf.Tensor) -> tf.Tensor:
    """log of an affine function which is 0 on a plane, cut off below."""
    a = tf.constant([1.5, -2.25, 0.75], x.dtype)
    distance = tf.reduce_sum(a * x) - 3.0
    return tf.maximum(tf.math.log(tf.abs(distance)), -20.0)  # cause: log_of_affine


def over_affine(x: tf.Tensor) -> tf.Tensor:
    """A division by a.x + b; what is small is masked."""
    a = tf.constant([1.5, -2.25, 0.75], x.dtype)
    below = tf.reduce_sum(a * x) - 3.0
    quotient = 1.0 / below  # cause: over_affine
    return tf.where(tf.abs(below) > 1e-6, quotient, tf.zeros_like(quotient))


def chamfer(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """The distance of each point to the nearest of the other cloud, which may be itself."""
    squared = tf.reduce_sum(tf.square(x[:, None, :] - y[None, :, :]), axis=-1)
    there = tf.sqrt(tf.reduce_min(squared, axis=1))  # cause: chamfer
    back = tf.sqrt(tf.reduce_min(squared, axis=0))  # cause: chamfer
    return tf.reduce_mean(there) + tf.reduce_mean(back)


def student_similarity(x: tf.Tensor) -> tf.Tensor:
    """t-SNE's q, normalised; p log(p / q) with the diagonal's 0."""
    squared = tf.reduce_sum(tf.square(x[:, None, :] - x[None, :, :]), axis=-1)
    q = tf.linalg.set_diag(1.0 / (1.0 + squared), tf.zeros_like(x[:, 0]))
    q = q / tf.reduce_sum(q)
    log_q = tf.math.log(q)  # cause: student_similarity
    return tf.reduce_sum(tf.where(q > 0.0, log_q, tf.zeros_like(q)))


def gram_close(x: tf.Tensor) -> tf.Tensor:
    """The squared distance of two points by their squares: close points lose their digits."""
    a, b = x[0], x[1]
    both = tf.reduce_sum(a * a) + tf.reduce_sum(b * b)
    return tf.math.log(both - 2.0 * tf.reduce_sum(a * b) + 1.0)  # cause: gram_close


def safe_distance(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """Safe at equal points; squares of close points underflow, and so does the gradient of 1."""
    squared = tf.reduce_sum(tf.square(x - y), axis=-1)  # cause: safe_distance
    some = squared > 0.0
    root = tf.sqrt(tf.where(some, squared, tf.ones_like(squared)))
    return tf.where(some, root, tf.zeros_like(root))
