"""The oracle of tensors: a weighted sum of all outputs, and its derivative along numbers of the inputs.

In: a program, its outputs, a cotangent for each, and points of arrays. Out: enclosures, as of `oracle`. The sum of
cotangent * output is what reverse mode differentiates; here the derivative is carried forwards, one pass an entry.

At a tie the derivatives just above and just below are taken along the direction that is asked for. Where they agree the
function may be smooth (softplus as max(x, 0) + log1p(exp(-|x|))) or smooth along this line alone (the second of three
equal numbers, sorted): then the derivative is looked at nearby, at points moved by less than any float. Where it
differs, or the sides do, all between counts as right, and all that comes of any choice at each tie by itself: what
automatic differentiation may choose from (Clarke, Optimization and Nonsmooth Analysis, 1983, section 2.3: the
generalised gradients of the parts, which hold that of the whole).

A derivative that is singular by the chain rule may be one that exists: that of norm(x)**2 at 0. So it is looked for as
the limit of quotients of the exact values.
"""

from dataclasses import dataclass

import numpy as np
from flint import arb, ctx

from gradcheck.floats import FORMATS
from gradcheck.program import Array, Program, Ref
from gradcheck.records import TensorPoint
from gradcheck.truth.arguments import arguments, exact_point, shifted
from gradcheck.truth.duals import ZERO, Dual, Mode, Real, State
from gradcheck.truth.enclosures import LAST_PRECISION, PATIENCE, UNKNOWN, Enclosure, hull, refined, smooth
from gradcheck.truth.limits import FIRST_STEP, differentiated
from gradcheck.truth.ops import TABLE
from gradcheck.truth.ops.reductions import dot
from gradcheck.truth.oracle import GIVEN_UP, cost, missing
from gradcheck.truth.running import FLOATS, Run

Seeds = tuple[Array | None, ...]

LIMIT_PRECISION = 1024
"""Bits at which values next to a point are told apart: steps are 2^-200 to 2^-280, and slopes come of differences."""

LAST_LIMIT_PRECISION = 4096
"""The same where that is not enough."""

NEARBY = 12
"""Points next to a tie at which it is looked for other derivatives: enough to find one in a pool of 3 by 3."""

MAX_TENSOR_COST = 200_000
"""Numbers that all passes at one point may compute, 2 to 8 us each."""


def affordable(program: Program) -> int:
    """How many passes over a program one point may take."""
    return MAX_TENSOR_COST // max(1, cost(program, *program.outputs[: program.results]))


@dataclass(frozen=True)
class Results:
    """The exact outputs at one point: an array for each, and all numbers of those that are floats."""

    arrays: tuple[Array, ...]
    parts: tuple[Real, ...]


class TensorOracle:
    """The sum over outputs k and their elements of cotangent * output, and its derivatives.

    Attributes:
        formats: of each output; None of those that are no floats, which the sum leaves out.
    """

    def __init__(self, program: Program, refs: tuple[Ref, ...], cotangents: tuple[Array, ...]) -> None:
        self.program, self.refs = program, refs
        self.formats = tuple(FORMATS.get(program.nodes[i].dtypes[k]) for i, k in refs)
        self.shapes = [np.shape(c) for c in cotangents]
        self.cotangents = cotangents
        dtypes = [program.nodes[i].dtypes[0] for i in program.inputs]
        floats = [dtype for dtype in dtypes if dtype in FLOATS] or ["float32"]
        self.last_precision = max(LAST_PRECISION[dtype] for dtype in floats)
        self.patience = max(PATIENCE[dtype] for dtype in floats)

    @property
    def passes(self) -> int:
        """How many derivatives of one point are affordable."""
        return affordable(self.program)

    def missing(self) -> tuple[str, ...]:
        """The operation types on the way that are not in the table, sorted."""
        return missing(self.program, *self.refs)

    def outputs(self, point: TensorPoint) -> tuple[Array, ...]:
        """Exact outputs: for each an array of balls or states; of what is no float, integers or truth values."""
        return refined(lambda: self.results(point), self.last_precision, self.patience).arrays

    def derivative(self, point: TensorPoint, wrt: int, index: tuple[int, ...]) -> Enclosure:
        """The weighted sum, and its derivative along one element of one input."""
        return self.along(point, unit(point, wrt, index))

    def along(self, point: TensorPoint, seeds: Seeds) -> Enclosure:
        """The same where inputs move as fast as arrays say; None: not at all."""
        found = refined(lambda: self.once(point, seeds), self.last_precision, self.patience)
        return self.removed(found, point, seeds) if found.derivative is State.SINGULAR else found

    def magnitude(self, point: TensorPoint, wrt: int, index: tuple[int, ...]) -> Real:
        """What the terms of the chain rule add up to in absolute value, for one entry; to a few digits."""
        Mode.absolute = True
        try:
            return self.once(point, unit(point, wrt, index)).derivative
        finally:
            Mode.absolute = False

    def results(self, point: TensorPoint) -> Results:
        """The outputs at the current precision."""
        try:
            arrays = Run(TABLE).call(self.program, arguments(self.program, point, (None,) * len(point)), self.refs)
        except GIVEN_UP:
            arrays = [unknown(shape) for shape in self.shapes]
        found = tuple(values_of(a) if fmt else a for a, fmt in zip(arrays, self.formats, strict=True))
        floats = [a for a, fmt in zip(found, self.formats, strict=True) if fmt]
        return Results(found, tuple(x for a in floats for x in a.ravel()))

    def once(self, point: TensorPoint, seeds: Seeds) -> Enclosure:
        """The weighted sum and its derivative at the current precision; undecided where a rule gives up."""
        try:
            here, run = self.on_side(point, seeds, 0)
            return self.beside(here, point, seeds) if run.ties else Enclosure(here.v, speed(here))
        except GIVEN_UP:
            return UNKNOWN

    def on_side(self, point: TensorPoint, seeds: Seeds, side: int, hull: bool = False) -> tuple[Dual, Run]:
        """The weighted sum, ties resolved on one side, or all between both."""
        run = Run(TABLE, side, hull)
        arrays = run.call(self.program, arguments(self.program, point, seeds), self.refs)
        pairs = zip(arrays, self.cotangents, self.formats, strict=True)
        weighed = [(a.ravel(), np.ravel(weights_of(c, a.shape))) for a, c, fmt in pairs if fmt]
        terms = [(a[i], weights[i]) for a, weights in weighed for i in np.flatnonzero(weights)]
        return dot([x for x, _ in terms], [Dual(arb(float(w))) for _, w in terms]), run

    def beside(self, here: Dual, point: TensorPoint, seeds: Seeds) -> Enclosure:
        """What there is at a tie."""
        sides = [self.on_side(point, seeds, side)[0] for side in (1, -1)]
        slopes = tuple(speed(s) for s in sides if not isinstance(s.v, State))
        own, common = speed(here), smooth(slopes)
        if len(slopes) < 2 or any(isinstance(s, State) for s in (own, *slopes)):
            return Enclosure(here.v, own, slopes)
        every = ends(speed(self.on_side(point, seeds, 0, hull=True)[0]))
        if common is not None and not all(same(s, common) for s in (own, *every)):
            slopes = (*slopes, *self.nearby(point, seeds))
            common = common if all(close(s, common) for s in slopes) else None
        if common is not None:
            return Enclosure(here.v, common, (common, common))
        return Enclosure(here.v, own, hull((own, *slopes, *every)))

    def nearby(self, point: TensorPoint, seeds: Seeds) -> list[Real]:
        """Derivatives at points moved in all directions by next to nothing."""
        outer, ctx.prec = ctx.prec, max(ctx.prec, LIMIT_PRECISION)
        try:
            exact = exact_point(self.program, point)
            step = step_at(exact)
            moved = [shifted(exact, direction(seeds, exact, k), step) for k in range(NEARBY)]
            return [speed(self.on_side(there, seeds, 0)[0]) for there in moved]
        finally:
            ctx.prec = outer

    def removed(self, found: Enclosure, point: TensorPoint, seeds: Seeds) -> Enclosure:
        """A derivative that exists where the chain rule has none; else as it was found."""
        limit = refined(
            lambda: self.limit(found.value, point, seeds), LAST_LIMIT_PRECISION, self.patience, LIMIT_PRECISION
        )
        return limit if isinstance(limit.derivative, arb) and not limit.sides else found

    def limit(self, value: Real, point: TensorPoint, seeds: Seeds) -> Enclosure:
        """The derivative as a limit of quotients of the weighted sum."""
        exact = exact_point(self.program, point)
        still: Seeds = (None,) * len(point)
        return differentiated(lambda t: self.once(shifted(exact, seeds, t), still).value, step_at(exact), value)


def weights_of(cotangent: Array, shape: tuple[int, ...]) -> Array:
    """A cotangent for an output, whose shape may depend on the point: then only ones fit, and others raise."""
    if np.shape(cotangent) == shape:
        return cotangent
    if not np.equal(cotangent, 1).all():
        raise ValueError(f"weights {np.shape(cotangent)} of an output {shape}")
    return np.ones(shape)


def unit(point: TensorPoint, wrt: int, index: tuple[int, ...]) -> Seeds:
    """Seeds of one element."""
    seed = np.zeros(np.shape(point[wrt]), object)
    seed[index] = 1
    return tuple(seed if i == wrt else None for i in range(len(point)))


def direction(seeds: Seeds, point: tuple[Array, ...], k: int) -> Seeds:
    """The k-th of NEARBY directions for all floats, the same each time.

    Random, and what moves by the seeds at the k-th of evenly spaced places, so that it is the largest of many equals
    in some of them.
    """
    rng, level = np.random.default_rng(k), 2 * k / (NEARBY - 1) - 1
    floats = [rng.uniform(-1, 1, x.shape) if x.dtype == object else None for x in point]
    pairs = zip(floats, seeds, strict=True)
    return tuple(r if r is None or s is None else np.where(np.equal(s, 0), r, level) for r, s in pairs)


def step_at(point: tuple[Array, ...]) -> arb:
    """A step far below every number of a point."""
    sizes = [abs(x) for array in point if array.dtype == object for x in array.ravel() if isinstance(x, arb)]
    return FIRST_STEP * min((s for s in sizes if 0 < s < 1), default=arb(1))


def speed(x: Dual) -> Real:
    """A derivative, 0 where there is no dependence."""
    return ZERO if x.d is None else x.d


CLOSE = arb(2) ** -40
"""Relative distance of derivatives that are taken to have the same limit: the points are 2^-200 apart."""


def ends(whole: Real) -> tuple[arb, ...]:
    """The ends of an enclosure of several derivatives; none of what is not bounded."""
    return (whole.lower(), whole.upper()) if isinstance(whole, arb) and whole.is_finite() else ()


def same(a: Real, b: Real) -> bool:
    """Whether two derivatives are numbers that certainly agree."""
    return isinstance(a, arb) and isinstance(b, arb) and abs(a - b) < CLOSE * (abs(a) + abs(b) + CLOSE)


def close(a: Real, b: Real) -> bool:
    """Whether two derivatives are numbers and may be the same in the limit."""
    return isinstance(a, arb) and isinstance(b, arb) and not abs(a - b) > CLOSE * (abs(a) + abs(b) + CLOSE)


def unknown(shape: tuple[int, ...]) -> Array:
    """An output that no rule gives."""
    result = np.empty(shape, object)
    result[...] = Dual(State.UNDECIDED)
    return result


def values_of(array: Array) -> Array:
    """The values of duals."""
    result = np.empty(array.shape, object)
    result.ravel()[:] = [x.v for x in array.ravel()]
    return result
