"""Special functions of one number, and the zeta functions: error, gamma, integrals.

The incomplete gamma and beta functions are in `incomplete`, those of Bessel in `bessel`. Formulas are cited by the NIST
Digital Library of Mathematical Functions (DLMF).
"""

from collections.abc import Callable, Mapping

from flint import arb

from gradcheck.truth.duals import Real, State, of_one, of_two, sign
from gradcheck.truth.ops.incomplete import rate
from gradcheck.truth.running import Rule, elementwise

LARGE_ORDER = 10_000
"""Order of the zeta function from which on its first term is taken for the sum."""


def root_pi() -> arb:
    """sqrt(pi) at the current precision."""
    return arb.const_sqrt_pi()


def inverse(name: str) -> Callable[[arb], Real]:
    """A method of `arb`: undecided where python-flint is too old to have it."""
    return getattr(arb, name, lambda x: State.UNDECIDED)


inverse_erf = inverse("erfinv")
inverse_erfc = inverse("erfcinv")


def erfinv_value(x: arb) -> Real:
    """The inverse of erf, between -1 and 1 (DLMF 7.17)."""
    s = sign(1 - abs(x))
    return State.UNDECIDED if s is None else inverse_erf(x) if s > 0 else State.UNDEFINED


def ndtri_value(p: arb) -> Real:
    """The quantile of the normal distribution: -sqrt(2) erfcinv(2 p), from the nearer end (DLMF 7.17, 7.18)."""
    low, high = sign(p), sign(1 - p)
    if -1 in (low, high) or 0 in (low, high):
        return State.UNDEFINED
    if low is None or high is None:
        return State.UNDECIDED
    y = inverse_erfc(2 * p if p < 0.75 else 2 * (1 - p))
    return y if isinstance(y, State) else arb(2).sqrt() * (-y if p < 0.75 else y)


erf = of_one(lambda x: x.erf(), lambda x, v: 2 * (-x * x).exp() / root_pi())


def erfc_value(x: arb) -> arb:
    """erfc; of a ball far to the right as that of its middle, times what its radius makes of it.

    FLINT bounds the error of an inexact argument by the slope at 0. On the right |d/dx log erfc(x)| < 2 x + 1 / x (from
    the bounds on Mills' ratio, DLMF 7.8.2), taken at both ends.
    """
    middle, radius = x.mid(), x.rad()
    if x.is_exact() or not x > 2:
        return x.erfc()
    change = (2 * (middle + radius) + 1 / (middle - radius)) * radius
    return middle.erfc() * (change * arb(0, 1)).exp()


erfc = of_one(erfc_value, lambda x, v: -2 * (-x * x).exp() / root_pi())
erfinv = of_one(erfinv_value, lambda x, v: root_pi() / 2 * (v * v).exp())
ndtri = of_one(ndtri_value, lambda p, v: arb(2).sqrt() * root_pi() * (v * v / 2).exp())


def off_poles(value: Callable[[arb], arb]) -> Callable[[arb], Real]:
    """A function with poles at 0, -1, -2, ..., and nowhere else."""

    def call(x: arb) -> Real:
        if not x > 0 and x.contains_integer():
            return State.UNDEFINED if x.is_exact() and x.is_integer() else State.UNDECIDED
        return value(x)

    return call


def log_gamma(x: arb) -> arb:
    """log|gamma(x)|, by reflection for negative x (DLMF 5.5.3)."""
    return x.lgamma() if x > 0 else (arb.pi() / abs(x.sin_pi())).log() - (1 - x).lgamma()


lgamma = of_one(off_poles(log_gamma), lambda x, v: x.digamma())
digamma = of_one(off_poles(lambda x: x.digamma()), lambda x, v: hurwitz(arb(2), x))


def hurwitz(s: arb, q: arb) -> Real:
    """The sum of (q + n)^-s over n >= 0 (DLMF 25.11.1): for s > 1; for negative q only where s is an integer."""
    above = sign(s - 1)
    if above is None:
        return State.UNDECIDED
    if above <= 0:
        return State.UNDEFINED
    if q > 0:
        return sum_of_powers(s, q)
    if q.contains_integer():
        return State.UNDEFINED if q.is_exact() and q.is_integer() else State.UNDECIDED
    if not (s.is_exact() and s.is_integer()):
        return State.UNDECIDED if s.contains_integer() else State.UNDEFINED
    return sum_from_below(s, q)


def sum_from_below(s: arb, q: arb) -> Real:
    """The zeta function of negative q and integer s: what lies below 0 is the difference of two sums above 0."""
    t = q - q.floor()
    parity = -1 if (s / 2).contains_integer() is False else 1
    return sum_of_powers(s, t) + parity * (sum_of_powers(s, 1 - t) - sum_of_powers(s, 1 - q))


def sum_of_powers(s: arb, q: arb) -> arb:
    """The zeta function for s > 1 and q > 0.

    For a large s all terms but the first are at most (q + 1)^-s (1 + (q + 1) / (s - 1)), by the integral test.
    """
    if not s > LARGE_ORDER:
        return s.zeta(q)
    rest = (-s * (1 / q).log1p()).exp() * (1 + (q + 1) / (s - 1))
    return (-s * q.log()).exp() * (1 + arb(0).union(rest))


def hurwitz_slope_order(s: arb, q: arb, v: arb) -> Real:
    """The derivative along s, which moves off the integers: it exists for positive q alone.

    |zeta(z, q)| <= zeta(Re z, q) bounds the function near by.
    """
    if not q > 0:
        return State.SINGULAR
    if s > LARGE_ORDER:
        return State.UNDECIDED
    middle = s.mid()
    radius = ((middle - 1) / 2).min(1 / (1 + abs(q.log()))).mid() if middle > 1 else arb(0)
    return rate(lambda z: sum_of_powers(z, q), s, radius, lambda r: sum_of_powers(middle - r, q))


def negated(s: arb, v: Real) -> Real:
    """-s * v, the slope along q of the zeta function from the next one (DLMF 25.11.17)."""
    return v if isinstance(v, State) else -s * v


zeta = of_two(hurwitz, hurwitz_slope_order, lambda s, q, v: negated(s, hurwitz(s + 1, q)))


def polygamma_value(n: arb, x: arb) -> Real:
    """The derivative of digamma of order n = 0, 1, 2, ...: (-1)^(n + 1) n! zeta(n + 1, x) (DLMF 25.11.12)."""
    order = n.unique_fmpz() if n.is_exact() and n.is_finite() and n.is_integer() else None
    if order is None or order < 0:
        return State.UNDECIDED if not n.is_exact() and n.contains_integer() and not n < 0 else State.UNDEFINED
    if order == 0:
        return off_poles(lambda t: t.digamma())(x)
    v = hurwitz(n + 1, x)
    return v if isinstance(v, State) else v * (n + 1).lgamma().exp() * (1 if int(order) % 2 else -1)


polygamma = of_two(polygamma_value, lambda n, x, v: State.SINGULAR, lambda n, x, v: polygamma_value(n + 1, x))


def spence_value(x: arb) -> Real:
    """The dilogarithm of 1 - x, from x = 0 on (DLMF 25.12.1); near 0 by reflection (DLMF 25.12.6)."""
    s = sign(x)
    if s is None:
        return State.UNDECIDED
    if s <= 0:
        return arb.pi() ** 2 / 6 if s == 0 else State.UNDEFINED
    return arb.pi() ** 2 / 6 - x.log() * (-x).log1p() - x.polylog(2) if x < 0.5 else (1 - x).polylog(2)


def spence_slope(x: arb, v: arb) -> Real:
    """-log(x) / (x - 1): infinite at 0; near 1, where log(1 + y) / y is between 1 and 1 / (1 + y), that."""
    y = x - 1
    if x.is_zero():
        return State.SINGULAR
    return -1 / (1 + arb(0).union(y)) if y.contains(arb(0)) else -x.log() / y


spence = of_one(spence_value, spence_slope)


def dawson(numerator: float) -> Callable[[arb], arb]:
    """Dawson's integral over x is 1F1(1; 3/2; -x^2), its derivative 1F1(1; 1/2; -x^2) (DLMF 7.5.1, 13.6.7)."""
    return lambda x: (-x * x).hypgeom_1f1(1, arb(numerator))


dawsn = of_one(lambda x: x * dawson(1.5)(x), lambda x, v: dawson(0.5)(x))


def expint_value(x: arb) -> Real:
    """Ei, the integral of exp(t) / t from -infinity to x (DLMF 6.2.5); TensorFlow documents it for x > 0."""
    s = sign(x)
    return State.UNDECIDED if s is None else x.ei() if s > 0 else State.UNDEFINED


expint = of_one(expint_value, lambda x, v: x.exp() / x)


def fresnel_sine(x: arb) -> arb:
    """The integral of sin(pi t^2 / 2) from 0 to x (DLMF 7.2.8); near 0 by its series in one piece (DLMF 7.6.6)."""
    if not abs(x) < 0.5:
        return x.fresnel_s()
    quarter = arb.pi() * x * x / 4
    return arb.pi() * x**3 / 6 * (-quarter * quarter).hypgeom([arb(0.75)], [arb(1.5), arb(1.75)])


fresnel_sin = of_one(fresnel_sine, lambda x, v: (x * x / 2).sin_pi())
fresnel_cos = of_one(lambda x: x.fresnel_c(), lambda x, v: (x * x / 2).cos_pi())

RULES: Mapping[str, Rule] = {
    "Dawsn": elementwise(dawsn),
    "Digamma": elementwise(digamma),
    "Erf": elementwise(erf),
    "Erfc": elementwise(erfc),
    "Erfinv": elementwise(erfinv),
    "Expint": elementwise(expint),
    "FresnelCos": elementwise(fresnel_cos),
    "FresnelSin": elementwise(fresnel_sin),
    "Lgamma": elementwise(lgamma),
    "Ndtri": elementwise(ndtri),
    "Polygamma": elementwise(polygamma, 2),
    "Spence": elementwise(spence),
    "Zeta": elementwise(zeta, 2),
}
