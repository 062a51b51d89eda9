"""The watcher: what happens when the user's code enters a tape, asks for a gradient, calls an optimizer or a function.

In: calls from the hooks. Out: `Found`s, in order, and counts. Principle: the user's numbers are never changed, only
what happens at a bad gradient is chosen: the script ends, or goes on, or the step is left out.
"""

import math
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf

from gradcheck.errors import one_line
from gradcheck.observing import marks
from gradcheck.observing.blocks import block_of
from gradcheck.observing.diagnosing import Found, mode_of, of_call, of_units, steps_before
from gradcheck.observing.feeds import Feeds
from gradcheck.observing.history import History, Set, restore
from gradcheck.observing.looks import Norms, dense, is_bad, odd, value_of
from gradcheck.observing.optimizers import Optimizers, Seen, first_replica, handles_of, pairs_of, wraps
from gradcheck.observing.requests import Requests
from gradcheck.observing.rerunning import Rerun, run
from gradcheck.observing.saving import Keeper
from gradcheck.observing.units import Call, Tape, Unit, is_random
from gradcheck.options import WatchOptions
from gradcheck.scripts import Stopped

MOST_UNITS = 64
"""Gradients between two updates that are kept, to be asked for again."""

EVERY = 16
"""Steps between two looks at the variables."""

HELD = "_gradcheck_block"

MOST_FOUND = 3
"""Bad steps that are told where the script goes on; more are counted."""

MOST_NOTES = 3
"""Notes on what could not be looked at."""


@dataclass(eq=False)
class Pending:
    """A bad gradient that no optimizer is known to take; it counts if it reaches a variable."""

    unit: Tape
    before: list[tuple[Any, Any]]


class Watcher:
    """One watched run."""

    def __init__(self, options: WatchOptions, stop: Callable[[], BaseException] = Stopped) -> None:
        self.options, self.stop = options, stop
        self.optimizers = Optimizers()
        self.history = History()
        self.units: deque[Unit] = deque(maxlen=MOST_UNITS)
        self.norms = Norms()
        self.feeds = Feeds()
        self.found: list[Found] = []
        self.notes: list[str] = []
        self.requests = Requests(options)
        self.rerun: Rerun | None = None
        self.busy = False
        self.active = True
        self.limited = self.ended = False
        self.more: dict[int | None, int] = {}
        self.ending: BaseException | None = None
        self.pending: Pending | None = None
        self.calls: list[tuple[Callable[[], Any], Any]] = []
        self.applying = threading.local()
        self.claimed: set[int] = set()
        self.before: list[Set] = []
        self.last: Call | None = None
        self.by_hand = 0
        self.looked = False
        self.keeper: Keeper | None = None  # saves the first bad step

    # what the hooks call

    def entered(self, tape: Any, frame: Any) -> None:
        """A tape is entered."""
        if self.rerun is not None:
            tape._persistent = True  # jacobians are taken row by row then
        if self.watches and tf.executing_eagerly():
            self.settle()
            with self.ours():
                setattr(tape, HELD, block_of(frame))

    def differentiated(self, tape: Any, call: Callable[[], Any], target: Any, sources: Any) -> Any:
        """A gradient is asked for."""
        if self.rerun is not None:
            return self.rerun.differentiated(call, target, sources)
        if not self.watches:
            return call()
        handles = handles_of(sources)
        if not tf.executing_eagerly():
            marks.marked(marks.Mark(sources=handles))
        found = call()
        if tape is not None and self.options.untrained:
            self.requests.watched(tape.watched_variables())
        if not tf.executing_eagerly():
            return found
        block = getattr(tape, HELD, None)
        if block is not None:
            with self.ours():
                unit = Tape(block, handles)
                self.units.append(unit)
                if handles and not set(handles) & self.claimed:
                    self.unclaimed(unit, found)
        return found

    def applied(self, optimizer: Any, call: Callable[[], Any], gradients: Any, variables: Any) -> Any:
        """An optimizer is called."""
        self.insist()
        nested: list[Any] = getattr(self.applying, "nested", [])
        if any(o is optimizer for o in nested) or not (self.watches or self.rerun is not None):
            return call()
        self.applying.nested = [*nested, optimizer]
        try:
            return self.updated(optimizer, call, gradients, variables, nested)
        finally:
            self.applying.nested = nested

    def updated(self, optimizer: Any, call: Callable[[], Any], gradients: Any, variables: Any, nested: Any) -> Any:
        """The same, not from within itself."""
        pairs = pairs_of(optimizer, gradients, variables)
        new = id(optimizer) not in self.optimizers.seen
        seen = self.optimizers.of(optimizer, self.history.first if self.rerun is not None else None)
        outer = next((self.optimizers.of(o) for o in nested if wraps(o)), None)
        seen.outer = outer or seen.outer
        if self.rerun is not None:
            if new:  # its function was traced before anybody watched
                self.given(seen, pairs)
            return self.rerun.applied(seen, call, pairs)
        self.given(seen, pairs)
        if first_replica():
            seen.calls += tf.executing_eagerly()
        if not tf.executing_eagerly():
            key, sources = id(optimizer), handles_of([v for _, v in pairs])
            known = [(None if g is None else True, v) for g, v in pairs]
            times = int(first_replica())
            marks.marked(marks.Mark({key: times}, {key: optimizer}, {key: known}, sources))
            return call()
        self.claimed |= set(handles_of([v for _, v in pairs]))
        self.pending = None
        if seen.wraps:
            return call()
        fine = True
        with self.ours():
            step = seen.steps - (outer is not None)
            fine = self.looked_at(seen, pairs, step)
        if not fine and self.options.on_bad == "skip-step":
            return None
        result = call()
        with self.ours():
            self.units.clear()
            self.history.forget()
        self.stepped()
        return result

    def given(self, seen: Seen, pairs: list[tuple[Any, Any]]) -> None:
        """An optimizer is given gradients, or none, of these variables."""
        for _, variable in pairs:
            seen.takes(variable)
        if not seen.wraps:
            self.requests.updated(seen, pairs)

    def looked_at(self, seen: Seen, pairs: list[tuple[Any, Any]], step: int) -> bool:
        """Look at gradients on their way to an optimizer; whether they are finite."""
        given = [(dense(g), v) for g, v in pairs if g is not None]
        if not given:
            return True
        norms = self.norms([g for g, _ in given])
        whole = float(np.sqrt(np.sum(norms**2)))
        seen.norms.append((step, whole))
        for found in self.requests.step(self, seen, [v for _, v in given], list(map(float, norms)), step):
            self.tell(found)
        fine = bool(np.isfinite(whole)) or not any(is_bad(g) for g, _ in given)
        if not fine and self.told_enough(seen.order):
            self.more[seen.order] = self.more.get(seen.order, 0) + 1
        elif not fine:
            self.tell(of_units(self, seen, given, step, list(self.units)))
        return fine

    def told_enough(self, order: int | None) -> bool:
        """Whether further bad steps of an optimizer are counted only: where one goes on, NaN stays in the variables."""
        limit = MOST_FOUND if self.options.on_bad == "skip-step" else 1
        return sum(found.order == order and found.study is not None for found in self.found) >= limit

    def unclaimed(self, unit: Tape, found: Any) -> None:
        """A gradient by variables that no optimizer is known to update."""
        gradients = [dense(g) for g in tf.nest.flatten(found) if g is not None]
        tensors = [t for t in gradients if t.dtype.is_floating]
        if tensors and not np.isfinite(self.norms(tensors)).all() and any(is_bad(t) for t in tensors):
            before = [(h, value_of(h, d)) for h, d in unit.sources.values()]
            self.pending = Pending(unit, before)

    def settle(self) -> None:
        """Whether a bad gradient that was seen has reached a variable by now."""
        pending, self.pending = self.pending, None
        if pending is None:
            self.by_hand += bool(self.units) and not self.claimed
            if not self.claimed:
                self.units.clear()
            return
        with self.ours():
            now = {key: value_of(h, d) for key, (h, d) in pending.unit.sources.items()}
            if not any(is_bad(value) for value in now.values()):
                return
            after = [Set(h, now[key]) for key, (h, _) in pending.unit.sources.items()]
            restore([Set(h, value) for h, value in pending.before])
            try:
                told = of_units(self, None, [], self.by_hand, [pending.unit])
            finally:
                restore(after if self.options.on_bad != "skip-step" else [])
            self.tell(told)

    def called(self, call: Callable[[], Any], named: Any) -> Any:
        """A function of TensorFlow's is called by the user."""
        if not self.watches or not tf.executing_eagerly():
            return call()
        self.calls.append((call, named))
        try:
            return call()
        finally:
            self.calls.pop()

    def executed(self, concrete: Any, execute: Callable[..., Any], inputs: list[Any], captured: list[Any]) -> Any:
        """A traced function is run."""
        if self.ending is not None and marks.mark_of(concrete.graph) is not None:
            self.insist()
        mark = marks.known(concrete) if self.watches else None
        if mark is None:
            return execute(concrete, inputs, captured)
        if not tf.executing_eagerly():
            marks.marked(mark)
            return execute(concrete, inputs, captured)
        again, named = self.calls[-1] if self.calls else (None, {})
        written = getattr(named, "written", None)
        call = Call(concrete, list(inputs), list(captured), mark, execute, again, named, written)
        writing = False
        with self.ours():
            call.feeds.update(self.feeds.of([*inputs, *captured]))
            writing, self.last = self.writes(concrete), call
            for key, optimizer in mark.objects.items():
                if key not in self.optimizers.seen:  # the graph was made while another watcher watched
                    self.given(self.optimizers.of(optimizer), mark.variables[key])
            if writing:
                self.history.before(call)
                self.before = self.history.state() if self.requests.each_step else []
            else:
                self.units.append(call)
        self.looked = False
        try:
            result = call.first()
        except BaseException:
            with self.ours():
                self.history.fails(call)
            raise
        if writing:
            with self.ours():
                self.after(call, result)
            self.stepped()
        return result

    def after(self, call: Call, result: Any) -> None:
        """Look at the variables, if it is time to."""
        for key, times in call.mark.optimizers.items():
            self.optimizers.seen[key].calls += times
        self.by_hand += not call.mark.optimizers
        often = self.options.on_bad != "stop" or is_random(call.concrete)
        every = self.options.every or (1 if often else EVERY)
        if self.history.calls % every == 0 or odd(result):
            self.look(call)
        if self.requests.each_step:
            self.measure(call)

    def measure(self, call: Call) -> None:
        """Run a call once more, with the variables as they were, for the norms of its gradients."""
        after = self.history.state()
        restore(self.before)
        rerun = run(self, call, None)
        restore(self.before)
        steps = steps_before(self, call)
        restore(after)
        if rerun.failure is not None:
            raise rerun.failure
        for seen, within, variables, norms in rerun.norms:
            step = steps[id(seen)] + within
            seen.norms.append((step, math.hypot(*norms)))
            for found in self.requests.step(self, seen, variables, norms, step):
                self.tell(found)

    def look(self, call: Call | None) -> None:
        """Look at the variables now; tell what went bad since."""
        if self.history.all_is_well():
            return
        enough = len(self.found) >= MOST_FOUND
        bad = self.history.bad_ones()
        found = of_call(self, brief=enough)
        self.history.forget()
        if self.options.on_bad == "warn":
            self.history.leave_out(bad)
        if enough and found is not None:
            self.more[found.order] = self.more.get(found.order, 0) + 1
        else:
            self.tell(found)

    def writes(self, concrete: Any) -> bool:
        """Whether a function changes variables."""
        known = getattr(concrete, "_gradcheck_writes", None)
        if known is None:
            known = marks.writes(concrete)
            concrete._gradcheck_writes = known
        return bool(known)

    def assigns(self, handle: Any) -> None:
        """A variable is about to be set."""
        if self.rerun is not None and tf.executing_eagerly():
            self.rerun.keep(handle)
        elif not self.looked and self.watches and self.history.segments and tf.executing_eagerly():
            self.looked = True  # what is bad may be gone behind it
            with self.ours():
                self.look(None)

    def assigned(self, handle: Any) -> None:
        """A variable is set, eagerly."""
        if self.watches and self.history.segments and tf.executing_eagerly():
            with self.ours():
                self.history.changed(handle)

    # the state

    @property
    def watches(self) -> bool:
        """Whether what happens now is the user's doing."""
        return self.active and not self.busy and self.rerun is None

    @property
    def mode(self) -> str:
        """How steps are run."""
        return mode_of(self.last)

    def ours(self) -> "Ours":
        """Within it what happens is our own doing."""
        return Ours(self)

    def stepped(self) -> None:
        """A step has ended; it may have been the last one that is wanted."""
        limit = self.options.max_steps
        if limit is not None and self.active and self.steps >= limit:
            self.finish()
            self.limited = True
            raise self.stopped()

    @property
    def steps(self) -> int:
        """Of the optimizer that has made most; without any, steps made by hand."""
        return max([seen.steps for seen in self.optimizers.all], default=self.by_hand)

    def tell(self, found: Found | None) -> None:
        """Keep what was found; the script ends there unless it is to go on."""
        if found is None:
            return
        self.found.append(found)
        if self.options.on_bad == "stop" and found.stops and not self.ended:
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
            self.settle()
            if not self.found or self.options.on_bad != "stop":
                self.look(None)
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
