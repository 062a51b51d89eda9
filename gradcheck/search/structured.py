"""Structured points: where functions of tensors go wrong whatever they are.

In: a target's inputs, constants of its graph. Out: a batch inside the domains, each point once, the simplest first.
Principle: every input has a shelf of named patterns of its own shape, put into its domain once; a point is a name an
input, so that combining inputs costs no more than picking rows. `own` is what an input is where another one is looked
at: ordinary, distinct, and different from every other input.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, combinations, islice, product

import numpy as np
from numpy.typing import NDArray

from gradcheck.floats import FORMATS, Doubles, FloatFormat
from gradcheck.program import Array
from gradcheck.records.tensors import Batch, TensorInput

MANY = 4096
"""Elements a point from which on there is a short list of points only."""

MOST_POINTS = 1500
"""Points of targets of few elements, beyond which those with one pattern in each input have all been taken."""

SHORT, SHORT_ELEMENTS = 24, 1 << 22
"""Points of targets of many elements, and elements of all of them together: 32 MB, about a second."""

PLACES = 8
"""Positions, rows and columns that are singled out; a kernel that treats the ninth alone is not known."""

MOST_CONSTANTS = 32
"""Scalars, and tables, of the graph that are tried."""

COMBINED = ("zeros", "ones", "one-hot", "own", "saturated", "-saturated")
"""Patterns that up to 3 inputs have in all combinations."""

BRIEF = ("own", "zeros", "ones", "ordinary", "one-hot", "saturated", "alternating", "large 0", "2")
"""Patterns of inputs of many elements."""

PLAIN = (2.0, 3.0, 10.0, 20.0, 50.0, 100.0, 1e4, 1e-4, 1e-8, 1e-20, math.pi / 2)
"""Values that people's thresholds, epsilons and angles are, whatever the dtype."""

EXTREMES = ("first", "last", "alternating ends")
"""Patterns that labels and masks have while other inputs are looked at."""

CUBES = (589, 10007)
"""Ordinary values are multiples of cubes modulo a prime, all distinct; of 280 factors tried this one makes the best
conditioned matrices of 2 to 6 rows (below 60), where the usual multiples of the golden ratio are nearly singular."""

MEETING = "= "
"""Begins the names of patterns in which an input is partly equal to an earlier one; they mean nothing elsewhere."""


@dataclass(frozen=True)
class Shelf:
    """The patterns of one input.

    Attributes:
        values: [patterns, *shape], in the domain.
        places: which of them has which name; of equal ones all names say the first.
        keys: how simple they are: distinct values besides 0, 1 and -1, distinct values, entries that are not 0.
    """

    values: Array
    places: dict[str, int]
    keys: NDArray[np.int64]

    def at(self, name: str) -> int:
        """Place of a pattern, or that of `own` where it has none of this name."""
        return self.places.get(name, self.places["own"])


def structured(inputs: tuple[TensorInput, ...], tables: tuple[Array, ...], scalars: tuple[float, ...]) -> Batch:
    """All structured points, the simplest first."""
    size = sum(math.prod(item.shape) for item in inputs)
    brief = size > MANY
    most = max(2, min(SHORT, SHORT_ELEMENTS // size)) if brief else MOST_POINTS
    shelves = [shelf(item, patterns(inputs, k, tables, scalars, most)) for k, item in enumerate(inputs)]
    chosen = list(islice(places(shelves, plans(inputs, shelves, brief)), most))
    columns = list(zip(shelves, np.array(chosen, dtype=np.int64).T, strict=True))
    order = np.lexsort(sum((s.keys[column] for s, column in columns), np.zeros(3, np.int64)).T[::-1])
    return tuple(s.values[column[order]] for s, column in columns)


def places(shelves: list[Shelf], names: Iterator[tuple[str, ...]]) -> Iterator[tuple[int, ...]]:
    """Where on the shelves the named patterns stand, each combination once."""
    seen: set[tuple[int, ...]] = set()
    for name in names:
        place = tuple(s.at(one) for s, one in zip(shelves, name, strict=True))
        if place not in seen:
            seen.add(place)
            yield place


def plans(inputs: tuple[TensorInput, ...], shelves: list[Shelf], brief: bool) -> Iterator[tuple[str, ...]]:
    """A name for each input, the most important ones first."""
    everywhere = list(dict.fromkeys(name for s in shelves for name in s.places if MEETING not in name))
    own = ("own",) * len(inputs)
    yield own
    yield from ((name,) * len(inputs) for name in everywhere)
    for k in range(len(inputs)):
        yield replaced(("ones",) * len(inputs), k, "zeros")
        yield from (replaced(own, k, name) for name in shelves[k].places if name.startswith(MEETING))
    if len(inputs) <= 3 and not brief:
        yield from product(COMBINED, repeat=len(inputs))
    yield from chain.from_iterable(alone(inputs, name) for name in everywhere)


def alone(inputs: tuple[TensorInput, ...], name: str) -> Iterator[tuple[str, ...]]:
    """A pattern in one input at a time, labels at their extremes too, and opposite in every other input."""
    opposite = name[1:] if name.startswith("-") else f"-{name}"
    if len(inputs) > 1:
        yield tuple(opposite if k % 2 else name for k in range(len(inputs)))
    labels = [item.fmt is None or item.domain.whole for item in inputs]
    for extreme in ("own", *(EXTREMES if any(labels) else ())):
        others = tuple(extreme if label else "own" for label in labels)
        yield from (replaced(others, k, name) for k in range(len(inputs)))


def replaced(names: tuple[str, ...], k: int, name: str) -> tuple[str, ...]:
    """The names with another one at place `k`."""
    return (*names[:k], name, *names[k + 1 :])


def shelf(item: TensorInput, found: dict[str, Doubles]) -> Shelf:
    """Patterns and their negatives, in the domain."""
    numbers = np.stack(list(found.values()))
    values = item.domain.admit(np.concatenate([numbers, 0.0 - numbers]), item.fmt, item.array_dtype)
    first: dict[bytes, int] = {}
    same = [first.setdefault(value.tobytes(), i) for i, value in enumerate(values)]
    names = dict(zip([*found, *(f"-{name}" for name in found)], same, strict=True))
    return Shelf(values, names, simplicity(values.reshape(len(values), -1).astype(np.float64)))


def simplicity(points: Doubles) -> NDArray[np.int64]:
    """Of each row: distinct values besides 0, 1 and -1, distinct values, entries that are not 0."""
    ordered = np.sort(points, axis=1)
    new = np.ones(ordered.shape, dtype=np.bool_)
    new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    odd = new & (ordered != 0) & (np.abs(ordered) != 1)
    return np.stack([odd.sum(1), new.sum(1), (points != 0).sum(1)], axis=1)


def patterns(
    inputs: tuple[TensorInput, ...], k: int, tables: tuple[Array, ...], scalars: tuple[float, ...], most: int
) -> dict[str, Doubles]:
    """The patterns of one input by name, as numbers of any kind."""
    item, brief = inputs[k], most < MOST_POINTS
    shape, fmt = item.shape, item.fmt or FORMATS["float32"]
    found = {"zeros": np.zeros(shape), "ones": np.ones(shape), "own": own_values(item, k)}
    found |= {"ordinary": ordinary(shape, 0), "2": 2 * found["ones"], "large 0": fmt.largest * found["ones"]}
    found |= extremes(item)
    if math.prod(shape) > 1:
        found |= entries(shape, fmt, brief)
    if brief:
        return {name: found[name] for name in BRIEF[:most] if name in found}
    found |= {name: np.full(shape, value) for name, value in specials(fmt).items()}
    found |= {f"scalar {i}": np.full(shape, value) for i, value in enumerate(scalars[:MOST_CONSTANTS])}
    found |= fitting(shape, tables) | meetings(inputs, k)
    return found | rows(shape) | matrices(shape) if len(shape) > 1 else found


def ordinary(shape: tuple[int, ...], salt: int) -> Doubles:
    """Moderate values in (0.1, 1), up to thousands distinct, without order or linear relation; see `CUBES`."""
    count = math.prod(shape)
    factor, prime = CUBES
    places = (np.arange(1, count + 1) + 31 * salt) % prime
    values = 0.1 + 0.88 * (places**3 * factor % prime) / prime
    return np.asarray(np.round(values, 3 if count <= PLACES else 4), dtype=np.float64).reshape(shape)


def own_values(item: TensorInput, k: int) -> Doubles:
    """Ordinary values, other ones in each input; of whole numbers all in turn."""
    if not (item.domain.whole or item.fmt is None) or item.domain.kind in ("one-hot", "simplex", "unit"):
        return ordinary(item.shape, k + 1)
    lo, hi = item.domain.ends(item.fmt)
    turns = (np.arange(math.prod(item.shape)) + k) % (hi - lo + 1)
    return np.asarray(lo + turns, dtype=np.float64).reshape(item.shape)


def extremes(item: TensorInput) -> dict[str, Doubles]:
    """All entries, or rows, at the first, at the last value of the domain, and at both in turn."""
    places = np.arange(math.prod(item.shape)).reshape(item.shape)
    lo, hi = item.domain.ends(item.fmt)
    if item.domain.kind not in ("one-hot", "simplex") or not item.shape:
        return dict(zip(EXTREMES, (places * 0 + lo, places * 0 + hi, np.where(places % 2, hi, lo)), strict=True))
    length = max(item.shape[-1], 1)
    first, last = (np.where(places % length == place, 1.0, 0.0) for place in (0, length - 1))
    return dict(zip(EXTREMES, (first, last, np.where(places // length % 2, last, first)), strict=True))


def specials(fmt: FloatFormat) -> dict[str, float]:
    """Values that all entries have: small, large, and where exp, its square, x*x and 1 + x change; see `planning`."""
    logs = (math.log(fmt.largest), -math.log(fmt.smallest_normal), math.log(2) - math.log(fmt.smallest_subnormal))
    small = (fmt.smallest_normal, fmt.smallest_subnormal, 2.0**-fmt.mantissa_bits, math.sqrt(fmt.smallest_normal))
    large = (1.0, 0.5, 0.1, math.sqrt(fmt.largest) / fmt.largest, 2 * math.sqrt(fmt.largest) / fmt.largest)
    found = {f"{value:g}": value for value in (0.5, *PLAIN)} | {
        f"tiny {i}": value for i, value in enumerate((-0.0, *small))
    }
    found |= {f"large {i}": share * fmt.largest for i, share in enumerate(large)}
    return found | {f"exp {i}": float(math.ceil(x)) for i, x in enumerate((*logs, logs[0] / 2, logs[2] / 2))}


def entries(shape: tuple[int, ...], fmt: FloatFormat, brief: bool) -> dict[str, Doubles]:
    """One entry, or two, unlike the others; signs in turn; increasing values."""
    base, count = ordinary(shape, 0), math.prod(shape)
    one, sign = changed(np.zeros(shape), (0,), 1.0), np.where(np.arange(count) % 2, -1.0, 1.0).reshape(shape)
    found = {"one-hot": one, "saturated": 200 * one - 100, "alternating": sign}
    if brief:
        return found
    found |= {"increasing": (np.arange(1, count + 1) / 2.0 ** max(2, count.bit_length())).reshape(shape)}
    found |= {"mixed": base * np.where(np.arange(count) % 3 == 1, -1.0, 1.0).reshape(shape), "1e4 alone": 1e4 * one}
    found |= {"huge alternating": fmt.largest * sign, "100 alternating": 100 * sign, "1e4 saturated": 2e4 * one - 1e4}
    singled = sorted({*range(min(count, PLACES - 1)), count - 1})
    found |= {f"zero at {p}": changed(base, (p,), 0.0) for p in singled}
    found |= {f"one at {p}": changed(np.zeros(shape), (p,), 1.0) for p in singled[1:]}
    for pair in combinations(sorted({*singled[:3], count - 1}), 2):
        found |= {f"zeros at {pair}": changed(base, pair, 0.0), f"equal at {pair}": changed(base, pair, 0.99)}
    odd = {"huge": fmt.largest, "root": 2 * math.sqrt(fmt.largest), "tiny": fmt.smallest_normal, "1e-20": 1e-20}
    for name, value in odd.items():
        found |= {f"{name} among zeros": changed(0 * base, (0,), value), f"{name} one": changed(base, (0,), value)}
        found |= {f"{name} last": changed(base, (count - 1,), value)}
    return found | {"ones but one": 1 - one}


def changed(base: Doubles, places: tuple[int, ...], value: float) -> Doubles:
    """A copy with other entries at some places in order."""
    copy: Doubles = np.array(base)
    copy.reshape(-1)[list(places)] = value
    return copy


def fitting(shape: tuple[int, ...], tables: tuple[Array, ...]) -> dict[str, Doubles]:
    """Tables of the graph that are, or broadcast to, values of an input."""
    found: dict[str, Doubles] = {}
    for i, table in enumerate(tables):
        pairs = zip(table.shape[::-1], shape[::-1], strict=False)
        fits = table.ndim <= len(shape) and all(mine in (1, wanted) for mine, wanted in pairs)
        if fits and table.dtype.kind in "fiub" and len(found) < MOST_CONSTANTS:
            found[f"table {i}"] = np.broadcast_to(table.astype(np.float64), shape).copy()
    return found


def meetings(inputs: tuple[TensorInput, ...], k: int) -> dict[str, Doubles]:
    """What is `own` but equal to an earlier input's: everywhere, in one row, in one entry."""
    mine, found = own_values(inputs[k], k), {}
    for i, other in enumerate(inputs[:k][:3]):
        theirs = own_values(other, i)
        if not mine.size or not theirs.size:
            continue
        found[f"{MEETING}{i} in one entry"] = changed(mine, (0,), float(theirs.flat[0]))
        if mine.shape[-1:] == theirs.shape[-1:]:
            copy, row = mine.copy(), theirs.reshape(-1, *mine.shape[-1:])[0]
            copy.reshape(-1, *mine.shape[-1:])[0] = row
            found[f"{MEETING}{i} in one row"] = copy
            found[f"{MEETING}{i}"] = theirs if mine.shape == theirs.shape else 0 * mine + row
    return found


def rows(shape: tuple[int, ...]) -> dict[str, Doubles]:
    """Equal rows, constant rows, one row alone, a slice of zeros along each of the first two axes."""
    base = ordinary(shape, 0)
    if not base.size:
        return {}
    flat = base.reshape(-1, shape[-1])
    found = {"equal rows": np.broadcast_to(flat[0], shape) + 0.0, "equal columns": base * 0 + base[..., :1]}
    found["only one row"] = changed(0 * base, tuple(range(shape[-1])), 1.0)
    for axis in (0, 1):
        for i in range(min(shape[axis], PLACES)):
            keep = (np.arange(shape[axis]) != i).reshape([-1 if a == axis else 1 for a in range(len(shape))])
            found[f"no {i} of axis {axis}"] = base * keep
    found["first row zeros"] = changed(base, tuple(range(shape[-1])), 0.0)
    return found


def matrices(shape: tuple[int, ...]) -> dict[str, Doubles]:
    """Identity, permutations, diagonal, singular, symmetric, definite and triangular matrices in the last two axes."""
    m, n = shape[-2:]
    if not m or not n:
        return {}
    a, eye, twin, last = ordinary((m, n), 0), np.eye(m, n), ordinary((m, n), 0), min(m, n) - 1
    twin[-1] = twin[0]
    swap = [*reversed(range(min(m, 2))), *range(2, m)]
    found = {"identity": eye, "twice identity": 2 * eye, "distinct diagonal": a * eye, "nilpotent": np.eye(m, n, 1)}
    found |= {"diagonal": changed(eye, (last * n + last,), 2.0), "reversal": eye[::-1], "swap": eye[swap]}
    found |= {"rank 1": np.outer(a[:, 0], a[0]), "twin rows": twin, "upper": np.triu(a), "lower": np.tril(a)}
    found |= {"cycle": np.roll(eye, 1, axis=1), "nearly singular": 1 + 1e-6 * eye, "1e-6 identity": 1e-6 * eye}
    if m == n:
        found |= {"definite": a @ a.T + eye, "semidefinite": np.outer(a[0], a[0]), "ones and identity": eye + 1}
        found |= {"symmetric": a + a.T, "antisymmetric": a - a.T}
    return {name: np.broadcast_to(matrix, shape) + 0.0 for name, matrix in found.items()}
