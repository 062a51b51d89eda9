"""Diseases of log whose argument rounds, overflows or is flushed to 0 where the logarithm itself is moderate."""

from gradcheck.diseases.disease import Disease
from gradcheck.diseases.families.exponentials import EXPONENT, RAISED, SIGMOID, SOFTMAX, TANH, X, Y
from gradcheck.diseases.guards import exponential
from gradcheck.diseases.patterns import (
    Num,
    Var,
    add,
    app,
    cosh,
    div,
    either,
    erf,
    erfc,
    exp,
    expm1,
    log,
    log1p,
    mean,
    mul,
    neg,
    sqrt,
    square,
    sub,
    tanh,
    total,
)

ANY = Var("x", unless=exponential)
TINY = 1.1754944e-38
LOG2 = 0.6931471805599453
OVERFLOWS = "exp overflows where its logarithm is moderate, and the gradient becomes inf * 0 or inf / inf."
ROUNDS = "The argument of the logarithm rounds to 0 or 1 where the logarithm itself is moderate."
CANCELS = "The argument of the logarithm rounds to 1 near 0, and the result to 0."
SOFTPLUS = either(log(add(1, exp(EXPONENT))), log1p(exp(EXPONENT)))
LOG_COSH = (
    "small = tf.abs({x}) < 1\n"
    "near = tf.where(small, {x}, 0.0)\n"
    "tf.where(small, 0.5 * tf.math.log1p(tf.sinh(near) ** 2), "
    f"tf.abs({{x}}) + tf.math.softplus(-2 * tf.abs({{x}})) - {LOG2})"
)
LOG_ERFC = (
    "large = {z} > 5\n"
    "far = tf.where(large, {z}, 5.0)\n"
    "near = tf.where(large, tf.zeros_like({z}), {z})\n"
    "r = 0.5 / far / far\n"
    "rest = -r * (1 - 3 * r * (1 - 5 * r * (1 - 7 * r)))\n"
    "tail = -far * far - tf.math.log(1.772453850905516 * far) + tf.math.log1p(rest)\n"
)

DISEASES = (
    Disease(
        "log of one plus exp",
        SOFTPLUS.options,
        OVERFLOWS,
        "tf.math.softplus({x})",
    ),
    Disease(
        "log of sigmoid",
        (
            *(log(option) for option in SIGMOID.options),
            neg(log(add(1, exp(neg(EXPONENT))))),
            neg(log1p(exp(neg(EXPONENT)))),
        ),
        ROUNDS,
        "tf.math.log_sigmoid({x})",
    ),
    Disease(
        "log of one minus sigmoid",
        (log(sub(1, SIGMOID)), log1p(neg(SIGMOID)), log(div(1, add(1, exp(X))))),
        ROUNDS,
        "tf.math.log_sigmoid(-{x})",
    ),
    Disease("log of softmax", (log(SOFTMAX),), ROUNDS, "tf.nn.log_softmax({x}, axis={axis})"),
    Disease("log of softmax, last axis", (log(app("softmax", X)),), ROUNDS, "tf.nn.log_softmax({x}, axis=-1)"),
    Disease(
        "logsumexp by hand",
        (log(total(exp(RAISED))),),
        OVERFLOWS,
        "tf.reduce_logsumexp({x}, axis={axis}, keepdims={keepdims})",
    ),
    Disease(
        "logmeanexp by hand",
        (log(mean(exp(RAISED))),),
        OVERFLOWS,
        "count = tf.reduce_sum(tf.ones_like({x}), axis={axis}, keepdims={keepdims})\n"
        "tf.reduce_logsumexp({x}, axis={axis}, keepdims={keepdims}) - tf.math.log(count)",
    ),
    Disease(
        "logaddexp by hand",
        (log(add(exp(RAISED), exp(Y))),),
        OVERFLOWS,
        "top = tf.stop_gradient(tf.maximum({x}, {y}))\ntop + tf.math.log(tf.exp({x} - top) + tf.exp({y} - top))",
    ),
    Disease("log of exp", (log(exp(X)),), OVERFLOWS, "{x}"),
    Disease(
        "log of one minus exp",
        (log(sub(1, exp(X))), log1p(neg(exp(X))), log(neg(expm1(X)))),
        ROUNDS,
        f"near = {{x}} > -{LOG2}\n"
        "far = tf.where(near, -tf.ones_like({x}), {x})\n"
        "tf.where(near, tf.math.log(-tf.math.expm1({x})), tf.math.log1p(-tf.exp(far)))",
    ),
    Disease(
        "log of exp minus one",
        (log(sub(exp(EXPONENT), 1)), log(expm1(EXPONENT))),
        OVERFLOWS,
        "{x} + tf.math.log(-tf.math.expm1(-{x}))",
    ),
    Disease(
        "log of cosh",
        (log(cosh(EXPONENT)), log(div(add(exp(X), exp(neg(X))), 2))),
        "cosh overflows where its logarithm is moderate, and the gradient becomes inf / inf.",
        LOG_COSH,
    ),
    Disease(
        "log of one minus tanh squared",
        (log(sub(1, square(TANH))), log1p(neg(square(TANH)))),
        ROUNDS,
        LOG_COSH.replace("tf.where(small, 0.5", "-2.0 * tf.where(small, 0.5"),
    ),
    Disease(
        "log of tanh",
        (log(tanh(X)),),
        "tanh rounds to 1 for large arguments, and its logarithm and gradient to 0.",
        "large = {x} > 0.5\n"
        "far = tf.where(large, {x}, 0.5)\n"
        "near = tf.where(large, 0.5 * tf.ones_like({x}), {x})\n"
        "tf.where(large, tf.math.log1p(-2.0 * tf.sigmoid(-2.0 * far)), tf.math.log(tf.tanh(near)))",
    ),
    Disease(
        "log of erfc",
        (log(erfc(Var("z"))), log(sub(1, erf(Var("z"))))),
        "erfc is flushed to 0 for large arguments, and the gradient becomes 0 / 0.",
        LOG_ERFC + "small = near < 0.5\n"
        "middle = tf.where(small, 0.5 * tf.ones_like(near), near)\n"
        "low = tf.where(small, near, 0.0)\n"
        "near = tf.where(small, tf.math.log1p(-tf.math.erf(low)), tf.math.log(tf.math.erfc(middle)))\n"
        "tf.where(large, tail, near)",
    ),
    Disease(
        "log of the normal distribution function",
        (
            log(mul(0.5, erfc(neg(div(X, 2**0.5))))),
            log(mul(0.5, add(1, erf(div(X, 2**0.5))))),
        ),
        "The probability is flushed to 0 for arguments far below 0, and the gradient becomes 0 / 0.",
        "z = {x} * -0.7071067811865476\n"
        + LOG_ERFC.replace("{z}", "z")
        + f"lower = tf.where(large, tail, tf.math.log(tf.math.erfc(near))) - {LOG2}\n"
        "upper = tf.where(z < 0, -z, 0.0)\n"
        "tf.where(z < 0, tf.math.log1p(-0.5 * tf.math.erfc(upper)), lower)",
    ),
    Disease(
        "logit by hand",
        (log(div(X, sub(1, X))), neg(log(sub(div(1, X), 1)))),
        "The quotient overflows near 1, and its derivative before it does.",
        "tf.math.log({x}) - tf.math.log1p(-{x})",
    ),
    Disease(
        "atanh by hand",
        (mul(0.5, log(div(add(1, X), sub(1, X)))),),
        CANCELS,
        "0.5 * (tf.math.log1p({x}) - tf.math.log1p(-{x}))",
    ),
    Disease(
        "asinh by hand",
        (log(add(X, sqrt(add(square(X), 1)))),),
        "Below 0 the sum cancels, and the square overflows.",
        "tf.asinh({x})",
    ),
    Disease(
        "log of one plus a square",
        (log(add(1, square(X))), log1p(square(X))),
        "The square overflows where the logarithm is moderate, and the gradient becomes inf / inf.",
        "large = tf.abs({x}) > 1\n"
        "near = tf.where(large, tf.zeros_like({x}), {x})\n"
        "far = tf.where(large, {x}, 1.0)\n"
        "tf.where(large, 2 * tf.math.log(tf.abs(far)) + tf.math.log1p(tf.square(1 / far)), tf.math.log1p(near * near))",
    ),
    Disease(
        "log of a square",
        (log(square(X)),),
        "The square is flushed to 0 or overflows where its logarithm is moderate.",
        "2.0 * tf.math.log(tf.abs({x}))",
    ),
    Disease(
        "log of a square root",
        (log(sqrt(X)),),
        "At 0 the derivative is inf * inf, and the root costs accuracy.",
        "0.5 * tf.math.log({x})",
    ),
    Disease(
        "log with an epsilon that is flushed",
        (log(add(X, Num(lambda value: 0 <= value < TINY))),),
        "The epsilon is below the smallest normal number: TensorFlow flushes it to 0, and it guards nothing.",
        f"tf.math.log(tf.maximum({{x}}, {TINY}))",
        exact=False,
    ),
)
PRECISION = (
    Disease("log of one plus x", (log(add(1, ANY)),), CANCELS, "tf.math.log1p({x})"),
    Disease("log of one minus x", (log(sub(1, ANY)),), CANCELS, "tf.math.log1p(-{x})"),
)
