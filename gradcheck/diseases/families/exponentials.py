"""Diseases of exp where its result overflows or swamps what is added to it: sigmoid, softmax and tanh by hand."""

from typing import Any

from gradcheck.diseases.disease import Disease
from gradcheck.diseases.guards import bounded_above, constant, shifted
from gradcheck.diseases.patterns import (
    Num,
    Pattern,
    Var,
    add,
    app,
    cosh,
    div,
    either,
    exp,
    expm1,
    minimum,
    mul,
    neg,
    power,
    sinh,
    sqrt,
    square,
    sub,
    tanh,
    total,
    where,
)

X, Y, K = Var("x"), Var("y"), Num(lambda value: value > 0, "k")
RAISED = Var("x", unless=shifted)
EXPONENT = Var("x", unless=bounded_above)
ENDS = "The probability rounds to 0, where a power below 1 has no finite derivative."
UNTAKEN = "exp overflows in the branch that tf.where does not take, and the gradient there is 0 * inf."
OVERFLOWS = "exp overflows and the gradient becomes inf * 0 or inf / inf, although the function itself levels off."


def twice(arg: Var) -> Pattern:
    """2 x, in its spellings."""
    return either(mul(2, arg), add(arg, arg))


def broadcasts(axis: Any, keepdims: bool) -> bool:
    """Whether what is reduced over one axis fits back on the tensor."""
    return isinstance(axis, int) and (keepdims or axis == 0)


def series(x: str, divisors: tuple[int, ...], sign: str = "+") -> str:
    """1 + x/d1 * (1 + x/d2 * (...)), as code."""
    *outer, last = divisors
    text = f"1 {sign} {x} / {last}"
    for divisor in reversed(outer):
        text = f"1 {sign} {x} / {divisor} * ({text})"
    return text


def below(negative: Pattern, otherwise: Var) -> Pattern:
    """A tf.where that takes one thing below 0 and another above."""
    less = either(app("less", X, 0), app("lessequal", X, 0))
    greater = either(app("greater", X, 0), app("greaterequal", X, 0))
    return either(where(less, negative, otherwise), where(greater, otherwise, negative))


EXPM1 = either(sub(exp(X), 1), expm1(X))
SIGMOID = either(div(1, add(1, exp(neg(EXPONENT)))), div(exp(EXPONENT), add(1, exp(X))), app("sigmoid", X))
FRACTION = Num(lambda value: 0 < value < 1, "k")
SOFTMAX = div(exp(RAISED), total(exp(RAISED), broadcasts))
TANH = either(
    div(sinh(EXPONENT), cosh(X)),
    div(sub(exp(EXPONENT), exp(neg(X))), add(exp(X), exp(neg(X)))),
    div(sub(exp(twice(EXPONENT)), 1), add(exp(twice(X)), 1)),
    div(sub(1, exp(neg(twice(X)))), add(1, exp(neg(twice(X))))),
    div(sub(1, exp(mul(-2, X))), add(1, exp(mul(-2, X)))),
    tanh(X),
)

DISEASES = (
    Disease(
        "sigmoid by hand",
        (*SIGMOID.options[:2],),
        OVERFLOWS,
        "tf.sigmoid({x})",
    ),
    Disease("reflected sigmoid by hand", (div(1, add(1, exp(EXPONENT))),), OVERFLOWS, "tf.sigmoid(-{x})"),
    Disease(
        "two-class softmax by hand",
        (div(exp(RAISED), add(exp(X), exp(Y))),),
        OVERFLOWS,
        "tf.sigmoid({x} - {y})",
    ),
    Disease(
        "silu by hand",
        (div(EXPONENT, add(1, exp(neg(X)))), mul(EXPONENT, SIGMOID.options[1])),
        OVERFLOWS,
        "{x} * tf.sigmoid({x})",
    ),
    Disease(
        "mish by hand",
        (
            mul(EXPONENT, tanh(app("log", add(1, exp(X))))),
            mul(EXPONENT, tanh(app("log1p", exp(X)))),
        ),
        OVERFLOWS,
        "{x} * tf.tanh(tf.math.softplus({x}))",
    ),
    Disease("softmax by hand", (SOFTMAX,), OVERFLOWS, "tf.nn.softmax({x}, axis={axis})"),
    Disease("tanh by hand", TANH.options[:-1], OVERFLOWS, "tf.tanh({x})"),
    Disease(
        "one minus sigmoid",
        (sub(1, SIGMOID),),
        "The sigmoid rounds to 1 for large arguments, and the difference to 0.",
        "tf.sigmoid(-{x})",
    ),
    Disease(
        "root of sigmoid",
        (sqrt(SIGMOID),),
        ENDS,
        "tf.exp(0.5 * tf.math.log_sigmoid({x}))",
    ),
    Disease(
        "root of one minus sigmoid",
        (sqrt(sub(1, SIGMOID)),),
        ENDS,
        "tf.exp(0.5 * tf.math.log_sigmoid(-{x}))",
    ),
    Disease(
        "power of sigmoid",
        (power(SIGMOID, FRACTION),),
        ENDS,
        "tf.exp({k} * tf.math.log_sigmoid({x}))",
    ),
    Disease(
        "power of one minus sigmoid",
        (power(sub(1, SIGMOID), FRACTION),),
        ENDS,
        "tf.exp({k} * tf.math.log_sigmoid(-{x}))",
    ),
    Disease("product of exps", (mul(exp(X), exp(Y)),), OVERFLOWS, "tf.exp({x} + {y})"),
    Disease("quotient of exps", (div(exp(X), exp(Y)),), OVERFLOWS, "tf.exp({x} - {y})"),
    Disease(
        "exp with an upper bound",
        (minimum(exp(X), K),),
        "exp overflows where the bound holds it, and the gradient there is 0 * inf.",
        "tf.exp(tf.minimum({x}, tf.math.log(tf.constant({k}, {x}.dtype))))",
    ),
    Disease("root of exp", (sqrt(exp(X)),), OVERFLOWS, "tf.exp(0.5 * {x})"),
    Disease("power of exp", (power(exp(X), FRACTION),), OVERFLOWS, "tf.exp({k} * {x})"),
    Disease(
        "one minus tanh squared",
        (sub(1, square(TANH)),),
        "tanh rounds to 1 for large arguments, and the difference to 0.",
        "4.0 * tf.sigmoid(2.0 * {x}) * tf.sigmoid(-2.0 * {x})",
    ),
    Disease(
        "elu by hand",
        (below(EXPM1, X),),
        UNTAKEN,
        "tf.where({x} < 0, tf.math.expm1(tf.minimum({x}, 0.0)), {x})",
    ),
    Disease(
        "scaled elu by hand",
        (below(mul(K, EXPM1), X), below(sub(mul(K, exp(X)), K), X)),
        UNTAKEN,
        "tf.where({x} < 0, {k} * tf.math.expm1(tf.minimum({x}, 0.0)), {x})",
    ),
    Disease(
        "exp minus one over x",
        (div(EXPM1, X),),
        "Near 0 the difference cancels, and at 0 both it and its derivative are 0 / 0.",
        "small = tf.abs({x}) < 0.5\n"
        "near = tf.where(small, {x}, 0.0)\n"
        "far = tf.where(small, tf.ones_like({x}), {x})\n"
        f"tf.where(small, {series('near', tuple(range(2, 13)))}, tf.math.expm1(far) / far)",
    ),
)
PRECISION = (
    Disease(
        "exp minus one",
        (sub(exp(Var("x", unless=constant)), 1),),
        "Near 0 exp rounds to 1, and the difference cancels.",
        "tf.math.expm1({x})",
    ),
    Disease(
        "sinh by hand",
        (
            div(sub(exp(X), exp(neg(X))), 2),
            sub(div(exp(X), 2), div(exp(neg(X)), 2)),
        ),
        "Near 0 the difference of two exponentials cancels.",
        "tf.sinh({x})",
    ),
)
