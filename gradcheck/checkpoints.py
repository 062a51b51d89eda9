"""The finished part of a long computation, for whoever keeps it until the same computation is begun again.

In: bytes, from any process that computes. Out: those bytes in a later run. A stage writes down how far it is without
knowing who keeps it: the parent of the workers in one process, the cache in another, or nobody.
"""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Protocol

EVERY = 5.0
"""Seconds between two times that one computation is written down."""


class Keeper(Protocol):
    """Keeps the finished parts of targets, by the target's name and the name of what was computed of it."""

    def read(self, name: str) -> Mapping[str, bytes] | None:
        """What is kept of a target; None where nothing ever is."""

    def write(self, name: str, part: str, content: bytes) -> None:
        """Keep something of a target in place of what was kept before."""


keepers: list[Keeper] = []


def read(name: str) -> Mapping[str, bytes] | None:
    """What is kept of a target; None where nothing ever is."""
    return keepers[-1].read(name) if keepers else None


def write(name: str, part: str, content: bytes) -> None:
    """Write something of a target down."""
    if keepers:
        keepers[-1].write(name, part, content)


@contextlib.contextmanager
def kept_by(keeper: Keeper) -> Iterator[None]:
    """Within it the keeper is asked and told."""
    keepers.append(keeper)
    try:
        yield
    finally:
        keepers.remove(keeper)
