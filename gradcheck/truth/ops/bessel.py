"""Bessel functions of orders 0 and 1, and the modified ones, plain and scaled by an exponential."""

from collections.abc import Callable, Mapping

from flint import arb, ctx

from gradcheck.truth.duals import Dual, Real, State, lost, of_one, sign
from gradcheck.truth.ops.choices import NOTHING
from gradcheck.truth.ops.incomplete import precision
from gradcheck.truth.running import Rule, Run, compared, elementwise


def even_or_odd(n: int, of_positive: Callable[[arb], arb]) -> Callable[[arb], arb]:
    """A function with the parity of n, from its values for x >= 0."""
    return lambda x: of_positive(x) if not x < 0 else of_positive(-x) * (-1) ** n


def bessel_j(n: int) -> Callable[[arb], arb]:
    """J_n, asked for at -|x|: flint loses fewer digits of a large argument there."""
    return even_or_odd(n, lambda x: (-x).bessel_j(n) * (-1) ** n if x > 0 else x.bessel_j(n))


def bessel_i(n: int) -> Callable[[arb], arb]:
    """I_n."""
    return lambda x: x.bessel_i(n)


def bessel_ie(n: int) -> Callable[[arb], arb]:
    """exp(-|x|) I_n(x)."""
    return even_or_odd(n, lambda x: x.bessel_i(n, scaled=True) if x > 0 else (-abs(x)).exp() * x.bessel_i(n))


def above_zero(value: Callable[[arb], arb]) -> Callable[[arb], Real]:
    """A function that is defined for x > 0 alone: Y and K."""

    def call(x: arb) -> Real:
        s = sign(x)
        return State.UNDECIDED if s is None else value(x) if s > 0 else State.UNDEFINED

    return call


def bessel_k(n: int, scaled: bool = False) -> Callable[[arb], arb]:
    """K_n, or exp(x) K_n(x); its series loses about 3 x bits, which flint is slow to make up for."""

    def call(x: arb) -> arb:
        with precision(ctx.prec + (3 * int(float(x.mid())) if x < ctx.prec else 0)):
            return x.bessel_k(n, scaled=scaled)

    return call


i0, i1, i2 = (bessel_i(n) for n in range(3))
i0e, i1e, i2e = (bessel_ie(n) for n in range(3))
j0, j1, j2 = (bessel_j(n) for n in range(3))
k0, k1, k0e, k1e = bessel_k(0), bessel_k(1), bessel_k(0, scaled=True), bessel_k(1, scaled=True)


def scaled(value: Callable[[arb], arb], slope: Callable[[arb], arb]) -> Callable[[Run, Dual], Dual]:
    """exp(-|x|) times a function, from that and from exp(-|x|) times the function's derivative.

    The factor has a kink at 0, where the middle of the one-sided derivatives is taken.
    """

    def call(run: Run, x: Dual) -> Dual:
        if isinstance(x.v, State):
            return lost(x.v, x)
        s = run.compare(x, NOTHING)
        return of_one(value, lambda t, v: State.UNDECIDED if s is None else slope(t) - s * v)(x)

    return call


RULES: Mapping[str, Rule] = {
    # The derivatives are those of DLMF 10.6.1 to 10.6.3 and 10.29.1 to 10.29.3.
    "BesselI0": elementwise(of_one(i0, lambda x, v: i1(x))),
    "BesselI0e": compared(scaled(i0e, i1e), 1),
    "BesselI1": elementwise(of_one(i1, lambda x, v: (i0(x) + i2(x)) / 2)),
    "BesselI1e": compared(scaled(i1e, lambda x: (i0e(x) + i2e(x)) / 2), 1),
    "BesselJ0": elementwise(of_one(j0, lambda x, v: -j1(x))),
    "BesselJ1": elementwise(of_one(j1, lambda x, v: (j0(x) - j2(x)) / 2)),
    "BesselK0": elementwise(of_one(above_zero(k0), lambda x, v: -k1(x))),
    "BesselK0e": elementwise(of_one(above_zero(k0e), lambda x, v: v - k1e(x))),
    "BesselK1": elementwise(of_one(above_zero(k1), lambda x, v: -k0(x) - v / x)),
    "BesselK1e": elementwise(of_one(above_zero(k1e), lambda x, v: v - k0e(x) - v / x)),
    "BesselY0": elementwise(of_one(above_zero(lambda x: x.bessel_y(0)), lambda x, v: -x.bessel_y(1))),
    "BesselY1": elementwise(of_one(above_zero(lambda x: x.bessel_y(1)), lambda x, v: x.bessel_y(0) - v / x)),
}
