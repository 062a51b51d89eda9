"""Steps that run in traced functions: variables are looked at now and then, and what has been run is kept.

In: calls of traced functions, and variables as they are set between them. Out: a `Found` once a variable is bad: the
calls that are kept are run again to find the one that did it.
"""

from collections.abc import Callable
from typing import Any

from gradcheck.observing import marks
from gradcheck.observing.backtracking import first_bad, steps_before
from gradcheck.observing.eager import EagerSteps
from gradcheck.observing.history import Set, restore
from gradcheck.observing.looks import odd
from gradcheck.observing.requests import Requests
from gradcheck.observing.rerunning import run
from gradcheck.observing.session import Session
from gradcheck.observing.units import Call, is_random
from gradcheck.tracebacks import PASSED

EVERY = 16
"""Steps between two looks at the variables."""

GLANCE = 4
"""Steps between two glances at the result, which is a loss more often than not."""

Again = tuple[Callable[[], Any], Any]


class TracedSteps:
    """What is run.

    Attributes:
        calls: of functions of TensorFlow's by the user that are under way, and their arguments.
        before: the values of variables before the last call that changed them; kept where every step is to be measured.
        looked: whether all was well, and nothing ran since.
    """

    def __init__(self, session: Session, requests: Requests, eager: EagerSteps) -> None:
        self.session, self.requests, self.eager = session, requests, eager
        self.calls: list[Again] = []
        self.before: list[Set] = []
        self.looked = False

    def called(self, call: Callable[[], Any], named: Any) -> Any:
        """A function of TensorFlow's is called by the user."""
        self.calls.append((call, named))
        try:
            return call()
        finally:
            self.calls.pop()

    def executed(self, concrete: Any, execute: Callable[..., Any], inputs: list[Any], captured: list[Any]) -> Any:
        """A traced function in which a gradient is taken is run, eagerly."""
        again, named = self.calls[-1] if self.calls else (None, {})
        mark = marks.known(concrete) or marks.Mark()
        call = Call(
            concrete, list(inputs), list(captured), mark, execute, again, named, getattr(named, "written", None)
        )
        writing = writes(concrete)
        if not writing:
            self.eager.settle()
        with self.session.ours():
            self.begins(call, writing)
        self.looked = False
        try:
            result = call.first()
        except BaseException as error:
            setattr(error, PASSED, True)
            with self.session.ours():
                self.session.history.fails(call)
            raise
        if writing:
            with self.session.ours():
                self.ends(call, result)
        else:
            with self.session.ours():
                self.eager.asked(call, result)
        return result

    def begins(self, call: Call, writing: bool) -> None:
        """A call is about to be made."""
        session = self.session
        session.last = call
        call.feeds.update(session.feeds.of([*call.inputs, *call.captured]))
        for key, optimizer in call.mark.objects.items():
            if key not in session.optimizers.seen:  # the graph was made while another session watched
                self.requests.updated(session.optimizers.of(optimizer), call.mark.variables[key])
        if writing:
            self.eager.traced(call)
            session.history.before(call)
            self.before = session.history.state() if self.requests.each_step else []

    def ends(self, call: Call, result: Any) -> None:
        """Look at the variables, if it is time to."""
        session = self.session
        for key, times in call.mark.optimizers.items():
            session.optimizers.seen[key].calls += times
        session.by_hand += not call.mark.optimizers
        if self.is_time(call, result):
            self.look()
        if self.requests.each_step:
            self.measure(call)

    def is_time(self, call: Call, result: Any) -> bool:
        """Whether to look at the variables."""
        options, made = self.session.options, self.session.history.calls
        every = options.every or (1 if options.on_bad != "stop" or is_random(call.concrete) else EVERY)
        return made % every == 0 or (made % GLANCE == 0 and odd(result))

    def measure(self, call: Call) -> None:
        """Run a call once more, with the variables as they were, for the norms of its gradients."""
        history = self.session.history
        after = history.state()
        restore(self.before)
        rerun = run(self.session, call, None)
        restore(self.before)
        steps = steps_before(self.session, call)
        restore(after)
        if rerun.failure is not None:
            raise rerun.failure
        for update in rerun.updates:
            step = steps[id(update.seen)] + update.within
            update.seen.norms.append((step, update.norm))
            self.requests.step(update.seen, update.variables, update.norms, step)

    def look(self) -> None:
        """Look at the variables now; tell what went bad since."""
        session = self.session
        if session.history.all_is_well():
            return
        enough = session.told_all
        bad = session.history.bad_ones()
        found = first_bad(session, brief=enough)
        session.history.forget()
        self.eager.pending = None
        if session.options.on_bad == "warn":
            session.history.leave_out(bad)
        if enough and found is not None:
            session.count(found.witness.order)
        else:
            session.tell(found)

    def setting(self) -> None:
        """A variable is about to be set between calls: what is bad may be gone behind it."""
        if not self.looked and self.session.history.segments:
            self.looked = True
            with self.session.ours():
                self.look()

    def set(self, handle: Any) -> None:
        """A variable was set between calls."""
        if self.session.history.segments:
            with self.session.ours():
                self.session.history.changed(handle)


def writes(concrete: Any) -> bool:
    """Whether a function changes variables."""
    known = getattr(concrete, "_gradcheck_writes", None)
    if known is None:
        known = concrete._gradcheck_writes = marks.writes(concrete)
    return bool(known)
