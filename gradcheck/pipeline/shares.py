"""Shares of a census: what several machines do of the line of one target.

In: a request. Out: the shares of a target, or the tally of one. The target is traced once for all shares of it that the
same process is asked for. Principle: what a share holds does not depend on the machine that does it, so that their
tallies, one after the other, are that of one sitting.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from gradcheck import planning
from gradcheck.engine import Engine
from gradcheck.engine.census import Stretch, runs_of, signed, size_of, stretches_of
from gradcheck.engine.counter import Counter, counter_of
from gradcheck.engine.evidence import require_elementwise
from gradcheck.engine.tally import Tally
from gradcheck.errors import CannotCheck
from gradcheck.pipeline import scanning
from gradcheck.pipeline.messages import Counted, Divide, Divided, Setting, Share
from gradcheck.pipeline.resuming import part_of
from gradcheck.tracing.modes import in_mode

FLOATS = 1 << 26
"""Floats of a share: some tenths of a second of work."""


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
        floats = self.engine.plan.floats
        for first in range(0, floats, FLOATS):
            yield Share(name, self.part, first, min(first + FLOATS, floats))

    def tally(self, first: int, last: int) -> Tally:
        """What comes of a share."""
        tally = Tally(self.engine.without_zeros)
        stretches = stretches_of(self.segments, size_of(self.engine, self.counter), first)
        for part in runs_of(self.engine, self.counter, cut_off(stretches, last - first)):
            tally.add(part)
        return tally


def cut_off(stretches: Iterator[Stretch], floats: int) -> Iterator[Stretch]:
    """As many floats of the first stretches."""
    for lo, hi, first, last in stretches:
        end = min(hi, lo + floats - 1)
        floats -= end - lo + 1
        yield lo, end, first, last
        if not floats:
            return


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
        target = scanning.load(name, setting.said, setting.configured)
        loaded()
        options = scanning.options_of(target, setting.said, setting.configured)
        if target.is_tensor or options.is_for_tensors:
            return []
        traced = scanning.traced_line(target, options)
        plans = planning.plan_inputs(name, traced.inputs, options)
        targets = [in_mode(traced, mode) for mode in options.modes]
        engines = [Engine(target, plan) for target in targets for plan in plans]
        lines = [Line(part_of(engine), engine) for engine in engines]
        for line in lines:
            require_elementwise(line.engine, options.seed)
        long = [li for li in lines if not planning.is_exhaustive(li.engine.plan, li.engine.fmt, traced.looped)]
        known.append((name, setting, long))
    else:
        loaded()
    return known[0][2]
