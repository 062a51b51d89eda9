"""Reports as text that reads back to the same reports.

In: records, or the text. Out: the text (JSON), or records equal to those in every bit. Principle: reading runs nothing:
it makes records, enumerations and arrays of this module's tables, and knows no others.
"""

import base64
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from gradcheck import configuration, domains, floats, options, records
from gradcheck.later import Later

if TYPE_CHECKING:
    import numpy as np
else:
    np = Later("numpy")

RECORDS: Mapping[str, type] = {
    record.__name__: record
    for record in (
        *(r for r in vars(records).values() if isinstance(r, type) and is_dataclass(r)),
        *(domains.ValueDomain, options.RangeOption, options.HoldOption, options.Said, options.ScanOptions),
        *(options.GateOptions, configuration.Configuration, configuration.TargetTable, configuration.RunOptions),
    )
}
ENUMERATIONS: Mapping[str, type[Enum]] = {e.__name__: e for e in (records.Class, records.Domain, records.Kind)}
PLAIN = (bool, int, float, str, type(None))
NUMBERS = "biufc"
"""Kinds of numpy dtypes that are numbers; others, such as bfloat16, have no name of their own."""


class Unwritable(Exception):
    """A value that has no text."""


def dumps(value: Any) -> str:
    """The text of a value; raises `Unwritable`."""
    return json.dumps(written(value), separators=(",", ":"))


def loads(text: str) -> Any:
    """The value of a text; raises `ValueError` where it is none of `dumps`."""
    try:
        return read(json.loads(text))
    except (LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"not written by gradcheck: {error!r}") from error


def written(value: Any) -> Any:
    """A value as JSON has it: a tuple is a list, all else that JSON does not know an object with one key."""
    if type(value) in PLAIN:
        return value
    if type(value) is tuple:
        return [written(item) for item in value]
    if "numpy" in sys.modules and isinstance(value, (np.generic, np.ndarray)):
        return {"array" if isinstance(value, np.ndarray) else "number": write_array(np.asarray(value))}
    for kind, tag, write in WRITERS:
        if isinstance(value, kind):
            return {tag: write(value)}
    if type(value) in RECORDS.values():
        values = {f.name: written(getattr(value, f.name)) for f in fields(value)}
        return {"record": [type(value).__name__, values]}
    raise Unwritable(type(value).__name__)


def read(value: Any) -> Any:
    """The opposite of `written`."""
    if isinstance(value, list):
        return tuple(read(item) for item in value)
    if isinstance(value, dict):
        ((tag, content),) = value.items()
        return READERS[tag](content)
    return value


def write_array(value: Any) -> Any:
    """An array by its bytes, one of objects by its items."""
    if value.dtype == object:
        return [None, list(value.shape), [written(item) for item in value.ravel().tolist()]]
    if value.dtype.kind not in NUMBERS:
        raise Unwritable(str(value.dtype))
    return [value.dtype.str, list(value.shape), base64.b64encode(value.tobytes()).decode("ascii")]


def read_array(content: Any) -> Any:
    """The opposite of `write_array`."""
    dtype, shape, items = content
    if dtype is not None:
        return np.frombuffer(base64.b64decode(items), np.dtype(dtype)).reshape(shape).copy()
    array = np.empty(len(items), object)
    for i, item in enumerate(items):
        array[i] = read(item)
    return array.reshape(shape)


def read_mapping(content: Any) -> Any:
    """A dictionary in its order."""
    return {read(key): read(value) for key, value in content}


def read_record(content: Any) -> Any:
    """A record by the name of its class."""
    name, values = content
    return RECORDS[name](**{field: read(value) for field, value in values.items()})


WRITERS: tuple[tuple[type, str, Callable[[Any], Any]], ...] = (
    (floats.FloatFormat, "format", lambda v: v.name),
    (Enum, "enumeration", lambda v: [type(v).__name__, v.value]),
    (bytes, "bytes", lambda v: base64.b64encode(v).decode("ascii")),
    (list, "list", lambda v: [written(item) for item in v]),
    (frozenset, "set", lambda v: sorted((written(item) for item in v), key=repr)),
    (Mapping, "mapping", lambda v: [[written(key), written(item)] for key, item in v.items()]),
)
"""What a value is an instance of, the key that stands for it, and what stands behind that."""

READERS: Mapping[str, Callable[[Any], Any]] = {
    "format": lambda c: floats.FORMATS[c],
    "enumeration": lambda c: ENUMERATIONS[c[0]](c[1]),
    "number": lambda c: read_array(c)[()],
    "array": read_array,
    "bytes": base64.b64decode,
    "list": lambda c: [read(item) for item in c],
    "set": lambda c: frozenset(read(item) for item in c),
    "mapping": read_mapping,
    "record": read_record,
}
