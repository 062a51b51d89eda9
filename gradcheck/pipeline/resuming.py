"""A census that goes on where an earlier run was interrupted.

In: an engine. Out: the tally of an earlier run, if one is kept; the tally of this one is written down once in a while.
"""

from time import monotonic

from gradcheck import checkpoints
from gradcheck.engine import Engine
from gradcheck.engine.tally import Tally


class Resumable:
    """The progress of one census.

    Attributes:
        begun: what was known when it began.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.name, self.part = engine.target.name, part_of(engine)
        kept = checkpoints.read(self.name)
        self.is_kept = kept is not None
        self.begun = self.tally_of(kept.get(self.part) if kept else None)
        self.last = monotonic()

    @property
    def words(self) -> str:
        """Where it began, if that is not at the beginning: `resumed at 45%; `."""
        if self.begun.floats == self.engine.plan.floats:
            return "all classes are known from before; "
        return f"resumed at {self.begun.floats / self.engine.plan.floats:.0%}; " if self.begun.floats else ""

    def tally_of(self, content: bytes | None) -> Tally:
        """The tally that was written down, or an empty one."""
        try:
            return Tally.from_bytes(content or b"", self.engine.without_zeros)
        except ValueError:
            return Tally(self.engine.without_zeros)

    def keep(self, tally: Tally) -> None:
        """Write a tally down if it is time for it, or all is done."""
        done = tally.floats == self.engine.plan.floats
        if self.is_kept and (done or monotonic() - self.last >= checkpoints.EVERY):
            checkpoints.write(self.name, self.part, tally.to_bytes())
            self.last = monotonic()


def part_of(engine: Engine) -> str:
    """The name of what is computed: the input, and the mode."""
    return f"{engine.target.inputs[engine.plan.index].name}, {engine.target.mode}"
