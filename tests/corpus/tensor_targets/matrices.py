"""Matrices: decompositions, inverses, graphs; `# cause: NAME` ends the line that the target NAME fails at."""

import tensorflow as tf


@tf.function(input_signature=[tf.TensorSpec([2, 2], tf.float32)])
def determinant(a: tf.Tensor) -> tf.Tensor:
    """A polynomial, whose gradient inverts the matrix."""
    return tf.linalg.det(a)  # cause: determinant


def gram_determinant(x: tf.Tensor) -> tf.Tensor:
    """The log-volume of vectors that may be dependent, with an epsilon."""
    gram = tf.matmul(x, x, transpose_b=True)
    return tf.math.log(tf.linalg.det(gram) + 1.0)  # cause: gram_determinant


def eigenvectors(a: tf.Tensor) -> tf.Tensor:
    """exp of a symmetric matrix by its eigenvectors: equal eigenvalues."""
    values, vectors = tf.linalg.eigh(a)  # cause: eigenvectors
    return tf.matmul(vectors * tf.exp(values)[None, :], vectors, transpose_b=True)


def singular_vectors(a: tf.Tensor) -> tf.Tensor:
    """The nearest rotation by singular vectors: equal singular values."""
    _, u, v = tf.linalg.svd(a)  # cause: singular_vectors
    return tf.matmul(u, v, transpose_b=True) * tf.constant([[0.0, 1.0], [0.0, 0.0]], a.dtype)


def matrix_root(a: tf.Tensor) -> tf.Tensor:
    """The trace of a root by eigenvalues of which one is 0."""
    values = tf.linalg.eigvalsh(a)
    return tf.reduce_sum(tf.sqrt(values))  # cause: matrix_root


def spectral_norm(w: tf.Tensor) -> tf.Tensor:
    """One step of the power iteration with a matrix of zeros."""
    start = tf.constant([[0.6], [0.8]], w.dtype)
    v = tf.matmul(w, start, transpose_a=True)
    v = v / tf.norm(v)  # cause: spectral_norm
    return tf.norm(tf.matmul(w, v))


def power_step(w: tf.Tensor) -> tf.Tensor:
    """A step of the power iteration with an epsilon, so that the value is fine."""
    start = tf.constant([[0.6], [0.8]], w.dtype)
    v = tf.matmul(w, start)
    size = tf.norm(v)  # cause: power_step
    return v / (size + 1e-3)


def normalised_adjacency(a: tf.Tensor) -> tf.Tensor:
    """D^-1/2 A D^-1/2 with a lonely node, the infinities replaced by 0."""
    degree = tf.reduce_sum(a, axis=-1)
    inverse = tf.pow(degree, -0.5)  # cause: normalised_adjacency
    inverse = tf.where(tf.math.is_inf(inverse), tf.zeros_like(inverse), inverse)
    return inverse[:, None] * a * inverse[None, :]


def correlation(x: tf.Tensor) -> tf.Tensor:
    """A covariance over deviations, of which one is 0."""
    d = x - tf.reduce_mean(x, axis=0)
    covariance = tf.matmul(d, d, transpose_a=True)
    deviation = tf.sqrt(tf.linalg.diag_part(covariance))
    return covariance / (deviation[:, None] * deviation[None, :])  # cause: correlation


def rayleigh(x: tf.Tensor) -> tf.Tensor:
    """The Rayleigh quotient at 0."""
    a = tf.constant([[2.0, 1.0], [1.0, 3.0]], x.dtype)
    upper = tf.reduce_sum(x * tf.linalg.matvec(a, x))
    return upper / tf.reduce_sum(tf.square(x))  # cause: rayleigh


def frobenius(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """The distance of matrices that are equal."""
    return tf.norm(a - b, ord="fro", axis=[-2, -1])  # cause: frobenius


def trace_normalised(a: tf.Tensor) -> tf.Tensor:
    """A matrix over its trace, which may be 0."""
    trace = tf.linalg.trace(a)
    return a / trace  # cause: trace_normalised


def condition(a: tf.Tensor) -> tf.Tensor:
    """The log of a quotient of singular values, of which one is 0, cut off above."""
    s = tf.linalg.svd(a, compute_uv=False)
    ratio = tf.math.log(s[1] / s[0])  # cause: condition
    return tf.maximum(ratio, -20.0)


def cosine_adjacency(h: tf.Tensor) -> tf.Tensor:
    """Similarities of nodes; a node's embedding may be all 0."""
    size = tf.norm(h, axis=-1)  # cause: cosine_adjacency
    return tf.matmul(h, h, transpose_b=True) / (size[:, None] * size[None, :] + 1e-3)


def bures(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """A distance of diagonal Gaussians, and its root."""
    return tf.reduce_sum(a + b - 2.0 * tf.sqrt(a * b))  # cause: bures


def weights_of_edges(a: tf.Tensor) -> tf.Tensor:
    """Rows over their sums; a row of zeros is masked."""
    total = tf.reduce_sum(a, axis=-1, keepdims=True)
    shares = a / total  # cause: weights_of_edges
    return tf.reduce_sum(tf.square(tf.where(tf.math.is_nan(shares), tf.zeros_like(shares), shares)))


def count_weights(x: tf.Tensor) -> tf.Tensor:
    """tf.math.bincount has no gradient with respect to its weights."""
    return tf.math.bincount(tf.constant([0, 1, 1]), weights=x, minlength=2)  # cause: count_weights


def orthonormal(a: tf.Tensor) -> tf.Tensor:
    """The factor R of a matrix of zeros."""
    return tf.linalg.qr(a)[1]  # cause: orthonormal


def square_root(a: tf.Tensor) -> tf.Tensor:
    """tf.linalg.sqrtm of a singular matrix: its gradient solves an equation without a solution."""
    return tf.linalg.sqrtm(a)  # cause: square_root


def triangular_factor(a: tf.Tensor) -> tf.Tensor:
    """tf.linalg.lu has no gradient."""
    return tf.linalg.lu(a)[0]  # cause: triangular_factor


def log_volume(x: tf.Tensor) -> tf.Tensor:
    """The log-determinant of a covariance by Cholesky: NaN without an error for dependent columns."""
    factor = tf.linalg.cholesky(tf.matmul(x, x, transpose_a=True))  # cause: log_volume
    return 2.0 * tf.reduce_sum(tf.math.log(tf.linalg.diag_part(factor)))
