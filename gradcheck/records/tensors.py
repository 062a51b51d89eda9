"""Tensor targets: their inputs, points of them, and what was seen at a point.

A point is a tuple with one array an input, in order; a batch of n points has one array [n, *shape] an input. Floats of
every dtype travel as float64, which holds them all exactly; integers as int64, truth values as bool.
"""

from dataclasses import dataclass
from typing import TypeAlias

from gradcheck.domains import ValueDomain
from gradcheck.floats import FORMATS, FloatFormat
from gradcheck.program import Array

TensorPoint: TypeAlias = tuple[Array, ...]
Batch: TypeAlias = tuple[Array, ...]


@dataclass(frozen=True)
class TensorInput:
    """One tensor of a target's arguments, structures taken apart.

    Attributes:
        name: of the argument, with the path inside a structure behind it: `inputs['image']`, `pair[0]`, `state.h`.
        dtype: of a float, an integer, or `bool`.
        shape: static.
        domain: the values that it may have.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    domain: ValueDomain

    @property
    def fmt(self) -> FloatFormat | None:
        """Its floats; None of integers and truth values."""
        return FORMATS.get(self.dtype)

    @property
    def array_dtype(self) -> str:
        """The dtype in which its values travel."""
        return "float64" if self.fmt else "bool" if self.dtype == "bool" else "int64"
