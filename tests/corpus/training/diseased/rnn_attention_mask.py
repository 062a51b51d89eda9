"""A GRU with masked attention over its steps; one sequence is padding from end to end."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(29)

rng = np.random.default_rng(29)
tokens = rng.integers(1, 30, size=(640, 6))
lengths = rng.integers(1, 7, size=640)
lengths[415] = 0
tokens[np.arange(6)[None, :] >= lengths[:, None]] = 0
labels = (tokens[:, 0] > 15).astype("float32")


class Classifier(keras.Model):
    def __init__(self):
        super().__init__(name="classifier")
        self.embed = keras.layers.Embedding(30, 6)
        self.gru = keras.layers.GRU(8, return_sequences=True)
        self.score = keras.layers.Dense(1, use_bias=False)
        self.head = keras.layers.Dense(1)

    def call(self, tokens):
        states = self.gru(self.embed(tokens))
        scores = self.score(tf.tanh(states))[:, :, 0]
        padding = tokens == 0
        weights = tf.exp(scores) * tf.cast(~padding, tf.float32)
        weights = weights / tf.reduce_sum(weights, axis=1, keepdims=True)  # disease
        return self.head(tf.einsum("bt,bth->bh", weights, states))[:, 0]


model = Classifier()
optimizer = keras.optimizers.Adam(0.003)


@tf.function
def train_step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=model(x)))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


for x, y in tf.data.Dataset.from_tensor_slices((tokens, labels)).batch(16):
    loss = train_step(x, y)
print(float(loss))
