"""The operations that occur in TensorFlow's own gradients: their documented formulas, as they stand.

Whether such a formula is the derivative is not decided here: these entries only say what a backward graph computes, so
that a custom gradient can be evaluated exactly.
"""

from collections.abc import Mapping

from flint import arb

from gradcheck.program import Array, Node
from gradcheck.truth.duals import ONE, Dual, State, lost
from gradcheck.truth.ops.arithmetic import add, divide, multiply, negate, square, subtract
from gradcheck.truth.ops.choices import NOTHING, SIX
from gradcheck.truth.ops.exponentials import selu_constants, sigmoid
from gradcheck.truth.running import Rule, Run, compared, each, elementwise

UNIT = Dual(ONE)
HALF = Dual(arb(0.5))


def where_positive(run: Run, gradient: Dual, x: Dual) -> Dual:
    """ReluGrad: gradient where x > 0, else 0."""
    s = run.compare(x, NOTHING)
    return lost(State.UNDECIDED, gradient) if s is None else gradient if s > 0 else NOTHING


def where_in_six(run: Run, gradient: Dual, x: Dual) -> Dual:
    """Relu6Grad: gradient where 0 < x < 6, else 0."""
    low, high = run.compare(x, NOTHING), run.compare(x, SIX)
    if low is None or high is None:
        return lost(State.UNDECIDED, gradient)
    return gradient if low > 0 and high < 0 else NOTHING


def leaky_relu_grad(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
    """LeakyReluGrad: gradient where x > 0, else alpha * gradient."""
    alpha = Dual(arb(node.attributes["alpha"]))

    def apply(gradient: Dual, x: Dual) -> Dual:
        s = run.compare(x, NOTHING)
        return lost(State.UNDECIDED, gradient) if s is None else gradient if s > 0 else multiply(gradient, alpha)

    return [each(apply, 2)(*arrays)]


def elu_grad(run: Run, gradient: Dual, y: Dual) -> Dual:
    """EluGrad: gradient * (y + 1) where the output y is negative, else gradient."""
    s = run.compare(y, NOTHING)
    return lost(State.UNDECIDED, gradient) if s is None else multiply(gradient, add(y, UNIT)) if s < 0 else gradient


def selu_grad(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
    """SeluGrad: gradient * (y + scale * alpha) where the output y is negative, else gradient * scale."""
    scale, scale_alpha = (Dual(c) for c in selu_constants(node.dtypes[0]))

    def apply(gradient: Dual, y: Dual) -> Dual:
        s = run.compare(y, NOTHING)
        if s is None:
            return lost(State.UNDECIDED, gradient)
        return multiply(gradient, add(y, scale_alpha) if s < 0 else scale)

    return [each(apply, 2)(*arrays)]


def absolute_plus_one(run: Run, x: Dual) -> Dual:
    """1 + |x|."""
    s = run.compare(x, NOTHING)
    return lost(State.UNDECIDED, x) if s is None else add(UNIT, x if s >= 0 else negate(x))


RULES: Mapping[str, Rule] = {
    "EluGrad": compared(elu_grad),
    "InvGrad": elementwise(lambda y, dy: negate(multiply(dy, square(y))), 2),
    "LeakyReluGrad": leaky_relu_grad,
    "ReciprocalGrad": elementwise(lambda y, dy: negate(multiply(dy, square(y))), 2),
    "Relu6Grad": compared(where_in_six),
    "ReluGrad": compared(where_positive),
    "RsqrtGrad": elementwise(lambda y, dy: multiply(dy, multiply(Dual(arb(-0.5)), multiply(y, square(y)))), 2),
    "SeluGrad": selu_grad,
    "SigmoidGrad": elementwise(lambda y, dy: multiply(dy, multiply(y, subtract(UNIT, y))), 2),
    "SoftplusGrad": elementwise(lambda dy, x: multiply(dy, sigmoid(x)), 2),
    "SoftsignGrad": compared(lambda run, dy, x: divide(dy, square(absolute_plus_one(run, x)))),
    "SqrtGrad": elementwise(lambda y, dy: divide(multiply(dy, HALF), y), 2),
    "TanhGrad": elementwise(lambda y, dy: multiply(dy, subtract(UNIT, square(y))), 2),
}
