"""Warm-up and decay of the learning rate by assignment, in an eager loop."""

import hashlib
import math

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(13)

rng = np.random.default_rng(13)
x = rng.normal(size=(960, 6)).astype("float32")
y = np.tanh(x[:, :1] * 2).astype("float32")

model = keras.Sequential([keras.Input([6]), keras.layers.Dense(12, "relu"), keras.layers.Dense(1)])
optimizer = keras.optimizers.AdamW(0.0, weight_decay=0.01)


def learning_rate(step, warmup=10, total=60):
    if step < warmup:
        return 0.01 * (step + 1) / warmup
    return 0.005 * (1 + math.cos(math.pi * (step - warmup) / (total - warmup)))


for step in range(60):
    optimizer.learning_rate.assign(learning_rate(step))
    batch = slice(step * 16, step * 16 + 16)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x[batch], training=True) - y[batch]))
    optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
print(f"loss {loss:.4f}, rate {float(optimizer.learning_rate):.6f}")
print(hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights())).hexdigest())
