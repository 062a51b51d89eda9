"""Wide & Deep, trained by a loop of its own with two optimizers.

    python -m samples.wide_deep                            # one training, a line an epoch
    python -m samples.wide_deep --compare --seeds 5        # beside model.fit() with one optimizer

A linear model of crossed buckets (wide) and a small dense network (deep) add their logits, as in "Wide & Deep Learning
for Recommender Systems" (https://arxiv.org/abs/1606.07792): the wide path learns by FTRL with an L1 penalty, which sets
many of its weights to exactly 0, the deep path by Adam. The data, which breast tumours are benign, is in the wheel of
scikit-learn; each seed has a split, a network and an order of batches of its own. The same network by model.fit() with
Adam alone is as accurate, and keeps nearly all wide weights:

    seed  two optimizers  zeros  model.fit()  zeros
       0           96.5%  37.8%        95.1%   4.2%
       1           95.8%  35.3%        95.8%   4.6%
       2           98.6%  36.1%        98.6%   4.0%
       3           99.3%  41.1%        99.3%   4.0%
       4           96.5%  37.5%        96.5%   4.9%
    mean           97.3%  37.6%        97.1%   4.3%
     std            1.4%   2.0%         1.6%   0.3%
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

import keras
import numpy as np
import tensorflow as tf

BATCH = 32
BUCKETS = 4
CROSSED = 10
"""So many columns, the means of the measurements, are cut into quartiles and crossed, each with each."""

Loss = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
Scores = tuple[float, float]
"""The accuracy on the test rows, and the share of the wide path's weights that are 0."""


# gradcheck: scan
def cross_entropy(logit: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
    """The loss of one tumour, from the logit itself: no probability is ever rounded to 0 or 1. The scan is clean."""
    return tf.nn.sigmoid_cross_entropy_with_logits(labels=label, logits=logit)


@dataclass(frozen=True)
class Rows:
    """Tumours: the crossed buckets that each is in, int32 [n, 45], its measurements, float32 [n, 30], and its label."""

    crosses: np.ndarray
    measurements: np.ndarray
    labels: np.ndarray

    @property
    def features(self) -> tuple[np.ndarray, np.ndarray]:
        """What the network is given."""
        return self.crosses, self.measurements

    def batches(self, seed: int) -> tf.data.Dataset:
        """All rows in batches, in another order in every epoch."""
        rows = tf.data.Dataset.from_tensor_slices((self.features, self.labels))
        return rows.shuffle(len(self.labels), seed=seed).batch(BATCH)


def data(seed: int) -> tuple[Rows, Rows]:
    """Three quarters of the tumours to train on, which set scales and buckets, and one quarter to test with."""
    try:
        from sklearn.datasets import load_breast_cancer
        from sklearn.model_selection import train_test_split
        from sklearn.preprocessing import StandardScaler
    except ModuleNotFoundError:
        raise SystemExit("this sample needs scikit-learn for its data: pip install 'gradcheck[samples]'") from None
    x, benign = load_breast_cancer(return_X_y=True)
    parts = train_test_split(x, benign.astype("float32").reshape(-1, 1), stratify=benign, random_state=seed)
    scaler = StandardScaler().fit(parts[0])
    edges = np.quantile(parts[0][:, :CROSSED], np.arange(1, BUCKETS) / BUCKETS, axis=0)
    train, test = (
        Rows(crossed(x[:, :CROSSED], edges), scaler.transform(x).astype("float32"), labels)
        for x, labels in (parts[0::2], parts[1::2])
    )
    return train, test


def crossed(x: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Number the pairs of buckets that each row is in; a pair of columns has BUCKETS x BUCKETS numbers of its own."""
    buckets = (x[:, None, :] > edges).sum(axis=1)
    pairs = combinations(range(CROSSED), 2)
    numbers = [BUCKETS * (BUCKETS * n + buckets[:, i]) + buckets[:, j] for n, (i, j) in enumerate(pairs)]
    return np.stack(numbers, axis=1).astype("int32")


def network() -> keras.Model:
    """From the crosses and the measurements to the logit of "benign"."""
    pairs = CROSSED * (CROSSED - 1) // 2
    crosses, measurements = keras.Input([pairs], dtype="int32"), keras.Input([30])
    weights = keras.layers.Embedding(pairs * BUCKETS**2, 1, embeddings_initializer="zeros", name="wide")(crosses)
    deep = measurements
    for n, width in enumerate((64, 32)):
        deep = keras.layers.Dense(width, activation="relu", name=f"deep_{n}")(deep)
    deep = keras.layers.Dense(1, name="deep_logit")(deep)
    return keras.Model([crosses, measurements], keras.layers.Add()([keras.ops.sum(weights, axis=1), deep]))


class Training:
    """A network and the two optimizers that train it."""

    def __init__(self, loss: Loss = cross_entropy) -> None:
        self.model, self.loss = network(), loss
        self.wide = self.model.get_layer("wide").trainable_variables
        self.deep = [v for v in self.model.trainable_variables if not any(v is w for w in self.wide)]
        self.ftrl = keras.optimizers.Ftrl(0.1, l1_regularization_strength=0.2)
        self.adam = keras.optimizers.Adam(0.001)
        self.ftrl.build(self.wide)
        self.adam.build(self.deep)

    @tf.function(reduce_retracing=True)
    def step(self, features: tuple[tf.Tensor, tf.Tensor], labels: tf.Tensor) -> tf.Tensor:
        """One batch: the loss, after both optimizers were given their gradients."""
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(self.loss(self.model(features, training=True), labels))
        wide, deep = tape.gradient(loss, (self.wide, self.deep))
        self.ftrl.apply(wide, self.wide)
        self.adam.apply(deep, self.deep)
        return loss

    def epochs(self, rows: Rows, count: int, seed: int) -> Iterator[float]:
        """Train; the mean loss of each epoch."""
        batches = rows.batches(seed)
        for _ in range(count):
            yield float(np.mean([self.step(features, labels) for features, labels in batches]))


def accuracy(model: keras.Model, rows: Rows) -> float:
    """The share of tumours that are on the right side of logit 0."""
    return float(np.mean((model(rows.features).numpy() > 0) == (rows.labels > 0)))


def zeros(model: keras.Model) -> float:
    """The share of the wide path's weights that are 0."""
    return float(np.mean(model.get_layer("wide").get_weights()[0] == 0))


def train(epochs: int, seed: int, loss: Loss = cross_entropy, tell: Callable[[str], None] = print) -> Scores:
    """Train with two optimizers, and tell of every epoch."""
    keras.utils.set_random_seed(seed)
    learned, held_out = data(seed)
    training = Training(loss)
    model = training.model
    for epoch, value in enumerate(training.epochs(learned, epochs, seed), start=1):
        accuracies = f"accuracy {accuracy(model, learned):.1%}, test {accuracy(model, held_out):.1%}"
        tell(f"epoch {epoch:2d}/{epochs}  loss {value:.4f}  {accuracies}  zeros {zeros(model):.0%}")
    return accuracy(model, held_out), zeros(model)


def fit(epochs: int, seed: int) -> Scores:
    """Train the same network by model.fit(), with Adam alone."""
    keras.utils.set_random_seed(seed)
    learned, held_out = data(seed)
    model = network()
    model.compile(keras.optimizers.Adam(0.001), keras.losses.BinaryCrossentropy(from_logits=True))
    model.fit(learned.batches(seed), epochs=epochs, shuffle=False, verbose=0)
    return accuracy(model, held_out), zeros(model)


def compare(epochs: int, seeds: int) -> None:
    """Print the accuracy on the test rows, and the share of wide weights that are 0, of the loop and of model.fit()."""

    def row(name: object, of: np.ndarray) -> None:
        print(f"{name!s:>4}  {of[0]:14.1%}  {of[1]:5.1%}  {of[2]:11.1%}  {of[3]:5.1%}", flush=True)

    print("seed  two optimizers  zeros  model.fit()  zeros")
    results = []
    for seed in range(seeds):
        results.append((*train(epochs, seed, tell=lambda _: None), *fit(epochs, seed)))
        row(seed, np.array(results[-1]))
    row("mean", np.mean(results, axis=0))
    row("std", np.std(results, axis=0))


def main(loss: Loss = cross_entropy) -> None:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description="Train Wide & Deep with two optimizers.")
    parser.add_argument("--epochs", type=int, default=30, help="passes through the training rows (30)")
    parser.add_argument("--seed", type=int, default=0, help="of the split, the network and the batches (0)")
    parser.add_argument("--compare", action="store_true", help="hold it beside model.fit(), for several seeds")
    parser.add_argument("--seeds", type=int, default=5, help="how many seeds --compare takes (5)")
    arguments = parser.parse_args()
    if arguments.compare:
        compare(arguments.epochs, arguments.seeds)
    else:
        print(f"test accuracy {train(arguments.epochs, arguments.seed, loss)[0]:.1%}")


if __name__ == "__main__":
    main()
