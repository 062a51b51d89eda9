"""What has been run of late, so that it can be run again: the state of all variables at some step, and each step since.

In: calls of functions that train. Out: the first of them after which a variable is not finite, and every state in
between. Principle: the user's graphs are never touched. A NaN that reaches a variable stays in it, so a look at the
variables every few steps is enough; which step it was, the same graphs tell when they are run again from where all was
well. A variable's value that is kept shares its memory until the variable changes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf
from tensorflow.python.ops import gen_resource_variable_ops as raw

from gradcheck.observing.looks import finite_look, is_finite, value_of
from gradcheck.observing.optimizers import handles_of
from gradcheck.observing.recording import identity
from gradcheck.observing.units import Call, bytes_of
from gradcheck.records import Tensor

VARIABLES = "_gradcheck_variables"

SEGMENT = 32
"""Steps between two states that are kept; two of them are, so that 32 steps can always be run again."""

MOST_BYTES = 1 << 28
"""Bytes of batches, and of values that were set between steps, that are kept."""


@dataclass(frozen=True, eq=False)
class Set:
    """A variable has a value, by whatever way."""

    handle: Tensor
    value: Tensor


@dataclass(eq=False)
class Segment:
    """A state and what followed it."""

    events: list[Set | Call] = field(default_factory=list)
    known: set[int] = field(default_factory=set)
    functions: set[Any] = field(default_factory=set)
    calls: int = 0
    size: int = 0

    @property
    def is_full(self) -> bool:
        """Whether it is long, or large, enough."""
        return self.calls >= SEGMENT or self.size > MOST_BYTES // 2


class History:
    """All variables that the calls capture, and the calls."""

    def __init__(self) -> None:
        self.segments: list[Segment] = []
        self.handles: dict[int, tuple[Tensor, Any]] = {}
        self.watched: dict[int, tuple[Tensor, Any]] = {}
        self.trained: set[int] = set()
        self.first: dict[int, Tensor] = {}
        self.look: Any = None
        self.left_out = 0

    def before(self, call: Call) -> None:
        """A call is about to be made."""
        if self.is_usual(call):
            self.keep(call)
            return
        mine = self.variables_of(call)
        new = [pair for pair in mine if identity(pair[0]) not in self.handles]
        for handle, dtype in new:
            self.handles[identity(handle)] = (handle, dtype)
            if dtype.is_integer:
                self.first[identity(handle)] = value_of(handle, dtype)
        self.trained |= set(call.mark.sources)
        for optimizer in call.mark.objects.values():
            slots = getattr(optimizer, "variables", ())
            self.trained |= set(handles_of(list(slots() if callable(slots) else slots)))
        if new:
            self.watch(new)
        if not self.segments or self.segments[-1].is_full:
            self.segments = [*self.segments[-1:], Segment()]
            self.let_go(mine)
        segment = self.segments[-1]
        for key, (handle, dtype) in self.handles.items():
            if key not in segment.known:
                segment.known.add(key)
                segment.events.append(Set(handle, value_of(handle, dtype)))
        segment.functions.add(call.concrete)
        self.keep(call)

    def is_usual(self, call: Call) -> bool:
        """Whether a call is of a function that was called since the last state that is kept, and none is due."""
        segment = self.segments[-1] if self.segments else None
        return segment is not None and call.concrete in segment.functions and not segment.is_full

    def keep(self, call: Call) -> None:
        """Keep a call."""
        segment = self.segments[-1]
        segment.events.append(call)
        segment.calls += 1
        segment.size += call.size

    def let_go(self, mine: Sequence[tuple[Tensor, Any]]) -> None:
        """Keep the variables of calls that are kept, and no others: a script may make one model after another."""
        pairs = [*mine, *(pair for call in self.kept for pair in self.variables_of(call))]
        live = {identity(handle) for handle, _ in pairs}
        if self.handles.keys() - live:
            self.handles = {key: pair for key, pair in self.handles.items() if key in live}
            self.leave_out([key for key in self.watched if key not in live])

    def fails(self, call: Call) -> None:
        """A call has raised; what it did before is unknown, so that a new state is kept before the next one.

        It may be what made a variable bad, before it raised.
        """
        if self.all_is_well():
            self.forget()
        call.fails = True

    def changed(self, handle: Tensor) -> None:
        """Somebody has set a variable between two calls."""
        pair = self.handles.get(identity(handle))
        if pair is not None and self.segments:
            value = value_of(*pair)
            self.segments[-1].events.append(Set(handle, value))
            self.segments[-1].size += bytes_of(value)

    def variables_of(self, call: Call) -> list[tuple[Tensor, Any]]:
        """Handle and dtype of each variable that a call captures, or is given."""
        known: list[tuple[Tensor, Any]] | None = getattr(call.concrete, VARIABLES, None)
        if known is None:
            known = [pair for t in call.captured for pair in variable(t)]
            setattr(call.concrete, VARIABLES, known)
        return known + [pair for t in call.inputs if t.dtype == tf.resource for pair in variable(t)]

    def watch(self, new: Sequence[tuple[Tensor, Any]]) -> None:
        """Look at these from now on, but for those that are bad from the start, and numbers that nobody trains."""
        for handle, dtype in new:
            if not (dtype.is_floating or dtype.is_complex):
                continue
            value = value_of(handle, dtype)
            counts = value.shape.num_elements() != 1 or identity(handle) in self.trained
            if counts and is_finite(value):
                self.watched[identity(handle)] = (handle, dtype)
            elif counts:
                self.left_out += 1
        self.look = finite_look(list(self.watched.values()))
        self.look()  # the first run of a function takes longest

    def leave_out(self, keys: Sequence[int]) -> None:
        """Look at these no more: they are bad, and that is known."""
        self.watched = {key: pair for key, pair in self.watched.items() if key not in keys}
        self.look = finite_look(list(self.watched.values()))

    def all_is_well(self) -> bool:
        """Whether every variable that is looked at is finite."""
        return self.look is None or self.look() or not self.bad_ones()

    def bad_ones(self) -> list[int]:
        """The identities of those that are not."""
        return [key for key, pair in self.watched.items() if not is_finite(value_of(*pair))]

    def state(self) -> list[Set]:
        """The values of all variables, now."""
        return [Set(handle, value_of(handle, dtype)) for handle, dtype in self.handles.values()]

    def replayed(self) -> Iterator[tuple[int, Call]]:
        """Run what is kept again; before each call its number and itself are handed out."""
        number = 0
        for event in [e for segment in self.segments for e in segment.events]:
            if isinstance(event, Set):
                restore([event])
            else:
                yield number, event
                event.replay()
                number += 1

    @property
    def kept(self) -> list[Call]:
        """The calls that are kept, in order."""
        return [e for segment in self.segments for e in segment.events if isinstance(e, Call)]

    @property
    def calls(self) -> int:
        """How many calls are kept."""
        return sum(segment.calls for segment in self.segments)

    def forget(self) -> None:
        """Begin anew."""
        self.segments = []


def restore(state: Sequence[Set]) -> None:
    """Give variables their values back."""
    for event in state:
        raw.assign_variable_op(event.handle, event.value)


def variable(tensor: Tensor) -> list[tuple[Tensor, Any]]:
    """Handle and dtype of the variable that a tensor refers to; none where it refers to none."""
    data = getattr(tensor, "_handle_data", None)
    if tensor.dtype != tf.resource or data is None or not data.is_set or len(data.shape_and_type) != 1:
        return []
    dtype = tf.dtypes.as_dtype(data.shape_and_type[0].dtype)
    try:
        value_of(tensor, dtype)
    except (tf.errors.OpError, ValueError, TypeError):
        return []
    return [(tensor, dtype)]
