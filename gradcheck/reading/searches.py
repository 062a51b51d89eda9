"""How a tensor target of a saved report was searched.

In: the target's part of the document. Out: the record of its search.
"""

import re

from gradcheck.domains import parse_domain
from gradcheck.reading.parts import Part
from gradcheck.records import SearchReport, TensorInput, Weight

DTYPE = re.compile(r"b?float16|float(32|64)|u?int(8|16|32|64)|bool")
"""Of inputs."""

VARIABLE = "variable"
"""The domain of what is no input, but a captured variable."""

SIZE_LIMIT = 1 << 40
"""Elements of an input: more fit no memory."""


def read_search(part: Part) -> SearchReport:
    """Inputs, points and what the verdicts rest on."""
    search, truth = part.key("search"), part.key("truth")
    inputs = part.key("inputs").items()
    is_weight = ["domain" in i.object() and i.key("domain").value == VARIABLE for i in inputs]
    return SearchReport(
        inputs=tuple(read_tensor_input(i) for i, weight in zip(inputs, is_weight, strict=True) if not weight),
        wrt=search.all("wrt", Part.text),
        weights=tuple(
            Weight(i.key("name").text(), read_dtype(i), read_shape(i))
            for i, weight in zip(inputs, is_weight, strict=True)
            if weight
        ),
        points={name: points.whole() for name, points in search.key("points").named()},
        judged=truth.key("points").whole(),
        approximate=truth.all("approximate", Part.text),
        guessed=search.key("shapes_guessed").flag(),
        cotangents=search.all("cotangents", Part.text),
        order=search.key("order").whole(1),
        cut=search.key("stopped_by_clock").flag(),
    )


def read_tensor_input(part: Part) -> TensorInput:
    """One input."""
    domain = part.key("domain")
    return TensorInput(
        part.key("name").text(),
        read_dtype(part),
        read_shape(part),
        parse_domain(f"{domain.file}: {domain.path}", domain.text()),
    )


def read_dtype(part: Part) -> str:
    """A float, an integer or truth values."""
    dtype = part.key("dtype")
    if not DTYPE.fullmatch(dtype.text()):
        raise dtype.wrong("a dtype: float32, int64, bool, for example")
    return dtype.text()


def read_shape(part: Part) -> tuple[int, ...]:
    """A shape of no more elements than there can be."""
    shape = part.key("shape")
    return shape_of(shape)


def shape_of(part: Part) -> tuple[int, ...]:
    """The sizes in a list."""
    sizes = tuple(size.whole() for size in part.items())
    elements = 1
    for size in sizes:
        elements *= max(size, 1)
    if elements > SIZE_LIMIT or len(sizes) > 32:
        raise part.mistake("no tensor has so many elements")
    return sizes
