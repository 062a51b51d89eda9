"""How many points of a tensor target a time budget pays for.

In: the size of a graph and a budget in seconds. Out: a number of points. It follows from the graph and the budget
alone, so that the same seed finds the same; the clock only stops what takes several times as long as it should.
"""

CALL = 350e-6
"""Seconds of one call of a traced function."""

OPERATION = 10e-6
"""Seconds of one operation of a forward graph, with those of its gradient, in one call."""

NUMBER = 2e-9
"""Seconds of one number that the graph computes."""

SHARE = 0.4
"""Part of the budget that the search may take; tracing, truth and causes take the rest."""

MOST, LEAST = 12_000, 48
"""Points of one search."""

PATIENCE = 3.0
"""Budgets after which the clock stops the search."""


def points_for(budget: float, operations: int, size: int, width: int, versions: int) -> int:
    """Points that a budget pays for; `width` of them run in one call."""
    one = (CALL + OPERATION * operations) / max(width, 1) + NUMBER * size
    return int(min(max(SHARE * budget / (one * max(versions, 1)), LEAST), MOST))
