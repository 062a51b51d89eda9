"""What there is of this machine for a process, and work spread over it."""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from itertools import islice
from typing import TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


GUEST: ContextVar[bool] = ContextVar("GUEST", default=False)


@contextlib.contextmanager
def guest() -> Iterator[None]:
    """Within it, and in this thread alone, the process is somebody else's, whose settings stay as they are."""
    token = GUEST.set(True)
    try:
        yield
    finally:
        GUEST.reset(token)


def is_own() -> bool:
    """Whether this process may be set up for the scan."""
    return not GUEST.get()


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_order(do: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
    """The results of tasks in their order, a thread a core, only a few tasks ahead."""
    left = iter(tasks)
    with ThreadPoolExecutor(cores()) as pool:
        waiting = [pool.submit(do, task) for task in islice(left, 2 * cores())]
        try:
            while waiting:
                yield waiting.pop(0).result()
                waiting += [pool.submit(do, task) for task in islice(left, 1)]
        finally:
            for future in waiting:
                future.cancel()
