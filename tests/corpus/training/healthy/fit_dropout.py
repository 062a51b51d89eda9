"""model.fit with dropout, batch normalisation, a callback and validation data."""

import hashlib

import numpy as np
from tensorflow import keras

keras.utils.set_random_seed(9)

rng = np.random.default_rng(9)
x = rng.normal(size=(600, 10)).astype("float32")
y = (x.sum(axis=1) > 0).astype("float32")

model = keras.Sequential(
    [
        keras.Input([10]),
        keras.layers.Dense(24, activation="relu"),
        keras.layers.BatchNormalization(),
        keras.layers.Dropout(0.5),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
stopping = keras.callbacks.EarlyStopping(patience=2, restore_best_weights=True)
history = model.fit(x[:500], y[:500], validation_data=(x[500:], y[500:]), epochs=4, verbose=0, callbacks=[stopping])
print(len(history.history["loss"]), "epochs")
print(hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights())).hexdigest())
