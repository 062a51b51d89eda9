"""Steps that run eagerly: what optimizers are given is looked at, each time.

In: tapes as they are entered and asked, and what optimizers are given. Out: whether it is fine, and a `Found` where it
is not. Nothing is known of an eager step but its source, so the block of code that a tape watched is kept, with its
names as they were, until an optimizer has made of it what it will.
"""

import math
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from gradcheck.observing.blocks import block_of
from gradcheck.observing.diagnosing import of_units
from gradcheck.observing.history import Set, restore
from gradcheck.observing.looks import dense, is_bad, norms, value_of
from gradcheck.observing.optimizers import Seen, handles_of
from gradcheck.observing.recording import identity
from gradcheck.observing.units import Call, Tape, Unit

if TYPE_CHECKING:
    from gradcheck.observing.watcher import Watcher

MOST_UNITS = 64
"""Gradients between two updates that are kept, to be asked for again."""

HELD = "_gradcheck_block"


@dataclass(eq=False)
class Pending:
    """A bad gradient that no optimizer is known to take; it counts if it reaches a variable.

    Attributes:
        unit: that asked for it.
        before: its variables as they were.
        taken: the optimizer, and its step, of a traced function that came after it.
    """

    unit: Unit
    before: list[Set]
    taken: tuple[Seen, int] | None = None


class EagerSteps:
    """What was done since the last update.

    Attributes:
        units: gradients that were asked for.
        claimed: identities of the variables that some optimizer was given eagerly.
        moved: whether the script has itself changed a variable that a gradient was taken by.
    """

    def __init__(self, watcher: "Watcher") -> None:
        self.watcher = watcher
        self.units: deque[Unit] = deque(maxlen=MOST_UNITS)
        self.claimed: set[int] = set()
        self.pending: Pending | None = None
        self.moved = False

    def entered(self, tape: Any, frame: Any) -> None:
        """A tape is entered."""
        self.settle()
        with self.watcher.ours():
            setattr(tape, HELD, block_of(frame))

    def differentiated(self, tape: Any, sources: Any, found: Any) -> None:
        """A gradient was asked for."""
        block = getattr(tape, HELD, None)
        if block is None:
            return
        with self.watcher.ours():
            unit = Tape(block, handles_of(sources))
            self.asked(unit, found)

    def asked(self, unit: Unit, found: Any) -> None:
        """A unit has asked for gradients; an optimizer is given them, or the script uses them by hand."""
        self.units.append(unit)
        if sources(unit) and not set(sources(unit)) & self.claimed:
            self.unclaimed(unit, found)

    def claims(self, seen: Seen, pairs: list[tuple[Any, Any]]) -> None:
        """An optimizer takes these gradients; what no optimizer took is its doing."""
        self.pending = None
        if seen.takes_new:
            self.claimed |= set(handles_of([v for _, v in pairs]))
            seen.takes_new = False

    def traced(self, call: Call) -> None:
        """A traced function is about to be run; its optimizer may take what was asked for outside of it."""
        if self.pending is not None and call.mark.optimizers:
            mine = set(sources(self.pending.unit))
            takers = [s for s in self.watcher.optimizers.all if mine & set(handles_of(s.live))]
            self.pending.taken = (takers[0], takers[0].steps) if takers else None

    def look(self, seen: Seen, pairs: list[tuple[Any, Any]], step: int) -> bool:
        """Look at gradients on their way to an optimizer; whether they are finite."""
        watcher = self.watcher
        given = [(dense(g), v) for g, v in pairs if g is not None]
        if not given:
            return True
        each = norms([g for g, _ in given])
        whole = math.hypot(*each)
        seen.norms.append((step, whole))
        watcher.ask(seen, [v for _, v in given], each, step)
        if math.isfinite(whole) or not any(is_bad(g) for g, _ in given):
            return True
        if watcher.told_enough(seen.order):
            watcher.count(seen.order)
        else:
            watcher.tell(of_units(watcher, seen, given, step, list(self.units)))
        return False

    def unclaimed(self, unit: Unit, found: Any) -> None:
        """A gradient by variables that no optimizer is known to update."""
        gradients = [dense(g) for g in tf.nest.flatten(found) if isinstance(g, (tf.Tensor, tf.IndexedSlices))]
        tensors = [t for t in gradients if t.dtype.is_floating]
        if tensors and not all(map(math.isfinite, norms(tensors))) and any(is_bad(t) for t in tensors):
            self.pending = Pending(unit, [Set(h, value_of(h, d)) for h, d in sources(unit).values()])

    def settle(self) -> None:
        """A step by hand may have ended; whether a bad gradient that was seen has reached a variable by now."""
        watcher, pending, self.pending = self.watcher, self.pending, None
        step, moved, self.moved = watcher.by_hand, self.moved, False
        if moved:
            watcher.by_hand += 1
            self.units.clear()
        if pending is not None:
            with watcher.ours():
                self.reached(pending, step)
        if moved:
            watcher.stepped()

    def reached(self, pending: Pending, step: int) -> None:
        """Tell of a bad gradient if it has reached a variable."""
        watcher = self.watcher
        seen, step = pending.taken or (None, step)
        after = [Set(h, value_of(h, d)) for h, d in sources(pending.unit).values()]
        if not any(is_bad(now.value) for now in after):
            return
        order = seen.order if seen else None
        enough, told = watcher.told_enough(order), None
        if not enough or watcher.options.on_bad == "skip-step":
            restore(pending.before)
        if enough:
            watcher.count(order)
            return
        try:
            told = of_units(watcher, seen, [], step, [pending.unit])
        finally:
            restore(after if watcher.options.on_bad != "skip-step" else [])
        watcher.tell(told)

    @property
    def waits(self) -> bool:
        """Whether a gradient was asked for of which an update by hand may be made."""
        return bool(self.units) and not self.claimed

    def set(self, handles: Iterable[Any]) -> None:
        """The user sets variables."""
        changed = set(map(identity, handles))
        self.moved = self.moved or any(changed & set(sources(unit)) for unit in self.units)


def sources(unit: Unit) -> Mapping[int, Any]:
    """Handles of the variables that a unit's gradients are taken by."""
    return unit.sources if isinstance(unit, Tape) else unit.mark.sources
