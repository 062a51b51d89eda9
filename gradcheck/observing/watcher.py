"""The watcher: what happens when the user's code enters a tape, asks for a gradient, calls an optimizer or a function.

In: calls from the hooks. Out: `Found`s, in order, and counts. Principle: the user's numbers are never changed, only
what happens at a bad gradient is chosen: the script ends, or goes on, or the step is left out.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf

from gradcheck.errors import one_line
from gradcheck.observing import marks
from gradcheck.observing.eager import EagerSteps
from gradcheck.observing.feeds import Feeds
from gradcheck.observing.found import Found
from gradcheck.observing.history import History
from gradcheck.observing.optimizers import Optimizers, Seen, first_replica, handles_of, pairs_of, wraps
from gradcheck.observing.requests import Requests
from gradcheck.observing.rerunning import Rerun
from gradcheck.observing.saving import Keeper
from gradcheck.observing.traced import TracedSteps, writes
from gradcheck.observing.units import mode_of
from gradcheck.options import WatchOptions
from gradcheck.scripts import Stopped

MOST_FOUND = 3
"""Bad steps that are told where the script goes on; more are counted."""

MOST_NOTES = 3
"""Notes on what could not be looked at."""


class Watcher:
    """One watched run.

    Attributes:
        optimizers, history, feeds, requests, eager, traced: what is known, each of its own.
        found: the bad steps.
        more: how many of each optimizer were counted only.
        notes: what could not be looked at.
        rerun: the step that is being run again; None while the user's own code runs.
        busy: whether what happens is our own doing.
        active: whether there is something to watch yet.
        limited: whether --max-steps ended it.
        ended: whether the script has ended.
        ending: what was raised to end it.
        by_hand: updates of variables without an optimizer.
        keeper: saves the first bad step.
    """

    def __init__(self, options: WatchOptions, stop: Callable[[], BaseException] = Stopped) -> None:
        self.options, self.stop = options, stop
        self.optimizers, self.history, self.feeds = Optimizers(), History(), Feeds()
        self.requests = Requests(options)
        self.eager, self.traced = EagerSteps(self), TracedSteps(self)
        self.found: list[Found] = []
        self.more: dict[int | None, int] = {}
        self.notes: list[str] = []
        self.rerun: Rerun | None = None
        self.busy, self.active = False, True
        self.limited = self.ended = False
        self.ending: BaseException | None = None
        self.by_hand = 0
        self.applying = threading.local()
        self.keeper: Keeper | None = None

    # what the hooks call

    def entered(self, tape: Any, frame: Any) -> None:
        """A tape is entered."""
        if self.rerun is not None:
            tape._persistent = True  # jacobians are taken row by row then
        if self.watches and tf.executing_eagerly():
            self.eager.entered(tape, frame)

    def differentiated(self, tape: Any, call: Callable[[], Any], target: Any, sources: Any) -> Any:
        """A gradient is asked for."""
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
            self.given(seen, pairs)
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
        if not fine and self.options.on_bad == "skip-step":
            return None
        result = call()
        with self.ours():
            self.eager.units.clear()
            self.history.forget()
        self.stepped()
        return result

    def given(self, seen: Seen, pairs: list[tuple[Any, Any]]) -> None:
        """An optimizer is given gradients, or none, of these variables."""
        for _, variable in pairs:
            seen.takes(variable)
        if not seen.wraps:
            self.requests.updated(seen, pairs)

    def called(self, call: Callable[[], Any], named: Any) -> Any:
        """A function of TensorFlow's is called by the user."""
        return self.traced.called(call, named) if self.watches and tf.executing_eagerly() else call()

    def executed(self, concrete: Any, execute: Callable[..., Any], inputs: list[Any], captured: list[Any]) -> Any:
        """A traced function is run."""
        if self.ending is not None and marks.mark_of(concrete.graph) is not None:
            self.insist()
        mark = marks.known(concrete) if self.watches else None
        if mark is not None and tf.executing_eagerly():
            return self.traced.executed(concrete, execute, inputs, captured)
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

    # the state

    @property
    def watches(self) -> bool:
        """Whether what happens now is the user's doing."""
        return self.active and not self.busy and self.rerun is None

    @property
    def mode(self) -> str:
        """How steps are run."""
        return mode_of(self.traced.last)

    @property
    def steps(self) -> int:
        """Of the optimizer that has made most; without any, steps made by hand."""
        return max([seen.steps for seen in self.optimizers.all], default=self.by_hand)

    def ours(self) -> "Ours":
        """Within it what happens is our own doing."""
        return Ours(self)

    # what is found

    def ask(self, seen: Seen, variables: Sequence[Any], norms: Sequence[float], step: int) -> None:
        """Whether norms show what the user asked for."""
        for found in self.requests.step(self, seen, variables, norms, step):
            self.tell(found)

    def tell(self, found: Found | None) -> None:
        """Keep what was found; the script ends there unless it is to go on."""
        if found is None:
            return
        self.found.append(found)
        if self.options.on_bad == "stop" and found.stops and not self.ended:
            raise self.stopped()

    def told_enough(self, order: int | None) -> bool:
        """Whether further bad steps of an optimizer are counted only: where one goes on, NaN stays in the variables."""
        limit = MOST_FOUND if self.options.on_bad == "skip-step" else 1
        return sum(found.witness.order == order and found.study is not None for found in self.found) >= limit

    @property
    def told_all(self) -> bool:
        """Whether no cause of a further bad step is looked for, whoever made it."""
        return len(self.found) >= MOST_FOUND

    def count(self, order: int | None) -> None:
        """One bad step more of an optimizer, that is not told."""
        self.more[order] = self.more.get(order, 0) + 1

    # the end

    def stepped(self) -> None:
        """A step has ended; it may have been the last one that is wanted."""
        limit = self.options.max_steps
        if limit is not None and self.active and self.steps >= limit:
            self.finish()
            self.limited, self.ended = True, False  # the script has not ended: it may catch this
            raise self.stopped()

    def insist(self) -> None:
        """A script that caught what was to end it trains on; it is ended again."""
        if isinstance(self.ending, Stopped) and not self.ended and self.rerun is None:
            raise self.ending

    def stopped(self) -> BaseException:
        """What ends the script."""
        self.active, self.ending = False, self.stop()
        return self.ending

    def finish(self) -> None:
        """The script has ended: a last look."""
        if not self.active:
            return
        self.ended = True
        with self.ours():
            self.eager.settle()
            if not self.found or self.options.on_bad != "stop":
                self.traced.look()
            for found in self.requests.finish(self):
                self.tell(found)
        self.active = False


@dataclass(eq=False)
class Ours:
    """Our own doing: nothing of it is watched, and a failure of ours is a note, never the script's."""

    watcher: Watcher
    before: bool = field(default=False)

    def __enter__(self) -> None:
        self.before, self.watcher.busy = self.watcher.busy, True

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> bool:
        self.watcher.busy = self.before
        if error is None or not isinstance(error, Exception) or error is self.watcher.ending:
            return False
        note = f"could not look at a step: {type(error).__name__}: {one_line(str(error), 160)}"
        if note not in self.watcher.notes[:MOST_NOTES]:
            self.watcher.notes = [*self.watcher.notes, note][:MOST_NOTES]
        return True
