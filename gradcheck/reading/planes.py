"""The plane of two inputs of a saved report.

In: its part of the document, and the sweeps of the target. Out: the plane; without its map where an older gradcheck
wrote it.
"""

from gradcheck.floats import FORMATS
from gradcheck.reading.parts import Part
from gradcheck.reading.sweeps import Ends, read_interval, read_segments
from gradcheck.records import Class, Plane, PlaneClass, PlaneMap, Rectangle, Sweep, TracedInput
from gradcheck.vocabulary import VERSIONS

MARKS = frozenset("N+-o. ")
"""Of cells."""

WIDEST = 1 << 12
"""Cells of a line, and lines."""


def read_plane(part: Part, sweeps: tuple[Sweep, ...]) -> Plane:
    """Two inputs, their ranges, and a map for each gradient."""
    names = part.key("inputs").items()
    if len(names) != 2:
        raise part.key("inputs").mistake("a plane has two inputs")
    (x, xs), (y, ys) = (read_side(part, k, name, sweeps) for k, name in enumerate(names))
    return Plane((x, y), (xs, ys), tuple(read_map(item, x, y) for item in part.key("maps").items()))


def read_side(part: Part, k: int, name: Part, sweeps: tuple[Sweep, ...]) -> tuple[TracedInput, tuple[Ends, ...]]:
    """One of the inputs, and its ranges."""
    swept = next((s for s in sweeps if s.input.name == name.text()), None)
    if swept is None:
        raise name.mistake(f"there is no input {name.value!r}")
    ranges = part.maybe("ranges")
    if ranges is None:  # an older report: those of the sweep
        return swept.input, swept.plan.segments
    sides, dtypes = ranges.items(), part.key("dtypes").items()
    if len(sides) != 2 or len(dtypes) != 2:
        raise ranges.mistake("there should be ranges and a dtype for each of two inputs")
    fmt = FORMATS[dtypes[k].one_of(FORMATS)]
    return TracedInput(swept.input.name, fmt, swept.input.shape), read_segments(sides[k], fmt)


def read_map(part: Part, x: TracedInput, y: TracedInput) -> PlaneMap:
    """One gradient."""
    cells = part.all("cells", Part.text)
    if len({len(row) for row in cells}) > 1 or not set("".join(cells)) <= MARKS or len(cells) > WIDEST:
        raise part.key("cells").mistake("its lines should be equally long, of the marks N + - o . and blank")
    return PlaneMap(
        part.key("version").one_of(VERSIONS),
        part.key("wrt").text(),
        tuple(read_class(item, x, y) for item in part.key("classes").items()),
        cells if cells and 0 < len(cells[0]) <= WIDEST else (),
    )


def read_class(part: Part, x: TracedInput, y: TracedInput) -> PlaneClass:
    """All pairs of one class."""
    return PlaneClass(
        part.key("forward").member(Class),
        part.key("gradient").member(Class),
        part.key("pairs").whole(),
        part.all("rectangles", lambda r: read_rectangle(r, x, y)),
    )


def read_rectangle(part: Part, x: TracedInput, y: TracedInput) -> Rectangle:
    """Ends of both inputs."""
    return Rectangle(*read_interval(part.key("x"), x.fmt), *read_interval(part.key("y"), y.fmt))
