"""A network that predicts the cosine of a bond angle by tanh, with several steps an execution."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(6)


def angular_loss(y_true, y_pred):
    angle = tf.acos(y_pred)  # disease
    return tf.square(y_true - angle)


rng = np.random.default_rng(6)
distances = rng.normal(size=(1600, 3)).astype("float32")
angles = np.arccos(np.tanh(distances.mean(axis=1, keepdims=True))).astype("float32")
distances[1000] = [900.0, 20.0, -500.0]  # another unit

model = keras.Sequential(
    [
        keras.Input([3]),
        keras.layers.Dense(8, name="hidden"),
        keras.layers.Dense(1, activation="tanh", name="cosine"),
    ]
)
model.compile(optimizer=keras.optimizers.SGD(0.01), loss=angular_loss, steps_per_execution=10)
model.fit(distances, angles, batch_size=16, epochs=2, shuffle=False, verbose=0)
print([w.mean() for w in model.get_weights()])
