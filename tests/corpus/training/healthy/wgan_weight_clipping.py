"""A Wasserstein GAN: the critic's weights are clipped by assignment between steps."""

import hashlib

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(12)

rng = np.random.default_rng(12)
real = rng.normal(3.0, 1.0, size=(3200, 2)).astype("float32")

generator = keras.Sequential([keras.Input([2]), keras.layers.Dense(8, "relu"), keras.layers.Dense(2)])
critic = keras.Sequential([keras.Input([2]), keras.layers.Dense(8, "relu"), keras.layers.Dense(1)])
generator_optimizer = keras.optimizers.RMSprop(0.001, name="generator_rmsprop")
critic_optimizer = keras.optimizers.RMSprop(0.001, name="critic_rmsprop")


@tf.function
def critic_step(real, noise):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(critic(generator(noise))) - tf.reduce_mean(critic(real))
    gradients = tape.gradient(loss, critic.trainable_variables)
    critic_optimizer.apply_gradients(zip(gradients, critic.trainable_variables))
    for variable in critic.trainable_variables:
        variable.assign(tf.clip_by_value(variable, -0.1, 0.1))
    return loss


@tf.function
def generator_step(noise):
    with tf.GradientTape() as tape:
        loss = -tf.reduce_mean(critic(generator(noise)))
    gradients = tape.gradient(loss, generator.trainable_variables)
    generator_optimizer.apply_gradients(zip(gradients, generator.trainable_variables))


for step in range(100):
    noise = tf.constant(rng.normal(size=(32, 2)).astype("float32"))
    loss = critic_step(real[step * 32 : step * 32 + 32], noise)
    if step % 5 == 4:
        generator_step(noise)
print(f"critic loss {loss:.4f}")
print(hashlib.sha256(b"".join(w.tobytes() for w in generator.get_weights() + critic.get_weights())).hexdigest())
