"""Domains: which values an input may have."""

from dataclasses import dataclass

KINDS = ("any", "range", "probability", "simplex", "one-hot", "positive", "unit", "integer", "mask")


@dataclass(frozen=True)
class ValueDomain:
    """The values that an input may have.

    Attributes:
        kind: one of KINDS.
        lo, hi: ends, inclusive, of a range and of integers; None elsewhere.
    """

    kind: str = "any"
    lo: float | None = None
    hi: float | None = None
