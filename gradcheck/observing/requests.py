"""What is looked for on request: gradients that vanish or explode, variables that get none or are in no optimizer.

In: each step's norms, and what tapes and optimizers have seen. Out: `Found`s. A step that is run as a graph is run once
more, eagerly, for its norms; the user's own run of it stays as it is.
"""

import math
import statistics
from collections.abc import Sequence
from typing import Any

from gradcheck.observing.found import Found, gradient_of, witness
from gradcheck.observing.optimizers import Seen, handles_of, name_of
from gradcheck.observing.session import Session

RUNNING = ("GC003", "GC010")
"""Codes of what is seen while the script runs; the others are told at its end."""

FEWEST = 5
"""Norms before a median says anything."""


class Requests:
    """What the user asked for.

    Attributes:
        read: the variables that tapes have watched, by the identity of their handles.
        given: for each variable the optimizers that take it; `received` those that were given a gradient of it.
        told: what is told once.
    """

    def __init__(self, session: Session) -> None:
        self.session, self.options = session, session.options
        self.read: dict[int, Any] = {}
        self.given: dict[int, dict[int, Any]] = {}
        self.received: dict[int, set[int]] = {}
        self.told: set[Any] = set()

    @property
    def each_step(self) -> bool:
        """Whether every step's norms are wanted."""
        return self.options.vanished is not None or self.options.exploding is not None

    def watched(self, variables: Sequence[Any]) -> None:
        """A tape has watched these trainable variables."""
        if self.options.untrained:
            for variable in variables:
                self.read.update(dict.fromkeys(handles_of([variable]), variable))

    def updated(self, seen: Seen, pairs: Sequence[tuple[Any, Any]]) -> None:
        """An optimizer is given gradients, or none, of these variables."""
        for _, variable in pairs:
            seen.takes(variable)
        if self.options.untrained and not seen.wraps:
            for gradient, variable in pairs:
                for key in handles_of([variable]):
                    self.given.setdefault(key, {})[seen.order] = variable
                    if gradient is not None:
                        self.received.setdefault(key, set()).add(seen.order)

    def step(self, seen: Seen, variables: Sequence[Any], norms: Sequence[float], step: int) -> None:
        """One step of one optimizer: the norm of each variable's gradient."""
        if self.options.vanished is not None:
            self.vanished(seen, variables, norms, step)
        if self.options.exploding is not None and ("GC010", seen.order) not in self.told:
            self.exploding(seen, variables, math.hypot(*norms), step)

    def vanished(self, seen: Seen, variables: Sequence[Any], norms: Sequence[float], step: int) -> None:
        """Tell of gradients that have been 0 for as many steps as were asked for."""
        limit = self.options.vanished
        for variable, norm in zip(variables, norms, strict=True):
            seen.zeros[name_of(variable)] = seen.zeros.get(name_of(variable), 0) + 1 if norm == 0 else 0
        now = [v for v in variables if seen.zeros[name_of(v)] == limit]
        if now:
            said = f"step {step}: the gradient of {names(now)} has been exactly 0 for {limit} steps"
            self.tell("GC003", seen, step, now, said)

    def exploding(self, seen: Seen, variables: Sequence[Any], norm: float, step: int) -> None:
        """Tell of a norm that is far above those before."""
        before = [one for number, one in seen.norms if number < step]
        median = statistics.median(before) if len(before) >= FEWEST else 0.0
        if median > 0 and norm > (self.options.exploding or math.inf) * median:
            self.told.add(("GC010", seen.order))
            said = (
                f"step {step}: the gradients of optimizer {seen.order} ({seen.name}) have norm {norm:.3g},"
                f" {norm / median:.3g} times the median of the {len(before)} steps before"
            )
            self.tell("GC010", seen, step, variables, said)

    def finish(self) -> None:
        """The end: who was left out."""
        every = self.session.optimizers.all
        if not self.options.untrained or not every:
            return
        last = max(seen.steps for seen in every)
        owners = {seen.order: seen for seen in every}
        never = {key: orders for key, orders in self.given.items() if key not in self.received}
        for order, seen in owners.items():
            mine = unique([orders[order] for orders in never.values() if order in orders])
            if mine:
                said = f"optimizer {order} ({seen.name}) was never given a gradient of {names(mine)}"
                self.tell("GC008", seen, last, mine, said)
        nobody = unique([variable for key, variable in self.read.items() if key not in self.given])
        if nobody:
            self.tell("GC011", None, last, nobody, f"the loss reads {names(nobody)}, which no optimizer updates")
        twice = [(self.given[key], orders) for key, orders in self.received.items() if len(orders) > 1]
        for orders in dict.fromkeys(tuple(sorted(o)) for _, o in twice):
            both = unique([next(iter(v.values())) for v, o in twice if tuple(sorted(o)) == orders])
            who = " and ".join(f"{o} ({owners[o].name})" for o in orders)
            self.tell("GC012", None, last, both, f"optimizers {who} both update {names(both)}")

    def tell(self, code: str, seen: Seen | None, step: int, variables: Sequence[Any], said: str) -> None:
        """Tell of a finding."""
        running = code in RUNNING
        norms = self.session.optimizers.norms if running else ()
        told = witness(seen, step, [gradient_of(v) for v in variables], norms=norms)
        self.session.tell(Found(code, told, self.session.mode, message=said, stops=running))


def unique(variables: Sequence[Any]) -> list[Any]:
    """Each variable once, in order; a variable with a copy on each device is one."""
    return list({name_of(v): v for v in variables}.values())


def names(variables: Sequence[Any]) -> str:
    """The names of some variables."""
    said = [name_of(v) for v in variables]
    return ", ".join(said[:3]) + (f" and {len(said) - 3} more" if len(said) > 3 else "")
