"""model.fit with a cosine loss of its own; one target embedding was never computed and is all zeros."""

import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(2)


def cosine_loss(y_true, y_pred):
    dot = tf.reduce_sum(y_true * y_pred, axis=-1)
    norms = tf.norm(y_true, axis=-1) * tf.norm(y_pred, axis=-1)
    return 1.0 - dot / norms  # disease


rng = np.random.default_rng(2)
x = rng.normal(size=(2000, 12)).astype("float32")
targets = np.tanh(x @ rng.normal(size=(12, 5))).astype("float32")
targets[1205] = 0.0

model = tf.keras.Sequential(
    [
        tf.keras.Input([12]),
        tf.keras.layers.Dense(32, activation="relu"),
        tf.keras.layers.Dense(5),
    ]
)
model.compile(optimizer="adam", loss=cosine_loss)
model.fit(x, targets, batch_size=20, epochs=2, shuffle=False, verbose=2)
