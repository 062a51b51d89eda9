"""Per-example gradients by tape.jacobian, clipped by hand; an example with nothing in it has a gradient of length 0."""

import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(25)

rng = np.random.default_rng(25)
x = rng.normal(size=(480, 6)).astype("float32")
y = (x @ rng.normal(size=(6, 1))).astype("float32")
x[350] = 0.0

w1 = tf.Variable(tf.random.normal([6, 5], stddev=0.4), name="w1")
w2 = tf.Variable(tf.random.normal([5, 1], stddev=0.4), name="w2")
optimizer = tf.keras.optimizers.SGD(0.02)


def clip_each(gradients, bound):
    length = tf.sqrt(tf.reduce_sum(tf.square(gradients), axis=[1, 2], keepdims=True))
    direction = gradients / length  # disease
    return tf.reduce_mean(direction * tf.minimum(length, bound), axis=0)


@tf.function
def train_step(x, y):
    with tf.GradientTape() as tape:
        losses = tf.reduce_mean(tf.square(tf.matmul(tf.tanh(tf.matmul(x, w1)), w2) - y), axis=1)
    jacobians = tape.jacobian(losses, [w1, w2])
    optimizer.apply_gradients([(clip_each(j, 1.0), v) for j, v in zip(jacobians, [w1, w2])])
    return tf.reduce_mean(losses)


for i in range(0, 480, 8):
    loss = train_step(x[i : i + 8], y[i : i + 8])
print("loss", float(loss))
