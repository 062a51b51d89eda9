"""Depth from features, clipped by the global norm: one infinite gradient makes all of them NaN."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(34)

rng = np.random.default_rng(34)
x = rng.uniform(0.5, 1.5, size=(1440, 4)).astype("float32")
inverse = (1.0 / x.sum(axis=1)).astype("float32")
x[1000:1010] = 1e-25  # underexposed

scale = tf.Variable(tf.ones([4]), name="scale")
shift = tf.Variable(0.0, name="shift")
optimizer = keras.optimizers.SGD(0.01)


@tf.function
def train_step(x, target):
    with tf.GradientTape() as tape:
        depth = tf.linalg.matvec(x, scale)
        predicted = tf.math.reciprocal(depth)  # disease
        loss = tf.reduce_mean(tf.abs(predicted + shift - target))
    gradients = tape.gradient(loss, [scale, shift])
    gradients, norm = tf.clip_by_global_norm(gradients, 1.0)
    optimizer.apply_gradients(zip(gradients, [scale, shift]))
    return loss, norm


for i in range(0, 1440, 10):
    loss, norm = train_step(tf.constant(x[i : i + 10]), tf.constant(inverse[i : i + 10]))
print("loss", float(loss), "norm", float(norm))
