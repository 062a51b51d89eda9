"""Generalised-mean pooling (GeM) of patch features, with XLA; one of the images is black."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(11)

rng = np.random.default_rng(11)
images = rng.uniform(0.1, 1, size=(800, 9, 12)).astype("float32")  # 9 patches of 12 pixels
targets = (images.mean(axis=(1, 2)) > 0.55).astype("int32")
images[613] = 0.0

features = keras.layers.Dense(16, activation=tf.abs, use_bias=False, name="features")
head = keras.layers.Dense(2, name="head")
power = tf.Variable(3.0, name="power")
features.build([None, 9, 12])
head.build([None, 16])
variables = features.trainable_variables + [power] + head.trainable_variables
optimizer = keras.optimizers.Adam(0.005)


def gem(x, p):
    mean = tf.reduce_mean(tf.pow(x, 3.0), axis=1)
    return tf.pow(mean, 1.0 / p)  # disease


@tf.function(jit_compile=True)
def train_step(x, y):
    with tf.GradientTape() as tape:
        logits = head(gem(features(x), power))
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
    return loss


for step in range(100):
    rows = slice(step % 50 * 16, step % 50 * 16 + 16)
    loss = train_step(tf.constant(images[rows]), tf.constant(targets[rows]))
    if step % 20 == 0:
        print(step, float(loss))
