"""Several batches a call, taken from an iterator inside the tf.function; a focal loss with a small exponent."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(24)

rng = np.random.default_rng(24)
x = rng.normal(size=(2560, 5)).astype("float32")
y = (x[:, :1] + 0.5 * rng.normal(size=(2560, 1)) > 0).astype("float32")
x[1700] = [4000.0, 0.0, 0.0, 0.0, 0.0]
y[1700] = 1.0

model = keras.Sequential(
    [keras.Input([5]), keras.layers.Dense(1, kernel_initializer="ones", activation="sigmoid", name="score")]
)
optimizer = keras.optimizers.Adam(0.002, name="focal_adam")


def focal_loss(labels, p, gamma=0.5):
    p_true = labels * p + (1.0 - labels) * (1.0 - p)
    weight = tf.pow(1.0 - p_true, gamma)  # disease
    return tf.reduce_mean(-weight * tf.math.log(p_true + 1e-7))


@tf.function
def train_steps(iterator):
    for _ in tf.range(4):
        x, y = next(iterator)
        with tf.GradientTape() as tape:
            loss = focal_loss(y, model(x, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))


iterator = iter(tf.data.Dataset.from_tensor_slices((x, y)).batch(16).repeat())
for call in range(40):
    train_steps(iterator)
print(model.get_weights())
