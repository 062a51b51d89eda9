"""What is said of a tensor that is too large to be listed.

In: an array, or what a saved report has in its place. Out: facts.
"""

from math import isfinite
from typing import TYPE_CHECKING

from gradcheck.floats import FORMATS
from gradcheck.later import Later
from gradcheck.program import Array
from gradcheck.records import Facts

if TYPE_CHECKING:
    import numpy as np
else:
    np = Later("numpy")

DOUBLE = "float64"


def known_of(array: Array) -> Facts | None:
    """What is known of an array whose entries are not; None of one that has them."""
    from gradcheck.records.unlisted import UnlistedArray  # imports numpy

    return array.facts if isinstance(array, UnlistedArray) else None


def is_unlisted(array: Array) -> bool:
    """Whether only facts are known of it."""
    return known_of(array) is not None


def facts_of(array: Array, dtype: str = DOUBLE) -> Facts:
    """Whether all entries are the same, and how many are not finite."""
    if known := known_of(array):
        return known
    flat = np.ravel(array)
    same = bool((flat == flat[0]).all()) or all(v is not None and v != v for v in flat)  # noqa: PLR0124 - NaN
    odd = sum(1 for v in flat if isinstance(v, (float, np.floating)) and not isfinite(v))
    return Facts(same, flat[0] if same else None, odd, written_in(array, dtype))


def with_words(truth: Array, word: str) -> Array:
    """True slopes in which an infinite one, or one that does not exist, has a word."""
    if facts := known_of(truth):
        from gradcheck.records.unlisted import unlisted

        worded = facts.odd == truth.size
        return unlisted(truth.shape, Facts(facts.same or worded, word if worded else facts.first, 0))
    result = np.empty(truth.size, object)
    result[:] = [word if isinstance(v, float) and not isfinite(v) else v for v in truth.ravel()]
    return result.reshape(truth.shape)


def is_known(truth: Array) -> bool:
    """Whether anything of it is known."""
    if facts := known_of(truth):
        return not facts.same or facts.first is not None
    return any(v is not None for v in np.ravel(truth))


def written_in(array: Array, dtype: str) -> str:
    """The dtype whose shortest decimals read back to all entries: the given one, or float64."""
    if known := known_of(array):
        return known.dtype
    fmt = FORMATS.get(dtype)
    if fmt is None or array.dtype.kind != "f":
        return DOUBLE if fmt else dtype
    finite = array[np.isfinite(array)]
    return dtype if bool((fmt.decode(fmt.encode(finite)) == finite).all()) else DOUBLE
