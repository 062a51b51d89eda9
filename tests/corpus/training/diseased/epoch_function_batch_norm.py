"""A whole epoch inside one tf.function, with batch normalisation by hand; one batch is the same row again and again."""

import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(23)

rng = np.random.default_rng(23)
x = rng.normal(size=(1024, 6)).astype("float32")
y = (x[:, 0] * x[:, 1] > 0).astype("float32")
x[43 * 16 : 44 * 16] = 1.5  # a failed join filled in the default

kernel = tf.Variable(tf.random.normal([6, 16], stddev=0.4), name="kernel")
gamma = tf.Variable(tf.ones([16]), name="gamma")
beta = tf.Variable(tf.zeros([16]), name="beta")
out = tf.Variable(tf.random.normal([16], stddev=0.4), name="out")
variables = [kernel, gamma, beta, out]
optimizer = tf.keras.optimizers.SGD(0.05, momentum=0.9, name="momentum")


def network(x):
    h = tf.matmul(x, kernel)
    mean = tf.reduce_mean(h, axis=0)
    variance = tf.reduce_mean(tf.square(h - mean), axis=0)
    scale = tf.math.rsqrt(variance)  # disease
    h = tf.nn.relu(gamma * (h - mean) * scale + beta)
    return tf.linalg.matvec(h, out)


@tf.function
def train_epoch(dataset):
    total = 0.0
    for x, y in dataset:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=network(x)))
        gradients = tape.gradient(loss, variables)
        optimizer.apply_gradients(zip(gradients, variables))
        total += loss
    return total


dataset = tf.data.Dataset.from_tensor_slices((x, y)).batch(16)
for epoch in range(2):
    print("epoch", epoch, float(train_epoch(dataset)))
