"""Iris-like classification with a hand-written cross-entropy, in a plain eager loop."""

import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(7)

CLASSES = 3
rng = np.random.default_rng(7)
labels = rng.integers(0, CLASSES, 480)
centers = rng.normal(size=(CLASSES, 4)) * 4
features = (centers[labels] + rng.normal(size=(480, 4))).astype("float32")
onehot = np.eye(CLASSES, dtype="float32")[labels]

w1 = tf.Variable(tf.random.normal([4, 16], stddev=0.3), name="w1")
b1 = tf.Variable(tf.zeros([16]), name="b1")
w2 = tf.Variable(tf.random.normal([16, CLASSES], stddev=0.3), name="w2")
b2 = tf.Variable(tf.zeros([CLASSES]), name="b2")
variables = [w1, b1, w2, b2]

optimizer = tf.keras.optimizers.SGD(learning_rate=0.5, momentum=0.9)
step = 0
for epoch in range(10):
    for start in range(0, len(features), 32):
        x, y = features[start : start + 32], onehot[start : start + 32]
        with tf.GradientTape() as tape:
            hidden = tf.nn.relu(tf.matmul(x, w1) + b1)
            probabilities = tf.nn.softmax(tf.matmul(hidden, w2) + b2)
            log_p = tf.math.log(probabilities)  # disease
            loss = -tf.reduce_mean(tf.reduce_sum(y * log_p, axis=-1))
        gradients = tape.gradient(loss, variables)
        optimizer.apply_gradients(zip(gradients, variables))
        step += 1
    print(f"epoch {epoch}: loss {float(loss):.4f}")
