"""Poisson regression by plain gradient descent, without an optimizer."""

import numpy as np
import tensorflow as tf

tf.random.set_seed(19)
rng = np.random.default_rng(19)
x = rng.uniform(0.1, 1.0, size=(3000, 3)).astype("float32")
y = rng.poisson(np.exp(x @ np.array([0.5, 1.0, 0.2]))).astype("float32")
x[1900] = [250.0, 150.0, 90.0]

weights = tf.Variable(tf.zeros([3]), name="weights")
bias = tf.Variable(0.0, name="bias")
learning_rate = 0.05

for epoch in range(2):
    total = 0.0
    for i in range(0, 3000, 30):
        with tf.GradientTape() as tape:
            eta = tf.linalg.matvec(x[i : i + 30], weights) + bias
            rate = tf.exp(eta)  # disease
            loss = tf.reduce_mean(rate - y[i : i + 30] * eta)
        dw, db = tape.gradient(loss, [weights, bias])
        weights.assign_sub(learning_rate * dw)
        bias.assign_sub(learning_rate * db)
        total += float(loss)
    print(epoch, total / 100, weights.numpy(), bias.numpy())
