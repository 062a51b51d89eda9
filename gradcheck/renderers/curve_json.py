"""Curves in the JSON report.

In: a `Curve`. Out: its columns, lists of one length: `x` and what was computed by the shortest decimals that read back
to the same float of its dtype, true values as float64; null where there is no value.
"""

from collections.abc import Iterable
from typing import Any

from gradcheck.floats import FloatFormat
from gradcheck.records import Curve
from gradcheck.renderers.numbers import decimal, number

COLUMNS = ("autodiff", "custom", "against")


def curve_object(curve: Curve | None) -> dict[str, Any] | None:
    """The columns; a version that the target does not have is null, and so is a truth that is not known anywhere."""
    if curve is None:
        return None
    return {
        "x": [curve.fmt.shortest(o) for o in curve.ordinals],
        "output": shortest(curve.fmt, curve.output),
        **{name: shortest(curve.fmt, curve.gradients.get(name)) for name in COLUMNS},
        "true_output": known(curve.true_output),
        "true_gradient": known(curve.true_gradient),
    }


def shortest(fmt: FloatFormat, values: tuple[float | None, ...] | None) -> list[float | str | None] | None:
    """Computed values; what is no float of the dtype, as a sum of outputs may be, as it is."""
    if values is None:
        return None
    return [None if v is None else decimal(fmt, v) for v in values]


def known(values: Iterable[float | None]) -> list[float | str | None] | None:
    """True values."""
    found = [None if v is None else number(v) for v in values]
    return found if any(v is not None for v in found) else None
