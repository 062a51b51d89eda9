"""A teacher that is the moving average of its student (mean teacher), updated by assignment."""

import hashlib

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(14)

rng = np.random.default_rng(14)
x = rng.normal(size=(960, 5)).astype("float32")
y = rng.integers(0, 3, 960)


def network():
    return keras.Sequential([keras.Input([5]), keras.layers.Dense(12, "relu"), keras.layers.Dense(3)])


student, teacher = network(), network()
teacher.set_weights(student.get_weights())
optimizer = keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True)
crossentropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@tf.function
def train_step(x, y, noise):
    with tf.GradientTape() as tape:
        logits = student(x, training=True)
        consistency = tf.reduce_mean(tf.square(student(x + noise) - tf.stop_gradient(teacher(x))))
        loss = crossentropy(y, logits) + 0.1 * consistency
    gradients = tape.gradient(loss, student.trainable_variables)
    optimizer.apply_gradients(zip(gradients, student.trainable_variables))
    for average, weight in zip(teacher.variables, student.variables):
        average.assign(0.95 * average + 0.05 * weight)
    return loss


for i in range(0, 960, 16):
    noise = rng.normal(0, 0.1, size=(16, 5)).astype("float32")
    loss = train_step(x[i : i + 16], y[i : i + 16], noise)
print(f"loss {loss:.4f}")
print(hashlib.sha256(b"".join(w.tobytes() for w in student.get_weights() + teacher.get_weights())).hexdigest())
