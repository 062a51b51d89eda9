"""Diseases of losses by hand: a product of a label or a probability with a logarithm that may be of 0."""

from gradcheck.diseases.disease import Disease
from gradcheck.diseases.families.exponentials import RAISED, SIGMOID, SOFTMAX, X
from gradcheck.diseases.guards import constant, kept_from_zero
from gradcheck.diseases.patterns import Num, Pattern, Var, add, app, either, exp, log, log1p, mul, neg, sub, total

LABEL, P = Var("y", unless=constant), Var("p")
FIXED = Num(lambda value: 0 <= value <= 1, "y")
SATURATES = "The probability rounds to 0 or 1, and the logarithm of 0 times a label of 0 is NaN."
PROBABILITY = "At a probability of exactly 0 or 1 a logarithm of 0 is multiplied by 0, which is NaN."


def binary(label: Pattern, p: Pattern) -> tuple[Pattern, ...]:
    """y log p + (1 - y) log(1 - p)."""
    other = either(log(sub(1, p)), log1p(neg(p)))
    return (add(mul(label, log(p)), mul(sub(1, label), other)),)


def negative(patterns: tuple[Pattern, ...]) -> tuple[Pattern, ...]:
    """The same with a minus in front, wherever it is written."""
    return tuple(neg(pattern) for pattern in patterns)


CROSS_ENTROPY = total(mul(LABEL, log(either(SOFTMAX))))
LAST_CROSS_ENTROPY = total(mul(LABEL, log(app("softmax", X))))

DISEASES = (
    Disease(
        "binary cross-entropy by hand",
        negative(binary(LABEL, SIGMOID)),
        SATURATES,
        "tf.nn.sigmoid_cross_entropy_with_logits(labels={y}, logits={x})",
    ),
    Disease(
        "binary log-likelihood by hand",
        binary(LABEL, SIGMOID),
        SATURATES,
        "-tf.nn.sigmoid_cross_entropy_with_logits(labels={y}, logits={x})",
    ),
    Disease(
        "binary cross-entropy from probabilities",
        negative(binary(LABEL, P)),
        PROBABILITY,
        "-(tf.math.xlogy({y}, {p}) + tf.math.xlog1py(1.0 - {y}, -{p}))",
    ),
    Disease(
        "binary log-likelihood from probabilities",
        binary(LABEL, P),
        PROBABILITY,
        "tf.math.xlogy({y}, {p}) + tf.math.xlog1py(1.0 - {y}, -{p})",
    ),
    Disease(
        "cross-entropy by hand",
        (LAST_CROSS_ENTROPY,),
        SATURATES,
        "tf.reduce_sum({y} * tf.nn.log_softmax({x}, axis=-1), axis={axis}, keepdims={keepdims})",
    ),
    Disease(
        "x log x",
        (mul(X, log(X)),),
        "At 0 this is 0 * -inf, and so is its gradient.",
        "tf.math.xlogy({x}, {x})",
        exact=False,
    ),
    Disease(
        "weighted logarithm",
        (mul(LABEL, log(Var("x", unless=kept_from_zero))),),
        "A weight of 0 times the logarithm of 0 is NaN.",
        "tf.math.xlogy({y}, {x})",
    ),
)
