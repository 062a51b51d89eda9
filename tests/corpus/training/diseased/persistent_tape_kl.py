"""Distillation with a persistent tape and an optimizer each for encoder and head; a teacher that is certain."""

import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(14)

rng = np.random.default_rng(14)
x = rng.normal(size=(960, 8)).astype("float32")
teacher = rng.dirichlet(np.ones(4), size=960).astype("float32") * 0.9 + 0.025
teacher[700] = [0.0, 1.0, 0.0, 0.0]

encoder = tf.keras.layers.Dense(16, activation="tanh", name="encoder")
head = tf.keras.layers.Dense(4, activation="softmax", name="head")
encoder.build([None, 8])
head.build([None, 16])
slow = tf.keras.optimizers.SGD(0.01, name="slow")
fast = tf.keras.optimizers.Adam(0.01, name="fast")


def kl(p, q):
    ratio = p / q
    return tf.reduce_sum(p * tf.math.log(ratio), axis=-1)  # disease


for epoch in range(2):
    for i in range(0, 960, 24):
        with tf.GradientTape(persistent=True) as tape:
            student = head(encoder(x[i : i + 24]))
            loss = tf.reduce_mean(kl(teacher[i : i + 24], student))
        for_head = tape.gradient(loss, head.trainable_variables)
        for_encoder = tape.gradient(loss, encoder.trainable_variables)
        del tape
        fast.apply_gradients(zip(for_head, head.trainable_variables))
        slow.apply_gradients(zip(for_encoder, encoder.trainable_variables))
    print(f"epoch {epoch}: {loss:.4f}")
