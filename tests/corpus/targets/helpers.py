"""A second module, whose lines are guilty too."""

import tensorflow as tf


def log_of_sum(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    total = a + b
    return tf.math.log(total)  # cause: helper_vanished


def textbook_softplus(x: tf.Tensor) -> tf.Tensor:
    e = tf.exp(x)  # cause: helper_exp
    return log_of_sum(e, 1.0)


def root(x: tf.Tensor) -> tf.Tensor:
    return tf.sqrt(x)  # cause: helper_root


def ratio(numerator: tf.Tensor, denominator: tf.Tensor) -> tf.Tensor:
    return numerator / denominator  # cause: helper_ratio


def apply_twice(function: object, x: tf.Tensor) -> tf.Tensor:
    """Calls back into the module that calls it."""
    once = function(x)  # type: ignore[operator]
    return function(once)  # type: ignore[operator]
