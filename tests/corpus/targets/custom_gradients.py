"""Custom gradients: planted faults, and healthy ones that must stay silent.

What is wrong with each, and where, is in `custom_gradients.json`.
"""

import math
from collections.abc import Callable
from typing import TypeAlias

import tensorflow as tf

Pullback: TypeAlias = Callable[..., tf.Tensor]

# Planted faults.


@tf.custom_gradient
def wrong_sign(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return upstream * tf.sin(x)

    return tf.cos(x), gradient


@tf.custom_gradient
def missing_factor_2(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return upstream * x

    return tf.square(x), gradient


@tf.custom_gradient
def missing_chain_factor(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return upstream * tf.cos(3.0 * x)

    return tf.sin(3.0 * x), gradient


@tf.custom_gradient
def wrong_on_one_branch(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    """ELU; the branch below 0 forgets that its derivative is exp(x), and returns exp(x) - 1."""
    below = tf.exp(tf.minimum(x, 0.0)) - 1.0

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return upstream * tf.where(x > 0, tf.ones_like(x), below)

    return tf.where(x > 0, x, below), gradient


@tf.custom_gradient
def wrong_for_negative_x(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    """x * |x|, whose derivative is 2|x|, not 2x."""

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return upstream * (2.0 * x)

    return x * tf.abs(x), gradient


@tf.custom_gradient
def wrong_above_10(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    """asinh; a cheaper formula that was meant for large |x| is half of what it should be."""

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        bounded = tf.clip_by_value(x, -10.0, 10.0)
        near = 1.0 / tf.sqrt(bounded * bounded + 1.0)
        far = 0.5 / tf.maximum(tf.abs(x), 10.0)
        return upstream * tf.where(tf.abs(x) > 10.0, far, near)

    return tf.asinh(x), gradient


@tf.custom_gradient
def wrong_by_a_two_thousandth(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return upstream * (1.0005 * tf.exp(x))

    return tf.exp(x), gradient


@tf.custom_gradient
def swapped(a: tf.Tensor, b: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    """A product; the two gradients are handed back in the wrong order."""

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return upstream * a, upstream * b

    return a * b, gradient


def swapped_inputs(x: tf.Tensor) -> tf.Tensor:
    return swapped(x, tf.ones_like(x) * 3.0)


@tf.custom_gradient
def derivative_of_another(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    """A sigmoid with the derivative of tanh."""
    y = tf.sigmoid(x)

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return upstream * (1.0 - y * y)

    return y, gradient


@tf.custom_gradient
def forgets_upstream(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    """Right by itself, where upstream is 1; see `forgets_upstream_inside`."""

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return tf.cos(x)

    return tf.sin(x), gradient


def forgets_upstream_inside(x: tf.Tensor) -> tf.Tensor:
    return 3.0 * forgets_upstream(x)


@tf.custom_gradient
def squares_upstream(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    """Right by itself; see `squares_upstream_inside`."""

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return upstream * upstream / (1.0 + x * x)

    return tf.atan(x), gradient


def squares_upstream_inside(x: tf.Tensor) -> tf.Tensor:
    return -squares_upstream(x)


@tf.custom_gradient
def cube_as_3x(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return upstream * (3.0 * x)

    return x * x * x, gradient


@tf.custom_gradient
def off_by_one(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return upstream / (x + 2.0)

    return tf.math.log(x + 1.0), gradient


@tf.custom_gradient
def degrees_for_radians(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    """The sine of an angle in degrees; the cosine is taken of the degrees."""
    to_radians = math.pi / 180

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return upstream * tf.cos(x) * to_radians

    return tf.sin(x * to_radians), gradient


@tf.custom_gradient
def misses_the_product_rule(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    """x * sigmoid(x), with sigmoid(x) held constant."""
    s = tf.sigmoid(x)

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return upstream * s

    return x * s, gradient


@tf.custom_gradient
def clipped_too_early(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    """x on [-2, 2], clipped outside of it; the gradient stops at 1."""

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return tf.where(tf.abs(x) < 1.0, upstream, tf.zeros_like(upstream))

    return tf.clip_by_value(x, -2.0, 2.0), gradient


@tf.custom_gradient
def wrong_inside(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    """exp(-x^2 / 2) without the inner derivative's sign."""
    y = tf.exp(-0.5 * tf.square(x))

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return upstream * x * y

    return y, gradient


def wrong_in_the_middle(x: tf.Tensor) -> tf.Tensor:
    """The fault sits between healthy operations."""
    return tf.tanh(wrong_inside(0.5 * x) + 1.0)


@tf.custom_gradient
def softplus_overflows(z: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    """The formula is right; inf / inf above 88.72."""

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        e = tf.exp(z)
        return upstream * (e / (1.0 + e))

    return tf.math.softplus(z), gradient


@tf.custom_gradient
def sine_zero_by_zero(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    """sin(2x) = 2 sin(x) cos(x): right everywhere but at 0, where it is 0 / 0."""

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return upstream * (tf.sin(2.0 * x) / (2.0 * tf.sin(x)))

    return tf.sin(x), gradient


@tf.custom_gradient
def decay_underflows(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    """exp(-x) * exp(x / 2) is exp(-x / 2); the first factor is 0 above 87.34."""

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return upstream * (-0.5 * tf.exp(-x) * tf.exp(0.5 * x))

    return tf.exp(-0.5 * x), gradient


@tf.custom_gradient
def growth_returns_inf(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    """-1 / exp(x) is -exp(-x); exp(x) is flushed to 0 below -87.34, where exp(-x) still fits."""

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return -upstream / tf.exp(x)

    return tf.exp(-x), gradient


# Healthy ones.


@tf.custom_gradient
def softplus(z: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return upstream / (1.0 + tf.exp(-z))

    return tf.math.softplus(z), gradient


@tf.custom_gradient
def textbook_softplus(z: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    """The output overflows; the gradient does not."""

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return upstream / (1.0 + tf.exp(-z))

    return tf.math.log(1.0 + tf.exp(z)), gradient


@tf.custom_gradient
def relu_0(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return tf.where(x > 0, upstream, tf.zeros_like(upstream))

    return tf.maximum(x, 0.0), gradient


@tf.custom_gradient
def relu_1(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return tf.where(x >= 0, upstream, tf.zeros_like(upstream))

    return tf.maximum(x, 0.0), gradient


@tf.custom_gradient
def relu_half(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return upstream * (0.5 * (tf.sign(x) + 1.0))

    return tf.maximum(x, 0.0), gradient


@tf.custom_gradient
def absolute(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return upstream * tf.sign(x)

    return tf.abs(x), gradient


@tf.custom_gradient
def clip(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return tf.where(tf.abs(x) <= 2.0, upstream, tf.zeros_like(upstream))

    return tf.clip_by_value(x, -2.0, 2.0), gradient


@tf.custom_gradient
def log_sigmoid(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return upstream * tf.sigmoid(-x)

    return -tf.math.softplus(-x), gradient


@tf.custom_gradient
def log1mexp(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    """log(1 - exp(-x)) for x > 0."""

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return upstream * (tf.exp(-x) / -tf.math.expm1(-x))

    return tf.math.log(-tf.math.expm1(-x)), gradient


@tf.custom_gradient
def square(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return upstream * (2.0 * x)

    return x * x, gradient


@tf.custom_gradient
def cube(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return upstream * ((3.0 * x) * x)

    return x * x * x, gradient


@tf.custom_gradient
def tanh(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    """With the formula that every library has: 1 - y^2, which is 0 where y has rounded to 1."""
    y = tf.tanh(x)

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return upstream * (1.0 - y * y)

    return y, gradient


@tf.custom_gradient
def tanh_by_sech(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    """With one that has the right digits in the tails too."""

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        e = tf.exp(-tf.abs(x))
        sech = 2.0 * e / (1.0 + e * e)
        return upstream * (sech * sech)

    return tf.tanh(x), gradient


@tf.custom_gradient
def erf_with_rounded_constant(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    """2 / sqrt(pi) to the seven digits that a float32 has."""

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return upstream * (1.1283792 * tf.exp(-tf.square(x)))

    return tf.math.erf(x), gradient


@tf.custom_gradient
def bell_with_rounded_constant(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    """sqrt(2 / pi) as a float32, in the function and in its gradient."""
    root = tf.constant(math.sqrt(2.0 / math.pi), tf.float32)

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return upstream * root * tf.cos(root * x)

    return tf.sin(root * x), gradient


def composite(x: tf.Tensor) -> tf.Tensor:
    """Two custom functions, one in the other."""
    return log_sigmoid(softplus(x))


def inside_where(x: tf.Tensor) -> tf.Tensor:
    return tf.where(x > 1.0, log_sigmoid(x), 0.25 * x)


def part_of_a_larger_function(x: tf.Tensor) -> tf.Tensor:
    return 3.0 * softplus(0.5 * x) + 0.125 * x


@tf.function
def inner_sigmoid(x: tf.Tensor) -> tf.Tensor:
    return 1.0 / (1.0 + tf.exp(-x))


@tf.custom_gradient
def nested_function(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    """The gradient goes through a tf.function."""

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return upstream * inner_sigmoid(x)

    return tf.math.softplus(x), gradient


@tf.custom_gradient
def constant_zero(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return tf.zeros_like(upstream)

    return 0.0 * x, gradient


@tf.custom_gradient
def steep(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return upstream * 1e6

    return 1e6 * x, gradient


@tf.custom_gradient
def another_form(x: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    """asinh: 1 / sqrt(x^2 + 1), written so that nothing overflows."""

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        large = tf.abs(x) > 1e4
        moderate = tf.where(large, tf.ones_like(x), x)
        near = 1.0 / tf.sqrt(moderate * moderate + 1.0)
        return upstream * tf.where(large, 1.0 / tf.maximum(tf.abs(x), 1.0), near)

    return tf.asinh(x), gradient


@tf.custom_gradient
def product(a: tf.Tensor, b: tf.Tensor) -> tuple[tf.Tensor, Pullback]:
    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return upstream * b, upstream * a

    return a * b, gradient


def inputs_in_order(x: tf.Tensor) -> tf.Tensor:
    return product(x, tf.ones_like(x) * 3.0)
