"""Units: pieces of a training step that can be run again.

In: a call of a function that trains, or a tape's block of code. Out: an object with `run`, for a recorder to watch.
"""

import contextlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf

from gradcheck.observing.blocks import Block
from gradcheck.observing.feeds import Feed, replaced
from gradcheck.observing.marks import Mark
from gradcheck.observing.recording import identity
from gradcheck.records import Tensor


@dataclass(eq=False)
class Call:
    """A call of a traced function in which a gradient is taken.

    Attributes:
        concrete: the traced function.
        inputs, captured: its tensors.
        mark: what is known of its graph.
        execute: runs it as it was run, from (concrete, inputs, captured).
        again: calls what the user called, with the same arguments; None where that is not known.
        named: the user's arguments, by name.
        written: calls the Python function that it was traced from, control flow converted, with the same arguments.
        feeds: of the iterators that it takes from.
        elements: what it took from each.
        fails: whether it raised.
    """

    concrete: Any
    inputs: list[Tensor]
    captured: list[Tensor]
    mark: Mark
    execute: Callable[..., Any]
    again: Callable[[], Any] | None
    named: Any
    written: Callable[[], Any] | None = None
    feeds: dict[int, Feed] = field(default_factory=dict)
    elements: dict[int, list[Any]] = field(default_factory=dict)
    fails: bool = False

    def first(self) -> Any:
        """Run it as the user wants it."""
        if not self.feeds:
            return self.execute(self.concrete, self.inputs, self.captured)
        proxies = {key: feed.proxy for key, feed in self.feeds.items()}
        try:
            return self.execute(self.concrete, replaced(self.inputs, proxies), replaced(self.captured, proxies))
        except Exception as error:
            own = next((feed.error for feed in self.feeds.values() if feed.error is not None), error)
            raise own from None
        finally:
            self.elements.update({key: feed.collected() for key, feed in self.feeds.items()})

    def replay(self) -> Any:
        """Run the same graph again, on the same batches; what raised then raises no more."""
        proxies = {key: feed.again(self.elements[key]) for key, feed in self.feeds.items()}
        with contextlib.suppress(*[Exception] * self.fails):
            return self.execute(self.concrete, replaced(self.inputs, proxies), replaced(self.captured, proxies))
        return None

    def run(self, longer: bool = False) -> None:
        """Run the user's function, eagerly if that is how functions are run."""
        del longer
        if self.again is not None:
            self.again()

    @property
    def size(self) -> int:
        """Bytes of the tensors that it keeps."""
        known: int | None = getattr(self.concrete, "_gradcheck_bytes", None)
        if known is not None:
            return known
        size = sum(map(bytes_of, self.inputs))
        if all(t.shape.is_fully_defined() for t in self.concrete.inputs):
            self.concrete._gradcheck_bytes = size  # of every call of it
        return size

    @property
    def is_compiled(self) -> bool:
        """Whether XLA compiles it, or a function that it calls."""
        known = getattr(self.concrete, "_gradcheck_compiled", None)
        if known is None:
            known = self.concrete._gradcheck_compiled = is_compiled(self.concrete)
        return bool(known)


RANDOM = ("Random", "ParameterizedTruncatedNormal", "TruncatedNormal", "Multinomial", "StatefulStandardNormal")
"""Beginnings of the types of operations that draw numbers which cannot be drawn again."""


def is_random(concrete: Any) -> bool:
    """Whether a function draws random numbers whose seed is in no variable."""
    known = getattr(concrete, "_gradcheck_random", None)
    if known is None:
        definition = concrete.graph.as_graph_def()
        nodes = [*definition.node, *(node for f in definition.library.function for node in f.node_def)]
        known = concrete._gradcheck_random = any(node.op.startswith(RANDOM) for node in nodes)
    return bool(known)


def is_compiled(concrete: Any) -> bool:
    """Whether XLA compiles a traced function, or one that it calls."""
    definition = concrete.graph.as_graph_def()
    nodes = [*definition.node, *(node for f in definition.library.function for node in f.node_def)]
    attributes = [concrete.function_def.attr, *(node.attr for node in nodes)]
    return any(a["_XlaMustCompile"].b for a in attributes if "_XlaMustCompile" in a)


@dataclass(frozen=True, eq=False)
class Tape:
    """A tape's block of code.

    Attributes:
        block: it.
        sources: handles of the variables that were differentiated by.
    """

    block: Block
    sources: Mapping[int, Any]

    def run(self, longer: bool = False) -> None:
        """Run it again; as far as its optimizer where it is to be `longer`."""
        self.block.run(longer)

    @property
    def named(self) -> Mapping[str, Any]:
        """The names that it reads."""
        return self.block.known


Unit = Call | Tape


def mode_of(unit: Unit | None) -> str:
    """How a unit was run: graph, eager or xla."""
    if not isinstance(unit, Call):
        return "eager"
    return "xla" if unit.is_compiled else "graph"


def names_in(unit: Unit) -> dict[int, str]:
    """What a unit's tensors are called, by their identity; those inside structures by their path."""
    found: dict[int, str] = {}
    for name, value in unit.named.items():
        if isinstance(value, (tf.Tensor, dict, list, tuple)):
            for path, tensor in flat(name, value):
                found[identity(tensor)] = path
    for number, element in enumerate(elements_of(unit), 1):
        for path, tensor in flat("batch" if number == 1 else f"batch_{number}", element):
            found[identity(tensor)] = path
    return found


def elements_of(unit: Unit | None) -> list[Any]:
    """What a unit took from iterators."""
    return [element for taken in unit.elements.values() for element in taken] if isinstance(unit, Call) else []


def flat(name: str, value: Any) -> list[tuple[str, Tensor]]:
    """The tensors of a structure of dictionaries, lists and tuples, with their paths."""
    if isinstance(value, tf.Tensor):
        return [(name, value)]
    if isinstance(value, dict):
        return [pair for key, inner in value.items() for pair in flat(f"{name}[{key!r}]", inner)]
    if isinstance(value, (list, tuple)):
        return [pair for i, inner in enumerate(value) for pair in flat(f"{name}[{i}]", inner)]
    return []


def bytes_of(tensor: Tensor) -> int:
    """Bytes of a tensor of numbers."""
    if tensor.dtype in (tf.resource, tf.variant, tf.string):
        return 0
    numbers: int = math.prod(tensor._shape_tuple())
    return numbers * int(tensor.dtype.size)
