"""Real Keras models, small ones: builders with fixed seeds.

In: nothing. Out: for each name in `MODELS` a model with initial weights, the same in every process. Classes are
registered, so that a saved model can be loaded where this module is imported.
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

registered = keras.saving.register_keras_serializable("gradcheck_corpus")
HALF_LOG_TAU = float(0.5 * np.log(2 * np.pi))


def cnn() -> Any:
    """Convolution, batch normalisation, ReLU, pooling and a softmax, as for MNIST."""
    x = keras.Input((8, 8, 1), name="image")
    y = layers.Conv2D(4, 3, padding="same", use_bias=False)(x)
    y = layers.ReLU()(layers.BatchNormalization()(y))
    y = layers.MaxPooling2D()(y)
    y = layers.Flatten()(layers.Conv2D(8, 3, activation="relu")(y))
    return keras.Model(x, layers.Dense(10, activation="softmax")(layers.Dropout(0.5)(y)))


def lstm() -> Any:
    """A recurrent network on sequences."""
    x = keras.Input((6, 3), name="sequence")
    y = layers.LSTM(8, return_sequences=True)(x)
    return keras.Model(x, layers.Dense(1)(layers.LSTM(4)(y)))


def transformer() -> Any:
    """An encoder block, norms behind the sums, as in "Attention Is All You Need"."""
    x = keras.Input((5, 8), name="tokens")
    attended = layers.MultiHeadAttention(2, 4, dropout=0.1)(x, x)
    y = layers.LayerNormalization(epsilon=1e-6)(x + layers.Dropout(0.1)(attended))
    hidden = layers.Dense(8)(layers.Dense(16, activation="gelu")(y))
    return keras.Model(x, layers.LayerNormalization(epsilon=1e-6)(y + layers.Dropout(0.1)(hidden)))


@registered
class Sampling(layers.Layer):
    """A draw from the latent distribution, as in Keras's own example."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.generator = keras.random.SeedGenerator(7)

    def call(self, mean: Any, log_variance: Any) -> Any:
        noise = keras.random.normal(ops.shape(mean), seed=self.generator)
        return mean + ops.exp(0.5 * log_variance) * noise


@registered
class ElboLoss(layers.Layer):
    """Reconstruction, with logits, and Kullback-Leibler divergence: one number an example."""

    def call(self, x: Any, logits: Any, mean: Any, log_variance: Any) -> Any:
        reconstruction = ops.sum(keras.losses.binary_crossentropy(x[..., None], logits[..., None], True), -1)
        divergence = -0.5 * ops.sum(1 + log_variance - ops.square(mean) - ops.exp(log_variance), -1)
        return reconstruction + divergence


def vae() -> Any:
    """A variational autoencoder whose output is its loss."""
    x = keras.Input((12,), name="pixels")
    hidden = layers.Dense(8, activation="relu")(x)
    mean, log_variance = layers.Dense(2)(hidden), layers.Dense(2)(hidden)
    z = Sampling()(mean, log_variance)
    logits = layers.Dense(12)(layers.Dense(8, activation="relu")(z))
    return keras.Model(x, ElboLoss()(x, logits, mean, log_variance))


@registered
class MixtureLoss(layers.Layer):
    """Negative log likelihood of a mixture of normals, likelihoods added up as such: their log is log(0) far out."""

    def call(self, y: Any, weights: Any, means: Any, deviations: Any) -> Any:
        z = (y - means) / deviations
        likelihoods = weights * ops.exp(-0.5 * ops.square(z) - HALF_LOG_TAU) / deviations
        return -ops.log(ops.sum(likelihoods, -1))


def mdn() -> Any:
    """A mixture density network with its loss."""
    x, y = keras.Input((2,), name="x"), keras.Input((1,), name="y")
    hidden = layers.Dense(8, activation="tanh")(x)
    weights = layers.Dense(3, activation="softmax")(hidden)
    means = layers.Dense(3)(hidden)
    deviations = layers.Dense(3, activation="exponential")(hidden)
    return keras.Model([x, y], MixtureLoss()(y, weights, means, deviations))


@registered
class StableMixtureLoss(layers.Layer):
    """The same, with logarithms added up by log-sum-exp."""

    def call(self, y: Any, logits: Any, means: Any, log_deviations: Any) -> Any:
        z = (y - means) * ops.exp(-log_deviations)
        terms = ops.log_softmax(logits) - 0.5 * ops.square(z) - HALF_LOG_TAU - log_deviations
        return -ops.logsumexp(terms, -1)


def stable_mdn() -> Any:
    """The mixture density network as it should be; its deviations are bounded."""
    x, y = keras.Input((2,), name="x"), keras.Input((1,), name="y")
    hidden = layers.Dense(8, activation="tanh")(x)
    bounded = layers.Dense(3, activation="tanh")(hidden)
    return keras.Model([x, y], StableMixtureLoss()(y, layers.Dense(3)(hidden), layers.Dense(3)(hidden), bounded))


@tf.custom_gradient
def softplus(x: Any) -> Any:
    """log(1 + exp(x)), finite everywhere, with the gradient to match."""
    return tf.maximum(x, 0.0) + tf.math.log1p(tf.exp(-tf.abs(x))), lambda dy: dy * tf.sigmoid(x)


@tf.custom_gradient
def half_softplus(x: Any) -> Any:
    """The same with a gradient that is half of what it should be."""
    return tf.maximum(x, 0.0) + tf.math.log1p(tf.exp(-tf.abs(x))), lambda dy: 0.5 * dy * tf.sigmoid(x)


@registered
class Softplus(layers.Layer):
    """An activation with a gradient of its own."""

    def __init__(self, right: bool = True, **options: Any) -> None:
        super().__init__(**options)
        self.right = right

    def call(self, x: Any) -> Any:
        return softplus(x) if self.right else half_softplus(x)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "right": self.right}


def with_custom_layer(right: bool = True) -> Any:
    """A dense network with an activation of the user's."""
    x = keras.Input((4,), name="features")
    return keras.Model(x, layers.Dense(1)(Softplus(right)(layers.Dense(6)(x))))


def wrong_custom_layer() -> Any:
    """The same with the wrong gradient."""
    return with_custom_layer(right=False)


@registered
class Norm(layers.Layer):
    """Rows divided by their norms, without an epsilon."""

    def call(self, x: Any) -> Any:
        return x / ops.sqrt(ops.sum(ops.square(x), -1, keepdims=True))


def embedder() -> Any:
    """A network that ends in vectors of length 1; where ReLU leaves nothing, 0 is divided by 0."""
    x = keras.Input((4,), name="features")
    return keras.Model(x, Norm()(layers.Dense(3, activation="relu")(x)))


def million() -> Any:
    """Ten layers, a million weights."""
    x = keras.Input((100,), name="features")
    y = x
    for _ in range(9):
        y = layers.Dense(340, activation="relu")(y)
    return keras.Model(x, layers.Dense(10, activation="softmax")(y))


MODELS: dict[str, Callable[[], Any]] = {
    f.__name__: f
    for f in (cnn, lstm, transformer, vae, mdn, stable_mdn, with_custom_layer, wrong_custom_layer, embedder, million)
}


def built(name: str) -> Any:
    """A model, the same each time."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(1)
    return MODELS[name]()
