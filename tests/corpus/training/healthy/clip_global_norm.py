"""A steep loss, kept in bounds by clipping to a global norm."""

import hashlib

import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(3)

rng = np.random.default_rng(3)
x = rng.normal(size=(800, 5)).astype("float32")
y = (100 * x[:, :1] ** 3).astype("float32")

w1 = tf.Variable(tf.random.normal([5, 20]), name="w1")
w2 = tf.Variable(tf.random.normal([20, 1]), name="w2")
optimizer = tf.keras.optimizers.SGD(0.01, momentum=0.9)

norms = []
for epoch in range(2):
    for i in range(0, 800, 20):
        with tf.GradientTape() as tape:
            prediction = tf.matmul(tf.nn.relu(tf.matmul(x[i : i + 20], w1)), w2)
            loss = tf.reduce_mean(tf.square(prediction - y[i : i + 20]) ** 2)
        gradients = tape.gradient(loss, [w1, w2])
        gradients, norm = tf.clip_by_global_norm(gradients, 5.0)
        norms.append(float(norm))
        optimizer.apply_gradients(zip(gradients, [w1, w2]))
print("largest norm", max(norms))
print(hashlib.sha256(w1.numpy().tobytes() + w2.numpy().tobytes()).hexdigest())
