"""Comparing, choosing, cutting off and rounding: where functions have kinks and jumps."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from flint import arb

from gradcheck.program import Array, Node
from gradcheck.truth.duals import ONE, ZERO, Dual, Real, State, between, lost, of_one, state_of
from gradcheck.truth.ops.arithmetic import divide, multiply, subtract
from gradcheck.truth.running import FLOATS, Rule, Run, compared, each, elementwise

NOTHING = Dual(ZERO)


def relation(holds: Callable[[int], bool], on_integers: Callable[[Array, Array], Array]) -> Rule:
    """Less, Equal and the others, from the sign of the difference."""

    def of_duals(run: Run, a: Dual, b: Dual) -> bool | State:
        s = run.compare(a, b)
        if s is None and State.UNDEFINED in (a.v, b.v):
            return False
        return State.UNDECIDED if s is None else holds(s)

    def rule(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
        del node
        if any(a.size and isinstance(a.flat[0], Dual) for a in arrays):
            return [each(lambda a, b: of_duals(run, a, b), 2)(*arrays)]
        return [np.asarray(on_integers(*arrays))]

    return rule


def logical(call: Callable[..., bool], deciding: bool | None, inputs: int = 2) -> Rule:
    """And, Or, Not, Xor on True, False and undecided; `deciding` settles the result alone."""

    def apply(*xs: Any) -> Any:
        if any(x is State.UNDECIDED for x in xs):
            settled = deciding is not None and any(x is not State.UNDECIDED and bool(x) == deciding for x in xs)
            return deciding if settled else State.UNDECIDED
        return bool(call(*(bool(x) for x in xs)))

    return elementwise(apply, inputs)


def select(condition: Any, x: Any, y: Any) -> Any:
    """X where the condition holds, else y; the other one does not matter."""
    if condition is State.UNDECIDED:
        return Dual(State.UNDECIDED, State.UNDECIDED) if isinstance(x, Dual) else State.UNDECIDED
    return x if condition else y


def select_rows(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
    """Select, the old form: a vector of conditions chooses rows."""
    del run, node
    condition, x, y = arrays
    if condition.ndim == 1 and x.ndim > 1:
        condition = condition.reshape(-1, *[1] * (x.ndim - 1))
    return [each(select, 3)(condition, x, y)]


def larger(run: Run, a: Any, b: Any) -> Any:
    """max(a, b); for integers too."""
    return pick(run, a, b, 1)


def smaller(run: Run, a: Any, b: Any) -> Any:
    """min(a, b); for integers too."""
    return pick(run, a, b, -1)


def pick(run: Run, a: Any, b: Any, wanted: int) -> Any:
    """The argument on the wanted side; a where both are equal."""
    if not isinstance(a, Dual):
        return (max if wanted > 0 else min)(a, b)
    state = state_of(a, b)
    if state is not None:
        return lost(state, a, b)
    s = run.compare(a, b)
    if s is None:
        assert isinstance(a.v, arb), "states are handled above"
        enclosure = a.v.max(b.v) if wanted > 0 else a.v.min(b.v)
        return Dual(enclosure, None if a.d is None and b.d is None else State.UNDECIDED)
    if s == 0 and run.hull:
        return Dual(a.v, between(a.d, b.d))
    return a if s in (0, wanted) else b


def absolute(run: Run, x: Any) -> Any:
    """|x|; at 0 the derivative is taken as 0, the middle of the one-sided ones."""
    if not isinstance(x, Dual):
        return abs(x)
    if isinstance(x.v, State):
        return lost(x.v, x)
    s = run.compare(x, NOTHING)
    if s is None:
        return Dual(abs(x.v), None if x.d is None else State.UNDECIDED)
    slope = arb(0, 1) if s == 0 and run.hull else arb(s)
    return of_one(lambda t: s * t if s else abs(t), lambda t, v: slope)(x)


def sign_of(run: Run, x: Any) -> Any:
    """-1, 0 or 1."""
    if not isinstance(x, Dual):
        return int(np.sign(x))
    s = run.compare(x, NOTHING)
    return lost(x.v if isinstance(x.v, State) else State.UNDECIDED, x) if s is None else stepped(x, arb(s))


def stepped(x: Dual, value: Real) -> Dual:
    """A value that is constant on both sides of its jumps."""
    return Dual(value, None if x.d is None else ZERO)


def clip(run: Run, x: Any, low: Any, high: Any) -> Any:
    """ClipByValue: min(max(x, low), high)."""
    return smaller(run, larger(run, x, low), high)


def leaky(run: Run, alpha: Callable[[Node], arb], node: Node, x: Dual) -> Dual:
    """X above 0, alpha * x below and at 0."""
    if isinstance(x.v, State):
        return lost(x.v, x)
    s = run.compare(x, NOTHING)
    if s is None:
        return lost(State.UNDECIDED, x)
    slope = ONE if s > 0 else alpha(node)
    beside = slope.union(ONE) if s == 0 and run.hull else slope
    return of_one(lambda t: slope * t, lambda t, v: beside)(x)


def relu_like(alpha: Callable[[Node], arb]) -> Rule:
    """Relu and LeakyRelu."""

    def rule(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
        return [each(lambda x: leaky(run, alpha, node, x), 1)(*arrays)]

    return rule


SIX = Dual(arb(6))


def relu6(run: Run, x: Dual) -> Dual:
    """min(max(x, 0), 6)."""
    return clip(run, x, NOTHING, SIX)  # type: ignore[no-any-return]


def softsign(run: Run, x: Dual) -> Dual:
    """X / (1 + |x|); smooth, with the derivative 1 / (1 + |x|)^2."""
    del run
    return of_one(lambda t: t / (1 + abs(t)), lambda t, v: 1 / (1 + abs(t)) ** 2)(x)


def rounded(to_integer: Callable[[arb], arb]) -> Rule:
    """Floor, Ceil, Round, Rint: constant between jumps; undecided where the enclosure crosses one."""

    def apply(x: Dual) -> Dual:
        if isinstance(x.v, State):
            return lost(x.v, x)
        integer = to_integer(x.v).unique_fmpz() if x.v.is_finite() else None
        return lost(State.UNDECIDED, x) if integer is None else stepped(x, arb(integer))

    return elementwise(apply)


def half_to_even(x: arb) -> arb:
    """Rounded to the nearest integer, ties to the even one."""
    low = (x + arb(0.5)).floor()
    if x.is_exact() and (low - x - arb(0.5)).is_zero():
        integer = low.unique_fmpz()
        return low if integer is not None and int(integer) % 2 == 0 else low - 1
    return low


def floor_divide(x: Dual, y: Dual) -> Dual:
    """floor(x / y)."""
    ratio = divide(x, y)
    if isinstance(ratio.v, State):
        return ratio
    integer = ratio.v.floor().unique_fmpz() if ratio.v.is_finite() else None
    return lost(State.UNDECIDED, ratio) if integer is None else stepped(ratio, arb(integer))


def remainder(truncated: bool) -> Callable[[Dual, Dual], Dual]:
    """X - y * floor(x / y), or with the quotient cut towards 0."""

    def apply(x: Dual, y: Dual) -> Dual:
        whole = floor_divide(x, y)
        if isinstance(whole.v, arb) and truncated and whole.v < 0 and not isinstance(divide(x, y).v, State):
            exact = divide(x, y).v
            whole = whole if isinstance(exact, arb) and (exact - whole.v).is_zero() else Dual(whole.v + 1, whole.d)
        if isinstance(whole.v, State):
            return whole
        return subtract(x, multiply(Dual(whole.v), y))

    return apply


def cast(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
    """Cast: the same number; to an integer, cut towards 0; to a truth value, whether it is not 0."""
    source, wanted = node.attributes.get("SrcT"), node.attributes.get("DstT")
    (values,) = arrays
    if source in FLOATS and wanted in FLOATS:
        return [values]
    if source in FLOATS:
        to = (lambda x: truth_of(run, x)) if wanted == "bool" else truncated_integer
        return [each(to, 1)(values)]
    if wanted in FLOATS:
        return [each(number_of, 1)(values)]
    if values.dtype == object:
        return [values]
    return [values.astype(wanted)]


def number_of(value: Any) -> Dual:
    """An integer or truth value as a number."""
    return Dual(value, value) if isinstance(value, State) else Dual(arb(int(value)))


def truncated_integer(x: Dual) -> int | State:
    """A number cut towards 0."""
    if isinstance(x.v, State):
        return State.UNDECIDED
    low = x.v.floor() if not x.v < 0 else x.v.ceil()
    integer = low.unique_fmpz() if x.v.is_finite() else None
    return State.UNDECIDED if integer is None else int(integer)


def truth_of(run: Run, x: Dual) -> bool | State:
    """Whether a number is not 0."""
    s = run.compare(x, NOTHING)
    return State.UNDECIDED if s is None else bool(s)


def is_finite(x: Dual) -> bool | State:
    """IsFinite in real arithmetic: a real number is."""
    return x.v.is_finite() if isinstance(x.v, arb) else x.v is not State.UNDEFINED


RULES: Mapping[str, Rule] = {
    "Abs": compared(absolute, 1),
    "Cast": cast,
    "Ceil": rounded(lambda x: x.ceil()),
    "ClipByValue": compared(clip, 3),
    "Equal": relation(lambda s: s == 0, np.equal),
    "Floor": rounded(lambda x: x.floor()),
    "FloorDiv": elementwise(lambda x, y: floor_divide(x, y) if isinstance(x, Dual) else x // y, 2),
    "FloorMod": elementwise(lambda x, y: remainder(False)(x, y) if isinstance(x, Dual) else x % y, 2),
    "Greater": relation(lambda s: s > 0, np.greater),
    "GreaterEqual": relation(lambda s: s >= 0, np.greater_equal),
    "IsFinite": elementwise(is_finite),
    "IsInf": elementwise(lambda x: isinstance(x.v, arb) and not x.v.is_finite()),
    "IsNan": elementwise(lambda x: x.v is State.UNDEFINED),
    "LeakyRelu": relu_like(lambda node: arb(node.attributes["alpha"])),
    "Less": relation(lambda s: s < 0, np.less),
    "LessEqual": relation(lambda s: s <= 0, np.less_equal),
    "LogicalAnd": logical(lambda a, b: a and b, False),
    "LogicalNot": logical(lambda a: not a, None, 1),
    "LogicalOr": logical(lambda a, b: a or b, True),
    "Maximum": compared(larger),
    "Minimum": compared(smaller),
    "Mod": elementwise(remainder(True), 2),
    "NotEqual": relation(lambda s: s != 0, np.not_equal),
    "Relu": relu_like(lambda node: ZERO),
    "Relu6": compared(relu6, 1),
    "Rint": rounded(half_to_even),
    "Round": rounded(half_to_even),
    "Select": select_rows,
    "SelectV2": elementwise(select, 3),
    "Sign": compared(sign_of, 1),
    "Softsign": compared(softsign, 1),
    "TruncateMod": elementwise(remainder(True), 2),
}
