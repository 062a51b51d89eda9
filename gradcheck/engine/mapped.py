"""What is known of one gradient on a plane of pairs, as far as it has been run.

In: boxes, row after row. Out: a `PlaneMap`: pairs of each class, the rectangles that they lie in, and a map of cells.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gradcheck.engine import CLASSES, COLUMN_BITS
from gradcheck.engine.boxes import Boxes, joined
from gradcheck.engine.rectangles import rectangles
from gradcheck.floats import Ordinals
from gradcheck.records import Class, PlaneClass, PlaneMap, Rectangle

MOST_BOXES = 1 << 22
"""Boxes of one gradient that are kept; the pairs of others are only counted."""

GRID = (16, 64)
"""Cells of the map, rows and columns."""

CODES = 1 << (2 * COLUMN_BITS)
"""How many codes there are: the class of the output, and behind it that of a gradient."""

MOST_RECTANGLES = 64
"""Rectangles of one class that are listed."""

MARKS = "N+-o. "
"""Marks of a cell, the worst first, as `PlaneMap` explains them."""


@dataclass
class Mapped:
    """One gradient on the plane, as far as it has been run.

    Attributes:
        version, wrt: whose, and by which input.
        x, y: first and last ordinal of each input.
        parts: boxes, in order of rows.
        counts: pairs of each code, [CODES].
        seen: which codes a cell of the map holds, [CODES, rows + 1, columns + 1], differences of numbers of boxes.
        kept: how many boxes there are.
        full: whether there were more than are kept.
    """

    version: str
    wrt: str
    x: tuple[int, int]
    y: tuple[int, int]
    parts: list[Boxes] = field(default_factory=list)
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(CODES, np.int64))
    seen: NDArray[np.int64] = field(default_factory=lambda: np.zeros((CODES, GRID[0] + 1, GRID[1] + 1), np.int64))
    kept: int = 0
    full: bool = False

    def add(self, boxes: Boxes) -> None:
        """More rows."""
        np.add.at(self.counts, boxes.codes, boxes.pairs)
        self.draw(boxes)
        if self.full:
            return
        self.parts.append(boxes)
        self.kept += len(boxes)
        if self.kept > MOST_BOXES:
            self.parts = [joined(self.parts)]
            self.kept = len(self.parts[0])
            self.full = self.kept > MOST_BOXES // 2

    def draw(self, boxes: Boxes) -> None:
        """Mark the corners of boxes on the map."""
        rows, columns = GRID
        top, bottom = cell(boxes.y_lo, self.y, rows), cell(boxes.y_hi, self.y, rows) + 1
        left, right = cell(boxes.x_lo, self.x, columns), cell(boxes.x_hi, self.x, columns) + 1
        for row, column, sign in ((top, left, 1), (top, right, -1), (bottom, left, -1), (bottom, right, 1)):
            np.add.at(self.seen, (boxes.codes, row, column), sign)

    def map(self) -> PlaneMap:
        """All that is told of it."""
        boxes = joined(self.parts)
        order = sorted(np.flatnonzero(self.counts).tolist(), key=lambda code: (-self.counts[code], code))
        return PlaneMap(self.version, self.wrt, tuple(self.of_code(boxes, code) for code in order), self.cells())

    def of_code(self, boxes: Boxes, code: int) -> PlaneClass:
        """What is told of one code."""
        found = rectangles(boxes.chosen(boxes.codes == code), MOST_RECTANGLES)
        largest = sorted((Rectangle(*ends) for ends in found), key=lambda r: (-r.pairs, r.y_lo, r.x_lo))
        return PlaneClass(*classes(code), int(self.counts[code]), tuple(largest))

    def cells(self) -> tuple[str, ...]:
        """The map, the highest row first."""
        found = (self.seen.cumsum(axis=1).cumsum(axis=2) > 0)[:, :-1, :-1]
        worst = np.full(GRID, MARKS.index(" "))
        for code in range(CODES):
            worst = np.where(found[code], np.minimum(worst, MARKS.index(mark(code))), worst)
        rows, columns = (min(most, hi - lo + 1) for most, (lo, hi) in zip(GRID, (self.y, self.x), strict=True))
        return tuple("".join(MARKS[i] for i in row) for row in worst[:rows, :columns][::-1].tolist())


def classes(code: int) -> tuple[Class, Class]:
    """The classes of the output and of the gradient in a code, where there is such a code."""
    return CLASSES[code & (1 << COLUMN_BITS) - 1], CLASSES[code >> COLUMN_BITS]


def mark(code: int) -> str:
    """The mark of a code."""
    forward, gradient = code & (1 << COLUMN_BITS) - 1, code >> COLUMN_BITS
    odd = {CLASSES.index(Class.NAN): "N", CLASSES.index(Class.INF): "+", CLASSES.index(Class.NEGATIVE_INF): "-"}
    return odd.get(gradient, "o" if forward in odd else ".")


def cell(ordinals: Ordinals, ends: tuple[int, int], most: int) -> Ordinals:
    """The cell of ordinals, each for the same number of floats."""
    span = ends[1] - ends[0] + 1
    return (ordinals - ends[0]) * min(most, span) // span
