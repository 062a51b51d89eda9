"""Exponentials, logarithms, and what is made of them: sigmoid, softplus, elu, selu, hyperbolic functions."""

from collections.abc import Callable, Mapping
from math import ldexp

from flint import arb

from gradcheck.program import Array, Node
from gradcheck.truth.duals import ONE, Dual, Real, State, of_one, sign
from gradcheck.truth.ops.arithmetic import logarithm, logarithm_of_one_plus
from gradcheck.truth.running import Rule, Run, each, elementwise

SELU = (1.0507009873554804934193349852946, 1.7580993408473768599402175208123)
"""The constants of the Selu kernel, scale and scale * alpha (Klambauer et al. 2017)."""

SIGNIFICANT = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}
"""Bits of the kernels' number types."""


def selu_constants(dtype: str) -> tuple[arb, arb]:
    """The two constants, rounded to the kernel's precision as the kernel rounds them."""
    scale, scale_alpha = (ldexp(round(ldexp(c, SIGNIFICANT[dtype] - 1)), 1 - SIGNIFICANT[dtype]) for c in SELU)
    return arb(scale), arb(scale_alpha)


def logistic(x: arb) -> arb:
    """1 / (1 + exp(-x)), without overflow on either side."""
    return 1 / (1 + (-x).exp()) if x > 0 else 1 - 1 / (1 + x.exp()) if not x < 0 else x.exp() / (1 + x.exp())


def softplus_value(x: arb) -> arb:
    """log(1 + exp(x))."""
    return x + (-x).exp().log1p() if x > 0 else x.exp().log1p()


def acosh_value(x: arb) -> Real:
    """acosh, defined from 1 on."""
    s = sign(x - 1)
    return State.UNDECIDED if s is None else x.acosh() if s >= 0 else State.UNDEFINED


def atanh_value(x: arb) -> Real:
    """atanh, defined between -1 and 1."""
    s = sign(1 - abs(x))
    return State.UNDECIDED if s is None else x.atanh() if s > 0 else State.UNDEFINED


exp = of_one(lambda x: x.exp(), lambda x, v: v)
expm1 = of_one(lambda x: x.expm1(), lambda x, v: v + 1)
sigmoid = of_one(logistic, lambda x, v: logistic(x) * logistic(-x))
softplus = of_one(softplus_value, lambda x, v: logistic(x))
sinh = of_one(lambda x: x.sinh(), lambda x, v: x.cosh())
cosh = of_one(lambda x: x.cosh(), lambda x, v: x.sinh())
tanh = of_one(lambda x: x.tanh(), lambda x, v: x.sech() ** 2)
asinh = of_one(lambda x: x.asinh(), lambda x, v: (x * x + 1).rsqrt())
acosh = of_one(acosh_value, lambda x, v: State.SINGULAR if (x - 1).is_zero() else ((x - 1) * (x + 1)).rsqrt())
atanh = of_one(atanh_value, lambda x, v: 1 / ((1 - x) * (1 + x)))


def piecewise(below: "tuple[arb, arb]", run: Run, x: Dual) -> Dual:
    """Scale * x above 0, factor * (exp(x) - 1) below; elu and selu by (scale, factor)."""
    scale, factor = below
    s = run.compare(x, Dual(arb(0)))
    if isinstance(x.v, State) or s is None:
        state = x.v if isinstance(x.v, State) else State.UNDECIDED
        return Dual(state, None if x.d is None else state)
    if s > 0:
        return of_one(lambda t: scale * t, lambda t, v: scale)(x)
    return of_one(lambda t: factor * t.expm1(), lambda t, v: factor * t.exp())(x)


def elu_like(constants: Callable[[str], tuple[arb, arb]]) -> Rule:
    """The rule of Elu and Selu, from the constants for a dtype."""

    def rule(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
        below = constants(node.dtypes[0])
        return [each(lambda x: piecewise(below, run, x), 1)(*arrays)]

    return rule


RULES: Mapping[str, Rule] = {
    "Acosh": elementwise(acosh),
    "Asinh": elementwise(asinh),
    "Atanh": elementwise(atanh),
    "Cosh": elementwise(cosh),
    "Elu": elu_like(lambda dtype: (ONE, ONE)),
    "Exp": elementwise(exp),
    "Expm1": elementwise(expm1),
    "Log": elementwise(logarithm),
    "Log1p": elementwise(logarithm_of_one_plus),
    "Selu": elu_like(selu_constants),
    "Sigmoid": elementwise(sigmoid),
    "Sinh": elementwise(sinh),
    "Softplus": elementwise(softplus),
    "Tanh": elementwise(tanh),
}
