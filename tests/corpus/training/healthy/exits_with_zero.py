"""A script with arguments that ends by sys.exit(0) from within a function."""

import argparse
import hashlib
import sys

import numpy as np
import tensorflow as tf


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--learning-rate", type=float, default=0.05)
    args = parser.parse_args()

    rng = np.random.default_rng(16)
    x = rng.normal(size=(400, 3)).astype("float32")
    y = (x @ np.array([[1.0], [0.0], [-1.0]])).astype("float32")
    w = tf.Variable(tf.zeros([3, 1]), name="w")
    optimizer = tf.keras.optimizers.Adagrad(args.learning_rate)
    for step in range(args.steps):
        batch = slice(step * 10, step * 10 + 10)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.abs(tf.matmul(x[batch], w) - y[batch]))
        optimizer.apply_gradients([(tape.gradient(loss, w), w)])
    print(f"loss {loss:.4f}")
    print(hashlib.sha256(w.numpy().tobytes()).hexdigest())
    return 0


if __name__ == "__main__":
    sys.exit(main())
