"""Precision by hand is 0 / 0 until something is predicted positive; only the metric is NaN, never the loss."""

import hashlib

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(15)

rng = np.random.default_rng(15)
x = rng.normal(size=(1200, 4)).astype("float32")
y = (x[:, :1] > 0.5).astype("float32")

model = keras.Sequential(
    [
        keras.Input([4]),
        keras.layers.Dense(8, "relu"),
        keras.layers.Dense(1, bias_initializer=keras.initializers.Constant(-3.0)),
    ]
)
optimizer = keras.optimizers.Adam(0.01)
running = tf.Variable(0.0, trainable=False, name="running_precision")


@tf.function
def train_step(x, y):
    with tf.GradientTape() as tape:
        logits = model(x, training=True)
        loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=logits))
        positive = tf.cast(logits > 0, tf.float32)
        precision = tf.reduce_sum(positive * y) / tf.reduce_sum(positive)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    running.assign(precision)
    return precision


precisions = [float(train_step(x[i : i + 15], y[i : i + 15])) for i in range(0, 1200, 15)]
print(sum(np.isnan(precisions)), "steps without a positive; then", precisions[-1])
print(hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights())).hexdigest())
