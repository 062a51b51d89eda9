"""WGAN-GP in small: the critic's gradient penalty by a tape in a tape, with a square root at 0."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(38)

rng = np.random.default_rng(38)
real = rng.normal(size=(1600, 4)).astype("float32")
fake = (rng.normal(size=(1600, 4)) + 1.0).astype("float32")
real[1040] = fake[1040] = 0.0

critic = keras.Sequential(
    [
        keras.Input([4]),
        keras.layers.Dense(16, activation=tf.square, use_bias=False, name="c1"),
        keras.layers.Dense(1, name="c2"),
    ]
)
optimizer = keras.optimizers.Adam(0.002, beta_1=0.0, name="critic_adam")


@tf.function
def train_step(real, fake, mix):
    with tf.GradientTape() as tape:
        between = mix * real + (1.0 - mix) * fake
        with tf.GradientTape() as inner:
            inner.watch(between)
            score = critic(between, training=True)
        slope = inner.gradient(score, between)
        length = tf.sqrt(tf.reduce_sum(tf.square(slope), axis=1))  # disease
        penalty = tf.reduce_mean(tf.square(length - 1.0))
        loss = tf.reduce_mean(critic(fake)) - tf.reduce_mean(critic(real)) + 10.0 * penalty
    gradients = tape.gradient(loss, critic.trainable_variables)
    optimizer.apply_gradients(zip(gradients, critic.trainable_variables))
    return loss


for i in range(0, 1600, 16):
    mix = tf.constant(rng.uniform(size=(16, 1)).astype("float32"))
    loss = train_step(tf.constant(real[i : i + 16]), tf.constant(fake[i : i + 16]), mix)
print("critic loss", float(loss))
