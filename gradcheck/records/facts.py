"""What a saved report has of a large tensor instead of its entries."""

from dataclasses import dataclass
from typing import TypeAlias

Entry: TypeAlias = float | str | None
"""Of a tensor: a number or a truth value, None where it is not known; a word where one stands for it."""


@dataclass(frozen=True)
class Facts:
    """What is told of a large tensor.

    Attributes:
        same: whether all entries are the same.
        first: the first entry; None where it is not known, or the others differ.
        odd: how many are floats that are not finite.
        dtype: in whose shortest decimals entries are written.
    """

    same: bool
    first: Entry
    odd: int
    dtype: str = "float64"
