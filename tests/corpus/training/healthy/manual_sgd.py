"""Gradient descent with momentum by hand, eagerly, on variables without names."""

import hashlib

import numpy as np
import tensorflow as tf

tf.random.set_seed(18)
rng = np.random.default_rng(18)
x = rng.normal(size=(800, 4)).astype("float32")
y = np.maximum(x[:, 0], x[:, 1]).astype("float32")

params = [
    tf.Variable(tf.random.normal([4, 10], stddev=0.5)),
    tf.Variable(tf.zeros([10])),
    tf.Variable(tf.random.normal([10], stddev=0.5)),
]
velocity = [tf.Variable(tf.zeros_like(p), trainable=False) for p in params]


def loss_of(x, y):
    w, b, v = params
    return tf.reduce_mean(tf.square(tf.linalg.matvec(tf.nn.elu(x @ w + b), v) - y))


for i in range(0, 800, 16):
    with tf.GradientTape() as tape:
        loss = loss_of(tf.constant(x[i : i + 16]), y[i : i + 16])
    for p, m, g in zip(params, velocity, tape.gradient(loss, params)):
        m.assign(0.9 * m + g)
        p.assign_sub(0.01 * m)
print(f"loss {loss:.4f}")
print(hashlib.sha256(b"".join(p.numpy().tobytes() for p in params)).hexdigest())
