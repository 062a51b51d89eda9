"""How many points of a tensor target a time budget pays for.

In: the size of a graph and a budget in seconds. Out: a number of points. It follows from the graph and the budget
alone, so that the same seed finds the same; the clock only stops what takes several times as long as it should.
"""

from dataclasses import dataclass

CALL = 350e-6
"""Seconds of one call of a traced function."""

OPERATION = 10e-6
"""Seconds of one operation of a forward graph, with those of its gradient, in one call."""

RAISED = 4e-3
"""Seconds of an error that TensorFlow raises and Python catches."""

NUMBER = 2e-9
"""Seconds of one number that the graph computes."""

SHARE = 0.4
"""Part of the budget that the search may take; tracing, truth and causes take the rest."""

MOST, LEAST = 12_000, 48
"""Points of one search."""

ALONE = 32
"""Points that are run one by one between two looks at what is left."""

PATIENCE = 3.0
"""Budgets after which the clock stops the search."""


@dataclass(frozen=True)
class Allowance:
    """What a search may spend.

    Attributes:
        seconds: as the constants above count them.
        operations, size: of the graph of one point.
        versions: how many graphs run at each point.
    """

    seconds: float
    operations: int
    size: int
    versions: int

    def spent(self, evaluated: int, calls: int, raised: int) -> float:
        """Seconds that so many points took, in so many calls."""
        numbers = NUMBER * self.size * evaluated * max(self.versions, 1)
        return calls * (CALL + OPERATION * self.operations) + raised * RAISED + numbers

    def left(self, evaluated: int, calls: int, raised: int, width: int) -> int:
        """Points that may still be run, `width` of them in one call; a few always may at first."""
        one = self.spent(width, max(self.versions, 1), 0) / max(width, 1)
        rest = int(max(SHARE * self.seconds - self.spent(evaluated, calls, raised), 0) / one)
        return max(min(rest, MOST - evaluated), LEAST - evaluated)
