"""Optimal transport by Sinkhorn iterations under XLA: a point far away from all others."""

import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(37)

rng = np.random.default_rng(37)
a = rng.normal(size=(90, 6, 2)).astype("float32")
b = (a[:, ::-1] + 0.1 * rng.normal(size=(90, 6, 2))).astype("float32")
b[55, 2] += 60.0  # far away from everything

metric = tf.Variable([1.0, 1.0], name="metric")
optimizer = tf.keras.optimizers.SGD(0.01, name="metric_sgd")


def transport_cost(a, b):
    cost = tf.reduce_sum(tf.square(metric * (a[:, None] - b[None])), axis=-1)
    kernel = tf.exp(-cost)
    u = tf.ones([6])
    for _ in range(3):
        v = (1 / 6) / tf.linalg.matvec(kernel, u, transpose_a=True)  # disease
        u = (1 / 6) / tf.linalg.matvec(kernel, v)
    plan = u[:, None] * kernel * v[None]
    return tf.reduce_sum(plan * cost)


@tf.function(jit_compile=True)
def train_step(a, b):
    with tf.GradientTape() as tape:
        loss = transport_cost(a, b) + tf.reduce_sum(tf.square(metric - 1.0))
    gradients = tape.gradient(loss, [metric])
    optimizer.apply_gradients(zip(gradients, [metric]))
    return loss


for epoch in range(2):
    losses = [float(train_step(x, y)) for x, y in zip(a, b)]
    print(epoch, np.mean(losses))
