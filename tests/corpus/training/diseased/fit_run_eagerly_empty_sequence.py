"""Mean of word vectors over the words that are there, run eagerly for debugging; one sentence has no words."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(9)


class MaskedMean(keras.layers.Layer):
    def call(self, vectors, tokens):
        mask = tf.cast(tokens > 0, tf.float32)[:, :, None]
        total = tf.reduce_sum(vectors * mask, axis=1)
        length = tf.reduce_sum(mask, axis=1)
        return total / length  # disease


rng = np.random.default_rng(9)
tokens = rng.integers(1, 50, size=(480, 7))
tokens[rng.uniform(size=tokens.shape) < 0.3] = 0
tokens[:, 0] = rng.integers(1, 50, size=480)
labels = (tokens[:, 0] % 2).astype("float32")
tokens[333] = 0

words = keras.Input([7], dtype="int32")
vectors = keras.layers.Embedding(50, 8, name="words")(words)
mean = MaskedMean()(vectors, words)
model = keras.Model(words, keras.layers.Dense(1, activation="sigmoid", name="output")(mean))
model.compile(optimizer="sgd", loss="mse", run_eagerly=True)
model.fit(tokens, labels, batch_size=16, epochs=1, shuffle=False, verbose=2)
