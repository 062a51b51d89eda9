"""The curves of a saved report.

In: their part of the document, and the dtype of the line. Out: the record.
"""

from itertools import pairwise
from math import isfinite

from gradcheck.floats import FloatFormat
from gradcheck.reading.parts import Part
from gradcheck.records import Curve
from gradcheck.vocabulary import VERSIONS

Column = tuple[float | None, ...]


def read_curve(part: Part | None, fmt: FloatFormat) -> Curve | None:
    """What is drawn of a line; older reports have nothing to draw."""
    if part is None:
        return None
    ordinals = tuple(x.ordinal(fmt) for x in part.key("x").items())
    if not ordinals or any(before >= after for before, after in pairwise(ordinals)):
        raise part.key("x").mistake("there should be floats, the lower ones first")
    columns = {name: read_column(part, name, len(ordinals)) for name in VERSIONS}
    nothing = (None,) * len(ordinals)
    return Curve(
        fmt,
        ordinals,
        computed(read_column(part, "output", len(ordinals)) or nothing, fmt),
        {name: computed(column, fmt) for name, column in columns.items() if column is not None},
        read_column(part, "true_output", len(ordinals)) or nothing,
        read_column(part, "true_gradient", len(ordinals)) or nothing,
    )


def read_column(part: Part, name: str, size: int) -> Column | None:
    """A number a float, None where there is none; None where there is no such column."""
    found = part.maybe(name)
    if found is None:
        return None
    values = tuple(None if item.value is None else item.number() for item in found.items())
    if len(values) != size:
        raise found.mistake(f"it should have {size} numbers, as x has")
    return values


def computed(values: Column, fmt: FloatFormat) -> Column:
    """What was computed: the floats of the dtype whose shortest decimals these are, and other numbers as they are."""
    return tuple(v if v is None or not isfinite(v) else as_float(v, fmt) for v in values)


def as_float(value: float, fmt: FloatFormat) -> float:
    """The float of a dtype that is written so, or the number itself."""
    ordinal = fmt.nearest(value)
    return fmt.value(ordinal) if fmt.shortest(ordinal) == value else value
