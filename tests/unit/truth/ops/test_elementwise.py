"""Every elementwise entry of the table, against mpmath and against TensorFlow's kernels in float64."""

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import tensorflow as tf
from flint import arb

from gradcheck.program import Node, Program
from gradcheck.truth.arguments import argument
from gradcheck.truth.duals import Dual, Real, State
from gradcheck.truth.enclosures import Enclosure
from gradcheck.truth.ops import (
    TABLE,
    arithmetic,
    bessel,
    choices,
    exponentials,
    gradients,
    incomplete,
    special,
    trigonometric,
)
from gradcheck.truth.oracle import Oracle
from gradcheck.truth.running import Run

DIGITS = 70
POINTS = 20
INFINITE = float("inf")
ALPHA = float(np.float32(0.1))
ATTRIBUTES: dict[str, dict[str, Any]] = {"LeakyRelu": {"alpha": ALPHA}, "LeakyReluGrad": {"alpha": ALPHA}}


def program(op: str, arity: int, dtype: str = "float64") -> Program:
    """One operation on scalar arguments."""
    places = tuple(Node(f"x{i}", "Placeholder", (), {"shape": ()}, ("float64",)) for i in range(arity))
    inputs = tuple((i, 0) for i in range(arity))
    node = Node("y", op, inputs, ATTRIBUTES.get(op, {}), (dtype,))
    return Program((*places, node), tuple(range(arity)), ((arity, 0),))


def at(op: str, *values: float, wrt: int = 0) -> Enclosure:
    """What the oracle says of an operation."""
    return Oracle(program(op, len(values)), wrt).at(values)


def exact(x: arb) -> Any:
    """A number without radius as one of mpmath."""
    man, exp = x.man_exp()
    return mp.mpf((int(man < 0), abs(int(man)), int(exp), abs(int(man)).bit_length()))


def middle(x: Real) -> float:
    """The middle of an enclosure."""
    assert isinstance(x, arb)
    return float(x.mid())


def holds(enclosure: Any, truth: Any, relative: float = 1e-25, absolute: Any = 0) -> bool:
    """Whether an enclosure is narrow and contains a number, up to that number's own error."""
    if isinstance(enclosure, State) or not enclosure.is_finite():
        return False
    middle, radius = exact(enclosure.mid()), exact(enclosure.rad())
    narrow = radius <= abs(middle) * mp.mpf(2) ** -30 or radius == 0
    return bool(narrow and abs(middle - truth) <= radius + abs(truth) * relative + absolute)


def quotient(f: Callable[..., Any], values: tuple[float, ...], wrt: int) -> Any:
    """The central difference quotient along one argument, with digits to spare for tiny and for huge numbers."""
    size = abs(values[wrt]) or 1.0
    spare = 10 + int(2 * abs(math.log10(size)) + (size if size < 1e3 else 0))
    with mp.workdps(130 + (0 if f in SPECIAL else spare)):
        point = [mp.mpf(v) for v in values]
        h = min(size, 1) * mp.mpf(10) ** -30
        above, below = ([*point[:wrt], point[wrt] + s * h, *point[wrt + 1 :]] for s in (1, -1))
        return (f(*above) - f(*below)) / (2 * h)


def draws(seed: str, *intervals: tuple[float, float]) -> list[tuple[float, ...]]:
    """Random points of a box."""
    source = random.Random(seed)
    return [tuple(source.uniform(low, high) for low, high in intervals) for _ in range(POINTS)]


WIDE, UNIT, POSITIVE, PARAMETER = (-20.0, 20.0), (-1.0, 1.0), (0.0, 20.0), (0.1, 12.0)
SELU_SCALE, SELU_ALPHA = "1.0507009873554804934193349852946", "1.6732632423543772848170429916717"
"""Klambauer et al., "Self-Normalizing Neural Networks" (2017), section 2."""


def as_double(text: str) -> Any:
    """What a kernel for float64 makes of a constant."""
    return mp.mpf(float(text))


def selu_slope() -> Any:
    """Scale * alpha."""
    with mp.workdps(DIGITS):
        return mp.mpf(float(mp.mpf(SELU_SCALE) * mp.mpf(SELU_ALPHA)))


def even(x: Any) -> Any:
    """The nearest integer, the even one of two."""
    low = mp.floor(x)
    if x - low == 0.5:
        return low if low % 2 == 0 else low + 1
    return mp.floor(x + mp.mpf(1) / 2)


def truncated(x: Any) -> Any:
    """Cut towards 0."""
    return mp.floor(x) if x >= 0 else mp.ceil(x)


def igamma(a: Any, x: Any) -> Any:
    return mp.gammainc(a, 0, x, regularized=True)


def igamma_slope(a: Any, x: Any) -> Any:
    """The derivative of P along a."""
    with mp.workdps(3 * DIGITS):
        h = a * mp.mpf(10) ** -70
        return (igamma(a + h, x) - igamma(a - h, x)) / (2 * h)


Case = tuple[Callable[..., Any], list[tuple[float, float]], list[Any]]

ONE_ARGUMENT: dict[str, tuple[Callable[[Any], Any], tuple[float, float], list[float]]] = {
    "Abs": (abs, WIDE, [2.2250738585072014e-308, -1e308]),
    "Acos": (mp.acos, UNIT, [1 - 2.0**-53, -1 + 2.0**-53, 1e-300]),
    "Acosh": (mp.acosh, (1.0, 20.0), [1 + 2.0**-52, 1e300]),
    "Asin": (mp.asin, UNIT, [1 - 2.0**-53, -1 + 2.0**-53, 1e-300]),
    "Asinh": (mp.asinh, WIDE, [1e-300, -1e300]),
    "Atan": (mp.atan, WIDE, [1e-300, -1e300]),
    "Atanh": (mp.atanh, UNIT, [1 - 2.0**-53, -1 + 2.0**-53, 1e-300]),
    "Ceil": (mp.ceil, WIDE, [1e-300, -1e-300]),
    "Cos": (mp.cos, WIDE, [1e-30, 1e22]),
    "Cosh": (mp.cosh, WIDE, [700.0, 1e-30]),
    "Elu": (lambda x: x if x > 0 else mp.expm1(x), WIDE, [-1e-30, -700.0, 1e300]),
    "Exp": (mp.exp, WIDE, [-745.0, 709.0, 1e-300]),
    "Expm1": (mp.expm1, WIDE, [1e-30, -1e-30, 700.0]),
    "Floor": (mp.floor, WIDE, [1e-300, -1e-300]),
    "Inv": (lambda x: 1 / x, WIDE, [2.2250738585072014e-308, -1e308]),
    "LeakyRelu": (lambda x: x if x > 0 else mp.mpf(ALPHA) * x, WIDE, [1e-300, -1e-300]),
    "Log": (mp.log, POSITIVE, [2.2250738585072014e-308, 1e308, 1 + 2.0**-52]),
    "Log1p": (mp.log1p, (-1.0, 20.0), [-1 + 2.0**-53, 1e-30, 1e308]),
    "Neg": (lambda x: -x, WIDE, []),
    "Reciprocal": (lambda x: 1 / x, WIDE, [2.2250738585072014e-308, -1e308]),
    "Relu": (lambda x: max(x, 0), WIDE, [1e-300, -1e-300]),
    "Relu6": (lambda x: min(max(x, 0), 6), WIDE, [1e-300, 6 - 2.0**-50, 6 + 2.0**-50]),
    "Rint": (even, WIDE, [0.49999999999999994, -0.49999999999999994]),
    "Round": (even, WIDE, [0.49999999999999994, -0.49999999999999994]),
    "Rsqrt": (lambda x: 1 / mp.sqrt(x), POSITIVE, [2.2250738585072014e-308, 1e308]),
    "Selu": (lambda x: as_double(SELU_SCALE) * x if x > 0 else selu_slope() * mp.expm1(x), WIDE, [-1e-30, -700.0]),
    "Sigmoid": (lambda x: 1 / (1 + mp.exp(-x)), WIDE, [-700.0, 40.0, 1e-30]),
    "Sign": (mp.sign, WIDE, [2.2250738585072014e-308, -2.2250738585072014e-308]),
    "Sin": (mp.sin, WIDE, [1e-30, 1e22]),
    "Sinh": (mp.sinh, WIDE, [700.0, 1e-30]),
    "Softplus": (lambda x: mp.log1p(mp.exp(x)), WIDE, [-700.0, 700.0, 1e-30]),
    "Softsign": (lambda x: x / (1 + abs(x)), WIDE, [1e-30, -1e30]),
    "Sqrt": (mp.sqrt, POSITIVE, [2.2250738585072014e-308, 1e308]),
    "Square": (lambda x: x * x, WIDE, [1e-300, 1e300]),
    "Tan": (mp.tan, WIDE, [1.5707963267948966, 1e-30]),
    "Tanh": (mp.tanh, WIDE, [300.0, 1e-30]),
    # Special functions.
    "BesselI0": (lambda x: mp.besseli(0, x), WIDE, [1e-30, 700.0]),
    "BesselI0e": (lambda x: mp.exp(-abs(x)) * mp.besseli(0, x), WIDE, [1e-30, -1e-30, 700.0]),
    "BesselI1": (lambda x: mp.besseli(1, x), WIDE, [1e-30, 700.0]),
    "BesselI1e": (lambda x: mp.exp(-abs(x)) * mp.besseli(1, x), WIDE, [1e-30, -1e-30, 700.0]),
    "BesselJ0": (lambda x: mp.besselj(0, x), WIDE, [1e-30, 1e6]),
    "BesselJ1": (lambda x: mp.besselj(1, x), WIDE, [1e-30, -1e6]),
    "BesselK0": (lambda x: mp.besselk(0, x), POSITIVE, [1e-30, 200.0]),
    "BesselK0e": (lambda x: mp.exp(x) * mp.besselk(0, x), POSITIVE, [1e-30, 200.0]),
    "BesselK1": (lambda x: mp.besselk(1, x), POSITIVE, [1e-30, 200.0]),
    "BesselK1e": (lambda x: mp.exp(x) * mp.besselk(1, x), POSITIVE, [1e-30, 200.0]),
    "BesselY0": (lambda x: mp.bessely(0, x), POSITIVE, [1e-30, 1e6]),
    "BesselY1": (lambda x: mp.bessely(1, x), POSITIVE, [1e-30, 1e6]),
    "Dawsn": (lambda x: mp.sqrt(mp.pi) / 2 * mp.exp(-x * x) * mp.erfi(x), WIDE, [1e-30]),
    "Digamma": (mp.digamma, (-6.0, 20.0), [1e-30, -1e-30, 1e30]),
    "Erf": (mp.erf, (-5.0, 5.0), [1e-30]),
    "Erfc": (mp.erfc, (-5.0, 9.0), [1e-30, 26.0]),
    "Erfinv": (mp.erfinv, UNIT, [1 - 2.0**-53, -1 + 2.0**-53, 1e-30]),
    "Expint": (mp.ei, POSITIVE, [1e-30, 700.0]),
    "FresnelCos": (mp.fresnelc, WIDE, [1e-30, 0.5, 1e6]),
    "FresnelSin": (mp.fresnels, WIDE, [1e-30, 0.5, 0.49]),
    "Lgamma": (lambda x: mp.re(mp.loggamma(x)), (-6.0, 20.0), [1e-30, -1e-30, 1e30]),
    "Ndtri": (lambda p: mp.sqrt(2) * mp.erfinv(2 * p - 1), (0.0, 1.0), [1e-30, 1 - 2.0**-53]),
    "Spence": (lambda x: mp.re(mp.polylog(2, 1 - x)), POSITIVE, [1e-30, 1 + 2.0**-52, 1 - 2.0**-53, 1e6]),
}

SPECIAL = {f for op, (f, *_) in ONE_ARGUMENT.items() if op in {**bessel.RULES, **special.RULES}}
"""Functions that mpmath is slow at with many digits."""

TWO_ARGUMENTS: dict[str, tuple[Callable[[Any, Any], Any], tuple[float, float], tuple[float, float]]] = {
    "Add": (lambda x, y: x + y, WIDE, WIDE),
    "AddN": (lambda x, y: x + y, WIDE, WIDE),
    "AddV2": (lambda x, y: x + y, WIDE, WIDE),
    "Atan2": (mp.atan2, WIDE, WIDE),
    "Div": (lambda x, y: x / y, WIDE, WIDE),
    "DivNoNan": (lambda x, y: x / y, WIDE, WIDE),
    "FloorDiv": (lambda x, y: mp.floor(x / y), WIDE, WIDE),
    "FloorMod": (lambda x, y: x - y * mp.floor(x / y), WIDE, WIDE),
    "Igamma": (igamma, PARAMETER, (0.05, 20.0)),
    "IgammaGradA": (igamma_slope, PARAMETER, (0.05, 20.0)),
    "Igammac": (lambda a, x: mp.gammainc(a, x, mp.inf, regularized=True), PARAMETER, (0.05, 20.0)),
    "Maximum": (max, WIDE, WIDE),
    "Minimum": (min, WIDE, WIDE),
    "Mod": (lambda x, y: x - y * truncated(x / y), WIDE, WIDE),
    "Mul": (lambda x, y: x * y, WIDE, WIDE),
    "MulNoNan": (lambda x, y: x * y, WIDE, WIDE),
    "Pow": (lambda x, y: x**y, POSITIVE, (-5.0, 5.0)),
    "RealDiv": (lambda x, y: x / y, WIDE, WIDE),
    "SquaredDifference": (lambda x, y: (x - y) ** 2, WIDE, WIDE),
    "Sub": (lambda x, y: x - y, WIDE, WIDE),
    "TruncateMod": (lambda x, y: x - y * truncated(x / y), WIDE, WIDE),
    "Xdivy": (lambda x, y: x / y, WIDE, WIDE),
    "Xlog1py": (lambda x, y: x * mp.log1p(y), WIDE, (-1.0, 20.0)),
    "Xlogy": (lambda x, y: x * mp.log(y), WIDE, POSITIVE),
    "Zeta": (mp.zeta, (1.05, 12.0), POSITIVE),
    # The gradients; the derivatives of f are given by its value y, or by its argument x.
    "EluGrad": (lambda dy, y: dy * (1 + y) if y < 0 else dy, WIDE, (-1.0, 20.0)),
    "InvGrad": (lambda y, dy: -dy * y * y, WIDE, WIDE),
    "LeakyReluGrad": (lambda dy, x: dy if x > 0 else mp.mpf(ALPHA) * dy, WIDE, WIDE),
    "ReciprocalGrad": (lambda y, dy: -dy * y * y, WIDE, WIDE),
    "Relu6Grad": (lambda dy, x: dy if 0 < x < 6 else 0 * dy, WIDE, (-10.0, 10.0)),
    "ReluGrad": (lambda dy, x: dy if x > 0 else 0 * dy, WIDE, WIDE),
    "RsqrtGrad": (lambda y, dy: -dy * y**3 / 2, POSITIVE, WIDE),
    "SeluGrad": (lambda dy, y: dy * (y + selu_slope()) if y < 0 else dy * as_double(SELU_SCALE), WIDE, (-1.75, 20.0)),
    "SigmoidGrad": (lambda y, dy: dy * y * (1 - y), (0.0, 1.0), WIDE),
    "SoftplusGrad": (lambda dy, x: dy / (1 + mp.exp(-x)), WIDE, WIDE),
    "SoftsignGrad": (lambda dy, x: dy / (1 + abs(x)) ** 2, WIDE, WIDE),
    "SqrtGrad": (lambda y, dy: dy / (2 * y), POSITIVE, WIDE),
    "TanhGrad": (lambda y, dy: dy * (1 - y * y), UNIT, WIDE),
}

THREE_ARGUMENTS: dict[str, tuple[Callable[[Any, Any, Any], Any], tuple[tuple[float, float], ...]]] = {
    "Betainc": (lambda a, b, x: mp.betainc(a, b, 0, x, regularized=True), (PARAMETER, PARAMETER, (0.0, 1.0))),
    "ClipByValue": (lambda x, low, high: min(max(x, low), high), (WIDE, (-9.0, -1.0), (1.0, 9.0))),
}

SMOOTH: dict[str, tuple[Callable[..., Any], list[tuple[float, ...]]]] = {
    **{op: (f, [*draws(op, box), *((x,) for x in edges)]) for op, (f, box, edges) in ONE_ARGUMENT.items()},
    **{op: (f, draws(op, *boxes)) for op, (f, *boxes) in TWO_ARGUMENTS.items()},
    **{op: (f, draws(op, *boxes)) for op, (f, boxes) in THREE_ARGUMENTS.items()},
}
RELATIONS = ["Equal", "Greater", "GreaterEqual", "Less", "LessEqual", "NotEqual"]
LOGIC = {"LogicalAnd": 2, "LogicalNot": 1, "LogicalOr": 2}
ELSEWHERE = {"Cast", "IsFinite", "IsInf", "IsNan", "Polygamma", "Select", "SelectV2", *RELATIONS, *LOGIC}
"""Entries that the tests below name one by one."""

FAMILIES = (arithmetic, bessel, choices, exponentials, gradients, incomplete, special, trigonometric)
SLOW_IN_MPMATH = {"BesselK0", "BesselK0e", "BesselK1", "BesselK1e", "BesselY1"}


def test_every_entry_of_these_families_is_tested() -> None:
    entries = {op for family in FAMILIES for op in family.RULES}
    assert entries <= {*SMOOTH, *ELSEWHERE}, sorted(entries - {*SMOOTH, *ELSEWHERE})
    assert entries <= set(TABLE)


def points(op: str) -> list[tuple[float, ...]]:
    """The points of an operation; fewer where mpmath is slow."""
    return SMOOTH[op][1][POINTS - 2 :] if op in SLOW_IN_MPMATH else SMOOTH[op][1]


@pytest.mark.parametrize("op", SMOOTH)
def test_the_value_is_that_of_mpmath(op: str) -> None:
    f = SMOOTH[op][0]
    with mp.workdps(DIGITS):
        truths = {x: f(*(mp.mpf(v) for v in x)) for x in points(op)}
        wrong = {x: (at(op, *x).value, truth) for x, truth in truths.items() if not holds(at(op, *x).value, truth)}
    assert not wrong


@pytest.mark.slow
@pytest.mark.parametrize("op", SMOOTH)
def test_the_derivative_is_that_of_a_difference_quotient_in_mpmath(op: str) -> None:
    f = SMOOTH[op][0]
    wrong = {}
    with mp.workdps(DIGITS):
        for x in points(op):
            for wrt in range(len(x)):
                truth, got = quotient(f, x, wrt), at(op, *x, wrt=wrt)
                if got.sides or not holds(got.derivative, truth, 1e-18):
                    wrong[x, wrt] = (got, truth)
    assert not wrong


def kernel(op: str, points: Sequence[tuple[float, ...]]) -> Any:
    """What TensorFlow computes in float64."""
    tensors = [tf.constant(column, tf.float64) for column in np.transpose(points)]
    if op == "AddN":
        return tf.raw_ops.AddN(inputs=tensors).numpy()
    if op == "ClipByValue":
        return np.array(
            [tf.raw_ops.ClipByValue(t=a, clip_value_min=b, clip_value_max=c) for a, b, c in zip(*tensors, strict=True)]
        )
    call = getattr(tf.raw_ops, op)
    names = [
        name
        for name in call.__signature__.parameters
        if name in ("a", "b", "x", "y", "dy", "q", "features", "gradients", "outputs", "input")
    ]
    return call(**dict(zip(names, tensors, strict=True)), **ATTRIBUTES.get(op, {})).numpy()


TINY = np.finfo(np.float64).tiny
LOOSE = {"Igamma": 1e-9, "Igammac": 1e-9, "IgammaGradA": 1e-7, "Betainc": 1e-9}
"""Where the kernel itself is not better."""


@pytest.mark.parametrize("op", SMOOTH)
def test_the_value_is_that_of_tensorflows_kernel(op: str) -> None:
    sample = draws(op + " in TensorFlow", *boxes(op))
    computed = kernel(op, sample)
    truths = np.array([middle(at(op, *x).value) for x in sample])
    tolerance = 1e-12 if op.endswith("Grad") else LOOSE.get(op, 1e-9)
    np.testing.assert_allclose(computed, truths, rtol=tolerance, atol=tolerance * 1e-3)


def boxes(op: str) -> list[tuple[float, float]]:
    """Where an operation is compared."""
    if op in ONE_ARGUMENT:
        return [ONE_ARGUMENT[op][1]]
    return list(TWO_ARGUMENTS[op][1:] if op in TWO_ARGUMENTS else THREE_ARGUMENTS[op][1])


@pytest.mark.parametrize(
    ("op", "values"),
    [
        ("Round", (-2.5, -1.5, -0.5, 0.5, 1.5, 2.5)),
        ("Rint", (-2.5, -1.5, -0.5, 0.5, 1.5, 2.5)),
        ("Sign", (-2.0, 0.0, 3.0)),
        ("Floor", (-2.5, -2.0, 2.0, 2.5)),
        ("Ceil", (-2.5, -2.0, 2.0, 2.5)),
    ],
)
def test_steps_are_where_the_kernel_has_them(op: str, values: tuple[float, ...]) -> None:
    sample = [(v,) for v in values]
    assert [middle(at(op, *x).value) for x in sample] == list(kernel(op, sample))


@pytest.mark.parametrize("op", ["FloorDiv", "FloorMod", "Mod", "TruncateMod"])
def test_quotients_and_remainders_have_the_kernels_signs(op: str) -> None:
    sample = [(x, y) for x in (-7.5, -6.0, -0.5, 0.0, 0.5, 6.0, 7.5) for y in (-3.0, -2.5, 2.5, 3.0)]
    assert [middle(at(op, *x).value) for x in sample] == list(kernel(op, sample))


NEGATIVE_BASES = [(-2.0, 3.0), (-2.0, -3.0), (-2.0, 2.0), (-1.5, 0.0), (0.0, 0.0), (0.0, 2.0), (-0.0, 3.0)]


@pytest.mark.parametrize("point", NEGATIVE_BASES)
def test_powers_of_negative_bases_and_of_zero_are_those_of_the_kernel(point: tuple[float, float]) -> None:
    assert middle(at("Pow", *point).value) == kernel("Pow", [point])[0]


@pytest.mark.parametrize("op", ["Xdivy", "Xlogy", "Xlog1py", "DivNoNan", "MulNoNan"])
def test_the_guarded_argument_makes_zero_of_anything(op: str) -> None:
    guarded = 1 if op in ("DivNoNan", "MulNoNan") else 0
    for other in (-3.0, -1.0, 0.0, 2.0):
        point = (other, 0.0) if guarded else (0.0, other)
        got = at(op, *point, wrt=1 - guarded)
        assert [got.value, got.derivative] == [0, 0]
        assert kernel(op, [point])[0] == 0


def flags(op: str, *columns: Any) -> list[Any]:
    """The truth values of an operation at points without derivatives."""
    body = program(op, len(columns), "bool")
    rows = zip(*columns, strict=True)
    return [Run(TABLE).call(body, [argument(body, i, v, None) for i, v in enumerate(row)])[0].item() for row in rows]


@pytest.mark.parametrize("op", RELATIONS)
def test_relations_are_those_of_the_kernel(op: str) -> None:
    a, b = [1.0, 2.0, 2.0, -0.0, 3.0, 1e-300], [2.0, 1.0, 2.0, 0.0, 3 + 2.0**-51, 0.0]
    assert flags(op, a, b) == list(kernel(op, list(zip(a, b, strict=True))))


@pytest.mark.parametrize("op", LOGIC)
def test_logic_is_that_of_the_kernel_and_undecided_where_it_matters(op: str) -> None:
    arity = LOGIC[op]
    body = program(op, arity, "bool")

    def call(*values: Any) -> Any:
        return Run(TABLE).call(body, [np.array(v, object) for v in values])[0].item()

    table = [(a, b)[:arity] for a in (False, True) for b in (False, True)]
    columns = [tf.constant(column) for column in np.transpose(table)]
    names = ["x", "y"][:arity]
    wanted = getattr(tf.raw_ops, op)(**dict(zip(names, columns, strict=True))).numpy()
    assert [call(*row) for row in table] == list(wanted)
    if arity == 2:
        deciding = op == "LogicalOr"
        assert call(State.UNDECIDED, deciding) == deciding
        assert call(State.UNDECIDED, not deciding) is State.UNDECIDED
    else:
        assert call(State.UNDECIDED) is State.UNDECIDED


def test_what_is_not_finite_is_told() -> None:
    def told(op: str, value: Any) -> Any:
        place = np.empty((), object)
        place[...] = Dual(value)
        return Run(TABLE).call(program(op, 1, "bool"), [place])[0].item()

    assert [told("IsFinite", v) for v in (arb(1), arb("inf"), State.UNDEFINED)] == [True, False, False]
    assert [told("IsInf", v) for v in (arb(1), arb("inf"), State.UNDEFINED)] == [False, True, False]
    assert [told("IsNan", v) for v in (arb(1), arb("inf"), State.UNDEFINED)] == [False, False, True]


@pytest.mark.parametrize("op", ["Select", "SelectV2"])
def test_the_branch_that_is_not_selected_does_not_matter(op: str) -> None:
    places = [Node(f"x{i}", "Placeholder", (), {"shape": ()}, ("float64",)) for i in range(3)]
    above = Node("above", "Greater", ((0, 0), (1, 0)), {}, ("bool",))
    log = Node("log", "Log", ((0, 0),), {}, ("float64",))
    pick = Node("pick", op, ((3, 0), (4, 0), (2, 0)), {}, ("float64",))
    oracle = Oracle(Program((*places, above, log, pick), (0, 1, 2), ((5, 0),)), 0)
    below, beyond = oracle.at((-1.0, 0.0, 7.0)), oracle.at((2.0, 0.0, 7.0))
    assert [below.value, below.derivative] == [7, 0]
    assert holds(beyond.value, mp.log(2), 1e-15)
    assert holds(beyond.derivative, mp.mpf("0.5"))


@pytest.mark.parametrize("wanted", ["float32", "int32", "bool"])
def test_casts_are_those_of_tensorflow(wanted: str) -> None:
    values = [-2.5, -0.5, 0.0, 0.5, 2.5, 3.0]
    place = Node("x", "Placeholder", (), {"shape": ()}, ("float64",))
    cast = Node("y", "Cast", ((0, 0),), {"SrcT": "float64", "DstT": wanted}, (wanted,))
    body = Program((place, cast), (0,), ((1, 0),))
    got = [Run(TABLE).call(body, [argument(body, 0, v, None)])[0].item() for v in values]
    plain = [middle(x.v) if isinstance(x, Dual) else x for x in got]
    assert plain == list(tf.cast(tf.constant(values, tf.float64), wanted).numpy())


OUTSIDE = [
    *[("Acos", (x,)) for x in (-1.5, 1 + 2.0**-52, 1e300)],
    *[("Asin", (x,)) for x in (-1.5, 1 + 2.0**-52, 1e300)],
    *[("Acosh", (x,)) for x in (-3.0, 0.0, 1 - 2.0**-53)],
    *[("Atanh", (x,)) for x in (-1.0, 1.0, 2.0)],
    *[("Log", (x,)) for x in (0.0, -0.0, -2.2250738585072014e-308, -3.0)],
    *[("Log1p", (x,)) for x in (-1.0, -3.0)],
    *[("Sqrt", (x,)) for x in (-2.2250738585072014e-308, -3.0)],
    *[("Rsqrt", (x,)) for x in (0.0, -2.2250738585072014e-308, -3.0)],
    ("Inv", (0.0,)),
    ("Reciprocal", (0.0,)),
    ("Div", (0.0, 0.0)),
    ("RealDiv", (1.0, 0.0)),
    ("Xdivy", (1.0, 0.0)),
    ("Xlogy", (1.0, 0.0)),
    ("Xlogy", (1.0, -1.0)),
    ("Xlog1py", (1.0, -1.0)),
    ("FloorDiv", (1.0, 0.0)),
    ("FloorMod", (1.0, 0.0)),
    ("Mod", (1.0, 0.0)),
    ("TruncateMod", (1.0, 0.0)),
    ("Pow", (-2.0, 0.5)),
    ("Pow", (0.0, -1.0)),
    ("SqrtGrad", (0.0, 1.0)),
]


@pytest.mark.parametrize(("op", "point"), OUTSIDE)
def test_outside_of_the_domain_there_is_no_value(op: str, point: tuple[float, ...]) -> None:
    got = at(op, *point)
    assert (got.value, got.derivative) == (State.UNDEFINED, State.UNDEFINED)


@pytest.mark.parametrize(
    ("op", "point", "wrt", "value"),
    [
        ("Sqrt", (0.0,), 0, 0),
        ("Acos", (1.0,), 0, 0),
        ("Acosh", (1.0,), 0, 0),
        ("Pow", (0.0, 0.5), 0, 0),
        ("Pow", (-2.0, 2.0), 1, 4),
        ("Xlogy", (0.0, 0.0), 0, 0),
        ("DivNoNan", (1.0, 0.0), 1, 0),
    ],
)
def test_a_value_without_a_derivative_is_singular(op: str, point: tuple[float, ...], wrt: int, value: int) -> None:
    got = at(op, *point, wrt=wrt)
    assert got.value == value
    assert got.derivative is State.SINGULAR


def test_arc_functions_are_singular_at_their_ends() -> None:
    for op, x, value in (("Asin", 1.0, mp.pi / 2), ("Asin", -1.0, -mp.pi / 2), ("Acos", -1.0, mp.pi)):
        got = at(op, x)
        assert holds(got.value, value, 1e-14)
        assert got.derivative is State.SINGULAR


@pytest.mark.parametrize(
    ("op", "point", "wrt", "above", "below"),
    [
        ("Relu", (0.0,), 0, 1, 0),
        ("Relu6", (0.0,), 0, 1, 0),
        ("Relu6", (6.0,), 0, 0, 1),
        ("LeakyRelu", (0.0,), 0, 1, ALPHA),
        ("Abs", (0.0,), 0, 1, -1),
        ("Maximum", (2.0, 2.0), 0, 1, 0),
        ("Maximum", (2.0, 2.0), 1, 1, 0),
        ("Minimum", (2.0, 2.0), 0, 0, 1),
        ("Minimum", (2.0, 2.0), 1, 0, 1),
        ("ClipByValue", (1.0, 1.0, 2.0), 0, 1, 0),
        ("ClipByValue", (2.0, 1.0, 2.0), 0, 0, 1),
        ("Elu", (0.0,), 0, 1, 1),
        ("Softsign", (0.0,), 0, 1, 1),
        ("BesselI0e", (0.0,), 0, -1, 1),
    ],
)
def test_a_kink_has_the_derivatives_of_both_sides(
    op: str, point: tuple[float, ...], wrt: int, above: float, below: float
) -> None:
    got = at(op, *point, wrt=wrt)
    assert [middle(d) for d in got.sides] == [above, below] or (above == below and not got.sides)
    assert middle(got.derivative) in {above, below, (above + below) / 2}


def test_the_kink_of_selu_is_between_its_two_slopes() -> None:
    above, below = at("Selu", 0.0).sides
    assert holds(above, as_double(SELU_SCALE))
    assert holds(below, selu_slope())


def test_the_gradients_take_the_kernels_side_of_a_kink() -> None:
    for op, x in (("ReluGrad", 0.0), ("Relu6Grad", 0.0), ("Relu6Grad", 6.0), ("LeakyReluGrad", 0.0), ("EluGrad", 0.0)):
        assert middle(at(op, 3.0, x).value) == kernel(op, [(3.0, x)])[0]


@pytest.mark.parametrize("n", [0.0, 1.0, 2.0, 5.0])
def test_polygamma_is_that_of_mpmath_and_of_the_kernel(n: float) -> None:
    sample = [(n, x) for (x,) in draws(f"Polygamma {n}", POSITIVE)]
    with mp.workdps(DIGITS):
        for point in sample:
            got = at("Polygamma", *point, wrt=1)
            assert holds(got.value, mp.psi(int(n), mp.mpf(point[1])))
            assert holds(got.derivative, mp.psi(int(n) + 1, mp.mpf(point[1])))
    truths = np.array([middle(at("Polygamma", *point).value) for point in sample])
    np.testing.assert_allclose(kernel("Polygamma", sample), truths, rtol=1e-9)
