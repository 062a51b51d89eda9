"""The watcher: what happens when the user's code enters a tape, asks for a gradient, calls an optimizer or a function.

In: calls from the hooks. Out: `Found`s, in order, and counts. Principle: the user's numbers are never changed, only
what happens at a bad gradient is chosen: the script ends, or goes on, or the step is left out.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from gradcheck.observing import marks
from gradcheck.observing.eager import EagerSteps
from gradcheck.observing.optimizers import Seen, first_replica, handles_of, pairs_of, wraps
from gradcheck.observing.requests import Requests
from gradcheck.observing.session import Session
from gradcheck.observing.traced import TracedSteps, writes
from gradcheck.options import WatchOptions
from gradcheck.scripts import Stopped


class Watcher(Session):
    """A watched run, and what the hooks tell it.

    Attributes:
        requests: what is looked for besides bad gradients.
        eager, traced: the steps that run eagerly, and in traced functions.
    """

    def __init__(self, options: WatchOptions, stop: Callable[[], BaseException] = Stopped) -> None:
        super().__init__(options, stop)
        self.requests = Requests(self)
        self.eager = EagerSteps(self, self.requests)
        self.traced = TracedSteps(self, self.requests, self.eager)

    # what the hooks call

    def entered(self, tape: Any, frame: Any) -> None:
        """A tape is entered."""
        if self.rerun is not None:
            tape._persistent = True  # jacobians are taken row by row then
        if self.watches and tf.executing_eagerly():
            if self.eager.settle():
                self.stepped()
            self.eager.entered(tape, frame)

    def differentiated(self, tape: Any, call: Callable[[], Any], target: Any, sources: Any) -> Any:
        """A gradient is asked for."""
        if self.rerun is not None and getattr(tape, "_tape", call) is None:  # an older one, which was asked then
            return tf.nest.map_structure(tf.zeros_like, sources)
        if self.rerun is not None:
            return self.rerun.differentiated(call, target, sources)
        if not self.watches:
            return call()
        if not tf.executing_eagerly():
            marks.marked(marks.Mark(sources=handles_of(sources)))
        found = call()
        if tape is not None and self.options.untrained:
            self.requests.watched(tape.watched_variables())
        if tf.executing_eagerly():
            self.eager.differentiated(tape, sources, found)
        return found

    def applied(self, optimizer: Any, call: Callable[[], Any], gradients: Any, variables: Any) -> Any:
        """An optimizer is called."""
        self.insist()
        nested: list[Any] = getattr(self.applying, "nested", [])
        if any(o is optimizer for o in nested) or not (self.watches or self.rerun is not None):
            return call()
        self.applying.nested = [*nested, optimizer]
        try:
            return self.updated(optimizer, call, pairs_of(optimizer, gradients, variables), nested)
        finally:
            self.applying.nested = nested

    def updated(self, optimizer: Any, call: Callable[[], Any], pairs: list[tuple[Any, Any]], nested: list[Any]) -> Any:
        """The same, not from within itself."""
        new = id(optimizer) not in self.optimizers.seen
        seen = self.optimizers.of(optimizer, self.history.first if self.rerun is not None else None)
        seen.outer = next((self.optimizers.of(o) for o in nested if wraps(o)), None) or seen.outer
        if self.rerun is None or new:  # the function of a new one was traced before anybody watched
            self.requests.updated(seen, pairs)
        if self.rerun is not None:
            return self.rerun.applied(seen, call, pairs)
        if not tf.executing_eagerly():
            marks.marked(marks.of_update(optimizer, pairs))
            return call()
        seen.calls += first_replica()
        self.eager.claims(seen, pairs)
        return call() if seen.wraps else self.looked_at(seen, call, pairs, any(map(wraps, nested)))

    def looked_at(self, seen: Seen, call: Callable[[], Any], pairs: list[tuple[Any, Any]], nested: bool) -> Any:
        """An optimizer updates variables eagerly, if what it is given is fine, or may be bad."""
        fine = True
        with self.ours():
            fine = self.eager.look(seen, pairs, seen.steps - nested)
        with self.ours():
            self.eager.updates(pairs)
        if not fine and self.options.on_bad == "skip-step":
            return None
        result = call()
        with self.ours():
            self.history.forget()
        self.stepped()
        return result

    def called(self, call: Callable[[], Any], named: Any) -> Any:
        """A function of TensorFlow's is called by the user."""
        return self.traced.called(call, named) if self.watches and tf.executing_eagerly() else call()

    def executed(self, concrete: Any, execute: Callable[..., Any], inputs: list[Any], captured: list[Any]) -> Any:
        """A traced function is run."""
        if self.ending is not None and marks.mark_of(concrete.graph) is not None:
            self.insist()
        mark = marks.known(concrete) if self.watches else None
        if mark is not None and tf.executing_eagerly():
            result = self.traced.executed(concrete, execute, inputs, captured)
            self.stepped()
            return result
        if mark is not None:
            marks.marked(mark)
        elif self.watches and self.eager.waits and tf.executing_eagerly() and writes(concrete):
            self.eager.set(t for t in [*inputs, *captured] if t.dtype == tf.resource)
        return execute(concrete, inputs, captured)

    def assigns(self, handle: Any) -> None:
        """A variable is about to be set."""
        if self.rerun is not None and tf.executing_eagerly():
            self.rerun.keep(handle)
        elif self.watches and self.history.segments and tf.executing_eagerly():
            self.traced.setting()

    def assigned(self, handle: Any) -> None:
        """A variable is set, eagerly."""
        if self.watches and self.eager.waits and tf.executing_eagerly():
            self.eager.set([handle])
        if self.watches and self.history.segments and tf.executing_eagerly():
            self.traced.set(handle)

    # the end

    def stepped(self) -> None:
        """A step has ended; it may have been the last one that is wanted."""
        limit = self.options.max_steps
        if limit is not None and self.active and self.steps >= limit:
            self.finish()
            self.limited, self.ended = True, False  # the script has not ended: it may catch this
            raise self.stopped()

    def finish(self) -> None:
        """The script has ended: a last look."""
        if not self.active:
            return
        self.ended = True
        with self.ours():
            self.eager.settle()
            if not self.found or self.options.on_bad != "stop":
                self.traced.look()
            self.requests.finish()
        self.active = False
