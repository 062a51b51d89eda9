"""Matrix factorisation with embeddings: gradients are IndexedSlices, with rows that come twice."""

import hashlib

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(6)

rng = np.random.default_rng(6)
users, items = rng.integers(0, 50, 1500), rng.integers(0, 80, 1500)
ratings = ((users % 5) * (items % 3) / 4.0).astype("float32")

user_table = keras.layers.Embedding(50, 6, name="users")
item_table = keras.layers.Embedding(80, 6, name="items")
user_table.build()
item_table.build()
variables = user_table.trainable_variables + item_table.trainable_variables
optimizer = keras.optimizers.Adam(0.02)


@tf.function
def train_step(u, i, r):
    with tf.GradientTape() as tape:
        predicted = tf.reduce_sum(user_table(u) * item_table(i), axis=-1)
        loss = tf.reduce_mean(tf.square(predicted - r))
    gradients = tape.gradient(loss, variables)
    assert all(isinstance(g, tf.IndexedSlices) for g in gradients)
    optimizer.apply_gradients(zip(gradients, variables))
    return loss


for epoch in range(2):
    for k in range(0, 1500, 30):
        loss = train_step(users[k : k + 30], items[k : k + 30], ratings[k : k + 30])
    print(epoch, f"{loss:.4f}")
print(hashlib.sha256(b"".join(v.numpy().tobytes() for v in variables)).hexdigest())
