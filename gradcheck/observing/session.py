"""A watched run: what is known of it, and what was found.

In: optimizers, calls and bad steps, as they come. Out: the same, for whoever looks for a cause; and the end of the
script, where that is what is to happen at a bad step.
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gradcheck.errors import one_line
from gradcheck.observing.feeds import Feeds
from gradcheck.observing.found import Found
from gradcheck.observing.history import History
from gradcheck.observing.keeper import Keeper
from gradcheck.observing.optimizers import Optimizers
from gradcheck.observing.reruns import Rerun
from gradcheck.observing.units import Call, Unit, mode_of
from gradcheck.options import WatchOptions
from gradcheck.scripts import Stopped

MOST_UNITS = 64
"""Gradients between two updates that are kept, to be asked for again."""

MOST_FOUND = 3
"""Bad steps that are told where the script goes on; more are counted."""

MOST_NOTES = 3
"""Notes on what could not be looked at."""


class Session:
    """One watched run.

    Attributes:
        optimizers, history, feeds: what is known of optimizers, of traced calls, and of iterators.
        units: gradients that were asked for, and not taken by an optimizer yet.
        last: the traced call that last changed variables.
        by_hand: updates of variables without an optimizer.
        found: the bad steps.
        more: how many of each optimizer were counted only.
        notes: what could not be looked at.
        rerun: the step that is being run again; None while the user's own code runs.
        busy: whether what happens is our own doing.
        active: whether there is something to watch yet.
        limited: whether --max-steps ended it.
        ended: whether the script has ended.
        ending: what was raised to end it.
        applying: the optimizers that are being called, outermost first, in each thread.
        keeper: saves the first bad step.
    """

    def __init__(self, options: WatchOptions, stop: Callable[[], BaseException] = Stopped) -> None:
        self.options, self.stop = options, stop
        self.optimizers, self.history, self.feeds = Optimizers(), History(), Feeds()
        self.units: deque[Unit] = deque(maxlen=MOST_UNITS)
        self.last: Call | None = None
        self.by_hand = 0
        self.found: list[Found] = []
        self.more: dict[int | None, int] = {}
        self.notes: list[str] = []
        self.rerun: Rerun | None = None
        self.busy, self.active = False, True
        self.limited = self.ended = False
        self.ending: BaseException | None = None
        self.applying = threading.local()
        self.keeper: Keeper | None = None

    @property
    def watches(self) -> bool:
        """Whether what happens now is the user's doing."""
        return self.active and not self.busy and self.rerun is None

    @property
    def mode(self) -> str:
        """How steps are run."""
        return mode_of(self.last)

    @property
    def steps(self) -> int:
        """Of the optimizer that has made most; without any, steps made by hand."""
        return max([seen.steps for seen in self.optimizers.all], default=self.by_hand)

    def ours(self) -> "Ours":
        """Within it what happens is our own doing."""
        return Ours(self)

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

    def insist(self) -> None:
        """A script that caught what was to end it trains on; it is ended again."""
        if isinstance(self.ending, Stopped) and not self.ended and self.rerun is None:
            raise self.ending

    def stopped(self) -> BaseException:
        """What ends the script."""
        self.active, self.ending = False, self.stop()
        return self.ending


@dataclass(eq=False)
class Ours:
    """Our own doing: nothing of it is watched, and a failure of ours is a note, never the script's."""

    session: Session
    before: bool = field(default=False)

    def __enter__(self) -> None:
        self.before, self.session.busy = self.session.busy, True

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> bool:
        self.session.busy = self.before
        if error is None or not isinstance(error, Exception) or error is self.session.ending:
            return False
        note = f"could not look at a step: {type(error).__name__}: {one_line(str(error), 160)}"
        if note not in self.session.notes[:MOST_NOTES]:
            self.session.notes = [*self.session.notes, note][:MOST_NOTES]
        return True
