"""Diseases of losses by hand: a product of a label or a probability with a logarithm that may be of 0."""

from gradcheck.diseases.disease import Disease
from gradcheck.diseases.families.exponentials import SIGMOID, X
from gradcheck.diseases.guards import clipped, constant, kept_from_zero
from gradcheck.diseases.patterns import Pattern, Var, add, app, either, log, log1p, mul, neg, sub, total

LABEL, P = Var("y", unless=constant), Var("p", unless=clipped)
BARE = Var("x", unless=kept_from_zero)
SATURATES = "The probability rounds to 0 or 1, and the logarithm of 0 times a label of 0 is NaN."
PROBABILITY = "At a probability of exactly 0 or 1 a logarithm of 0 is multiplied by 0, which is NaN."


def binary(label: Pattern, p: Pattern) -> tuple[Pattern, ...]:
    """Y log p + (1 - y) log(1 - p)."""
    other = either(log(sub(1, p)), log1p(neg(p)))
    return (add(mul(label, log(p)), mul(sub(1, label), other)),)


def negative(patterns: tuple[Pattern, ...]) -> tuple[Pattern, ...]:
    """The same with a minus in front, wherever it is written."""
    return tuple(neg(pattern) for pattern in patterns)


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
        (total(mul(LABEL, log(app("softmax", X)))),),
        SATURATES,
        "tf.reduce_sum({y} * tf.nn.log_softmax({x}, axis=-1), axis={axis}, keepdims={keepdims})",
    ),
)

WEIGHTED = (
    Disease(
        "x log x",
        (mul(BARE, log(BARE)),),
        "At 0 this is 0 * -inf, and so is its gradient.",
        "tf.math.xlogy({x}, {x})",
        exact=False,
    ),
    Disease(
        "weighted logarithm",
        (mul(LABEL, log(BARE)),),
        "A weight of 0 times the logarithm of 0 is NaN.",
        "tf.math.xlogy({y}, {x})",
    ),
)
