"""What there is of this machine for a process, and work spread over it."""

import contextlib
import ctypes
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


def keep_memory() -> None:
    """Let the allocator keep what is freed, which the next block asks for again; a tenth to a fifth of a proof's time.

    glibc gives large pieces back, and the kernel then has to map and clear them anew. Elsewhere nothing happens.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        library = ctypes.CDLL(None)
        for option, size in MALLOC_OPTIONS:
            library.mallopt(option, size)


MALLOC_OPTIONS = ((-1, 1 << 30), (-3, 1 << 25))
"""M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of malloc.h, and bytes; the second takes no more than that."""


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
