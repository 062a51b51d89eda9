"""Large tensors of a saved report, of which the file has the shape and a few facts alone.

In: those. Out: an array of that shape, which takes no memory. Its entries read as NaN, since they are not known;
whoever prints an array asks for `facts` first.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

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


class UnlistedArray(np.ndarray[Any, np.dtype[Any]]):
    """An array whose entries are not known.

    Attributes:
        facts: what is known of them; None of what numpy makes of such an array.
    """

    facts: Facts | None = None


def unlisted(shape: tuple[int, ...], facts: Facts) -> UnlistedArray:
    """An array of a shape; raises `ValueError` where numpy has none so large."""
    array: UnlistedArray = np.broadcast_to(np.float64("nan"), shape).view(UnlistedArray)
    array.facts = facts
    return array
