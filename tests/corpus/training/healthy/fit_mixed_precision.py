"""model.fit in mixed_float16: Keras scales the loss by itself, and skips what overflows in half precision."""

import hashlib

import numpy as np
from tensorflow import keras

keras.utils.set_random_seed(2)
keras.mixed_precision.set_global_policy("mixed_float16")

rng = np.random.default_rng(2)
x = rng.normal(size=(640, 8)).astype("float32")
y = (1000.0 * x[:, :1]).astype("float32")

model = keras.Sequential(
    [
        keras.Input([8]),
        keras.layers.Dense(16, activation="relu"),
        keras.layers.Dense(1, dtype="float32"),
    ]
)
model.compile(optimizer=keras.optimizers.SGD(1e-6), loss="mse")
model.fit(x, y, batch_size=32, epochs=2, verbose=0)
print("scale", float(model.optimizer.dynamic_scale))
print(hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights())).hexdigest())
