"""The witness of a tensor target of a saved report.

In: the finding's part of the document. Out: the witness; floats are those of their dtype whose shortest decimals stand
there, and of tensors that are too large to be listed there is what was told of them.
"""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gradcheck.floats import FORMATS, FloatFormat
from gradcheck.later import Later
from gradcheck.program import Array
from gradcheck.reading.curves import read_curve
from gradcheck.reading.parts import NAMED, Part
from gradcheck.reading.searches import shape_of
from gradcheck.reading.sweeps import read_interval
from gradcheck.records import Facts, LineInterval, TensorWitness
from gradcheck.records.facts import Entry

if TYPE_CHECKING:
    import numpy as np
else:
    np = Later("numpy")

DOUBLE = "float64"


def read_tensor_witness(part: Part, fmt: FloatFormat, dtypes: Mapping[str, str]) -> TensorWitness:
    """One point, and what came out there."""
    point, told = part.key("witness"), part.key("witness").maybe("dtypes")
    given = dict(point.key("inputs").named())
    by_name = {name: text.text() for name, text in told.key("inputs").named()} if told else {}
    kinds = {name: by_name.get(name, dtypes.get(name, DOUBLE)) for name in (*by_name, *given)}
    outputs = read_outputs(point, told, fmt)
    line, poisons, paste, count = (part.maybe(k) for k in ("line_interval", "poisons_batch", "paste", "bad_entries"))
    cotangent = part.key("cotangent")
    weighed = isinstance(cotangent.value, dict)
    interval = read_line(line, dtypes) if line else None
    return TensorWitness(
        inputs={name: read_array(tensor, kinds[name]) for name, tensor in given.items()},
        dtypes=kinds,
        outputs=outputs,
        gradient=read_gradient(point, told, fmt),
        true_outputs=read_true_outputs(point, list(outputs)),
        true_gradient=read_truth(truth) if (truth := point.maybe("true_gradient")) else None,
        bad=part.all("indices", lambda index: tuple(k.whole() for k in index.items())),
        bad_count=count.whole() if count else 0,
        bad_outputs=part.all("bad_outputs", Part.text),
        cotangent=(cotangent.key("name") if weighed else cotangent).text(),
        weights=cotangent.all("values", lambda w: read_array(w, DOUBLE)) if weighed else None,
        line=interval,
        poisons=poisons.text() if poisons else None,
        paste=tuple(paste.text().split("\n")) if paste else (),
        curve=read_curve(part.maybe("curve"), interval.fmt) if interval else None,
    )


def read_outputs(point: Part, told: Part | None, fmt: FloatFormat) -> dict[str, Array]:
    """The outputs by name; one that stands alone has none in older reports."""
    found = point.key("output")
    names = point.all("output_names", Part.text) or names_of(found)
    dtypes = told.all("output", Part.text) if told else (fmt.name,) * len(names)
    if len(set(names)) < len(names) or len(dtypes) != len(names):
        raise point.mistake("it should have a name and a dtype for each output")
    if len(names) == 1:
        return {names[0]: read_array(found, dtypes[0])}
    return {name: read_array(found.key(name or str(k)), dtypes[k]) for k, name in enumerate(names)}


def names_of(part: Part) -> tuple[str, ...]:
    """The names of outputs, where they are told nowhere else."""
    return ("",) if not isinstance(part.value, dict) or "shape" in part.value else tuple(part.value)


def read_gradient(point: Part, told: Part | None, fmt: FloatFormat) -> Array | None:
    """The gradient; None where it is not connected."""
    found, dtype = point.maybe("gradient"), told.maybe("gradient") if told else None
    return read_array(found, dtype.text() if dtype else fmt.name) if found else None


def read_true_outputs(point: Part, names: list[str]) -> dict[str, Array] | None:
    """The true outputs by name; None where nothing is known of any."""
    found = point.maybe("true_output")
    if found is None:
        return None
    if len(names) == 1:
        return {names[0]: read_truth(found)}
    return {name: read_truth(found.key(name or str(k))) for k, name in enumerate(names)}


def read_line(part: Part, dtypes: Mapping[str, str]) -> LineInterval:
    """The interval along one element."""
    dtype = part.maybe("dtype")
    name = part.key("input").text()
    fmt = FORMATS.get(dtype.one_of(FORMATS) if dtype else dtypes.get(name, ""))
    if fmt is None:
        raise part.key("input").mistake("its dtype is not told; it should be a float")
    index = tuple(k.whole() for k in part.key("index").items())
    return LineInterval(name, index, *read_interval(part, fmt), fmt)


def read_truth(part: Part) -> Array:
    """True values, of which some may not be known."""
    if isinstance(part.value, dict):
        return read_unlisted(part)
    shape, entries = flattened(part)
    array = np.empty(len(entries), object)
    array[:] = [None if value is None else entry(part, value) for value in entries]
    return reshaped(part, array, shape)


def read_array(part: Part, dtype: str) -> Array:
    """A tensor of floats as float64, of integers as int64, of truth values as bool."""
    if isinstance(part.value, dict):
        return read_unlisted(part, dtype)
    shape, entries = flattened(part)
    values = [entry(part, value) for value in entries]
    kinds = {type(value) for value in values}
    if kinds == {bool}:
        return reshaped(part, np.array(values, np.bool_), shape)
    if kinds == {int}:
        return reshaped(part, np.array(values, np.int64), shape)
    fmt = FORMATS.get(dtype)
    doubles = np.array(values, np.float64)
    return reshaped(part, doubles if fmt is None else of_dtype(doubles, fmt), shape)


def of_dtype(doubles: Array, fmt: FloatFormat) -> Array:
    """The floats of a dtype whose decimals these are."""
    finite = np.isfinite(doubles)
    doubles[finite] = fmt.decode(fmt.encode(doubles[finite]))
    return doubles


def read_unlisted(part: Part, dtype: str = DOUBLE) -> Array:
    """A tensor of which the shape is told, and a few facts."""
    from gradcheck.records.unlisted import unlisted  # imports numpy

    shape, odd = shape_of(part.key("shape")), part.maybe("not_finite")
    same, found = "all" in part.object(), part.maybe("all")
    first = read_first(found, dtype) if found else None
    return unlisted(shape, Facts(same, first, odd.whole() if odd else odd_of(first, shape), dtype))


def read_first(part: Part, dtype: str) -> Entry:
    """The entry that all are."""
    value, fmt = entry(part, part.value), FORMATS.get(dtype)
    return float(of_dtype(np.array([value], np.float64), fmt)[0]) if fmt and type(value) is float else value


def odd_of(first: Entry, shape: tuple[int, ...]) -> int:
    """How many entries are not finite where all are the same."""
    return math.prod(shape) if isinstance(first, float) and not math.isfinite(first) else 0


def flattened(part: Part) -> tuple[tuple[int, ...], list[Any]]:
    """The shape of nested lists, and what is in them."""
    shape: list[int] = []
    level = [part.value]
    while level and isinstance(level[0], list):
        sizes = {len(item) if isinstance(item, list) else None for item in level}
        if len(sizes) > 1:
            raise part.mistake("its lists are not equally long")
        shape.append(len(level[0]))
        level = [entry for item in level for entry in item]
    if len(shape) > 32:
        raise part.mistake("no tensor has so many dimensions")
    return tuple(shape), level


def entry(part: Part, value: Any) -> float | int | bool:
    """One element."""
    if isinstance(value, bool) or (isinstance(value, int) and abs(value) < 2**63):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, str) and value in NAMED:
        return NAMED[value]
    raise part.mistake("it should hold numbers of one kind alone")


def reshaped(part: Part, array: Array, shape: tuple[int, ...]) -> Array:
    """The array in its shape."""
    try:
        return array.reshape(shape)
    except ValueError as error:
        raise part.mistake("its lists are not equally long") from error
