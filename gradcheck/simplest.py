"""The number in an interval that is easiest to write.

In: two ordinals. Out: the ordinal between them of 0, 1, a power of ten, or a decimal of the fewest digits.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import chain

import numpy as np

from gradcheck.floats import FloatFormat


@lru_cache(maxsize=1 << 14)
def simplest(fmt: FloatFormat, lo: int, hi: int) -> int:
    """Ordinal of the float between two ordinals that is easiest to write: 0, 1, a power of ten, a few digits."""
    if lo == hi or lo <= 0 <= hi:
        return lo if lo == hi else 0
    if hi < 0:
        mirrored = simplest(fmt, -hi - 1, -lo - 1)
        return -mirrored - 1
    smallest, largest = (float(v) for v in fmt.decode(np.array([lo, hi])))
    for value in chain(powers_of_ten(smallest, largest), few_digits(smallest, largest)):
        ordinal = int(fmt.encode(value))
        if value <= fmt.largest and lo <= ordinal <= hi:
            return ordinal
    return lo


def powers_of_ten(smallest: float, largest: float) -> list[float]:
    """The powers of ten in, or just beside, an interval of positive numbers, those nearest to 1 first."""
    low, high = int(np.floor(np.log10(smallest))), int(np.ceil(np.log10(largest)))
    return [float(f"1e{k}") for k in sorted(range(low, high + 1), key=abs)[:3]]


def few_digits(smallest: float, largest: float) -> Iterator[float]:
    """Numbers in an interval of positive numbers, those with the fewest digits first."""
    base = smallest if smallest >= 1 else largest
    exponent = int(np.floor(np.log10(base)))
    for digits in range(1, 18):
        step = 10.0 ** (exponent - digits + 1)
        if step > 0 and np.isfinite(base / step):
            rounded = np.ceil(base / step) if smallest >= 1 else np.floor(base / step)
            yield float(f"{rounded:.0f}e{exponent - digits + 1}")
