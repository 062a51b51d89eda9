"""Special functions: where they are defined, at extreme arguments, and against identities that were not used."""

from typing import Any

import mpmath as mp
import pytest
import scipy.special
from flint import arb, ctx

from gradcheck.program import Node, Program
from gradcheck.truth.arguments import argument
from gradcheck.truth.duals import ONE, ZERO, Dual, State
from gradcheck.truth.enclosures import Enclosure
from gradcheck.truth.ops import TABLE, bessel, incomplete, special
from gradcheck.truth.ops.incomplete import beta_sum, lower_sum, precision, rate, series, upper_sum
from gradcheck.truth.oracle import Oracle
from gradcheck.truth.running import Run

RULES = {**special.RULES, **bessel.RULES, **incomplete.RULES}
ARITY = {"Betainc": 3, "Igamma": 2, "IgammaGradA": 2, "Igammac": 2, "Polygamma": 2, "Zeta": 2}


def program(op: str, arity: int) -> Program:
    """One operation on scalar arguments."""
    places = tuple(Node(f"x{i}", "Placeholder", (), {"shape": ()}, ("float64",)) for i in range(arity))
    node = Node("y", op, tuple((i, 0) for i in range(arity)), {}, ("float64",))
    return Program((*places, node), tuple(range(arity)), ((arity, 0),))


def at(op: str, *values: float, wrt: int = 0) -> Enclosure:
    """What the oracle says of an operation."""
    return Oracle(program(op, len(values)), wrt).at(values)


def dual_at(op: str, values: tuple[float, ...], wrt: int, bits: int) -> Dual:
    """What a rule says at one precision."""
    body = program(op, len(values))
    with precision(bits):
        arguments = [argument(body, i, v, ONE if i == wrt else None) for i, v in enumerate(values)]
        result: Dual = Run(TABLE).call(body, arguments)[0].item()
    return result


def enclosed(x: Any, truth: Any, relative: float) -> bool:
    """Whether an enclosure is narrow and near a number."""
    return (
        isinstance(x, arb) and abs(x.rad()) <= relative * abs(x) and abs(x - arb(truth)) <= relative * abs(arb(truth))
    )


SIZES = (1e-38, 1e-10, 0.5, 1.0, 2.0, 8.5, 88.0, 1e3, 1e6, 1e20, 3e38)
EXTREMES = [s * m for m in SIZES for s in (1, -1)]


@pytest.mark.parametrize("op", [op for op in RULES if op not in ARITY])
def test_enclosures_at_two_precisions_overlap_at_any_size(op: str) -> None:
    for x in EXTREMES:
        rough, fine = (dual_at(op, (x,), 0, bits) for bits in (64, 320))
        for a, b in ((rough.v, fine.v), (rough.d, fine.d)):
            if isinstance(a, arb):
                assert isinstance(b, arb), (op, x)
                assert a.overlaps(b), (op, x)
            else:
                assert a is b or a is State.UNDECIDED, (op, x)
        assert fine.v is not State.UNDECIDED, (op, x)
        assert fine.d is not State.UNDECIDED, (op, x)


@pytest.mark.parametrize("op", ["Igamma", "Igammac", "IgammaGradA"])
def test_enclosures_of_incomplete_gamma_functions_overlap_at_any_size(op: str) -> None:
    points = [(a, x) for a in (1e-38, 0.5, 88.0, 300.0, 1e6, 1e20) for x in (0.0, 1e-38, 0.7, 90.0, 1e5, 3e38)]
    overlap_everywhere(op, points)


@pytest.mark.slow
def test_enclosures_of_the_incomplete_beta_function_overlap_at_any_size() -> None:
    sizes = (1e-38, 0.7, 30.0, 1e6)
    overlap_everywhere("Betainc", [(a, b, x) for a in sizes for b in sizes for x in (0.0, 1e-38, 0.3, 0.9, 1.0)])


def overlap_everywhere(op: str, points: list[Any]) -> None:
    """At each of the points and along each argument, what is said at two precisions overlaps."""
    for point in points:
        for wrt in range(len(point)):
            rough, fine = (dual_at(op, point, wrt, bits) for bits in (64, 192))
            for a, b in ((rough.v, fine.v), (rough.d, fine.d)):
                assert a is b or not isinstance(a, arb) or not isinstance(b, arb) or a.overlaps(b), (op, point, wrt)


OUTSIDE = [
    *[(op, (x,)) for op in ("Lgamma", "Digamma") for x in (0.0, -1.0, -2.0, -1e20)],
    *[("Erfinv", (x,)) for x in (-1.0, 1.0, 2.0)],
    *[("Ndtri", (x,)) for x in (0.0, 1.0, -0.5, 2.0)],
    *[(op, (x,)) for op in ("K0", "K1", "K0e", "K1e", "Y0", "Y1") for x in (0.0, -1.0)],
    *[("Spence", (x,)) for x in (-2.2250738585072014e-308, -1.0)],
    *[("Expint", (x,)) for x in (0.0, -1.0)],
    *[("Zeta", point) for point in ((1.0, 2.0), (0.5, 2.0), (2.0, 0.0), (2.0, -3.0), (2.5, -0.5))],
    *[("Polygamma", point) for point in ((0.5, 1.0), (-1.0, 1.0), (0.0, -1.0), (1.0, 0.0), (2.0, -3.0))],
    *[(op, point) for op in ("Igamma", "Igammac", "IgammaGradA") for point in ((0.0, 1.0), (-1.0, 1.0), (1.0, -0.5))],
    *[("Betainc", point) for point in ((0.0, 1.0, 0.5), (1.0, -1.0, 0.5), (1.0, 1.0, -0.5), (1.0, 1.0, 1.5))],
]


@pytest.mark.parametrize(("op", "point"), OUTSIDE)
def test_outside_of_the_domain_there_is_no_value(op: str, point: tuple[float, ...]) -> None:
    got = at(op if op in RULES else f"Bessel{op}", *point)
    assert (got.value, got.derivative) == (State.UNDEFINED, State.UNDEFINED)


@pytest.mark.parametrize(
    ("op", "point", "wrt"),
    [
        ("Spence", (0.0,), 0),
        ("Igamma", (0.5, 0.0), 1),
        ("Igammac", (0.5, 0.0), 1),
        ("IgammaGradA", (1.0, 0.0), 1),
        ("Betainc", (0.5, 2.0, 0.0), 2),
        ("Betainc", (2.0, 0.5, 1.0), 2),
        ("Zeta", (2.0, -0.5), 0),
        ("Polygamma", (1.0, 0.5), 0),
    ],
)
def test_a_value_without_a_derivative_is_singular(op: str, point: tuple[float, ...], wrt: int) -> None:
    got = at(op, *point, wrt=wrt)
    assert isinstance(got.value, arb)
    assert got.derivative is State.SINGULAR


@pytest.mark.parametrize(
    ("op", "point", "wrt", "value", "derivative"),
    [
        ("Erf", (0.0,), 0, 0.0, 2 / mp.sqrt(mp.pi)),
        ("Erfc", (0.0,), 0, 1.0, -2 / mp.sqrt(mp.pi)),
        ("Erfinv", (0.0,), 0, 0.0, mp.sqrt(mp.pi) / 2),
        ("Ndtri", (0.5,), 0, 0.0, mp.sqrt(2 * mp.pi)),
        ("Lgamma", (1.0,), 0, 0.0, -mp.euler),
        ("Lgamma", (2.0,), 0, 0.0, 1 - mp.euler),
        ("Digamma", (1.0,), 0, -mp.euler, mp.pi**2 / 6),
        ("Spence", (1.0,), 0, 0.0, -1.0),
        ("Dawsn", (0.0,), 0, 0.0, 1.0),
        ("FresnelSin", (0.0,), 0, 0.0, 0.0),
        ("FresnelCos", (0.0,), 0, 0.0, 1.0),
        ("BesselI0", (0.0,), 0, 1.0, 0.0),
        ("BesselI1", (0.0,), 0, 0.0, 0.5),
        ("BesselI1e", (0.0,), 0, 0.0, 0.5),
        ("BesselJ0", (0.0,), 0, 1.0, 0.0),
        ("BesselJ1", (0.0,), 0, 0.0, 0.5),
        ("Igamma", (3.0, 0.0), 0, 0.0, 0.0),
        ("Igamma", (3.0, 0.0), 1, 0.0, 0.0),
        ("Igamma", (1.0, 0.0), 1, 0.0, 1.0),
        ("Igammac", (1.0, 0.0), 1, 1.0, -1.0),
        ("Betainc", (1.0, 3.0, 0.0), 2, 0.0, 3.0),
        ("Betainc", (3.0, 1.0, 1.0), 2, 1.0, 3.0),
        ("Betainc", (3.0, 2.0, 1.0), 2, 1.0, 0.0),
        ("Betainc", (3.0, 2.0, 0.0), 0, 0.0, 0.0),
        ("Betainc", (3.0, 2.0, 1.0), 1, 1.0, 0.0),
    ],
)
def test_values_and_derivatives_that_are_known(
    op: str, point: tuple[float, ...], wrt: int, value: Any, derivative: Any
) -> None:
    got = at(op, *point, wrt=wrt)
    for x, truth in ((got.value, value), (got.derivative, derivative)):
        assert isinstance(x, arb)
        assert abs(x - float(truth)) < 1e-15


def test_the_slopes_of_both_fresnel_integrals_vanish_exactly_where_they_do() -> None:
    assert at("FresnelSin", 2.0).derivative == 0
    assert at("FresnelCos", 1.0).derivative == 0


@pytest.mark.parametrize("x", [1e-10, 0.3, 8.5, 40.0, 88.0, 700.0, 1e6])
def test_products_of_bessel_functions_have_their_wronskians(x: float) -> None:
    # DLMF 10.28.2 and 10.5.2
    with precision(256):
        i0, i1, k0, k1 = (bare(f"Bessel{name}e", x) for name in ("I0", "I1", "K0", "K1"))
        assert (i0 * k1 + i1 * k0 - 1 / arb(x)).contains(ZERO)
        j0, j1, y0, y1 = (bare(f"Bessel{name}", x) for name in ("J0", "J1", "Y0", "Y1"))
        assert (j1 * y0 - j0 * y1 - 2 / (arb.pi() * x)).contains(ZERO)


def bare(op: str, *values: float) -> Any:
    """The value at 256 bits."""
    return dual_at(op, values, 0, 256).v


@pytest.mark.parametrize("x", [-0.3, -1.7, -5.5, -1e-20, 0.25])
def test_gamma_functions_of_negative_numbers_keep_to_their_reflections(x: float) -> None:
    # DLMF 5.5.3 and 5.5.4; the recurrence 25.11.3 of the zeta function
    with precision(256):
        product = bare("Lgamma", x) + (1 - arb(x)).lgamma()
        assert (product - (arb.pi() / abs(arb(x).sin_pi())).log()).contains(ZERO)
        for n in (2.0, 3.0, 4.0, 7.0):
            step = bare("Zeta", n, x) - arb(x) ** -int(n)
            assert step.overlaps(special.hurwitz(arb(n), arb(x) + 1))


def test_the_zeta_function_of_a_large_order_is_its_first_terms() -> None:
    with precision(256):
        for s, q in ((20_000.0, 0.5), (20_000.0, 3.0), (1e6, 40.0)):
            first = sum(((arb(q) + n) ** -arb(s) for n in range(200)), ZERO)
            assert bare("Zeta", s, q).overlaps(first)


@pytest.mark.parametrize("a", [400.0, 5e3, 1e5])
@pytest.mark.parametrize("far", [-8.0, -2.0, -0.01, 0.01, 2.0, 8.0])
def test_incomplete_gamma_functions_of_large_parameters(a: float, far: float) -> None:
    x = a + far * a**0.5
    assert enclosed(at("Igamma", a, x, wrt=1).value, scipy.special.gammainc(a, x), 1e-9)
    assert enclosed(at("Igammac", a, x, wrt=1).value, scipy.special.gammaincc(a, x), 1e-9)


@pytest.mark.parametrize("point", [(400.0, 300.0, 0.5), (2e4, 3.0, 0.9999), (3.0, 2e4, 1e-4), (1e3, 1e3, 0.51)])
def test_the_incomplete_beta_function_of_large_parameters(point: tuple[float, float, float]) -> None:
    assert enclosed(at("Betainc", *point, wrt=2).value, scipy.special.betainc(*point), 1e-9)


@pytest.mark.parametrize("bits", [64, 256, 600])
def test_sums_agree_with_flints_functions(bits: int) -> None:
    with precision(bits):
        a, b, x, y = arb(700.5), arb(3.25), arb(650), arb(800)
        assert lower_sum(a, x).overlaps(x.gamma_lower(a, regularized=1))
        assert upper_sum(a, y).overlaps(y.gamma_upper(a, regularized=1))
        half = arb(0.375)
        assert beta_sum(a / 100, b, half, (half.log(), (-half).log1p())).overlaps(
            half.beta_lower(a / 100, b, regularized=1)
        )


def test_a_series_that_is_cut_off_still_holds_its_sum() -> None:
    # 1 + r + r^2 + ... with r so near 1 that no number of terms will do
    r = ONE - arb(2) ** -40
    total = series(lambda n: r, lambda n, term: term * r / (1 - r))
    assert total.contains(1 / (1 - r))


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("bits", [64, 128, 512])
def test_a_rate_holds_the_derivative_and_is_narrow(order: int, bits: int) -> None:
    with precision(bits):
        for point in (arb(1), arb(0.125), arb(3, 1e-30)):
            most = (point + 0.5).exp()
            got = rate(lambda z: z.exp(), point, arb(0.5), lambda r: most, order)  # noqa: B023
            assert isinstance(got, arb)
            assert got.overlaps(point.exp())
            assert got.contains(point.mid().exp())
            assert got.rel_accuracy_bits() > min(bits - 12, 80)


def test_a_rate_at_too_wide_a_number_is_undecided() -> None:
    assert rate(lambda z: z, arb(1, 1), arb(0.5), lambda r: ONE) is State.UNDECIDED


def test_a_pole_within_an_enclosure_is_undecided() -> None:
    wide = arb(-1, 1e-3)
    for rule in (special.lgamma, special.digamma):
        assert rule(Dual(wide, ONE)).v is State.UNDECIDED
    assert special.zeta(Dual(arb(2)), Dual(wide, ONE)).v is State.UNDECIDED
    assert special.erfinv(Dual(arb(1, 1e-3), ONE)).v is State.UNDECIDED
    assert special.spence(Dual(arb(0, 1e-3), ONE)).v is State.UNDECIDED


def test_the_precision_is_put_back() -> None:
    before = ctx.prec
    with pytest.raises(ZeroDivisionError):
        at_more_bits(before + 100)
    assert ctx.prec == before


def at_more_bits(bits: int) -> None:
    """Fail within another precision."""
    with precision(bits):
        assert ctx.prec == bits
        raise ZeroDivisionError
