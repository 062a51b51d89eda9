"""A GAN on a line with the original losses: the discriminator wins, and the generator's logarithm meets 0."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(21)

rng = np.random.default_rng(21)
real_data = (20.0 + rng.normal(size=(4096, 2))).astype("float32")

generator = keras.Sequential(
    [keras.Input([4]), keras.layers.Dense(16, "relu", name="g1"), keras.layers.Dense(2, name="g2")]
)
discriminator = keras.Sequential(
    [
        keras.Input([2]),
        keras.layers.Dense(16, "relu", name="d1"),
        keras.layers.Dense(1, activation="sigmoid", name="d2"),
    ]
)
g_optimizer = keras.optimizers.Adam(1e-4, name="g_adam")
d_optimizer = keras.optimizers.SGD(0.3, name="d_sgd")


@tf.function
def train_step(real, noise):
    with tf.GradientTape() as g_tape, tf.GradientTape() as d_tape:
        fake = generator(noise, training=True)
        on_real = discriminator(real, training=True)
        on_fake = discriminator(fake, training=True)
        d_loss = tf.reduce_mean(tf.square(1.0 - on_real)) + tf.reduce_mean(tf.square(on_fake))
        g_loss = -tf.reduce_mean(tf.math.log(on_fake))  # disease
    d_gradients = d_tape.gradient(d_loss, discriminator.trainable_variables)
    g_gradients = g_tape.gradient(g_loss, generator.trainable_variables)
    d_optimizer.apply_gradients(zip(d_gradients, discriminator.trainable_variables))
    g_optimizer.apply_gradients(zip(g_gradients, generator.trainable_variables))
    return d_loss, g_loss


for step in range(120):
    noise = rng.normal(size=(32, 4)).astype("float32")
    if step == 67:
        noise[5] *= 1e4  # a draw with a heavy tail
    d_loss, g_loss = train_step(tf.constant(real_data[step * 32 : step * 32 + 32]), tf.constant(noise))
    if step % 20 == 0:
        print(f"{step}: d {d_loss:.3f} g {g_loss:.3f}")
