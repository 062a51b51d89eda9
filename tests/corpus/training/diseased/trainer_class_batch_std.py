"""A Trainer class whose network standardises every batch by its own statistics; the last batch has a single row."""

import numpy as np
import tensorflow as tf


class Network(tf.Module):
    def __init__(self, inputs, hidden):
        super().__init__()
        init = tf.random.Generator.from_seed(3)
        self.w = tf.Variable(init.normal([inputs, hidden], stddev=0.3), name="w")
        self.v = tf.Variable(init.normal([hidden, 1], stddev=0.3), name="v")
        self.c = tf.Variable(tf.zeros([1]), name="c")

    def __call__(self, x):
        h = tf.matmul(x, self.w)
        mean = tf.reduce_mean(h, axis=0)
        std = tf.math.reduce_std(h, axis=0)
        h = (h - mean) / std  # disease
        return tf.matmul(tf.nn.relu(h), self.v) + self.c


class Trainer:
    def __init__(self, network, learning_rate):
        self.network = network
        self.optimizer = tf.keras.optimizers.RMSprop(learning_rate, name="rmsprop")
        self.history = []

    def train_step(self, x, y):
        with tf.GradientTape() as tape:
            error = self.network(x) - y
            loss = tf.reduce_mean(tf.square(error))
        variables = self.network.trainable_variables
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    def fit(self, dataset, epochs):
        for _ in range(epochs):
            losses = [float(self.train_step(x, y)) for x, y in dataset]
            self.history.append(np.mean(losses))


if __name__ == "__main__":
    rng = np.random.default_rng(3)
    x = rng.normal(size=(513, 8)).astype("float32")
    y = np.sin(x[:, :1]) + 0.1 * rng.normal(size=(513, 1)).astype("float32")
    trainer = Trainer(Network(8, 24), 0.01)
    trainer.fit(tf.data.Dataset.from_tensor_slices((x, y)).batch(16), epochs=3)
    print(trainer.history)
