"""A step compiled by XLA, with a tf.where that is guarded on both sides."""

import hashlib

import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(10)

rng = np.random.default_rng(10)
x = rng.normal(size=(1000, 4)).astype("float32")
y = np.log1p(np.exp(x[:, 0] * 3)).astype("float32")
x[500] *= 200.0

w = tf.Variable(tf.random.normal([4], stddev=0.1), name="w")
optimizer = tf.keras.optimizers.SGD(0.001)


def softplus(z):
    is_large = z > 20.0
    safe = tf.where(is_large, 0.0, z)
    return tf.where(is_large, z, tf.math.log(1.0 + tf.exp(safe)))


@tf.function(jit_compile=True)
def train_step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.abs(softplus(tf.linalg.matvec(x, w)) - y))
    gradient = tape.gradient(loss, w)
    optimizer.apply_gradients([(gradient, w)])
    return loss


for i in range(0, 1000, 10):
    loss = train_step(tf.constant(x[i : i + 10]), tf.constant(y[i : i + 10]))
print(f"loss {loss:.4f}")
print(hashlib.sha256(w.numpy().tobytes()).hexdigest())
