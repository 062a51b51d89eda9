"""Survival times by maximum likelihood, with tf.gradients in a tf.function; one subject was censored at time 0."""

import numpy as np
import tensorflow as tf

rng = np.random.default_rng(33)
features = rng.uniform(-1, 1, size=(900, 3)).astype("float32")
times = rng.exponential(1.0, size=900).astype("float32") + 0.1
times[580] = 0.0

coefficients = tf.Variable(tf.zeros([3]), name="coefficients")
intercept = tf.Variable(0.0, name="intercept")
optimizer = tf.keras.optimizers.Adam(0.01, name="survival")


@tf.function
def train_step(x, t):
    rate = tf.exp(tf.linalg.matvec(x, coefficients) + intercept)
    dead = 1.0 - tf.exp(-rate * t)
    log_dead = tf.math.log(dead)  # disease
    loss = -tf.reduce_mean(log_dead - 0.1 * rate)
    gradients = tf.gradients(loss, [coefficients, intercept])
    optimizer.apply_gradients(zip(gradients, [coefficients, intercept]))
    return loss


for epoch in range(2):
    for i in range(0, 900, 10):
        loss = train_step(tf.constant(features[i : i + 10]), tf.constant(times[i : i + 10]))
    print("epoch", epoch, "loss", loss.numpy())
