"""Diseases of trigonometric functions and their inverses: cancellation near 0, infinite derivatives at the ends."""

from gradcheck.diseases.disease import Disease
from gradcheck.diseases.families.exponentials import X, Y, series
from gradcheck.diseases.guards import clipped
from gradcheck.diseases.patterns import Var, acos, asin, atan, cos, div, sin, square, sub

INNER = Var("x", unless=clipped)
AT_ENDS = "The derivative is not finite at -1 and 1, which rounding reaches, and inaccurate near them."
CANCELS = "Near 0 the cosine rounds to 1, and the difference cancels."
SINC = (
    "small = tf.abs(h) < 1.0\n"
    "near = tf.where(small, h, tf.zeros_like(h))\n"
    "far = tf.where(small, tf.ones_like(h), h)\n"
    f"sinc = tf.where(small, {series('near * near', (6, 20, 42, 72, 110, 156), '-')}, tf.sin(far) / far)\n"
)
ENDS = "u = (1.0 - {x}) * (1.0 + {x})\nend = u == 0\nroot = tf.sqrt(tf.where(end, tf.ones_like(u), u))\n"

DISEASES = (
    Disease(
        "arc cosine at its ends",
        (acos(INNER),),
        AT_ENDS,
        ENDS + "tf.where(end, tf.acos(tf.stop_gradient({x})), tf.atan2(root, {x}))",
        exact=False,
    ),
    Disease(
        "arc sine at its ends",
        (asin(INNER),),
        AT_ENDS,
        ENDS + "tf.where(end, tf.asin(tf.stop_gradient({x})), tf.atan2({x}, root))",
        exact=False,
    ),
    Disease(
        "arc tangent of a quotient",
        (atan(div(Y, X)),),
        "Where the denominator is 0 the gradient is 0 * inf, though the angle is smooth there.",
        "side = tf.where({x} < 0, -tf.ones_like({x}), tf.ones_like({x}))\ntf.atan2({y} * side, {x} * side)",
    ),
    Disease(
        "one minus cosine over x squared",
        (div(sub(1, cos(X)), square(X)),),
        "Near 0 the difference cancels, and at 0 both it and its derivative are 0 / 0.",
        "h = 0.5 * {x}\n" + SINC + "0.5 * sinc * sinc",
    ),
    Disease(
        "one minus cosine over x",
        (div(sub(1, cos(X)), X),),
        "Near 0 the difference cancels, and at 0 both it and its derivative are 0 / 0.",
        "h = 0.5 * {x}\n" + SINC + "sinc * tf.sin(h)",
    ),
    Disease("one minus cosine", (sub(1, cos(X)),), CANCELS, "2.0 * tf.sin(0.5 * {x}) ** 2"),
    Disease(
        "sine over x",
        (div(sin(X), X),),
        "At 0 this is 0 / 0, and near it the two terms of its derivative cancel.",
        "h = {x}\n" + SINC + "sinc",
    ),
)
