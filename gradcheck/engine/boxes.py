"""Boxes: a plane of pairs, cut into rectangles of one code.

In: runs of equal codes in rows. Out: `Boxes`, in which equal neighbouring rows are one. Ends are ordinals; nothing
reaches over a gap between two ranges.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from gradcheck.bisection import Codes
from gradcheck.floats import Ordinals


@dataclass(frozen=True)
class Boxes:
    """Rectangles of one code, arrays [n], by rows and within a row by columns.

    Attributes:
        y_lo, y_hi: ordinals of the first and the last row.
        x_lo, x_hi: ordinals of the first and the last column.
        codes: what is found in all of it.
    """

    y_lo: Ordinals
    y_hi: Ordinals
    x_lo: Ordinals
    x_hi: Ordinals
    codes: Codes

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def pairs(self) -> Ordinals:
        """How many pairs each holds."""
        return (self.x_hi - self.x_lo + 1) * (self.y_hi - self.y_lo + 1)

    def chosen(self, which: NDArray[np.bool_] | NDArray[np.intp]) -> "Boxes":
        """Some of them, by a mask or by place."""
        return Boxes(*(getattr(self, f.name)[which] for f in fields(self)))

    def counts(self) -> dict[int, int]:
        """Pairs of each code."""
        pairs = self.pairs
        return {code: int(pairs[self.codes == code].sum()) for code in np.unique(self.codes).tolist()}


def joined(parts: list[Boxes]) -> Boxes:
    """Parts of a plane in order of rows; equal rows that meet are one."""
    return banded(Boxes(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Boxes))))


def row_boxes(first: NDArray[np.intp], codes: Codes, rows: Ordinals, columns: Ordinals) -> Boxes:
    """Boxes one row high, from where in the rows, one behind the other, codes begin, and those.

    `first` is sorted and has the start of every row; neighbours may have the same code.
    """
    starts = (np.arange(len(rows))[:, None] * len(columns) + starts_of(columns)).ravel()
    fresh = starts[first[np.searchsorted(first, starts, side="right") - 1] != starts]  # behind a gap in the columns
    codes = np.append(codes, codes[np.searchsorted(first, fresh, side="right") - 1])
    first = np.append(first, fresh)
    order = np.argsort(first, kind="stable")
    first, codes = first[order], codes[order]
    keep = np.append(True, codes[1:] != codes[:-1])
    keep[np.searchsorted(first, starts)] = True
    first, codes = first[keep], codes[keep]
    row, column = np.divmod(first, len(columns))
    last = (np.append(first[1:], len(rows) * len(columns)) - 1) % len(columns)
    return Boxes(rows[row], rows[row], columns[column], columns[last], codes)


def starts_of(ordinals: Ordinals) -> NDArray[np.intp]:
    """Where a stretch of neighbouring floats begins."""
    return np.flatnonzero(np.append(True, ordinals[1:] != ordinals[:-1] + 1))


def banded(boxes: Boxes) -> Boxes:
    """The same with equal rows that meet as one; the boxes of a row have the same `y_lo` and `y_hi`."""
    first = np.flatnonzero(np.append(True, boxes.y_lo[1:] != boxes.y_lo[:-1]))
    count = np.diff(np.append(first, len(boxes)))
    same = np.zeros(len(first), bool)  # as the row before
    same[1:] = (count[1:] == count[:-1]) & (boxes.y_lo[first[1:]] == boxes.y_hi[first[:-1]] + 1)
    before = np.arange(len(boxes)) - np.repeat(count, count)  # the box of the row before, where there are as many
    alike = np.ones(len(boxes), bool)
    for values in (boxes.x_lo, boxes.x_hi, boxes.codes):
        alike &= values == values[before]
    same &= np.logical_and.reduceat(alike, first)
    top = np.flatnonzero(~same)
    ends = boxes.y_hi[first[np.append(top[1:], len(first)) - 1]]
    kept = boxes.chosen(np.repeat(~same, count))
    return Boxes(kept.y_lo, np.repeat(ends, count[top]), kept.x_lo, kept.x_hi, kept.codes)
