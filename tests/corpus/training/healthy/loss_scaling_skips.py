"""Loss scaling that starts far too high: the first steps overflow, and are skipped."""

import hashlib

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(1)

rng = np.random.default_rng(1)
x = rng.normal(size=(960, 6)).astype("float32")
y = (100.0 * x[:, :1] ** 2).astype("float32")

model = keras.Sequential([keras.Input([6]), keras.layers.Dense(16, "relu"), keras.layers.Dense(1)])
optimizer = keras.optimizers.LossScaleOptimizer(
    keras.optimizers.Adam(0.01), initial_scale=2.0**126, dynamic_growth_steps=8
)
optimizer.build(model.trainable_variables)


@tf.function
def train_step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x, training=True) - y))
        scaled = optimizer.scale_loss(loss)
    gradients = tape.gradient(scaled, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


for epoch in range(3):
    for i in range(0, 960, 32):
        loss = train_step(x[i : i + 32], y[i : i + 32])
    print(f"epoch {epoch}: loss {loss:.4f}, updates {int(optimizer.iterations)}")
print(hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights())).hexdigest())
