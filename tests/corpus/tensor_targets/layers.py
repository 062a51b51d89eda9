"""Layers, modules and objects of Keras; `# cause: NAME` ends the line that the target NAME fails at."""

import keras
import tensorflow as tf


def dead_relu(x: tf.Tensor) -> tf.Tensor:
    """The norm of a hidden layer all of whose units may be dead."""
    w = tf.constant([[1.0, -0.5, 0.25], [0.5, 1.0, -1.5]], x.dtype)
    h = tf.nn.relu(tf.matmul(x, w) - 1.0)
    return tf.norm(h, axis=-1)  # cause: dead_relu


def hidden_zero(x: tf.Tensor) -> tf.Tensor:
    """The norm of a hidden layer that is 0 at one point."""
    w = tf.constant([[2.0, 1.0, 0.0], [0.0, 1.0, -1.0], [1.0, 0.0, 4.0]], x.dtype)
    h = tf.tanh(tf.matmul(x, w) - tf.constant([4.0, 2.5, 3.0], x.dtype))
    return tf.norm(h)  # cause: hidden_zero


def squash(s: tf.Tensor) -> tf.Tensor:
    """A capsule's squash: s / |s| at 0."""
    squared = tf.reduce_sum(tf.square(s), axis=-1, keepdims=True)
    size = tf.sqrt(squared)  # cause: squash
    return squared / (1.0 + squared) * s / size  # cause: squash


def squash_epsilon(s: tf.Tensor) -> tf.Tensor:
    """The epsilon is added behind the root."""
    squared = tf.reduce_sum(tf.square(s), axis=-1, keepdims=True)
    size = tf.sqrt(squared)
    return squared / (1.0 + squared) * s / (size + 1e-3)


def softplus_network(x: tf.Tensor) -> tf.Tensor:
    """A dense layer with a softplus by hand."""
    w = tf.constant([[1.0, -2.0], [0.5, 1.0]], x.dtype)
    e = tf.exp(tf.matmul(x, w))  # cause: softplus_network
    return tf.reduce_sum(tf.math.log(1.0 + e), axis=-1)


def mish_by_hand(x: tf.Tensor) -> tf.Tensor:
    """x tanh(log(1 + exp(x))), averaged over an image."""
    e = tf.exp(x)  # cause: mish_by_hand
    return tf.reduce_mean(x * tf.tanh(tf.math.log(1.0 + e)), axis=[1, 2])


def divisive_normalisation(x: tf.Tensor) -> tf.Tensor:
    """Generalised divisive normalisation without its offset."""
    gamma = tf.constant([[0.5, 0.25], [0.25, 0.5]], x.dtype)
    norm = tf.sqrt(tf.matmul(tf.square(x), gamma))
    return x / norm  # cause: divisive_normalisation


def standardised_convolution(image: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """Weight standardisation of a kernel that is constant."""
    mean, variance = tf.nn.moments(kernel, axes=[0, 1, 2], keepdims=True)
    weights = (kernel - mean) / tf.sqrt(variance)  # cause: standardised_convolution
    return tf.nn.conv2d(image, weights, 1, "VALID")


def local_response(image: tf.Tensor) -> tf.Tensor:
    """Local response normalisation with a bias of 0."""
    return tf.nn.local_response_normalization(image, depth_radius=1, bias=0.0)  # cause: local_response


def keras_std(x: tf.Tensor) -> tf.Tensor:
    """keras.ops.std of a constant."""
    return keras.ops.std(x, axis=-1)  # cause: keras_std


def keras_norm(x: tf.Tensor) -> tf.Tensor:
    """keras.ops.norm of zeros."""
    return keras.ops.norm(x, axis=-1)  # cause: keras_norm


def keras_normalize(x: tf.Tensor) -> tf.Tensor:
    """keras.ops.normalize: the epsilon comes behind the reciprocal root, whose upstream is 0 then."""
    return keras.ops.normalize(x, axis=-1)


KERAS_CROSS_ENTROPY = keras.losses.CategoricalCrossentropy()
KERAS_COSINE = keras.losses.CosineSimilarity()
UNIT_LAYER = keras.layers.UnitNormalization()
UNIT_CONSTRAINT = keras.constraints.UnitNorm()
ORTHOGONAL = keras.regularizers.OrthogonalRegularizer()
DOT_LAYER = keras.layers.Dot(axes=1, normalize=True)


def unit_layer(x: tf.Tensor) -> tf.Tensor:
    """keras.layers.UnitNormalization of zeros."""
    return UNIT_LAYER(x)


def unit_constraint(w: tf.Tensor) -> tf.Tensor:
    """A unit norm constraint within the graph: the epsilon is behind the root."""
    return UNIT_CONSTRAINT(w)  # cause: unit_constraint


def orthogonal_regularizer(w: tf.Tensor) -> tf.Tensor:
    """The regulariser normalises rows, of which one may be 0."""
    return ORTHOGONAL(w)


def dot_layer(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """The cosine layer of Keras, with a vector of zeros."""
    return DOT_LAYER([x, y])


class SphereEmbedding(tf.Module):
    """Projects onto the unit sphere."""

    def __init__(self) -> None:
        """Fixed weights."""
        super().__init__()
        self.w = tf.Variable([[1.0, 0.5], [-0.5, 2.0], [0.25, 0.0]], trainable=False)

    @tf.function(input_signature=[tf.TensorSpec([2, 3], tf.float32)])  # type: ignore[untyped-decorator, unused-ignore]
    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        """A dense layer, divided by its norm."""
        h = tf.matmul(x, self.w)
        return h / tf.norm(h, axis=-1, keepdims=True)  # cause: SPHERE


SPHERE = SphereEmbedding()


class DeviationPooling(keras.layers.Layer):
    """Statistics pooling of a speaker embedding: the deviation over time."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Mean and deviation."""
        mean = keras.ops.mean(inputs, axis=1)
        variance = keras.ops.var(inputs, axis=1)
        return keras.ops.concatenate([mean, keras.ops.sqrt(variance)], axis=-1)  # cause: POOLING


POOLING = DeviationPooling()


class DistanceLoss(keras.losses.Loss):
    """The mean distance of points."""

    def call(self, y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
        """Distances by a root."""
        squared = keras.ops.sum(keras.ops.square(y_true - y_pred), axis=-1)
        return keras.ops.sqrt(squared)  # cause: DISTANCE_LOSS


DISTANCE_LOSS = DistanceLoss()


def make_tower() -> tf.types.experimental.GenericFunction:
    """Two towers of Keras layers and their distance; equal inputs have equal embeddings."""
    tower = keras.Sequential(
        [
            keras.layers.Input([3]),
            keras.layers.Dense(4, activation="tanh", kernel_initializer=keras.initializers.GlorotUniform(seed=1)),
            keras.layers.Dense(2, kernel_initializer=keras.initializers.GlorotUniform(seed=2)),
        ]
    )

    @tf.function(input_signature=[tf.TensorSpec([2, 3]), tf.TensorSpec([2, 3])])
    def distance(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        return tf.sqrt(tf.reduce_sum(tf.square(tower(x) - tower(y)), axis=-1))  # cause: make_tower

    return distance


def moving_rate(x: tf.Tensor) -> tf.Tensor:
    """Adam's step by hand: the root of a second moment that is 0."""
    moment = 0.001 * tf.square(x)
    root = tf.sqrt(moment)  # cause: moving_rate
    return 0.1 * x / (root + 1e-3)


def power_law_compression(spectrum: tf.Tensor) -> tf.Tensor:
    """Per-channel energies to the power of 0.3: silence."""
    energy = tf.square(spectrum)
    return tf.reduce_mean(tf.pow(energy, 0.3), axis=-1)  # cause: power_law_compression


def magnitude_spectrum(frame: tf.Tensor) -> tf.Tensor:
    """The magnitude of a Fourier transform by a root: silence again."""
    spectrum = tf.signal.rfft(frame)
    power = tf.square(tf.math.real(spectrum)) + tf.square(tf.math.imag(spectrum))
    return tf.sqrt(power)  # cause: magnitude_spectrum


def log_mel(frame: tf.Tensor) -> tf.Tensor:
    """Decibels with a floor behind the logarithm."""
    power = tf.square(frame)
    decibels = 4.3429448 * tf.math.log(power)  # cause: log_mel
    return tf.reduce_mean(tf.maximum(decibels, -80.0), axis=-1)


def ssim(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """Structural similarity without its constants, of flat patches."""
    mx, my = tf.reduce_mean(x), tf.reduce_mean(y)
    vx, vy = tf.math.reduce_variance(x), tf.math.reduce_variance(y)
    covariance = tf.reduce_mean((x - mx) * (y - my))
    return covariance / tf.sqrt(vx * vy)  # cause: ssim


def multiscale_ssim(x: tf.Tensor) -> tf.Tensor:
    """A weighted product of similarities, of which a ReLU has made one 0."""
    similarities = tf.nn.relu(x)
    weights = tf.constant([0.05, 0.3, 0.65], x.dtype)
    return tf.reduce_prod(tf.pow(similarities, weights))  # cause: multiscale_ssim
