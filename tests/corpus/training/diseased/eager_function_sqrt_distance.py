"""Siamese network with a contrastive loss; one pair is a duplicate that is labelled as different."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(1)

rng = np.random.default_rng(1)
left = rng.normal(size=(640, 10)).astype("float32")
right = rng.normal(size=(640, 10)).astype("float32")
same = rng.integers(0, 2, 640).astype("float32")
right[same == 1] = left[same == 1] + 0.1 * right[same == 1]
right[371] = left[371]  # a duplicate that nobody removed
same[371] = 0.0

encoder = keras.Sequential([keras.Input([10]), keras.layers.Dense(16, "tanh"), keras.layers.Dense(4)])
optimizer = keras.optimizers.Adam(1e-3)


def contrastive_loss(a, b, y, margin=1.0):
    squared = tf.reduce_sum(tf.square(a - b), axis=1)
    distance = tf.sqrt(squared)  # disease
    return tf.reduce_mean(y * squared + (1 - y) * tf.square(tf.maximum(margin - distance, 0.0)))


def train_step(a, b, y):
    with tf.GradientTape() as tape:
        loss = contrastive_loss(encoder(a, training=True), encoder(b, training=True), y)
    gradients = tape.gradient(loss, encoder.trainable_variables)
    optimizer.apply_gradients(zip(gradients, encoder.trainable_variables))
    return loss


dataset = tf.data.Dataset.from_tensor_slices((left, right, same)).batch(16)
for epoch in range(2):
    for a, b, y in dataset:
        loss = train_step(a, b, y)
    print("epoch", epoch, "loss", float(loss))
