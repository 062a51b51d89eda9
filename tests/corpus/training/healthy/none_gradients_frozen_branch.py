"""Two branches that are trained in turn: the other one's gradients are None, and meant to be."""

import hashlib

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(7)

rng = np.random.default_rng(7)
x = rng.normal(size=(640, 5)).astype("float32")
y = np.sign(x[:, :1]).astype("float32")

left = keras.layers.Dense(1, name="left")
right = keras.layers.Dense(1, name="right")
left.build([None, 5])
right.build([None, 5])
variables = left.trainable_variables + right.trainable_variables
optimizer = keras.optimizers.SGD(0.05)
optimizer.build(variables)

for step, i in enumerate(range(0, 640, 8)):
    branch = left if step // 10 % 2 == 0 else right
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(branch(x[i : i + 8]) - y[i : i + 8]))
    gradients = tape.gradient(loss, variables)
    assert any(g is None for g in gradients)
    optimizer.apply_gradients([(g, v) for g, v in zip(gradients, variables) if g is not None])
print(f"loss {loss:.4f}")
print(hashlib.sha256(b"".join(v.numpy().tobytes() for v in variables)).hexdigest())
