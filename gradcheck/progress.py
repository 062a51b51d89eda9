"""A word from the inside of a long computation, for whoever shows progress.

In: a line, from any thread of the process that computes. Out: that line at the listener, if there is one. A stage tells
how far it is without knowing who shows it: the command line in one process, the parent of the workers in another.
"""

import contextlib
from collections.abc import Callable, Iterator

listeners: list[Callable[[str], None]] = []


def tell(line: str) -> None:
    """Say how far the computation is: `45%, 30 s left`."""
    if listeners:
        listeners[-1](line)


@contextlib.contextmanager
def told_to(listener: Callable[[str], None]) -> Iterator[None]:
    """Within it `tell` reaches the listener."""
    listeners.append(listener)
    try:
        yield
    finally:
        listeners.remove(listener)
