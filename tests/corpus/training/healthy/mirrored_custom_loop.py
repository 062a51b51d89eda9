"""A custom loop under MirroredStrategy on two virtual CPUs."""

import hashlib

import numpy as np
import tensorflow as tf
from tensorflow import keras

cpus = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpus[0], [tf.config.LogicalDeviceConfiguration()] * 2)
keras.utils.set_random_seed(11)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])

rng = np.random.default_rng(11)
x = rng.normal(size=(640, 6)).astype("float32")
y = (x[:, :1] - x[:, 1:2]).astype("float32")

with strategy.scope():
    model = keras.Sequential([keras.Input([6]), keras.layers.Dense(8, "relu"), keras.layers.Dense(1)])
    optimizer = keras.optimizers.Adam(0.01)
    optimizer.build(model.trainable_variables)


@tf.function
def train_step(batch):
    def replica_step(x, y):
        with tf.GradientTape() as tape:
            loss = tf.nn.compute_average_loss(tf.square(model(x) - y)[:, 0], global_batch_size=16)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        return loss

    losses = strategy.run(replica_step, args=batch)
    return strategy.reduce(tf.distribute.ReduceOp.SUM, losses, axis=None)


dataset = tf.data.Dataset.from_tensor_slices((x, y)).batch(16)
for batch in strategy.experimental_distribute_dataset(dataset):
    loss = train_step(batch)
print(f"loss {loss:.4f}")
print(hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights())).hexdigest())
