"""Triplet loss under MirroredStrategy on two virtual CPUs; an anchor is also its own positive."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

cpus = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpus[0], [tf.config.LogicalDeviceConfiguration()] * 2)
keras.utils.set_random_seed(18)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])

rng = np.random.default_rng(18)
anchor, positive, negative = rng.normal(size=(3, 960, 6)).astype("float32")
positive = (anchor + 0.2 * positive).astype("float32")
positive[615] = anchor[615]

with strategy.scope():
    model = keras.Sequential(
        [keras.Input([6]), keras.layers.Dense(12, "tanh", name="a"), keras.layers.Dense(3, name="b")]
    )
    optimizer = keras.optimizers.SGD(0.05)


def distance(a, b):
    difference = a - b
    return tf.norm(difference, axis=-1)  # disease


def replica_step(a, p, n):
    with tf.GradientTape() as tape:
        a, p, n = model(a), model(p), model(n)
        per_row = tf.nn.relu(distance(a, p) - distance(a, n) + 5.0)
        loss = tf.nn.compute_average_loss(per_row, global_batch_size=24)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


@tf.function
def train_step(batch):
    losses = strategy.run(replica_step, args=batch)
    return strategy.reduce(tf.distribute.ReduceOp.SUM, losses, axis=None)


dataset = tf.data.Dataset.from_tensor_slices((anchor, positive, negative)).batch(24)
for batch in strategy.experimental_distribute_dataset(dataset):
    loss = train_step(batch)
print("loss", float(loss))
