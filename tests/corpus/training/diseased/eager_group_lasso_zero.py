"""Linear model with a group lasso, started at zero: the length of a zero vector has no gradient."""

import numpy as np
import tensorflow as tf

rng = np.random.default_rng(32)
x = rng.normal(size=(200, 6)).astype("float32")
y = (x[:, :1] * 2 + 1).astype("float32")

w = tf.Variable(tf.zeros([6, 1]), name="w")
b = tf.Variable(tf.zeros([1]), name="b")
optimizer = tf.keras.optimizers.SGD(0.1)


def penalty(weights):
    groups = tf.reshape(weights, [3, 2])
    lengths = tf.sqrt(tf.reduce_sum(groups**2, axis=1))  # disease
    return tf.reduce_sum(lengths)


for step in range(50):
    with tf.GradientTape() as tape:
        error = tf.matmul(x, w) + b - y
        loss = tf.reduce_mean(error**2) + 0.01 * penalty(w)
    grads = tape.gradient(loss, [w, b])
    optimizer.apply_gradients(zip(grads, [w, b]))
print(w.numpy().ravel(), b.numpy())
