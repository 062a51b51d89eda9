"""A batch with missing values gives NaN gradients; the loop sees it, and does not apply them."""

import hashlib

import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(5)

rng = np.random.default_rng(5)
x = rng.normal(size=(600, 3)).astype("float32")
y = (x @ np.array([[1.0], [-2.0], [0.5]])).astype("float32")
x[333] = np.nan

w = tf.Variable(tf.zeros([3, 1]), name="w")
b = tf.Variable(tf.zeros([1]), name="b")
optimizer = tf.keras.optimizers.RMSprop(0.01)


@tf.function
def gradients_of(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(tf.matmul(x, w) + b - y))
    return loss, tape.gradient(loss, [w, b])


left_out = 0
for i in range(0, 600, 12):
    loss, gradients = gradients_of(tf.constant(x[i : i + 12]), tf.constant(y[i : i + 12]))
    if not np.isfinite(loss):
        left_out += 1
        continue
    optimizer.apply_gradients(zip(gradients, [w, b]))
print("left out", left_out, "loss", float(loss))
print(hashlib.sha256(w.numpy().tobytes() + b.numpy().tobytes()).hexdigest())
