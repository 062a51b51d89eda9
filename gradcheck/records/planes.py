"""Planes: every pair of floats of two inputs, and what came out."""

from dataclasses import dataclass

from gradcheck.records.classes import Class
from gradcheck.records.targets import TracedInput


@dataclass(frozen=True)
class Rectangle:
    """Pairs of one class: all floats of one stretch with all floats of another.

    Attributes:
        x_lo, x_hi: first and last ordinal of the first input.
        y_lo, y_hi: those of the second.
    """

    x_lo: int
    x_hi: int
    y_lo: int
    y_hi: int

    @property
    def pairs(self) -> int:
        """How many pairs it holds."""
        return (self.x_hi - self.x_lo + 1) * (self.y_hi - self.y_lo + 1)


@dataclass(frozen=True)
class PlaneClass:
    """All pairs at which the output is of one class and the gradient of another.

    Attributes:
        forward, gradient: those classes.
        pairs: how many there are.
        rectangles: disjoint, the largest first, as many as are listed.
    """

    forward: Class
    gradient: Class
    pairs: int
    rectangles: tuple[Rectangle, ...]

    @property
    def unlisted(self) -> int:
        """How many pairs lie in no rectangle that is listed."""
        return self.pairs - sum(rectangle.pairs for rectangle in self.rectangles)


@dataclass(frozen=True)
class PlaneMap:
    """One version's gradient by one input.

    Attributes:
        version: its name.
        wrt: the input's name.
        classes: that are found, those of most pairs first.
        cells: the plane as lines of marks, that of the largest floats of the second input first; a mark says which is
            the worst that is found in its cell: `N` a NaN gradient, `+` or `-` an infinite one, `o` only an output that
            is not finite, `.` nothing, a blank no pair at all.
    """

    version: str
    wrt: str
    classes: tuple[PlaneClass, ...]
    cells: tuple[str, ...]

    def count(self, *gradients: Class, masked: bool = False) -> int:
        """Pairs at which the gradient is of some classes; where `masked`, those with a finite output."""
        wanted = [c for c in self.classes if c.gradient in gradients and (c.forward is Class.FINITE or not masked)]
        return sum(c.pairs for c in wanted)


@dataclass(frozen=True)
class Plane:
    """Every pair of the ranges of two inputs.

    Attributes:
        inputs: the two.
        segments: of each, its ranges in ordinals.
        maps: one for each version by each input.
    """

    inputs: tuple[TracedInput, TracedInput]
    segments: tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]
    maps: tuple[PlaneMap, ...]

    @property
    def pairs(self) -> int:
        """How many there are."""
        floats = [sum(hi - lo + 1 for lo, hi in segments) for segments in self.segments]
        return floats[0] * floats[1]

    @property
    def is_finite(self) -> bool:
        """Whether every output and every gradient is finite."""
        good = (Class.FINITE, Class.NONE)
        return all(c.forward is Class.FINITE and c.gradient in good for m in self.maps for c in m.classes)
