"""Regression with a softplus head that is guarded by tf.where, in a tf.function."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(5)

rng = np.random.default_rng(5)
x = rng.normal(size=(1600, 6)).astype("float32")
y = np.abs(x.sum(axis=1, keepdims=True)).astype("float32")
x[1111] *= 300.0  # a sensor that was not calibrated

model = keras.Sequential([keras.Input([6]), keras.layers.Dense(24, activation="relu"), keras.layers.Dense(1)])
optimizer = keras.optimizers.Adam(0.01)


def softplus(z):
    e = tf.exp(z)  # disease
    return tf.where(z > 30.0, z, tf.math.log(1.0 + e))


@tf.function
def train_step(x, y):
    with tf.GradientTape() as tape:
        rate = softplus(tf.abs(model(x, training=True)))
        loss = tf.reduce_mean(tf.abs(rate - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


dataset = tf.data.Dataset.from_tensor_slices((x, y)).batch(32)
for epoch in range(2):
    for batch in dataset:
        loss = train_step(*batch)
    print(epoch, loss.numpy())
