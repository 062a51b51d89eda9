"""Verdicts: what was observed of a value, and what real arithmetic says of it."""

from enum import Enum


class Class(Enum):
    """What was observed of one value: the forward output or one version's gradient."""

    FINITE = "finite"
    NAN = "nan"
    INF = "inf"
    NEGATIVE_INF = "-inf"
    NONE = "none"
    """Autodiff returns None: the gradient is not connected."""
    MIXED = "mixed"
    """Several classes in turn, too many to tell apart."""
    ZERO = "zero"
    """Exactly 0, of a gradient; before the truth is known, which makes it finite or vanished."""
    VANISHED = "vanished"
    """Exactly 0 where the true gradient is not, and could be represented."""
    INACCURATE = "inaccurate"
    """Finite, but further from the true gradient than the tolerance."""
    WRONG = "wrong"
    """Finite, of a custom gradient whose formula is not the derivative."""

    @property
    def is_infinite(self) -> bool:
        """Either infinity."""
        return self in (Class.INF, Class.NEGATIVE_INF)

    @property
    def is_number(self) -> bool:
        """Whether every value of this class is a finite number."""
        return self in (Class.FINITE, Class.ZERO, Class.VANISHED, Class.INACCURATE, Class.WRONG)


class Domain(Enum):
    """Whether the function is defined in real arithmetic."""

    INSIDE = "inside"
    OUTSIDE = "outside"
    UNDECIDED = "undecided"


class Kind(Enum):
    """What real arithmetic says where a gradient is not finite."""

    NUMERICAL = "numerical"
    """The true gradient can be represented: a defect of the code."""
    SINGULAR = "singular"
    """The true derivative is infinite or does not exist."""
    OVERFLOW = "overflow"
    """The true gradient exceeds the dtype."""
    UNDECIDED = "undecided"
