"""model.fit with a batch normalisation of its own and a last batch of a single row."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(30)


class BatchNorm(keras.layers.Layer):
    def build(self, shape):
        self.gamma = self.add_weight(shape=(shape[-1],), initializer="ones", name="gamma")
        self.beta = self.add_weight(shape=(shape[-1],), initializer="zeros", name="beta")

    def call(self, x, training=False):
        mean, variance = tf.nn.moments(x, axes=[0])
        deviation = tf.sqrt(variance)
        normal = (x - mean) / deviation  # disease
        return self.gamma * normal + self.beta


rng = np.random.default_rng(30)
x = rng.normal(size=(1201, 10)).astype("float32")
y = (x[:, 0] + x[:, 1] * x[:, 2]).astype("float32")

model = keras.Sequential(
    [
        keras.Input([10]),
        keras.layers.Dense(20, name="first"),
        BatchNorm(name="norm"),
        keras.layers.Activation("tanh"),
        keras.layers.Dense(1, name="last"),
    ]
)
model.compile(keras.optimizers.Adam(0.01), "mse", jit_compile=True)
history = model.fit(x, y, batch_size=24, epochs=2, verbose=0)
print(history.history)
