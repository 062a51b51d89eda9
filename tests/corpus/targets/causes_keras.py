"""Operations inside Keras: the guilty line is the user's call."""

import keras
import tensorflow as tf


def keras_exponential(x: tf.Tensor) -> tf.Tensor:
    e = keras.activations.exponential(x)  # cause: keras_exponential
    shifted = e + 1.0
    return tf.math.log(shifted)


def keras_sqrt(x: tf.Tensor) -> tf.Tensor:
    shifted = x - 3.0
    return keras.ops.sqrt(shifted)  # cause: keras_sqrt


def keras_arccos(x: tf.Tensor) -> tf.Tensor:
    angle = keras.ops.arccos(x)  # cause: keras_arccos
    return keras.ops.where(keras.ops.abs(x) < 0.5, angle, 1.5 - x)


def keras_power(x: tf.Tensor) -> tf.Tensor:
    doubled = keras.ops.multiply(x, 2.0)
    return keras.ops.power(doubled, 0.5)  # cause: keras_power


def keras_divide(x: tf.Tensor) -> tf.Tensor:
    inverse = keras.ops.divide(1.0, x)  # cause: keras_divide
    return tf.where(tf.abs(x) > 1.0, inverse, x)


EXPONENTIAL = keras.layers.Activation("exponential")


def keras_activation_layer(x: tf.Tensor) -> tf.Tensor:
    e = EXPONENTIAL(x)  # cause: keras_activation_layer
    return tf.math.log1p(e)


class LogOfExp(keras.layers.Layer):
    """A layer of the user's."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        e = tf.exp(inputs)  # cause: users_layer
        return tf.math.log(e + 2.0)


LAYER = LogOfExp()


def users_layer(x: tf.Tensor) -> tf.Tensor:
    halved = 0.5 * x
    return LAYER(halved)
