"""Gradients that are fine at every input that `tensors.json` allows; many are the healthy twin of a defect."""

import keras
import tensorflow as tf

# Losses.


@tf.function(input_signature=[tf.TensorSpec([4, 3], tf.float32), tf.TensorSpec([4, 3], tf.float32)])
def softmax_cross_entropy(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """The library's."""
    return tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits)


@tf.function(input_signature=[tf.TensorSpec([4, 3], tf.float32), tf.TensorSpec([4], tf.int32)])
def sparse_cross_entropy(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """The library's, of integer labels."""
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)


def sigmoid_cross_entropy(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """The library's."""
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits))


def log_softmax(logits: tf.Tensor) -> tf.Tensor:
    """Weighted, so that the gradient is not 0."""
    return tf.nn.log_softmax(logits) * tf.constant([1.0, 2.0, 0.0], logits.dtype)


def softmax(logits: tf.Tensor) -> tf.Tensor:
    """Squared, so that the gradient is not 0."""
    return tf.square(tf.nn.softmax(logits))


def log_sum_exp(x: tf.Tensor) -> tf.Tensor:
    """Shifted by the library."""
    return tf.reduce_logsumexp(x, axis=-1)


def policy_entropy(logits: tf.Tensor) -> tf.Tensor:
    """The entropy by a log-softmax."""
    logs = tf.nn.log_softmax(logits)
    return -tf.reduce_sum(tf.exp(logs) * logs, axis=-1)


def mean_squared_error(y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
    """A polynomial."""
    return tf.reduce_mean(tf.square(y_true - y_pred))


def mean_absolute_error(y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
    """The gradient of abs is 0 at 0."""
    return tf.reduce_mean(tf.abs(y_true - y_pred))


def quantile_loss(y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
    """The pinball loss."""
    error = y_true - y_pred
    return tf.reduce_mean(tf.maximum(0.9 * error, -0.1 * error))


def rmse_epsilon(y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
    """The epsilon is inside the root."""
    return tf.sqrt(tf.reduce_mean(tf.square(y_true - y_pred)) + 1e-6)


def dice_smooth(mask: tf.Tensor, p: tf.Tensor) -> tf.Tensor:
    """Smoothed by 1."""
    weight = tf.cast(mask, p.dtype)
    both = 2.0 * tf.reduce_sum(weight * p) + 1.0
    return 1.0 - both / (tf.reduce_sum(weight) + tf.reduce_sum(p) + 1.0)


def focal_loss(logits: tf.Tensor) -> tf.Tensor:
    """Gamma is 2, and the weight a sigmoid."""
    return tf.reduce_mean(tf.square(tf.sigmoid(-logits)) * tf.nn.softplus(-logits))


def triplet_squared(anchor: tf.Tensor, positive: tf.Tensor, negative: tf.Tensor) -> tf.Tensor:
    """FaceNet's loss has no roots."""
    near = tf.reduce_sum(tf.square(anchor - positive), axis=-1)
    far = tf.reduce_sum(tf.square(anchor - negative), axis=-1)
    return tf.reduce_mean(tf.maximum(near - far + 0.5, 0.0))


def info_nce(z: tf.Tensor) -> tf.Tensor:
    """Unit vectors with an epsilon, and the library's cross entropy."""
    unit = z * tf.math.rsqrt(tf.reduce_sum(tf.square(z), axis=-1, keepdims=True) + 1e-2)
    scores = tf.matmul(unit, unit, transpose_b=True) / 0.1
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.range(tf.shape(z)[0]), logits=scores)


KERAS_HUBER = keras.losses.Huber()
KERAS_LOG_COSH = keras.losses.LogCosh()
KERAS_MSE = keras.losses.MeanSquaredError()
KERAS_HINGE = keras.losses.Hinge()
KERAS_KLD = keras.losses.KLDivergence()
KERAS_CROSS_ENTROPY = keras.losses.CategoricalCrossentropy()
KERAS_CROSS_ENTROPY_LOGITS = keras.losses.CategoricalCrossentropy(from_logits=True)
KERAS_BINARY = keras.losses.BinaryCrossentropy()
KERAS_BINARY_LOGITS = keras.losses.BinaryCrossentropy(from_logits=True)

# Distances and norms.


def mask_distance(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """A tf.where in front of the root and one behind it; entries are 0 or 1."""
    squared = tf.reduce_sum(tf.square(x - y), axis=-1)
    some = squared > 0.0
    root = tf.sqrt(tf.where(some, squared, tf.ones_like(squared)))
    return tf.where(some, root, tf.zeros_like(root))


def squared_pairwise(x: tf.Tensor) -> tf.Tensor:
    """Squared distances are polynomials."""
    return tf.reduce_sum(tf.square(x[:, None, :] - x[None, :, :]), axis=-1)


def cosine_epsilon(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """The epsilon is inside the roots."""
    size = tf.sqrt((tf.reduce_sum(x * x, axis=-1) + 1e-2) * (tf.reduce_sum(y * y, axis=-1) + 1e-2))
    return tf.reduce_sum(x * y, axis=-1) / size


def safe_quotient(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """A division with a tf.where on both sides."""
    some = tf.abs(y) > 1e-3
    quotient = x / tf.where(some, y, tf.ones_like(y))
    return tf.reduce_sum(tf.where(some, quotient, tf.zeros_like(quotient)))


def l2_normalize(x: tf.Tensor) -> tf.Tensor:
    """The library's, with a large epsilon."""
    return tf.math.l2_normalize(x, axis=-1, epsilon=1e-2)


def clip_by_norm(x: tf.Tensor) -> tf.Tensor:
    """The library's has two tf.where."""
    return tf.clip_by_norm(x, 1e6)


def layer_norm(x: tf.Tensor) -> tf.Tensor:
    """With an epsilon of 1e-3."""
    mean, variance = tf.nn.moments(x, axes=[-1], keepdims=True)
    normal = (x - mean) * tf.math.rsqrt(variance + 1e-3)
    return normal * tf.constant([1.0, -2.0, 0.5, 3.0], x.dtype)


def smooth_gem(image: tf.Tensor) -> tf.Tensor:
    """Generalised mean pooling of what is clamped."""
    mean = tf.reduce_mean(tf.pow(tf.maximum(image, 0.01), 3.0), axis=[1, 2])
    return tf.pow(mean, 1.0 / 3.0)


def product(x: tf.Tensor) -> tf.Tensor:
    """The gradient of tf.reduce_prod does not divide."""
    return tf.reduce_prod(x, axis=-1)


def cumulative_sum(x: tf.Tensor) -> tf.Tensor:
    """Linear."""
    return tf.cumsum(x, axis=-1)


# Attention.


def masked_attention(q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Masked by -1e9, which is finite."""
    scores = tf.where(mask, tf.matmul(q, k, transpose_b=True), -1e9)
    return tf.matmul(tf.nn.softmax(scores), v)


def linear_attention(q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) -> tf.Tensor:
    """Features that are never 0, and an epsilon."""
    fq, fk = tf.nn.elu(q) + 1.0, tf.nn.elu(k) + 1.0
    upper = tf.matmul(fq, tf.matmul(fk, v, transpose_a=True))
    return upper / (tf.matmul(fq, tf.reduce_sum(fk, axis=0)[:, None]) + 1.0)


def masked_mean(x: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """The count is at least 1."""
    weights = tf.cast(mask, x.dtype)
    return tf.reduce_sum(weights * x, axis=-1) / tf.maximum(tf.reduce_sum(weights, axis=-1), 1.0)


ATTENTION = keras.layers.MultiHeadAttention(num_heads=2, key_dim=2, seed=3)
ATTENTION.build([1, 3, 4], [1, 3, 4])


def multi_head_attention(x: tf.Tensor) -> tf.Tensor:
    """Keras's layer."""
    return ATTENTION(x, x)


# Matrices and densities.


def log_determinant(x: tf.Tensor) -> tf.Tensor:
    """The log-determinant of x x^T + I by Cholesky."""
    factor = tf.linalg.cholesky(tf.matmul(x, x, transpose_b=True) + tf.eye(2, dtype=x.dtype))
    return 2.0 * tf.reduce_sum(tf.math.log(tf.linalg.diag_part(factor)))


def ridge(x: tf.Tensor) -> tf.Tensor:
    """A regularised system of equations."""
    a = tf.matmul(x, x, transpose_b=True) + tf.eye(2, dtype=x.dtype)
    return tf.linalg.solve(a, tf.constant([[1.0], [-2.0]], x.dtype))


def exponential(a: tf.Tensor) -> tf.Tensor:
    """The library's matrix exponential."""
    return tf.linalg.expm(a)


def adjacency_with_loops(a: tf.Tensor) -> tf.Tensor:
    """Every node has a loop, so that no degree is 0."""
    looped = tf.abs(a) + tf.eye(3, dtype=a.dtype)
    inverse = tf.math.rsqrt(tf.reduce_sum(looped, axis=-1))
    return inverse[:, None] * looped * inverse[None, :]


def vae_kl(mean: tf.Tensor, log_variance: tf.Tensor) -> tf.Tensor:
    """By the log-variance itself."""
    return 0.5 * tf.reduce_sum(tf.square(mean) + tf.exp(log_variance) - 1.0 - log_variance)


def gaussian_nll(y: tf.Tensor, mean: tf.Tensor, log_sigma: tf.Tensor) -> tf.Tensor:
    """By the logarithm of the deviation."""
    return tf.reduce_mean(log_sigma + 0.5 * tf.square((y - mean) * tf.exp(-log_sigma)))


def mixture_density(logits: tf.Tensor, means: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """A mixture by a log-sum-exp."""
    logs = tf.nn.log_softmax(logits) - 0.5 * tf.square(y[:, None] - means)
    return -tf.reduce_mean(tf.reduce_logsumexp(logs, axis=-1))


def von_mises(cosines: tf.Tensor, kappa: tf.Tensor) -> tf.Tensor:
    """By the scaled Bessel function."""
    return tf.reduce_sum(kappa * (cosines - 1.0) - tf.math.log(tf.math.bessel_i0e(kappa)))


# Layers.


def classifier(x: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Two dense layers, a ReLU and the library's cross entropy."""
    w1 = tf.constant([[1.0, -0.5, 0.25], [0.5, 1.0, -1.5]], x.dtype)
    w2 = tf.constant([[0.5, -1.0], [1.5, 0.25], [-0.75, 1.0]], x.dtype)
    logits = tf.matmul(tf.nn.relu(tf.matmul(x, w1) + 0.1), w2)
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)


def convolution(image: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """A convolution, a ReLU and a pooling."""
    active = tf.nn.relu(tf.nn.conv2d(image, kernel, 1, "SAME"))
    return tf.nn.max_pool2d(active, 2, 2, "VALID")


LSTM_CELL = keras.layers.LSTMCell(2, kernel_initializer=keras.initializers.GlorotUniform(seed=4))
LSTM_CELL.build([1, 3])


@tf.function(
    input_signature=[
        tf.TensorSpec([1, 3], tf.float32),
        (tf.TensorSpec([1, 2], tf.float32), tf.TensorSpec([1, 2], tf.float32)),
    ]
)
def lstm_cell(x: tf.Tensor, state: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
    """A cell with a pair of states."""
    return LSTM_CELL(x, list(state))[0]


GROUP_NORM = keras.layers.GroupNormalization(groups=2)
GROUP_NORM.build([1, 2, 2, 4])
LAYER_NORM = keras.layers.LayerNormalization()
LAYER_NORM.build([2, 4])
DENSE = keras.layers.Dense(3, activation="softplus", kernel_initializer=keras.initializers.GlorotUniform(seed=5))
DENSE.build([2, 4])


def group_norm(image: tf.Tensor) -> tf.Tensor:
    """Keras's layer, with its epsilon of 1e-3."""
    return tf.square(GROUP_NORM(image))


def keras_layer_norm(x: tf.Tensor) -> tf.Tensor:
    """Keras's layer, with its epsilon of 1e-3."""
    return tf.square(LAYER_NORM(x))


def dense_softplus(x: tf.Tensor) -> tf.Tensor:
    """A dense layer with the library's softplus."""
    return DENSE(x)


def squash(s: tf.Tensor) -> tf.Tensor:
    """The epsilon is inside the root."""
    squared = tf.reduce_sum(tf.square(s), axis=-1, keepdims=True)
    return squared / (1.0 + squared) * s * tf.math.rsqrt(squared + 1e-2)


def rodrigues(v: tf.Tensor) -> tf.Tensor:
    """The small angle is replaced in front of the division too."""
    squared = tf.reduce_sum(tf.square(v))
    large = squared > 1e-2
    t = tf.sqrt(tf.where(large, squared, tf.ones_like(squared)))
    return v * tf.where(large, tf.sin(t) / t, 1.0 - squared / 6.0)


def log_mel(frame: tf.Tensor) -> tf.Tensor:
    """The floor is inside the logarithm."""
    return tf.math.log(tf.square(frame) + 1e-6)


def embedding(table: tf.Tensor, ids: tf.Tensor) -> tf.Tensor:
    """Rows of a table by integers."""
    return tf.square(tf.gather(table, ids))


class Mixer(tf.Module):
    """A module with weights and a signature of a dictionary."""

    def __init__(self) -> None:
        """Fixed weights."""
        super().__init__()
        self.w = tf.Variable([[1.0, 0.5, -1.0], [-0.5, 2.0, 0.25], [0.25, 0.0, 1.5]], trainable=False)

    @tf.function(  # type: ignore[untyped-decorator, unused-ignore]
        input_signature=[{"tokens": tf.TensorSpec([2, 3], tf.float32), "keep": tf.TensorSpec([2, 3], tf.bool)}]
    )
    def __call__(self, inputs: dict[str, tf.Tensor]) -> tf.Tensor:
        """Mixes, masks and squashes."""
        mixed = tf.matmul(inputs["tokens"], self.w)
        return tf.tanh(tf.where(inputs["keep"], mixed, tf.zeros_like(mixed)))


MIXER = Mixer()


def make_margin_loss(margin: float = 0.2) -> tf.types.experimental.GenericFunction:
    """A cosine margin loss from a factory, with an epsilon where it belongs."""

    @tf.function(input_signature=[tf.TensorSpec([2, 3]), tf.TensorSpec([2, 3])])
    def loss(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        return tf.reduce_mean(tf.nn.relu(margin - cosine_epsilon(x, y)))

    return loss
