"""Causal attention with a mask of minus infinity: the softmax of it is 0, and so is its gradient."""

import hashlib

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(17)

rng = np.random.default_rng(17)
tokens = rng.integers(0, 12, size=(480, 7))
causal = np.triu(np.full([6, 6], -np.inf, "float32"), k=1)

embed = keras.layers.Embedding(12, 8)
query, key, value = (keras.layers.Dense(8, use_bias=False) for _ in range(3))
logits = keras.layers.Dense(12)
optimizer = keras.optimizers.Adam(0.01)
embed.build([None])
for layer in (query, key, value, logits):
    layer.build([None, 6, 8])
variables = [v for layer in (embed, query, key, value, logits) for v in layer.trainable_variables]


@tf.function
def train_step(tokens):
    with tf.GradientTape() as tape:
        x = embed(tokens[:, :-1])
        scores = tf.matmul(query(x), key(x), transpose_b=True) / np.sqrt(8.0) + causal
        mixed = tf.matmul(tf.nn.softmax(scores), value(x))
        loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tokens[:, 1:], logits=logits(mixed))
        loss = tf.reduce_mean(loss)
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
    return loss


for i in range(0, 480, 8):
    loss = train_step(tokens[i : i + 8])
print(f"loss {loss:.4f}")
print(hashlib.sha256(b"".join(v.numpy().tobytes() for v in variables)).hexdigest())
