"""Inverse-distance weighting whose derivative overflows while its value is fine; the optimizer clips, which is too late."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(35)

rng = np.random.default_rng(35)
x = rng.uniform(0.5, 1.5, size=(1200, 3)).astype("float32")
y = (2.0 / x.sum(axis=1)).astype("float32")
x[725] = 2e-25

distance = tf.Variable(tf.ones([3]), name="distance")
gain = tf.Variable(1.0, name="gain")
optimizer = keras.optimizers.Adam(0.002, clipvalue=1.0)


def train_step(x, y):
    with tf.GradientTape() as tape:
        near = 1.0 / tf.linalg.matvec(x, distance)  # disease
        loss = tf.reduce_mean(tf.abs(gain * near - y))
    gradients = tape.gradient(loss, [distance, gain])
    optimizer.apply_gradients(zip(gradients, [distance, gain]))
    return loss


for i in range(0, 1200, 12):
    loss = train_step(tf.constant(x[i : i + 12]), tf.constant(y[i : i + 12]))
print(float(loss), distance.numpy(), gain.numpy())
