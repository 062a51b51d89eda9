"""A model with a train_step of its own: Gaussian likelihood with a predicted variance that ReLU can make 0."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(8)


class Heteroscedastic(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = keras.layers.Dense(16, activation="tanh")
        self.mean = keras.layers.Dense(1)
        self.variance = keras.layers.Dense(1, activation="relu", bias_initializer="ones", kernel_initializer="zeros")
        self.tracker = keras.metrics.Mean(name="nll")

    def call(self, x):
        h = self.hidden(x)
        return self.mean(h), self.variance(h)

    @property
    def metrics(self):
        return [self.tracker]

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            mean, variance = self(x, training=True)
            nll = 0.5 * (tf.math.log(variance) + tf.square(y - mean) / variance)  # disease
            loss = tf.reduce_mean(nll)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        self.tracker.update_state(loss)
        return {"nll": self.tracker.result()}


rng = np.random.default_rng(8)
x = rng.uniform(-1, 1, size=(960, 2)).astype("float32")
y = (x[:, :1] * x[:, 1:] + 0.05 * rng.normal(size=(960, 1))).astype("float32")
model = Heteroscedastic()
model.compile(optimizer=keras.optimizers.Adam(0.02))
model.fit(x, y, batch_size=32, epochs=4, shuffle=False, verbose=2)
