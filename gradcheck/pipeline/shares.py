"""Shares of a census: what several machines do of the line of one target.

In: a request. Out: the shares of a target, or the tally of one. The target is traced once for all shares of it that the
same process is asked for. Principle: shares end where stretches of the census do, so that their tallies, one after the
other, are that of one sitting.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile

from gradcheck import planning
from gradcheck.engine import Engine
from gradcheck.engine.census import Counter, counter_of, runs_of, signed, size_of, stretches_of
from gradcheck.engine.evidence import require_elementwise
from gradcheck.engine.tally import Tally
from gradcheck.errors import CannotCheck
from gradcheck.pipeline import scanning
from gradcheck.pipeline.messages import Counted, Divide, Divided, Setting, Share

STRETCHES = 64
"""Stretches of a share: 2^26 floats, some tenths of a second of work."""


@dataclass
class Line:
    """One input of a target, and what runs its floats."""

    part: str
    engine: Engine

    @cached_property
    def segments(self) -> list[tuple[int, int]]:
        """The line."""
        return list(signed(self.engine.plan.segments))

    @cached_property
    def counter(self) -> Counter | None:
        """The fastest counter here."""
        return counter_of(self.engine, self.segments)

    def shares(self, name: str) -> Iterator[Share]:
        """All of it."""
        done = first = 0
        stretches = stretches_of(self.segments, size_of(self.engine, self.counter), 0)
        for i, (lo, hi, _, _) in enumerate(stretches, 1):
            done += hi - lo + 1
            if i % STRETCHES == 0 or done == self.engine.plan.floats:
                yield Share(name, self.part, first, done)
                first = done

    def tally(self, first: int, last: int) -> Tally:
        """What comes of a share."""
        tally, left = Tally(self.engine.without_zeros), last - first
        stretches = stretches_of(self.segments, size_of(self.engine, self.counter), first)

        def is_in(stretch: tuple[int, int, int, int]) -> bool:
            nonlocal left
            left -= stretch[1] - stretch[0] + 1
            return left >= 0

        for part in runs_of(self.engine, self.counter, takewhile(is_in, stretches)):
            tally.add(part)
        return tally


known: list[tuple[str, Setting, list[Line]]] = []
"""The target that was traced last."""


def answer(request: Divide | Share, setting: Setting, loaded: Callable[[], None]) -> Divided | Counted:
    """Do what is asked for; `loaded` is called when the target is in memory."""
    try:
        lines = lines_of(request.name, setting, loaded)
        if isinstance(request, Divide):
            return Divided(tuple(share for line in lines for share in line.shares(request.name)))
        (line,) = (line for line in lines if line.part == request.part)
        return Counted(line.tally(request.first, request.last).to_bytes())
    except CannotCheck:  # the scan that follows says why
        return Divided(()) if isinstance(request, Divide) else Counted(b"")


def lines_of(name: str, setting: Setting, loaded: Callable[[], None]) -> list[Line]:
    """The lines of a target of which every float is to be run."""
    if not known or known[0][:2] != (name, setting):
        known.clear()
        target = scanning.load(name, setting.options)
        loaded()
        options = setting.configured.options_for(name, [p.name for p in target.parameters], setting.options)
        if target.is_tensor or options.is_for_tensors:
            return []
        traced = scanning.traced_line(target, options)
        plans = planning.plan_inputs(name, traced.inputs, options)
        lines = [Line(traced.inputs[plan.index].name, Engine(traced, plan)) for plan in plans]
        for line in lines:
            require_elementwise(line.engine, options.seed)
        long = [li for li in lines if not planning.is_exhaustive(li.engine.plan, li.engine.fmt, traced.looped)]
        known.append((name, setting, long))
    else:
        loaded()
    return known[0][2]
