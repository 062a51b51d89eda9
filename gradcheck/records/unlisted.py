"""Large tensors of a saved report, of which the file has the shape and a few facts alone.

In: those. Out: an array of that shape, which takes no memory. Its entries read as NaN, since they are not known;
whoever prints an array asks for `facts` first.
"""

from typing import Any

import numpy as np

from gradcheck.records.facts import Facts


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
