"""Numbers in JSON: strict, so that those which are not finite are the strings "nan", "inf", "-inf"."""

import math
from typing import TYPE_CHECKING, Any

from gradcheck.floats import FORMATS, FloatFormat
from gradcheck.later import Later
from gradcheck.program import Array

if TYPE_CHECKING:
    import numpy as np
else:
    np = Later("numpy")


def number(value: float) -> float | str:
    """A number, or the name of one that JSON does not have."""
    if math.isnan(value):
        return "nan"
    return value if math.isfinite(value) else ("inf" if value > 0 else "-inf")


def numbers(array: Array, dtype: str | None = None) -> Any:
    """An array as nested lists; of a float dtype by the shortest decimals that read back, None where it holds none."""
    if array.ndim:
        return [numbers(np.asarray(part, array.dtype), dtype) for part in array]  # objects come out bare
    value = array[()]
    if value is None:
        return None
    if array.dtype.kind == "b":
        return bool(value)
    if array.dtype.kind in "iu":
        return int(value)
    return decimal(FORMATS.get(dtype or ""), float(value))


def decimal(fmt: FloatFormat | None, value: float) -> float | str:
    """The shortest decimal that reads back to the same float of a dtype; what is none, as it is."""
    if fmt is not None and math.isfinite(value) and fmt.value(ordinal := fmt.nearest(value)) == value:
        return fmt.shortest(ordinal)
    return number(value)


def interval_object(fmt: FloatFormat, lo: int | None, hi: int | None) -> dict[str, Any]:
    """Both ends, in decimal and hexadecimal, and the number of floats between them."""
    if lo is None or hi is None:
        return dict.fromkeys(("lo", "hi", "lo_hex", "hi_hex", "floats"))
    return {
        "lo": fmt.shortest(lo),
        "hi": fmt.shortest(hi),
        "lo_hex": fmt.hex(lo),
        "hi_hex": fmt.hex(hi),
        "floats": hi - lo + 1,
    }
