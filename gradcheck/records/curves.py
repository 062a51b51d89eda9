"""Curves: what is drawn of a line of floats, at some points of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from gradcheck.floats import FloatFormat


@dataclass(frozen=True)
class Curve:
    """What came out at some floats of a line, columns side by side.

    Attributes:
        fmt: dtype of the floats.
        ordinals: of the floats, ascending.
        output: as computed; of a tensor target the sum of all outputs, each times its cotangent.
        gradients: of each version, as computed; None at a point where there is none, or it raised.
        true_output, true_gradient: of real arithmetic; infinite where it is singular, None where there is no value, or
            it was not asked.
    """

    fmt: FloatFormat
    ordinals: tuple[int, ...]
    output: tuple[float | None, ...]
    gradients: Mapping[str, tuple[float | None, ...]]
    true_output: tuple[float | None, ...]
    true_gradient: tuple[float | None, ...]
