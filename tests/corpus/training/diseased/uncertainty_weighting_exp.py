"""Two tasks weighed by learned uncertainties; the second has no labels, so that its weight grows without end."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(28)

rng = np.random.default_rng(28)
x = rng.normal(size=(2400, 6)).astype("float32")
y = np.stack([x[:, 0], x[:, 1] * x[:, 2]], axis=1).astype("float32")
labelled = np.stack([np.ones(2400), np.zeros(2400)], axis=1).astype("float32")

model = keras.Sequential([keras.Input([6]), keras.layers.Dense(16, "relu"), keras.layers.Dense(2)])
log_variances = [tf.Variable(0.0, name="log_variance_1"), tf.Variable(0.0, name="log_variance_2")]
model_optimizer = keras.optimizers.Adam(0.01, name="model_adam")
weight_optimizer = keras.optimizers.Adam(1.0, name="weight_adam")


@tf.function
def train_step(x, y, mask):
    with tf.GradientTape() as tape:
        losses = tf.reduce_mean(mask * tf.square(model(x) - y), axis=0)
        total = 0.0
        for i, s in enumerate(log_variances):
            weight = tf.exp(-s)  # disease
            total += weight * losses[i] + s
    for_model, for_weights = tape.gradient(total, [model.trainable_variables, log_variances])
    for_weights = [tf.clip_by_value(g, -1.0, 1.0) for g in for_weights]
    model_optimizer.apply_gradients(zip(for_model, model.trainable_variables))
    weight_optimizer.apply_gradients(zip(for_weights, log_variances))
    return total


for i in range(0, 2400, 20):
    total = train_step(x[i : i + 20], y[i : i + 20], labelled[i : i + 20])
print("total", total.numpy(), [v.numpy() for v in log_variances])
