"""The optimizers of a training loop, in the order in which they come first.

In: optimizer objects, as their `apply` is called. Out: a `Seen` for each, with its steps and its last norms.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf

from gradcheck.observing.recording import identity
from gradcheck.records import Norms

KEPT = 20
"""Steps whose norms are kept."""


@dataclass(eq=False)
class Seen:
    """One optimizer.

    Attributes:
        optimizer: itself.
        order: by which it came first, from 1.
        began: its own count of updates when it was first seen.
        outer: the one that hands its gradients on to it, and may skip steps; None where there is none.
        calls: how often it was called: outside of graphs, and in those as often as their code says.
        variables: names of those that it was given, by their identity.
        norms: of its last steps: number and norm.
        zeros: for each variable, for how many steps in a row its gradient has been zero.
    """

    optimizer: Any
    order: int
    began: int = 0
    outer: "Seen | None" = None
    calls: int = 0
    variables: dict[int, Any] = field(default_factory=dict)
    norms: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=KEPT))
    zeros: dict[str, int] = field(default_factory=dict)
    received: set[int] = field(default_factory=set)

    @property
    def name(self) -> str:
        """What the user calls it."""
        return str(getattr(self.optimizer, "name", None) or type(self.optimizer).__name__)

    @property
    def steps(self) -> int:
        """How many updates it was asked for: by its own count, but where another one skips some."""
        if self.outer is not None:
            return self.outer.calls
        counted = iterations(self.optimizer)
        return (
            counted - self.began if counted or getattr(self.optimizer, "iterations", None) is not None else self.calls
        )

    @property
    def told(self) -> Norms:
        """The norms of its last steps."""
        return Norms(self.name, self.order, tuple(s for s, _ in self.norms), tuple(n for _, n in self.norms))


class Optimizers:
    """All of them."""

    def __init__(self) -> None:
        self.seen: dict[int, Seen] = {}

    def of(self, optimizer: Any, first: Mapping[int, Any] | None = None) -> Seen:
        """The one that an optimizer object is.

        One that comes late, since its function was traced before, began with the `first` value of its count.
        """
        key = id(optimizer)
        if key not in self.seen:
            counters = handles_of([c]) if (c := getattr(optimizer, "iterations", None)) is not None else {}
            began = next((int(first[k]) for k in counters if k in first), None) if first else None
            self.seen[key] = Seen(optimizer, len(self.all) + 1, iterations(optimizer) if began is None else began)
        return self.seen[key]

    @property
    def all(self) -> list[Seen]:
        """Those that update variables, in order."""
        return [s for s in self.seen.values() if not wraps(s.optimizer)]


def wraps(optimizer: Any) -> bool:
    """Whether an optimizer hands its gradients on to another one, which it may decide not to do."""
    return getattr(optimizer, "inner_optimizer", None) is not None


def iterations(optimizer: Any) -> int:
    """An optimizer's own count of its updates."""
    counter = getattr(optimizer, "iterations", None)
    try:
        with tf.init_scope():
            return 0 if counter is None else int(tf.convert_to_tensor(getattr(counter, "value", counter)))
    except (TypeError, ValueError, AttributeError, NotImplementedError, tf.errors.OpError):
        return 0


def name_of(variable: Any) -> str:
    """A variable's name: the path of a Keras variable."""
    return str(getattr(variable, "path", None) or str(getattr(variable, "name", "variable")).removesuffix(":0"))


def first_replica() -> bool:
    """Whether this is the first of several replicas, or the only one."""
    context = tf.distribute.get_replica_context()
    return context is None or getattr(context, "_replica_id", 0) in (0, None)


def handles_of(sources: Any) -> dict[int, Any]:
    """Handle and dtype of the variables among what gradients are taken by, by identity."""
    found = {}
    for source in tf.nest.flatten(sources):
        variable: Any = getattr(source, "value", None) if hasattr(source, "path") else source
        if hasattr(variable, "values") and isinstance(variable.values, tuple):  # one a replica
            found.update(handles_of(list(variable.values)))
            continue
        handle = getattr(variable, "handle", None)
        if handle is not None and hasattr(variable, "dtype"):
            found[identity(handle)] = (handle, tf.dtypes.as_dtype(variable.dtype))
    return found
