"""A unit that is run once more: what its gradients were, and which of them was the first bad one.

In: a unit, with the variables as they were before it. Out: a `Rerun`: norms, the first optimizer that is given a bad
gradient, and all operations before. Nothing that it changes is kept: who runs it restores the variables.
"""

import contextlib
import io
import math
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.eager import context

from gradcheck.observing.history import Set, restore, variable
from gradcheck.observing.looks import dense, is_bad, quiet, value_of
from gradcheck.observing.optimizers import Seen, first_replica
from gradcheck.observing.recording import Recorder, identity, recording
from gradcheck.observing.units import Call, Tape, Unit

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


def run(watcher: Any, unit: Unit, recorder: Recorder | None, at_gradient: bool = False) -> Rerun:
    """Run a unit eagerly; what the user's code prints is not printed again."""
    rerun = Rerun(recorder, at_gradient, ends_at_update=isinstance(unit, Tape))
    with again(watcher, rerun, unit), eagerly(recorder):
        unit.run(longer=not at_gradient)
    return rerun


def run_traced(watcher: Any, call: Call, compiled: bool) -> Rerun:
    """Run a call's function once more as a graph, as it was run, with every operation's result among its own."""
    recorder = Recorder(symbolic=True)
    rerun = Rerun(recorder, at_gradient=False)
    values: dict[int, Any] = {}

    def whole() -> list[Any]:
        recorder.graph = tf.compat.v1.get_default_graph()
        assert call.written is not None
        call.written()
        made = [t for operation in recorder.operations for t in operation.outputs if is_fetched(t)]
        values.update({identity(t): place for place, t in enumerate(made)})
        return made

    with again(watcher, rerun, call), eagerly(recorder):
        concrete = tf.function(whole, autograph=False, jit_compile=compiled).get_concrete_function()
        with tf.init_scope():
            results = concrete()
        evaluated(rerun, {key: results[place] for key, place in values.items()})
    return rerun


def is_fetched(tensor: Any) -> bool:
    """Whether a graph can hand a tensor out."""
    dtype = tensor.dtype
    return bool(dtype.is_floating or dtype.is_complex or dtype.is_integer or dtype.is_bool)


def evaluated(rerun: Rerun, results: dict[int, Any]) -> None:
    """Put numbers in the place of all that was recorded of a graph, and look at them."""
    recorder = rerun.recorder
    assert recorder is not None

    def known(tensor: Any) -> Any:
        return results.get(identity(tensor))

    recorder.operations = [
        replace(o, inputs=present(o.inputs, known), outputs=present(o.outputs, known)) for o in recorder.operations
    ]
    recorder.makers = {identity(t): place for place, o in enumerate(recorder.operations) for t in o.outputs}
    recorder.names = {identity(results[k]): name for k, name in recorder.names.items() if k in results}
    recorder.symbolic, recorder.graph = False, None
    recorder.asked = [
        replace(
            asked,
            target=[known(t) for t in tf.nest.flatten(asked.target) if isinstance(t, tf.Tensor)],
            results=tuple(None if g is None else known(dense(g)) for g in asked.results),
        )
        for asked in recorder.asked
    ]
    recorder.bad = next((asked for asked in recorder.asked if any(is_bad(g) for g in asked.results)), None)
    for seen, pairs in rerun.given:
        given = [(known(g), v) for g, v in pairs if known(g) is not None]
        if any(is_bad(g) for g, _ in given):
            rerun.bad = (seen, given)
            recorder.choose([g for g, _ in given])
            break


def present(tensors: tuple[Any, ...], known: Callable[[Any], Any]) -> tuple[Any, ...]:
    """The tensors whose numbers are known."""
    return tuple(value for value in map(known, tensors) if value is not None)


@contextlib.contextmanager
def again(watcher: Any, rerun: Rerun, unit: Unit) -> Iterator[None]:
    """Within it the user's code is run again: what it does is told to `rerun`, and what it prints is not printed."""
    logger = tf.get_logger()
    level, busy = logger.level, watcher.busy
    logger.setLevel("ERROR")  # what TensorFlow says of functions that are run eagerly is not the user's to read
    watcher.feeds.again = {key: deque(kept) for key, kept in getattr(unit, "elements", {}).items()}
    watcher.rerun, watcher.busy = rerun, True
    draws = getattr(context.context(), "_rng", None)  # of eager operations, if a seed was set
    drawn = draws.getstate() if draws is not None else None
    calling = getattr(watcher.applying, "nested", [])
    watcher.applying.nested = []  # the optimizer that waits for this is called again
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    except Halt:
        pass
    except (Exception, SystemExit) as error:
        rerun.failure = error
    finally:
        rerun.restoring = True
        restore([event for events in rerun.kept.values() for event in events])
        watcher.applying.nested = calling
        if draws is not None:
            draws.setstate(drawn)
        watcher.rerun, watcher.busy, watcher.feeds.again = None, busy, None
        logger.setLevel(level)


@contextlib.contextmanager
def eagerly(recorder: Recorder | None) -> Iterator[None]:
    """Functions run eagerly, and are told of to a recorder if there is one."""
    if recorder is not None:
        with recording(recorder):
            yield
        return
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)


def number(target: Any) -> float | None:
    """A loss, where it is one number."""
    flat = [t for t in tf.nest.flatten(target) if isinstance(t, tf.Tensor)]
    with quiet():
        sizes = [int(tf.size(t)) for t in flat]
        return float(np.ravel(flat[0].numpy())[0]) if sizes == [1] and flat[0].dtype.is_floating else None
