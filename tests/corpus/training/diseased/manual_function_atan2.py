"""Wind direction from two components, updated by hand in a tf.function; there is a moment without wind."""

import numpy as np
import tensorflow as tf

tf.random.set_seed(20)
rng = np.random.default_rng(20)
pressure = rng.normal(size=(1800, 4)).astype("float32")
mixing = rng.normal(size=(4, 2)).astype("float32")
components = pressure @ mixing
direction = np.arctan2(components[:, 0], components[:, 1]).astype("float32")
pressure[1234] = 0.0

to_wind = tf.Variable(tf.random.normal([4, 2]), name="to_wind")
offset = tf.Variable(0.1, name="offset")


@tf.function
def step(x, angle):
    with tf.GradientTape() as tape:
        wind = tf.matmul(x, to_wind)
        predicted = tf.atan2(wind[:, 0], wind[:, 1])  # disease
        loss = tf.reduce_mean(1.0 - tf.cos(predicted + offset - angle))
    gradients = tape.gradient(loss, [to_wind, offset])
    for variable, gradient in zip([to_wind, offset], gradients):
        variable.assign_sub(0.05 * gradient)
    return loss


for i in range(0, 1800, 12):
    loss = step(tf.constant(pressure[i : i + 12]), tf.constant(direction[i : i + 12]))
print("loss", loss.numpy(), "offset", offset.numpy())
