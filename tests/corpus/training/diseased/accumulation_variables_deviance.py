"""Gradient accumulation in variables inside a tf.function, with the Poisson deviance of counts."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(16)

rng = np.random.default_rng(16)
x = rng.uniform(0, 1, size=(1200, 4)).astype("float32")
y = (1 + rng.poisson(np.exp(x.sum(axis=1, keepdims=True)))).astype("float32")
y[650] = 0.0  # the first day without a customer

model = keras.Sequential(
    [keras.Input([4]), keras.layers.Dense(8, "tanh", name="h"), keras.layers.Dense(1, "exponential", name="rate")]
)
variables = model.trainable_variables
accumulators = [tf.Variable(tf.zeros(v.shape), trainable=False) for v in variables]
optimizer = keras.optimizers.Nadam(0.01)


def deviance(y, mu):
    log_ratio = tf.math.log(y / mu)  # disease
    return 2.0 * tf.reduce_mean(y * log_ratio - (y - mu))


@tf.function
def accumulate(x, y):
    with tf.GradientTape() as tape:
        loss = deviance(y, model(x, training=True))
    for accumulator, gradient in zip(accumulators, tape.gradient(loss, variables)):
        accumulator.assign_add(gradient / 5.0)
    return loss


@tf.function
def apply():
    optimizer.apply_gradients(zip(accumulators, variables))
    for accumulator in accumulators:
        accumulator.assign(tf.zeros_like(accumulator))


for batch, (xs, ys) in enumerate(tf.data.Dataset.from_tensor_slices((x, y)).batch(10)):
    loss = accumulate(xs, ys)
    if batch % 5 == 4:
        apply()
print(loss.numpy())
