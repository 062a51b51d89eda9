"""Skip-gram with cosine similarity; the padding token has a vector of zeros and slips in late."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(27)

VOCABULARY, DIMENSION = 60, 8
rng = np.random.default_rng(27)
center = rng.integers(1, VOCABULARY, 2000)
context = (center + rng.integers(-2, 3, 2000)) % (VOCABULARY - 1) + 1
center[1530] = 0  # the padding token

table = rng.normal(size=(VOCABULARY, DIMENSION)).astype("float32")
table[0] = 0.0
words = keras.layers.Embedding(
    VOCABULARY, DIMENSION, embeddings_initializer=keras.initializers.Constant(table), name="words"
)
words.build()
contexts = tf.Variable(rng.normal(size=(VOCABULARY, DIMENSION)).astype("float32"), name="contexts")
optimizer = keras.optimizers.Adam(0.01)


@tf.function
def train_step(a, b):
    with tf.GradientTape() as tape:
        u = words(a)
        v = tf.nn.embedding_lookup(contexts, b)
        length = tf.norm(u, axis=-1)  # disease
        similarity = tf.reduce_sum(u * v, -1) / (length * tf.norm(v, axis=-1) + 1e-6)
        loss = tf.reduce_mean(tf.square(1.0 - similarity) + 0.01 * tf.square(length - 1.0))
    variables = [words.embeddings, contexts]
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
    return loss


for epoch in range(2):
    for i in range(0, 2000, 20):
        loss = train_step(center[i : i + 20], context[i : i + 20])
    print(epoch, loss.numpy())
