"""Steps that run eagerly: what optimizers are given is looked at, each time.

In: tapes as they are entered and asked, and what optimizers are given. Out: whether it is fine, and a `Found` where it
is not. Nothing is known of an eager step but its source, so the block of code that a tape watched is kept, with its
names as they were, until an optimizer has made of it what it will.
"""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from gradcheck.observing.blocks import block_of
from gradcheck.observing.diagnosing import of_units
from gradcheck.observing.history import Set, restore
from gradcheck.observing.looks import dense, is_bad, norms, value_of
from gradcheck.observing.optimizers import Seen, handles_of
from gradcheck.observing.recording import identity
from gradcheck.observing.requests import Requests
from gradcheck.observing.session import Session
from gradcheck.observing.units import Call, Tape, Unit

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
        claimed: identities of the variables that some optimizer was given eagerly.
        moved: whether the script has itself changed a variable that a gradient was taken by.
        before: of each unit that is left, variables that were updated since, with their values before that.
    """

    def __init__(self, session: Session, requests: Requests) -> None:
        self.session, self.requests = session, requests
        self.claimed: set[int] = set()
        self.pending: Pending | None = None
        self.moved = False
        self.before: dict[int, dict[int, Set]] = {}

    def entered(self, tape: Any, frame: Any) -> None:
        """A tape is entered."""
        with self.session.ours():
            setattr(tape, HELD, block_of(frame))

    def differentiated(self, tape: Any, sources: Any, found: Any) -> None:
        """A gradient was asked for."""
        block = getattr(tape, HELD, None)
        if block is None:
            return
        with self.session.ours():
            unit = Tape(block, handles_of(sources))
            self.asked(unit, found)

    def asked(self, unit: Unit, found: Any) -> None:
        """A unit has asked for gradients; an optimizer is given them, or the script uses them by hand."""
        self.session.units.append(unit)
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
            takers = [s for s in self.session.optimizers.all if mine & set(handles_of(s.live))]
            self.pending.taken = (takers[0], takers[0].steps) if takers else None

    def look(self, seen: Seen, pairs: list[tuple[Any, Any]], step: int) -> bool:
        """Look at gradients on their way to an optimizer; whether they are finite."""
        session = self.session
        given = [(dense(g), v) for g, v in pairs if g is not None]
        if not given:
            return True
        each = norms([g for g, _ in given])
        whole = math.hypot(*each)
        seen.norms.append((step, whole))
        self.requests.step(seen, [v for _, v in given], each, step)
        if math.isfinite(whole) or not any(is_bad(g) for g, _ in given):
            return True
        if session.told_enough(seen.order):
            session.count(seen.order)
        else:
            units = self.asked_for(pairs)
            before = [old for unit in units for old in self.before.get(id(unit), {}).values()]
            now = [Set(old.handle, value_of(old.handle, old.value.dtype)) for old in before]
            restore(before)
            try:
                told = of_units(session, seen, given, step, units)
            finally:
                restore(now)
            session.tell(told)
        return False

    def asked_for(self, pairs: list[tuple[Any, Any]]) -> list[Unit]:
        """The units that asked for gradients by some of these variables; all where none is known to."""
        mine = handles_of([v for _, v in pairs]).keys()
        units = list(self.session.units)
        return [u for u in units if mine & (sources(u).keys() - self.before.get(id(u), {}).keys())] or units

    def updates(self, pairs: list[tuple[Any, Any]]) -> None:
        """An optimizer is about to update variables; gradients by others may be for one that follows."""
        mine = handles_of([v for _, v in pairs])
        left = [unit for unit in self.session.units if self.waits_on(unit, mine.keys())]
        self.session.units.clear()
        self.session.units.extend(left)
        now = {key: Set(handle, value_of(handle, dtype)) for key, (handle, dtype) in mine.items()} if left else {}
        self.before = {id(unit): {**now, **self.before.get(id(unit), {})} for unit in left}

    def waits_on(self, unit: Unit, updated: Collection[int]) -> bool:
        """Whether a unit may be asked for again, once these variables are updated: for the rest of its gradients."""
        taken, asked = set(self.before.get(id(unit), {})), set(sources(unit))
        return bool(asked - taken - set(updated)) and not taken & asked & set(updated)

    def unclaimed(self, unit: Unit, found: Any) -> None:
        """A gradient by variables that no optimizer is known to update."""
        gradients = [dense(g) for g in tf.nest.flatten(found) if isinstance(g, (tf.Tensor, tf.IndexedSlices))]
        tensors = [t for t in gradients if t.dtype.is_floating]
        if tensors and not all(map(math.isfinite, norms(tensors))) and any(is_bad(t) for t in tensors):
            self.pending = Pending(unit, [Set(h, value_of(h, d)) for h, d in sources(unit).values()])

    def settle(self) -> bool:
        """A bad gradient that was seen may have reached a variable by now; whether a step by hand has ended."""
        session, pending, self.pending = self.session, self.pending, None
        step, moved, self.moved = session.by_hand, self.moved, False
        if moved:
            session.by_hand += 1
            self.session.units.clear()
            self.before.clear()
        if pending is not None:
            with session.ours():
                self.reached(pending, step)
        return moved

    def reached(self, pending: Pending, step: int) -> None:
        """Tell of a bad gradient if it has reached a variable."""
        session = self.session
        seen, step = pending.taken or (None, step)
        after = [Set(h, value_of(h, d)) for h, d in sources(pending.unit).values()]
        if not any(is_bad(now.value) for now in after):
            return
        order = seen.order if seen else None
        enough, told = session.told_enough(order), None
        if not enough or session.options.on_bad == "skip-step":
            restore(pending.before)
        if enough:
            session.count(order)
            return
        try:
            told = of_units(session, seen, [], step, [pending.unit])
        finally:
            restore(after if session.options.on_bad != "skip-step" else [])
        session.tell(told)

    @property
    def waits(self) -> bool:
        """Whether a gradient was asked for of which an update by hand may be made."""
        return bool(self.session.units) and not self.claimed

    def set(self, handles: Iterable[Any]) -> None:
        """The user sets variables."""
        changed = set(map(identity, handles))
        self.moved = self.moved or any(changed & set(sources(unit)) for unit in self.session.units)


def sources(unit: Unit) -> Mapping[int, Any]:
    """Handles of the variables that a unit's gradients are taken by."""
    return unit.sources if isinstance(unit, Tape) else unit.mark.sources
