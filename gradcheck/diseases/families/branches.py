"""Diseases of operations inside a tf.where: what is not taken runs all the same, and 0 times its gradient is NaN.

The cure is a second tf.where, in front of the operation.
"""

from collections.abc import Iterator

from gradcheck.diseases.disease import Disease
from gradcheck.diseases.guards import bounded_above, clipped, constant, nonnegative, selected, surely_above_zero
from gradcheck.diseases.patterns import (
    Num,
    Pattern,
    Var,
    acos,
    add,
    app,
    asin,
    cosh,
    div,
    either,
    exp,
    expm1,
    log,
    log1p,
    neg,
    power,
    sinh,
    sqrt,
    square,
    sub,
)
from gradcheck.diseases.readings import Reader
from gradcheck.diseases.terms import Term

WORDS = "tf.where does not stop the gradient of the branch that it does not take: 0 times an infinite one is NaN."
TWOS = ("2.0", "2.0 * tf.ones_like({x})")
ONES, ZEROS = ("1.0", "tf.ones_like({x})"), ("0.0", "tf.zeros_like({x})")


def one_or_more(reader: Reader, term: Term) -> bool:
    """Cannot be near -1 or 1: guarded, or a constant, or of one sign."""
    return constant(reader, term) or selected(reader, term) or nonnegative(reader, term)


def fixed(reader: Reader, term: Term) -> bool:
    """Kept above 0, or a constant."""
    return constant(reader, term) or surely_above_zero(reader, term)


FREE = Var("x", one_or_more)
BARE, RAISED, INNER = Var("x", fixed), Var("x", bounded_above), Var("x", clipped)
POWER = Num(lambda value: value < 1 and value != 0, "k")
DANGERS: tuple[tuple[str, Pattern, tuple[str, str], str], ...] = (
    ("log1p", either(log(add(1, FREE)), log1p(FREE)), ZEROS, "tf.math.log1p({})"),
    ("log1p of a negative", either(log(sub(1, FREE)), log1p(neg(FREE))), ZEROS, "tf.math.log1p(-{})"),
    ("logarithm", log(BARE), ONES, "tf.math.log({})"),
    ("square root", sqrt(BARE), ONES, "tf.sqrt({})"),
    ("reciprocal root", div(Var("n"), sqrt(BARE)), ONES, "{{n}} * tf.math.rsqrt({})"),
    ("quotient", div(Var("n"), BARE), ONES, "{{n}} / {}"),
    ("power", power(BARE, POWER), ONES, "{} ** {{k}}"),
    ("exponential", exp(RAISED), ZEROS, "tf.exp({})"),
    ("expm1", either(expm1(RAISED), sub(exp(RAISED), 1)), ZEROS, "tf.math.expm1({})"),
    ("hyperbolic sine", sinh(RAISED), ZEROS, "tf.sinh({})"),
    ("hyperbolic cosine", cosh(RAISED), ZEROS, "tf.cosh({})"),
    ("square", square(RAISED), ZEROS, "tf.square({})"),
    ("inverse hyperbolic tangent", app("atanh", INNER), ZEROS, "tf.atanh({})"),
    ("inverse hyperbolic cosine", app("acosh", Var("x", selected)), TWOS, "tf.acosh({})"),
    ("arc cosine", acos(INNER), ZEROS, "tf.acos({})"),
    ("arc sine", asin(INNER), ZEROS, "tf.asin({})"),
)


def both_branches() -> Iterator[Disease]:
    """Each danger in either branch."""
    for name, pattern, (scalar, tensor), text in DANGERS:
        taken = text.format(f"tf.where({{c}}, {{x}}, {scalar})")
        other = text.format(f"tf.where({{c}}, {tensor}, {{x}})")
        yield Disease(f"{name} under where", (pattern,), WORDS, taken, branch=1)
        yield Disease(f"{name} under where, otherwise", (pattern,), WORDS, other, branch=2)


DISEASES = tuple(both_branches())
