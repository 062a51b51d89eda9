"""The optimizers of a training loop, in the order in which they come first.

In: optimizer objects, as their `apply` is called. Out: a `Seen` for each, with its steps and its last norms.
"""

import weakref
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf

from gradcheck.observing.looks import value_of
from gradcheck.observing.recording import identity
from gradcheck.records import Norms

KEPT = 20
"""Steps whose norms are kept."""


@dataclass(eq=False)
class Seen:
    """One optimizer.

    Attributes:
        reference: to itself; it is not kept alive, since a script may make one after another.
        name: what the user calls it.
        order: by which it came first, from 1.
        wraps: whether it hands its gradients on to another one, which it may decide not to do.
        began: its own count of updates when it was first seen.
        outer: the one that hands its gradients on to it, and may skip steps; None where there is none.
        calls: how often it was called: outside of graphs, and in those as often as their code says.
        variables: references to those that it was given, by their identity.
        takes_new: whether it was given one that it had not been given before.
        norms: of its last steps: number and norm.
        zeros: for each variable, for how many steps in a row its gradient has been zero.
        counter: its own count of updates, and the handle of that.
    """

    reference: Callable[[], Any]
    name: str
    order: int
    wraps: bool = False
    began: int = 0
    outer: "Seen | None" = None
    calls: int = 0
    variables: dict[int, Callable[[], Any]] = field(default_factory=dict)
    takes_new: bool = False
    norms: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=KEPT))
    zeros: dict[str, int] = field(default_factory=dict)
    counter: tuple[Any, Any] | None = None

    @property
    def optimizer(self) -> Any:
        """Itself; None where it is no more."""
        return self.reference()

    @property
    def live(self) -> list[Any]:
        """Its variables, as far as they are alive."""
        return [v for v in (reference() for reference in self.variables.values()) if v is not None]

    def takes(self, variable: Any) -> None:
        """It was given a gradient of a variable, or none."""
        known = self.variables.get(id(variable))
        if known is None or known() is not variable:
            self.variables[id(variable)] = weakref.ref(variable)
            self.takes_new = True

    @property
    def steps(self) -> int:
        """How many updates it was asked for: by its own count, but where another one skips some."""
        return self.outer.calls if self.outer is not None else self.made

    @property
    def skipped(self) -> int:
        """How many of these it did not make, since another one left them out."""
        return max(self.steps - self.made, 0)

    @property
    def made(self) -> int:
        """How many updates it made, by its own count; by calls where it has none."""
        counter = getattr(self.optimizer, "iterations", None)
        if counter is None:
            return self.calls
        if self.counter is None or self.counter[0] is not counter:
            self.counter = (counter, next(iter(handles_of([counter]).values()), None))
        handle = self.counter[1]
        if handle is None or not tf.executing_eagerly():
            return iterations(self.optimizer) - self.began
        return int(value_of(*handle)) - self.began

    @property
    def told(self) -> Norms:
        """The norms of its last steps."""
        return Norms(self.name, self.order, tuple(s for s, _ in self.norms), tuple(n for _, n in self.norms))


class Optimizers:
    """All of them; those that are no more stay in the list."""

    def __init__(self) -> None:
        self.seen: dict[int, Seen] = {}
        self.gone: list[Seen] = []

    def of(self, optimizer: Any, first: Mapping[int, Any] | None = None) -> Seen:
        """The one that an optimizer object is.

        One that comes late, since its function was traced before, began with the `first` value of its count.
        """
        key, known = id(optimizer), self.seen.get(id(optimizer))
        if known is None or known.optimizer is not optimizer:
            if known is not None:
                self.gone.append(self.seen.pop(key))
            name = str(getattr(optimizer, "name", None) or type(optimizer).__name__)
            counters = handles_of([c]) if (c := getattr(optimizer, "iterations", None)) is not None else {}
            began = next((int(first[k]) for k in counters if k in first), None) if first else None
            began = iterations(optimizer) if began is None else began
            self.seen[key] = Seen(weakref.ref(optimizer), name, len(self.all) + 1, wraps(optimizer), began)
        return self.seen[key]

    @property
    def all(self) -> list[Seen]:
        """Those that update variables, in order."""
        return sorted((s for s in [*self.gone, *self.seen.values()] if not s.wraps), key=lambda s: s.order)

    @property
    def norms(self) -> tuple[Norms, ...]:
        """The norms of their last steps, of those that have any."""
        return tuple(s.told for s in self.all if s.norms)


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


def pairs_of(optimizer: Any, gradients: Any, variables: Any) -> list[tuple[Any, Any]]:
    """Gradients with their variables."""
    known = variables if variables is not None else getattr(optimizer, "_trainable_variables", ())
    return list(zip(gradients, known, strict=False))
