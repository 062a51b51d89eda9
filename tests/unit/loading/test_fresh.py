"""What is global is given back to a process that goes on with other things."""

import random

import numpy as np

from gradcheck.loading import fresh


def test_the_generators_go_on_where_they_were() -> None:
    random.seed(1)
    np.random.seed(2)
    before = fresh.current()
    expected = (random.random(), np.random.random())
    random.seed(3)
    np.random.seed(4)
    fresh.restore(before)
    assert (random.random(), np.random.random()) == expected


def test_a_seed_of_tensorflow_is_set_again_if_it_was_changed_and_only_then() -> None:
    import tensorflow as tf

    tf.random.set_seed(5)
    before = fresh.current()
    first, second = (float(tf.random.uniform(())) for _ in range(2))
    tf.random.set_seed(5)
    assert float(tf.random.uniform(())) == first
    fresh.restore(before)  # the same seed: the stream goes on
    assert float(tf.random.uniform(())) == second
    tf.random.set_seed(6)
    fresh.restore(before)
    assert fresh.seed() == 5
    tf.random.set_seed(None)
