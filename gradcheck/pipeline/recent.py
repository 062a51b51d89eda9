"""What came of the last points that were looked at: one point is asked for again and again, gradient by gradient.

In: a version, a point and a way to find something out. Out: what that gave, now or before.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

from gradcheck.records import TensorPoint, TensorVersion

Result = TypeVar("Result")

MOST = 256
"""Points that are remembered."""

HELD = 1 << 24
"""Numbers of results that are remembered, some 64 MB."""


class Recent(Generic[Result]):
    """A memory of one kind of results; a point is known by its identity.

    Args:
        size: numbers of a result.
    """

    def __init__(self, size: Callable[[Result], int] = lambda result: 1) -> None:
        self.size = size
        self.known: dict[tuple[str, str, int], tuple[TensorPoint, Result]] = {}

    def of(self, version: TensorVersion, point: TensorPoint, find: Callable[[], Result]) -> Result:
        """The result at a point; the oldest ones give way."""
        key = (version.name, version.cotangent, id(point))
        if key not in self.known:
            result = find()
            most = max(1, min(MOST, HELD // max(self.size(result), 1)))
            while len(self.known) >= most:
                del self.known[next(iter(self.known))]
            self.known[key] = (point, result)
        return self.known[key][1]
