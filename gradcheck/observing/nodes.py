"""Parts of a graph that is drawn of what was run: attributes, names, and which tensors are the same.

In: operations as they were recorded. Out: what a graph's nodes want to have.
"""

import keyword
from collections.abc import Sequence
from typing import Any

import numpy as np
from tensorflow.core.framework.attr_value_pb2 import AttrValue
from tensorflow.python.framework import op_def_registry
from tensorflow.python.framework.op_def_library import value_to_attr_value

from gradcheck.observing.recording import Operation
from gradcheck.program import Array
from gradcheck.records import Tensor


class NoGraph(Exception):
    """A loss that cannot be made a graph, and why."""


def attributes_of(operation: Operation) -> dict[str, Any]:
    """An operation's attributes, as a graph holds them; those that follow from its inputs included."""
    definition = op_def_registry.get(operation.kind)
    pairs = operation.attributes
    given = {n.decode() if isinstance(n, bytes) else n: v for n, v in zip(pairs[::2], pairs[1::2], strict=False)}
    given = {**inferred(definition, operation), **given}
    found = {}
    for attribute in definition.attr:
        if isinstance(given.get(attribute.name), AttrValue):  # of a graph
            found[attribute.name] = given[attribute.name]
        elif given.get(attribute.name) is not None:  # none is the default
            try:
                found[attribute.name] = value_to_attr_value(given[attribute.name], attribute.type, attribute.name)
            except (TypeError, ValueError) as error:
                raise NoGraph(f"{operation.kind}: its {attribute.name} cannot be kept: {error}") from error
    return found


def inferred(definition: Any, operation: Operation) -> dict[str, Any]:
    """Attributes that follow from the inputs of an operation with one tensor an argument, or one list."""
    found: dict[str, Any] = {}
    rest = list(operation.inputs)
    lists = [a for a in definition.input_arg if a.number_attr or a.type_list_attr]
    for argument in definition.input_arg:
        is_list = argument.number_attr or argument.type_list_attr
        if is_list and len(lists) > 1:
            return {}
        size = len(operation.inputs) - len(definition.input_arg) + 1 if is_list else 1
        mine, rest = rest[:size], rest[size:]
        if argument.number_attr:
            found[argument.number_attr] = size
        if argument.type_list_attr:
            found[argument.type_list_attr] = [t.dtype for t in mine]
        if argument.type_attr and mine:
            found[argument.type_attr] = mine[0].dtype
    return found


def memory_of(tensor: Tensor) -> int | None:
    """Where the numbers of a tensor are: one that was read from a variable shares its memory; None of a lone number."""
    return int(tensor._numpy().__array_interface__["data"][0]) if tensor.shape.rank else None


def same(one: Any, other: Tensor) -> bool:
    """Whether two tensors are the same, bit for bit."""
    first, second = np.asarray(one), np.asarray(other)
    return first.shape == second.shape and first.tobytes() == second.tobytes()


def is_inexact(values: Array) -> bool:
    """Whether an array can hold NaN."""
    return values.dtype.kind in "fc"


def unique(name: str, taken: Sequence[str]) -> str:
    """A name that is not taken: `x`, then `x_2`."""
    if name not in taken:
        return name
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"


def legal(name: str) -> str:
    """A name as TensorFlow takes it."""
    text = "".join(c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in name).strip("_")
    return text if text and text[0].isalpha() and not keyword.iskeyword(text) else f"x_{text}"
