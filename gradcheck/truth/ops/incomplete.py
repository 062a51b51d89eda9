"""Incomplete gamma and beta functions, regularised.

Derivatives along a parameter are difference quotients, enclosed: where |f| <= M on the complex disc of radius R about a
real point, Cauchy's inequality bounds the Taylor coefficient of order k there by M / R^k, and so all that a difference
over h < R leaves out.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from flint import arb, ctx

from gradcheck.truth.duals import ONE, ZERO, Dual, Real, State, lost, of_two, plus, sign, state_of, times
from gradcheck.truth.running import Rule, elementwise

MOST_TERMS = 8_000
"""Of a series: what is left is bounded, however much it is."""

FIRST_TERMS = 512
"""Of a series: if they fell by less than a 400th of what is wanted, `MOST_TERMS` will not be enough."""

TERMS_AT_ONCE = 16
"""Between two looks at how much is left."""


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Compute with that many bits."""
    outer = ctx.prec
    ctx.prec = bits
    try:
        yield
    finally:
        ctx.prec = outer


Bound = Callable[[arb], arb]


def rate(f: Callable[[arb], arb], at: arb, radius: arb, bound: Bound, order: int = 1) -> Real:
    """The derivative of order 1 or 2 of a function that is real analytic.

    Args:
        f: the function.
        at: the point.
        radius: of a disc about the middle of `at` where the function is analytic; exact.
        bound: from a radius to a bound of the function's modulus on that disc.
        order: which derivative.
    """
    bits, wide, middle = ctx.prec, at.rad(), at.mid()
    if not 2 * wide < radius:
        return State.UNDECIDED
    with precision((order + 2) * bits // 2 + 64):
        most = abs(bound(radius))
        h = radius / 2 ** (bits // 2)
        if order == 1:
            quotient = (f(middle + h) - f(middle - h)) / (2 * h)
            left_out = most * h * h / radius**3 + wide * 8 * most / radius**2
        else:
            quotient = (f(middle + h) - 2 * f(middle) + f(middle - h)) / (h * h)
            left_out = 2 * most * h * h / radius**4 + wide * 48 * most / radius**3
        # The terms behind the first that is left out add less than a quarter to it, as h < R / 2.
        return arb(quotient + 2 * left_out * arb(0, 1))


def series(ratio: Callable[[int], arb], most: Callable[[int, arb], arb]) -> arb:
    """1 + r(1) + r(1) r(2) + ...

    Args:
        ratio: of each term to the one before.
        most: from the number and the value of a term to a bound of the sum of all later ones.
    """
    term, total, n = ONE, ONE, 0
    enough = arb(2) ** -ctx.prec
    while n < MOST_TERMS:
        for _ in range(TERMS_AT_ONCE):
            n += 1
            term *= ratio(n)
            total += term
        left = most(n, term)
        if left < enough * total or (n == FIRST_TERMS and enough.root(400) < abs(term) < 1):
            break
    return total + left * arb(0, 1)


def geometric(largest: Callable[[int], arb]) -> Callable[[int, arb], arb]:
    """What is left of a series whose later ratios are at most `largest(n)`: a geometric one; anything if that is 1."""

    def left(n: int, term: arb) -> arb:
        r = largest(n)
        return abs(term) * r / (1 - r) if r < 1 else arb.pos_inf()

    return left


def lower_sum(a: arb, x: arb) -> arb:
    """P(a, x) = x^a exp(-x) / gamma(a + 1) * the sum of x^n / (a + 1)_n (DLMF 8.7.1)."""
    total = series(lambda n: x / (a + n), geometric(lambda n: x / (a + n + 1)))
    return (a * x.log() - x - (a + 1).lgamma()).exp() * total


def upper_sum(a: arb, x: arb) -> arb:
    """Q(a, x) = x^(a - 1) exp(-x) / gamma(a) * the sum of (a - 1) ... (a - n) / x^n, for x > a.

    The rest after n terms is the same product times gamma(a - n, x) (DLMF 8.8.2), and gamma(s, x) is at most x^(s - 1)
    exp(-x), times x / (x - s + 1) where s > 1 (DLMF 8.10.1, 8.10.11).
    """
    total = series(lambda n: (a - n) / x, lambda n, term: abs(term) * (x / (x - a + n + 1)).max(ONE))
    return ((a - 1) * x.log() - x - a.lgamma()).exp() * total


def lower(a: arb, x: arb) -> arb:
    """P(a, x) for a > 0 and x > 0 (DLMF 8.2.4)."""
    if not a > ctx.prec:
        return x.gamma_lower(a, regularized=1)
    return 1 - upper_sum(a, x) if x > a else lower_sum(a, x)


def upper(a: arb, x: arb) -> arb:
    """Q(a, x) for a > 0 and x > 0 (DLMF 8.2.4)."""
    if not a > ctx.prec:
        return x.gamma_upper(a, regularized=1)
    return upper_sum(a, x) if x > a else 1 - lower_sum(a, x)


def in_domain(at_zero: arb, value: Callable[[arb, arb], Real]) -> Callable[[arb, arb], Real]:
    """A function of a > 0 and x >= 0, from its value at x = 0 and for x > 0."""

    def call(a: arb, x: arb) -> Real:
        s_a, s = sign(a), sign(x)
        if s_a in (-1, 0) or s == -1:
            return State.UNDEFINED
        if s_a is None or s is None:
            return State.UNDECIDED
        return value(a, x) if s else at_zero

    return call


def density(a: arb, x: arb) -> Real:
    """The slope of P along x, x^(a - 1) exp(-x) / gamma(a) (DLMF 8.8.13)."""
    if x.is_zero():
        return at_end(a, ONE)
    return ((a - 1) * x.log() - x - a.lgamma()).exp()


def at_end(a: arb, at_one: arb) -> Real:
    """What is proportional to x^(a - 1), at x = 0, from its value for a = 1."""
    s = sign(a - 1)
    if s is None:
        return State.UNDECIDED
    return State.SINGULAR if s < 0 else at_one if s == 0 else ZERO


def density_slope(a: arb, x: arb, v: arb) -> Real:
    """The slope of the density along a, that of dP/da along x: density * (log(x) - digamma(a))."""
    d = density(a, x)
    if x.is_zero():
        return State.SINGULAR if isinstance(d, State) or not d.is_zero() else ZERO
    return times(x.log() - a.digamma(), d) or ZERO


def disc(a: arb) -> arb:
    """The radius min(a, 1) / 2, a power of two times what a's middle has.

    On the disc about a, gamma(Re z) / |gamma(z)| < 2 (DLMF 5.8.3), and so P, Q and I_x are at most twice what they are
    at the real part of their parameter.
    """
    return a.mid().min(ONE).mid() / 2


def along_parameter(order: int) -> Callable[[arb, arb], Real]:
    """A derivative of P along a, from the smaller one of P and Q; P falls along a and Q rises."""

    def call(a: arb, x: arb) -> Real:
        middle, radius = a.mid(), disc(a)
        if not x > a:
            return rate(lambda z: lower(z, x), a, radius, lambda r: 2 * lower(middle - r, x), order)
        slope = rate(lambda z: upper(z, x), a, radius, lambda r: 2 * upper(middle + r, x), order)
        return slope if isinstance(slope, State) else -slope

    return in_domain(ZERO, call)


first, second = along_parameter(1), along_parameter(2)


def minus(value: Real) -> Real:
    """The negative."""
    return value if isinstance(value, State) else -value


igamma = of_two(in_domain(ZERO, lower), lambda a, x, v: first(a, x), lambda a, x, v: density(a, x))
igammac = of_two(in_domain(ONE, upper), lambda a, x, v: minus(first(a, x)), lambda a, x, v: minus(density(a, x)))
igamma_grad_a = of_two(first, lambda a, x, v: second(a, x), density_slope)


def beta_sum(a: arb, b: arb, x: arb, logs: tuple[arb, arb]) -> arb:
    """I_x(a, b) = x^a (1 - x)^b / (a B(a, b)) * the sum of (a + b)_n / (a + 1)_n x^n (DLMF 8.17.8).

    Its ratios tend to x, from above for b > 1, from below otherwise. `logs` are those of x and 1 - x.
    """

    def ratio(n: int) -> arb:
        return (a + b + (n - 1)) / (a + n) * x

    total = series(ratio, geometric(lambda n: ratio(n + 1).max(x)))
    start = a * logs[0] + b * logs[1] + (a + b).lgamma() - (a + 1).lgamma() - b.lgamma()
    return start.exp() * total


def terms(a: float, b: float, x: float) -> float:
    """About how many terms that takes, for choosing alone: until the ratios are well below 1, and from there on."""
    if x >= 1:
        return float("inf")
    goal = (1 + x) / 2
    return max(0.0, ((a + b) * x - goal * (a + 1)) / (1 - x)) + ctx.prec / (1 - x)


def is_mirrored(a: arb, b: arb, x: arb) -> bool:
    """Whether the series of I_(1 - x)(b, a) = 1 - I_x(a, b) (DLMF 8.17.4) is the shorter one."""
    at, bt, xt, yt = (float(t.mid()) for t in (a, b, x, 1 - x))
    return terms(at, bt, xt) > terms(bt, at, yt)


def beta_part(mirrored: bool, a: arb, b: arb, x: arb) -> arb:
    """I_x(a, b), or what it lacks of 1, for a > 0, b > 0 and 0 < x < 1."""
    logs = x.log(), (-x).log1p()
    return beta_sum(b, a, 1 - x, logs[::-1]) if mirrored else beta_sum(a, b, x, logs)


def beta_value(a: arb, b: arb, x: arb) -> Real:
    """Betainc: for a > 0, b > 0 and x from 0 to 1."""
    signs = sign(a), sign(b), sign(x), sign(1 - x)
    if -1 in signs or 0 in signs[:2]:
        return State.UNDEFINED
    if None in signs:
        return State.UNDECIDED
    if 0 in signs:
        return ONE if signs[3] == 0 else ZERO
    mirrored = is_mirrored(a, b, x)
    part = beta_part(mirrored, a, b, x)
    return 1 - part if mirrored else part


def beta_density(a: arb, b: arb, x: arb) -> Real:
    """The slope along x, x^(a - 1) (1 - x)^(b - 1) / B(a, b) (DLMF 8.17.2)."""
    if x.is_zero():
        return at_end(a, b)
    if (1 - x).is_zero():
        return at_end(b, a)
    logs = (a - 1) * x.log() + (b - 1) * (-x).log1p()
    return (logs + (a + b).lgamma() - a.lgamma() - b.lgamma()).exp()


def beta_slopes(a: arb, b: arb, x: arb) -> tuple[Real, Real]:
    """The slopes along a, where I_x falls, and along b, where it rises."""
    if x.is_zero() or (1 - x).is_zero():
        return ZERO, ZERO
    mirrored = is_mirrored(a, b, x)
    up = -1 if mirrored else 1
    along_a = rate(
        lambda z: beta_part(mirrored, z, b, x), a, disc(a), lambda r: 2 * beta_part(mirrored, a.mid() - up * r, b, x)
    )
    along_b = rate(
        lambda z: beta_part(mirrored, a, z, x), b, disc(b), lambda r: 2 * beta_part(mirrored, a, b.mid() + up * r, x)
    )
    return (minus(along_a), minus(along_b)) if mirrored else (along_a, along_b)


def betainc(a: Dual, b: Dual, x: Dual) -> Dual:
    """Betainc, I_x(a, b)."""
    state = state_of(a, b, x)
    if state is not None:
        return lost(state, a, b, x)
    assert isinstance(a.v, arb), "states are handled above"
    assert isinstance(b.v, arb), "states are handled above"
    assert isinstance(x.v, arb), "states are handled above"
    v = beta_value(a.v, b.v, x.v)
    if isinstance(v, State) or not v.is_finite():
        return lost(v if isinstance(v, State) else State.UNDECIDED, a, b, x)
    along_a, along_b = (ZERO, ZERO) if a.d is None and b.d is None else beta_slopes(a.v, b.v, x.v)
    along_x = ZERO if x.d is None else beta_density(a.v, b.v, x.v)
    return Dual(v, plus(plus(times(along_a, a.d), times(along_b, b.d)), times(along_x, x.d)))


RULES: Mapping[str, Rule] = {
    "Betainc": elementwise(betainc, 3),
    "Igamma": elementwise(igamma, 2),
    "IgammaGradA": elementwise(igamma_grad_a, 2),
    "Igammac": elementwise(igammac, 2),
}
