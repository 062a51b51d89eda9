"""Custom gradients whose own formula is at fault: the guilty line is one of the gradient function."""

from collections.abc import Callable
from typing import TypeAlias

import tensorflow as tf

Pullback: TypeAlias = Callable[..., tf.Tensor]


@tf.custom_gradient
def gradient_overflows(z: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        e = tf.exp(z)  # cause: gradient_overflows
        below = 1.0 + e
        ratio = e / below
        return upstream * ratio

    return tf.math.softplus(z), gradient


@tf.custom_gradient
def gradient_zero_by_zero(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    """sin(2x) = 2 sin(x) cos(x)."""

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        double = tf.sin(2.0 * x)
        single = 2.0 * tf.sin(x)
        cosine = double / single  # cause: gradient_zero_by_zero
        return upstream * cosine

    return tf.sin(x), gradient


@tf.custom_gradient
def gradient_underflows(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        shrinking = tf.exp(-x)  # cause: gradient_underflows
        growing = tf.exp(0.5 * x)
        return upstream * (-0.5 * shrinking * growing)

    return tf.exp(-0.5 * x), gradient


@tf.custom_gradient
def gradient_divides(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    """exp(x) is flushed to 0 below -87.34, where exp(-x) still fits."""

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        e = tf.exp(x)  # cause: gradient_divides
        inverse = 1.0 / e  # cause: gradient_divides
        return -upstream * inverse

    return tf.exp(-x), gradient


@tf.custom_gradient
def healthy_softplus(z: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return upstream * tf.sigmoid(z)

    e = tf.exp(z)  # cause: protected
    return tf.math.log(e + 1.0), gradient


def inner_is_guilty(x: tf.Tensor) -> tf.Tensor:
    """Two custom gradients, one in the other; the line is in the inner one."""
    shifted = x + 1.0
    inner = steep_tail(shifted)
    return smooth(inner)


@tf.custom_gradient
def smooth(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return upstream * tf.sigmoid(x)

    return tf.math.softplus(x), gradient


@tf.custom_gradient
def steep_tail(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    """log(cosh(x)), by |x|; the derivative is tanh(x)."""
    size = tf.abs(x)

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        up = tf.sinh(x)  # cause: inner_is_guilty
        down = tf.cosh(x)  # cause: inner_is_guilty
        slope = up / down
        return upstream * slope

    return size + tf.math.softplus(-2.0 * size) - 0.6931472, gradient


def guilty_after_custom(x: tf.Tensor) -> tf.Tensor:
    """The custom gradient is healthy, a plain operation around it is not."""
    e = tf.exp(x)  # cause: guilty_after_custom
    y = tf.math.log1p(e)
    return smooth(y)
