"""Gradient accumulation over lists in eager mode, with a correlation as loss; one micro-batch has constant labels."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(15)

MICRO, ACCUMULATE = 8, 4
rng = np.random.default_rng(15)
x = rng.normal(size=(1280, 5)).astype("float32")
y = (x[:, 0] - x[:, 1] + 0.3 * rng.normal(size=1280)).astype("float32")
y[85 * MICRO : 86 * MICRO] = 2.0  # the sensor was stuck

model = keras.Sequential([keras.Input([5]), keras.layers.Dense(12, "relu"), keras.layers.Dense(1)])
optimizer = keras.optimizers.AdamW(0.01)


def correlation(a, b):
    a -= tf.reduce_mean(a)
    b -= tf.reduce_mean(b)
    scale = tf.norm(a) * tf.norm(b)
    return tf.reduce_sum(a * b) / scale  # disease


def gradients_of(x, y):
    with tf.GradientTape() as tape:
        loss = 1.0 - correlation(model(x)[:, 0], y)
    return loss, tape.gradient(loss, model.trainable_variables)


accumulated, losses = None, []
for batch, i in enumerate(range(0, len(x), MICRO)):
    loss, gradients = gradients_of(x[i : i + MICRO], y[i : i + MICRO])
    losses.append(float(loss))
    accumulated = gradients if accumulated is None else [a + g for a, g in zip(accumulated, gradients)]
    if (batch + 1) % ACCUMULATE == 0:
        optimizer.apply_gradients([(a / ACCUMULATE, v) for a, v in zip(accumulated, model.trainable_variables)])
        accumulated = None
print("mean loss", np.mean(losses))
