"""A tf.function that returns loss and gradients; the loop applies them eagerly. Softmax by its definition."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(22)

rng = np.random.default_rng(22)
x = rng.normal(size=(1440, 7)).astype("float32")
y = rng.integers(0, 5, size=1440)
x[1000] *= 1000.0

model = keras.Sequential([keras.Input([7]), keras.layers.Dense(5, kernel_initializer="ones", name="logits")])
optimizer = keras.optimizers.Adamax(0.01)


def cross_entropy(logits, labels):
    e = tf.exp(logits)  # disease
    p = e / tf.reduce_sum(e, axis=-1, keepdims=True)
    chosen = tf.gather(p, labels, batch_dims=1)
    return -tf.reduce_mean(tf.math.log(chosen + 1e-9))


@tf.function
def loss_and_gradients(x, y):
    with tf.GradientTape() as tape:
        loss = cross_entropy(model(x) * tf.sign(tf.reduce_sum(x, 1, keepdims=True)), y)
    return loss, tape.gradient(loss, model.trainable_variables)


for step, i in enumerate(range(0, 1440, 16)):
    loss, gradients = loss_and_gradients(x[i : i + 16], y[i : i + 16])
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    if step % 30 == 0:
        print(f"step {step}: {loss:.4f}")
