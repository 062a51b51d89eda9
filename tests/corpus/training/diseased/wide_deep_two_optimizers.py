"""Wide & Deep with two optimizers and a hand-written log loss."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(12)

rng = np.random.default_rng(12)
crossed = (rng.uniform(size=(3200, 40)) < 0.1).astype("float32")
dense = rng.normal(size=(3200, 6)).astype("float32")
clicked = (crossed[:, 0] + dense[:, 0] > 0.5).astype("float32")[:, None]
dense[2410] *= 400.0  # a price in cents

wide = keras.layers.Dense(1, name="wide")
deep = keras.Sequential([keras.layers.Dense(16, "relu", name="deep_1"), keras.layers.Dense(1, name="deep_2")])
wide.build([None, 40])
deep.build([None, 6])
ftrl = keras.optimizers.Ftrl(0.05, l1_regularization_strength=0.001)
adagrad = keras.optimizers.Adagrad(0.05)


@tf.function
def train_step(crossed, dense, clicked):
    with tf.GradientTape() as tape:
        p = tf.sigmoid(wide(crossed) + tf.abs(deep(dense)))
        log_not = tf.math.log(1.0 - p)  # disease
        loss = -tf.reduce_mean(clicked * tf.math.log(p) + (1.0 - clicked) * log_not)
    wide_gradients, deep_gradients = tape.gradient(loss, [wide.trainable_variables, deep.trainable_variables])
    ftrl.apply_gradients(zip(wide_gradients, wide.trainable_variables))
    adagrad.apply_gradients(zip(deep_gradients, deep.trainable_variables))
    return loss


dataset = tf.data.Dataset.from_tensor_slices((crossed, dense, clicked)).batch(32)
for epoch in range(2):
    for batch in dataset:
        loss = train_step(*batch)
    tf.print("epoch", epoch, "loss", loss)
