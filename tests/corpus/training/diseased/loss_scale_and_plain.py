"""Mixed precision style: the network under a LossScaleOptimizer, the likelihood's noise level under plain SGD."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(17)

rng = np.random.default_rng(17)
x = rng.normal(size=(1600, 5)).astype("float32")
y = (x @ rng.normal(size=(5, 1))).astype("float32")
fraction = rng.uniform(0.01, 1.0, size=(1600, 1)).astype("float32")
fraction[777] = 0.0

model = keras.Sequential([keras.Input([5]), keras.layers.Dense(16, "relu"), keras.layers.Dense(1)])
gamma = tf.Variable(0.5, name="gamma")
optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.003), initial_scale=1024.0)
noise_optimizer = keras.optimizers.SGD(0.001, name="noise_sgd")


@tf.function
def train_step(x, y, fraction):
    with tf.GradientTape(persistent=True) as tape:
        error = tf.reduce_mean(tf.square(model(x, training=True) - y))
        scaled = optimizer.scale_loss(error)
        log_weight = gamma * tf.math.log(fraction)  # disease
        penalty = tf.reduce_mean(tf.square(tf.stop_gradient(error) * 0.01 - tf.exp(log_weight)))
    gradients = tape.gradient(scaled, model.trainable_variables)
    noise_gradient = tape.gradient(penalty, gamma)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    noise_optimizer.apply_gradients([(noise_gradient, gamma)])
    return error


for i in range(0, 1600, 16):
    loss = train_step(x[i : i + 16], y[i : i + 16], fraction[i : i + 16])
print("loss", float(loss), "gamma", float(gamma), "scale", float(optimizer.dynamic_scale))
