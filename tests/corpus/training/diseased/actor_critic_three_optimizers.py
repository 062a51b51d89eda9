"""Soft actor-critic in small: three optimizers, and the density of an action squashed by tanh."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(31)

rng = np.random.default_rng(31)
states = rng.normal(size=(1280, 4)).astype("float32")
states[845] *= 500.0  # the simulator diverged

actor = keras.Sequential(
    [keras.Input([4]), keras.layers.Dense(16, "relu", name="actor_1"), keras.layers.Dense(2, name="actor_2")]
)
critic = keras.Sequential(
    [keras.Input([6]), keras.layers.Dense(16, "relu", name="critic_1"), keras.layers.Dense(1, name="critic_2")]
)
log_alpha = tf.Variable(0.0, name="log_alpha")
critic_optimizer = keras.optimizers.Adam(1e-3, name="critic_adam")
actor_optimizer = keras.optimizers.Adam(1e-3, name="actor_adam")
alpha_optimizer = keras.optimizers.SGD(1e-2, name="alpha_sgd")


def squash(mean, noise):
    raw = mean + 0.1 * noise
    action = tf.tanh(raw)
    log_density = -0.5 * tf.square(noise) - tf.math.log(1.0 - tf.square(action))  # disease
    return action, tf.reduce_sum(log_density, axis=1, keepdims=True)


@tf.function
def update(state, noise):
    with tf.GradientTape() as tape:
        action = tf.stop_gradient(tf.tanh(actor(state)))
        target = tf.reduce_sum(tf.tanh(state[:, :2]) * action, axis=1, keepdims=True)
        critic_loss = tf.reduce_mean(tf.square(critic(tf.concat([state, action], 1)) - target))
    critic_optimizer.apply(tape.gradient(critic_loss, critic.trainable_variables), critic.trainable_variables)
    with tf.GradientTape() as tape:
        action, log_density = squash(actor(state), noise)
        value = critic(tf.concat([state, action], 1))
        actor_loss = tf.reduce_mean(tf.exp(log_alpha) * log_density - value)
    actor_optimizer.apply(tape.gradient(actor_loss, actor.trainable_variables), actor.trainable_variables)
    with tf.GradientTape() as tape:
        alpha_loss = -tf.exp(log_alpha) * tf.stop_gradient(
            tf.clip_by_value(tf.reduce_mean(log_density), -5.0, 5.0) - 2.0
        )
    alpha_optimizer.apply([tape.gradient(alpha_loss, log_alpha)], [log_alpha])
    return critic_loss, actor_loss


for step in range(80):
    state = tf.constant(states[16 * step : 16 * step + 16])
    losses = update(state, tf.constant(rng.normal(size=(16, 2)).astype("float32")))
print("losses", *[float(loss) for loss in losses])
