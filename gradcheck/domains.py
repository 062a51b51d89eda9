"""Domains: which values an input may have.

In: the text of a domain, or values of any kind. Out: a `ValueDomain`, and values that lie inside it. Principle: a
domain says what it contains; entries, or rows along the last axis, that lie inside stay as they are, bit for bit, so
that projecting twice is projecting once; all others move to somewhere inside.

Values are arrays [n, *shape] of n points: float64 of every float dtype, int64, bool. A truth value is a number that is
0 or 1. A scalar is a row of one entry. An empty array is inside of every domain.
"""

import difflib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from gradcheck.errors import BAD_CONFIGURATION, CannotCheck
from gradcheck.floats import FORMATS, Doubles, FloatFormat
from gradcheck.later import Later
from gradcheck.program import Array

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Truths: TypeAlias = NDArray[np.bool_]
else:
    np = Later("numpy")
    Truths = Any

KINDS = ("any", "range", "probability", "simplex", "one-hot", "positive", "unit", "integer", "mask")

WORDS = ("any", "probability", "simplex", "one-hot", "positive", "unit", "mask")
"""Kinds that are written as they are called; the others are LO:HI and integer:LO:HI."""

WANTED = "any, probability, simplex, one-hot, positive, unit, mask, integer:LO:HI or LO:HI"

LIKENESS = 0.5
"""Share of letters in common from which a word is a misspelt other one: `prob` and `int` are."""

ROW_ULPS = 4
"""Last bits by which a row's sum or norm may miss 1: rounding its entries costs one, a softmax a few more."""

LARGEST_INTEGER = 127
"""End of integers that have none of their own: every integer dtype of TensorFlow holds it."""

INTEGER_LIMIT = 2.0**62
"""Ends of integers beyond this are cut to it; the next power of two is no int64."""


@dataclass(frozen=True)
class ValueDomain:
    """The values that an input may have.

    Attributes:
        kind: one of KINDS.
        lo, hi: ends, inclusive, of a range (None: as far as the dtype goes) and of integers; None elsewhere.
    """

    kind: str = "any"
    lo: float | None = None
    hi: float | None = None

    @property
    def text(self) -> str:
        """As the user writes it; `parse_domain` reads it back."""
        interval = ":".join("" if end is None else repr(end).removesuffix(".0") for end in (self.lo, self.hi))
        return interval if self.kind == "range" else f"integer:{interval}" if self.kind == "integer" else self.kind

    @property
    def whole(self) -> bool:
        """Whether its entries are whole numbers, whatever their dtype."""
        return self.kind in ("integer", "mask", "one-hot")

    def ends(self, fmt: FloatFormat | None) -> tuple[float, float]:
        """The least and the greatest value of one entry; those of a range are the floats nearest to its ends."""
        if self.kind in ("range", "integer"):
            lo, hi = self.lo, self.hi
            return integer_ends(lo, hi) if fmt is None else float_ends(fmt, lo, hi, self.kind == "integer")
        if self.kind == "unit":
            return -1.0, 1.0
        if self.kind == "positive":
            return (1.0, float(LARGEST_INTEGER)) if fmt is None else (fmt.smallest_normal, fmt.largest)
        return (-fmt.largest, fmt.largest) if fmt and self.kind == "any" else (0.0, 1.0)

    def project(self, values: Array, fmt: FloatFormat | None) -> Array:
        """The values, each point of which lies inside; the floats are floats of `fmt`, None of other dtypes."""
        if values.dtype == np.bool_:
            truths: Truths = self.project(values.astype(np.int64), None) > 0
            return truths
        if not values.size:
            return np.array(values)
        rows = as_rows(values)
        with np.errstate(all="ignore"):
            inside = self.rows_inside(rows, fmt)
            if inside.all():
                return np.array(values)
            moved: Array = self.moved(rows.astype(np.float64), fmt).astype(values.dtype)
        return np.reshape(np.where(inside, rows, moved), values.shape)

    def admit(self, numbers: Doubles, fmt: FloatFormat | None, dtype: str) -> Array:
        """Any float64 numbers as values inside; `dtype`, in which they travel, is float64, int64 or bool."""
        inside = self.project(numbers, fmt).astype(dtype)
        return self.project(inside, fmt) if dtype == "bool" else inside

    def contains(self, values: Array, fmt: FloatFormat | None) -> Truths:
        """Whether each point lies inside, and is made of floats of `fmt`."""
        if not values.size:
            return np.ones(len(values), dtype=np.bool_)
        if values.dtype == np.bool_:
            return each_point(self.project(values, fmt) == values)
        with np.errstate(all="ignore"):
            return each_point(self.rows_inside(as_rows(values), fmt))

    def rows_inside(self, rows: Array, fmt: FloatFormat | None) -> Truths:
        """What of [n, rows, length] is inside: its entries or, with a last axis of length 1, its rows."""
        inside = entries_inside(rows, fmt, self.ends(fmt), self.whole or fmt is None)
        if self.kind not in ("simplex", "one-hot", "unit"):
            return inside
        totals = rows.astype(np.float64) ** (2 if self.kind == "unit" else 1)
        missed = np.abs(totals.sum(axis=-1, keepdims=True) ** (0.5 if self.kind == "unit" else 1) - 1)
        slack = 0.0 if self.kind == "one-hot" else row_slack(fmt, rows.shape[-1])
        good: Truths = inside.all(axis=-1, keepdims=True) & (missed <= slack)
        return good

    def moved(self, rows: Doubles, fmt: FloatFormat | None) -> Doubles:
        """Rows inside, made from those outside."""
        if self.kind == "one-hot" or (fmt is None and self.kind in ("simplex", "unit")):
            return one_hot_rows(np.abs(rows) if self.kind == "unit" else rows)
        if fmt is not None and self.kind == "simplex":
            return simplex_rows(rows, fmt)
        if fmt is not None and self.kind == "unit":
            return unit_rows(rows, fmt)
        return nearest_entries(rows, fmt, self.ends(fmt), self.whole or fmt is None)


def float_ends(fmt: FloatFormat, lo: float | None, hi: float | None, inward: bool) -> tuple[float, float]:
    """Floats nearest to the ends of an interval, or those nearest from within."""
    low, high = -math.inf if lo is None else lo, math.inf if hi is None else hi
    first, last = fmt.nearest(low), fmt.nearest(high)
    if inward and fmt.value(first) < low <= fmt.largest:
        first += 1
    if inward and fmt.value(last) > high >= -fmt.largest:
        last -= 1
    return fmt.value(first), fmt.value(max(first, last))


def integer_ends(lo: float | None, hi: float | None) -> tuple[float, float]:
    """The first and the last whole number of an interval; the first one above it where it has none."""
    low, high = -LARGEST_INTEGER if lo is None else lo, LARGEST_INTEGER if hi is None else hi
    first, last = (min(max(end, -INTEGER_LIMIT), INTEGER_LIMIT) for end in (low, high))
    return float(math.ceil(first)), float(max(math.ceil(first), math.floor(last)))


def as_rows(values: Array) -> Array:
    """[n, *shape] as [n, rows, length]."""
    length = values.shape[-1] if values.ndim > 1 else 1
    return np.ascontiguousarray(values).reshape(len(values), -1, length)


def each_point(good: Truths) -> Truths:
    """Whether all of a point is good."""
    every: Truths = np.all(good.reshape(len(good), -1), axis=1)
    return every


def entries_inside(rows: Array, fmt: FloatFormat | None, ends: tuple[float, float], whole: bool) -> Truths:
    """Which entries lie between the ends, are floats of the dtype, and whole numbers if they have to be."""
    inside: Truths = (rows >= ends[0]) & (rows <= ends[1])
    if fmt is not None:
        inside &= rounded(rows, fmt) == rows
    if whole:
        inside &= np.rint(rows) == rows
    return inside


def row_slack(fmt: FloatFormat | None, length: int) -> float:
    """By how much a row's sum or norm may miss 1: a few last bits of its dtype, and the error of summing in float64."""
    return ROW_ULPS * 2.0**-fmt.mantissa_bits + length * 2.0**-53 if fmt else 0.0


def nearest_entries(rows: Doubles, fmt: FloatFormat | None, ends: tuple[float, float], whole: bool) -> Doubles:
    """Every entry cut to the ends, and rounded; what is no number counts as 0."""
    numbers = np.where(np.isnan(rows), 0.0, rows)
    cut = np.where(numbers < ends[0], ends[0], np.where(numbers > ends[1], ends[1], numbers))
    if whole:
        cut = np.rint(cut) + 0.0  # no -0
    return rounded(cut, fmt) if fmt else cut


def one_hot_rows(rows: Doubles) -> Doubles:
    """1 at the greatest entry of each row, the first of several; 0 elsewhere."""
    winners = np.where(np.isnan(rows), -np.inf, rows).argmax(axis=-1)
    hits: Truths = np.arange(rows.shape[-1]) == winners[..., None]
    return hits.astype(np.float64)


def simplex_rows(rows: Doubles, fmt: FloatFormat) -> Doubles:
    """Rows >= 0 over their sum, negative entries cut to 0; equal entries of rows without a finite positive sum."""
    positive = np.where(np.isfinite(rows).all(axis=-1, keepdims=True), np.maximum(rows, 0.0), 0.0)
    scaled = positive / positive.max(axis=-1, keepdims=True)
    scaled = np.where(positive.any(axis=-1, keepdims=True), scaled, 1.0)
    shares = scaled / scaled.sum(axis=-1, keepdims=True)
    nearest = rounded(shares, fmt)
    missed = np.abs(nearest.sum(axis=-1, keepdims=True) - 1)
    return np.where(missed <= row_slack(fmt, rows.shape[-1]), nearest, repaired(shares, nearest, fmt))


def repaired(shares: Doubles, nearest: Doubles, fmt: FloatFormat) -> Doubles:
    """Shares rounded down, their greatest what is left of 1: many entries may be too small for their dtype."""
    below = fmt.decode(fmt.encode(nearest) - (nearest > shares))
    greatest = np.expand_dims(below.argmax(axis=-1), -1)
    np.put_along_axis(below, greatest, 0.0, axis=-1)
    np.put_along_axis(below, greatest, rounded(1 - below.sum(axis=-1, keepdims=True), fmt), axis=-1)
    return below


def unit_rows(rows: Doubles, fmt: FloatFormat) -> Doubles:
    """Rows over their norm; the first unit vector for those of zeros."""
    numbers = np.nan_to_num(rows)
    size = np.abs(numbers).max(axis=-1, keepdims=True)
    scaled = np.where(size > 0, numbers / size, one_hot_rows(np.zeros_like(rows)))
    return rounded(scaled / np.sqrt((scaled**2).sum(axis=-1, keepdims=True)), fmt)


def rounded(values: Array, fmt: FloatFormat) -> Doubles:
    """The nearest floats of the dtype, `decode` of `encode`, at the speed of a cast where numpy has the dtype."""
    if fmt.name == "bfloat16":
        return fmt.decode(fmt.encode(values))
    return np.clip(values, -fmt.largest, fmt.largest).astype(fmt.name).astype(np.float64)


def misfit(domain: ValueDomain, dtype: str) -> str | None:
    """Why no input of a dtype has a domain, and what to write instead; None where one may."""
    if dtype in FORMATS:
        fmt = FORMATS[dtype]
        beyond = [e for e in (domain.lo, domain.hi) if e is not None and abs(e) >= fmt.largest + fmt.largest_ulp / 2]
        return f"{dtype} ends at {fmt.text(fmt.max_ordinal)}; write smaller numbers" if beyond else None
    if dtype == "bool":
        first, last, instead = 0, 1, "mask"
    else:
        first, last = np.iinfo(dtype).min, np.iinfo(dtype).max
        instead = "integer:LO:HI, mask or one-hot"
    if domain.kind in ("probability", "simplex", "unit"):
        return f"{dtype} has no fractions; write {instead}"
    lo, hi = -math.inf if domain.lo is None else domain.lo, math.inf if domain.hi is None else domain.hi
    if not any(math.isinf(end) for end in (lo, hi)) and math.ceil(lo) > math.floor(hi):
        return f"{dtype} has no number in it; write {instead}"
    if any(not math.isinf(end) and not first <= end <= last for end in (lo, hi)):
        return f"{dtype} holds {first} to {last}; write {instead if dtype == 'bool' else 'ends between these'}"
    return None


def parse_domain(where: str, text: str) -> ValueDomain:
    """Read a domain; `where` is the place to name where it is none."""
    written = text.strip().lower()
    word, colon, interval = (part.strip() for part in written.partition(":"))
    if written in WORDS:
        return ValueDomain(written)
    if word == "integer":
        return parse_integers(f"{where}: {text}", interval)
    if colon and (is_number(word) or not word):
        return ValueDomain("range", *parse_ends(f"{where}: {text}", written, "LO:HI, for example -1:1"))
    near = difflib.get_close_matches(word.replace("_", "-"), (*WORDS, "integer"), 1, LIKENESS)
    hint = {"integer": "; did you mean integer:LO:HI?"}.get(near[0], f"; did you mean {near[0]}?") if near else ""
    raise mistake(f"{where}: {text!r} is no domain; write {WANTED}{hint}")


def parse_integers(place: str, interval: str) -> ValueDomain:
    """Read the ends of integers."""
    wanted = "integer:LO:HI with two whole numbers, for example integer:0:9"
    lo, hi = parse_ends(place, interval, wanted)
    if lo is None or hi is None or lo != math.floor(lo) or hi != math.floor(hi):
        raise mistake(f"{place}: its ends are not two whole numbers; write {wanted}")
    return ValueDomain("integer", lo, hi)


def parse_ends(place: str, interval: str, wanted: str) -> tuple[float | None, float | None]:
    """Read LO:HI, either of which may be missing."""
    ends = [part.strip() for part in interval.split(":")]
    if len(ends) != 2 or not all(is_number(end) or not end for end in ends) or not any(ends):
        raise mistake(f"{place}: its ends are not two finite numbers; write {wanted}")
    lo, hi = (float(end) if end else None for end in ends)
    if lo is not None and hi is not None and lo > hi:
        raise mistake(f"{place}: {ends[0]} is above {ends[1]}; write the smaller end first: {ends[1]}:{ends[0]}")
    return lo, hi


def is_number(text: str) -> bool:
    """Whether a text is a finite decimal number."""
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def mistake(message: str) -> CannotCheck:
    """What the user should write instead."""
    return CannotCheck(BAD_CONFIGURATION, message)
