"""A memory-saving swish with a gradient of its own, whose formula divides by x."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(26)


@tf.custom_gradient
def swish(x):
    y = x * tf.sigmoid(x)

    def grad(upstream):
        s = y / x  # disease
        return upstream * (s + y * (1.0 - s))

    return y, grad


rng = np.random.default_rng(26)
x = rng.normal(size=(1280, 9)).astype("float32")
y = rng.integers(0, 3, 1280)
x[801] = 0.0

inputs = keras.Input([9])
first = keras.layers.Dense(12, use_bias=False, activation=swish, name="first")
last = keras.layers.Dense(3, name="last")
model = keras.Sequential([inputs, first, last])
optimizer = keras.optimizers.Adam(0.01)
loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@tf.function
def train_step(x, y):
    with tf.GradientTape() as tape:
        loss = loss_fn(y, model(x, training=True))
    grads = tape.gradient(loss, model.trainable_weights)
    optimizer.apply_gradients(zip(grads, model.trainable_weights))
    return loss


for step in range(80):
    loss = train_step(x[16 * step : 16 * step + 16], y[16 * step : 16 * step + 16])
print("final loss", float(loss))
