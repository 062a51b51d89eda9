"""model.fit of a network with an L2-normalising layer of its own."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(4)


class UnitNorm(keras.layers.Layer):
    """Project features onto the unit sphere."""

    def call(self, x):
        length = tf.sqrt(tf.reduce_sum(tf.square(x), axis=-1, keepdims=True))
        return x / length  # disease


rng = np.random.default_rng(4)
counts = rng.poisson(1.0, size=(1280, 20)).astype("float32")  # bag of words
counts[counts.sum(axis=1) == 0] = 1.0
labels = (counts[:, :10].sum(axis=1) > counts[:, 10:].sum(axis=1)).astype("float32")
counts[900] = 0.0  # an empty document

inputs = keras.Input([20])
hidden = keras.layers.Dense(16, use_bias=False, name="project")(inputs)
hidden = UnitNorm()(hidden)
outputs = keras.layers.Dense(1, activation="sigmoid", name="classify")(hidden)
model = keras.Model(inputs, outputs)
model.compile(optimizer=keras.optimizers.SGD(0.1, name="plain_sgd"), loss="binary_crossentropy", metrics=["accuracy"])
model.fit(counts, labels, batch_size=32, epochs=3, shuffle=False, verbose=0)
print(model.evaluate(counts, labels, verbose=0, return_dict=True))
