"""Diseases of square roots and powers at 0, of norms, and of what is divided by them."""

from typing import Any

from gradcheck.diseases.disease import Disease
from gradcheck.diseases.families.exponentials import FRACTION, X, Y, broadcasts
from gradcheck.diseases.guards import constant, kept_from_zero
from gradcheck.diseases.patterns import (
    Num,
    Pattern,
    Var,
    absolute,
    add,
    div,
    mean,
    mul,
    power,
    sqrt,
    square,
    sub,
    total,
)

AT_ZERO = "The square root has no finite derivative at 0, and 0 * inf is NaN."
SQUARES = "The derivative is 0 / 0 at 0, and squares are flushed to 0 or overflow long before their root does."
BARE = Var("x", unless=kept_from_zero)
DEVIATIONS = mean(square(sub(X, mean(X, lambda axis, keepdims: keepdims))))
MOMENTS = sub(mean(square(X)), square(mean(X)))
STEADY_NORM = (
    "top = tf.stop_gradient(tf.reduce_max(tf.abs({x}), axis={axis}, keepdims=True))\n"
    "top = tf.where(top == 0, tf.ones_like(top), top)\n"
    "s = tf.reduce_sum(tf.square({x} / top), axis={axis}, keepdims=True)\n"
    "zero = s == 0\n"
    "root = tf.sqrt(tf.where(zero, tf.ones_like(s), s))\n"
)
UNIT = "def unit(v):\n" + "".join(f"    {line}\n" for line in STEADY_NORM.replace("{x}", "v").splitlines())


def fits(axis: Any, keepdims: bool) -> bool:
    """Whether a sum over axes fits back on its summands."""
    return axis == [] or broadcasts(axis, keepdims)


def norm(of: Var) -> Pattern:
    """The Euclidean norm."""
    return sqrt(total(square(of)))


def rooted(argument: str, root: str) -> str:
    """A root whose value is 0 where its argument is, and whose gradient is 0 there too."""
    safe = "tf.where(zero, tf.ones_like(v), v)"
    return f"v = {argument}\nzero = v == 0\ntf.where(zero, tf.zeros_like(v), {root.format(safe)})"


DISEASES = (
    Disease(
        "x over its absolute value",
        (div(X, absolute(X)), div(absolute(X), X), div(X, sqrt(square(X)))),
        "At 0 this is 0 / 0, and squares are flushed to 0 or overflow.",
        "tf.sign({x})",
        exact=False,
    ),
    Disease("root of a square", (sqrt(square(X)),), SQUARES, "tf.abs({x})", exact=False),
    Disease(
        "x over its norm",
        (div(X, sqrt(total(square(X), fits))),),
        SQUARES,
        STEADY_NORM + "tf.where(zero, tf.zeros_like({x}), {x} / top / root)",
        exact=False,
    ),
    Disease(
        "norm by hand",
        (norm(X),),
        SQUARES,
        STEADY_NORM + "tf.reduce_sum(tf.where(zero, tf.zeros_like(s), top * root), axis={axis}, keepdims={keepdims})",
        exact=False,
    ),
    Disease(
        "cosine similarity by hand",
        (
            div(total(mul(X, Y)), mul(norm(X), norm(Y))),
            div(div(total(mul(X, Y)), norm(X)), norm(Y)),
        ),
        SQUARES,
        UNIT
        + "    return tf.where(zero, tf.zeros_like(v), v / top / root)\n"
        + "tf.reduce_sum(unit({x}) * unit({y}), axis={axis}, keepdims={keepdims})",
        exact=False,
    ),
    Disease(
        "hypotenuse by hand",
        (sqrt(add(square(X), square(Var("y", unless=constant)))),),
        SQUARES,
        "top = tf.stop_gradient(tf.maximum(tf.abs({x}), tf.abs({y})))\n"
        "top = tf.where(top == 0, tf.ones_like(top), top)\n"
        "s = tf.square({x} / top) + tf.square({y} / top)\n"
        "zero = s == 0\n"
        "tf.where(zero, tf.zeros_like(s), top * tf.sqrt(tf.where(zero, tf.ones_like(s), s)))",
        exact=False,
    ),
    Disease(
        "root of a square plus a constant",
        (sqrt(add(square(X), Num(lambda value: value > 0, "k"))),),
        "The square overflows long before its root does; the gradient is then 0 or NaN.",
        "top = tf.stop_gradient(tf.maximum(tf.abs({x}), {k} ** 0.5))\n"
        "top * tf.sqrt(tf.square({x} / top) + tf.square({k} ** 0.5 / top))",
    ),
    Disease(
        "root of one minus a square",
        (sqrt(sub(1, square(X))),),
        "Near -1 and 1 the difference cancels, and at both ends the derivative is not finite.",
        rooted("tf.where(tf.abs({x}) < 0.5, 1.0 - {x} * {x}, (1.0 - {x}) * (1.0 + {x}))", "tf.sqrt({})"),
        exact=False,
    ),
    Disease(
        "standard deviation",
        (sqrt(DEVIATIONS), sqrt(MOMENTS)),
        "The variance of equal values is 0, where the root has no finite derivative; 0 * inf is NaN.",
        rooted("tf.math.reduce_variance({x}, axis={axis}, keepdims={keepdims})", "tf.sqrt({})"),
        exact=False,
    ),
    Disease(
        "variance from moments",
        (MOMENTS,),
        "The difference of two means cancels, and can come out below 0.",
        "tf.math.reduce_variance({x}, axis={axis}, keepdims={keepdims})",
    ),
    Disease(
        "root of one plus x, less one",
        (sub(sqrt(add(1, X)), 1),),
        "Near 0 the root rounds to 1, and the difference cancels.",
        "{x} / (tf.sqrt(1.0 + {x}) + 1.0)",
    ),
    Disease(
        "difference of roots",
        (sub(sqrt(add(X, Num(lambda value: value > 0, "k"))), sqrt(X)),),
        "The roots of large numbers are equal up to rounding, and their difference cancels.",
        "{k} / (tf.sqrt({x} + {k}) + tf.sqrt({x}))",
    ),
    Disease(
        "power of zero",
        (power(X, 0.0),),
        "The derivative is written 0 * x ** -1, which is 0 * inf at 0.",
        "tf.ones_like({x})",
    ),
    Disease(
        "root at zero",
        (sqrt(BARE),),
        AT_ZERO,
        rooted("{x}", "tf.sqrt({})"),
        exact=False,
    ),
    Disease(
        "fractional power at zero",
        (power(BARE, FRACTION),),
        "The power has no finite derivative at 0, and 0 * inf is NaN.",
        rooted("{x}", "{} ** {{k}}"),
        exact=False,
    ),
)
