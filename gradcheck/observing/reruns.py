"""What is seen of a unit while it is run once more.

In: the gradients that it asks for, and the optimizers that it calls. Out: norms, the first optimizer that is given a
bad gradient, and all operations before.
"""

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf

from gradcheck.observing.history import Set, variable
from gradcheck.observing.looks import dense, is_bad, quiet, value_of
from gradcheck.observing.optimizers import Seen, first_replica
from gradcheck.observing.recording import Recorder, identity

MANY = 20_000
"""Operations after which a good update is the end of what is remembered; a call may hold a whole epoch."""


class Halt(BaseException):
    """Enough was seen."""


@dataclass(frozen=True, eq=False)
class Update:
    """A call of an optimizer.

    Attributes:
        seen: which one.
        within: how many of its steps came before in the same run.
        variables: those of which it was given gradients.
        norms: of these.
    """

    seen: Seen
    within: int
    variables: list[Any]
    norms: list[float]

    @property
    def norm(self) -> float:
        """Of all of them."""
        return math.hypot(*self.norms)


@dataclass(eq=False)
class Rerun:
    """One run of a unit, all of it eager.

    Attributes:
        recorder: of every operation; None where only norms are wanted.
        at_gradient: whether a bad gradient is enough, before any optimizer sees it.
        ends_at_update: whether it ends where an optimizer is called, which waits for it.
        updates: the calls of optimizers.
        bad: the optimizer that was given a bad gradient, with all that it was given.
        loss: what was differentiated last.
        failure: what it raised, if it did.
        given: all that optimizers were given, where a graph is built.
        kept: what the variables that it changed held before.
    """

    recorder: Recorder | None
    at_gradient: bool
    ends_at_update: bool = False
    updates: list[Update] = field(default_factory=list)
    bad: tuple[Seen, list[tuple[Any, Any]]] | None = None
    loss: float | None = None
    calls: dict[int, int] = field(default_factory=dict)
    failure: BaseException | None = None
    given: list[tuple[Seen, list[tuple[Any, Any]]]] = field(default_factory=list)
    kept: dict[int, list[Set]] = field(default_factory=dict)
    restoring: bool = False

    @property
    def is_symbolic(self) -> bool:
        """Whether a graph is built, so that there are no numbers yet."""
        return self.recorder is not None and self.recorder.symbolic

    def differentiated(self, call: Callable[[], Any], target: Any, sources: Any) -> Any:
        """A gradient is asked for."""
        if self.bad is None and not self.is_symbolic:
            self.loss = number(target)
        if self.recorder is None:
            return call()
        found = self.recorder.differentiated(call, target, sources)
        if self.at_gradient and self.recorder.bad is not None:
            self.stop()
        return found

    def applied(self, seen: Seen, call: Callable[[], Any], pairs: list[tuple[Any, Any]]) -> Any:
        """An optimizer is called."""
        if self.is_symbolic:
            self.given.append((seen, [(dense(g), v) for g, v in pairs if g is not None]))
            return call() if seen.wraps else None
        if self.bad is not None:
            return None
        if seen.wraps:
            try:
                return call()
            finally:
                self.count(seen)
        given = [(dense(g), v) for g, v in pairs if g is not None]
        with quiet():
            norms = [float(np.linalg.norm(t.numpy().astype(np.float64).ravel())) for t, _ in given]
        if first_replica():
            within = self.calls.get(id(seen.outer or seen), 0)
            self.updates.append(Update(seen, within, [v for _, v in given], norms))
        if any(is_bad(g) for g, _ in given):
            self.bad = (seen, given)
            if self.recorder is not None:
                self.recorder.choose([g for g, _ in given])
            return self.stop()
        if self.ends_at_update:
            return self.stop()
        result = call()
        self.count(seen)
        if self.recorder is not None and self.recorder.bad is None and len(self.recorder.operations) > MANY:
            self.recorder.forget()
        return result

    def keep(self, handle: Any) -> None:
        """A variable is about to be changed by the code that is run again; it gets its value back."""
        key = identity(handle)
        if key not in self.kept and not self.restoring:
            with quiet():
                self.kept[key] = [Set(h, value_of(h, dtype)) for h, dtype in variable(handle)]

    def count(self, seen: Seen) -> None:
        """One more step of an optimizer, not of each of its replicas."""
        if first_replica():
            self.calls[id(seen)] = self.calls.get(id(seen), 0) + 1

    @property
    def told_loss(self) -> float | None:
        """What the bad gradient is of; else what was differentiated last."""
        bad = self.recorder.bad if self.recorder is not None else None
        return self.loss if bad is None else number(bad.target)

    def stop(self) -> None:
        """End it here, but not in a replica's thread, which others wait for."""
        if threading.current_thread() is threading.main_thread():
            raise Halt


def number(target: Any) -> float | None:
    """A loss, where it is one number."""
    flat = [t for t in tf.nest.flatten(target) if isinstance(t, tf.Tensor)]
    with quiet():
        sizes = [int(tf.size(t)) for t in flat]
        return float(np.ravel(flat[0].numpy())[0]) if sizes == [1] and flat[0].dtype.is_floating else None
