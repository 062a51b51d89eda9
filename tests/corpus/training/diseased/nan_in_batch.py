"""A measurement is missing in the data; nothing is wrong with the network."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(36)

rng = np.random.default_rng(36)
x = rng.normal(size=(1500, 5)).astype("float32")
y = (x[:, :1] > 0).astype("float32")
x[987, 3] = np.nan

model = keras.Sequential(
    [keras.Input([5]), keras.layers.Dense(8, "tanh", name="inner"), keras.layers.Dense(1, name="outer")]
)
optimizer = keras.optimizers.Adam(0.01)
loss_fn = keras.losses.BinaryCrossentropy(from_logits=True)


@tf.function
def train_step(features, target):
    with tf.GradientTape() as tape:
        logits = model(features, training=True)  # disease
        loss = loss_fn(target, logits)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


for i in range(0, 1500, 15):
    loss = train_step(tf.constant(x[i : i + 15]), tf.constant(y[i : i + 15]))
print("loss", float(loss))
