"""Whether the points of a tensor target fit into memory, before any is made.

In: inputs with their shapes. Out: nothing, or a `CannotCheck` that counts elements and bytes beside what is free.
"""

import os
from math import prod
from pathlib import Path

from gradcheck.errors import BAD_CONFIGURATION, CannotCheck
from gradcheck.records import TensorInput

NUMBER = 8
"""Bytes of one element of a point: floats of every dtype travel as float64, integers as int64."""

POINTS = 400
"""Points that a search holds at once, made along lines and kept in batches: one of [1000, 1000] takes 3.5 GiB."""

GIB = 1 << 30

LIMITS = (
    ("sys/fs/cgroup/memory.max", "sys/fs/cgroup/memory.current"),
    ("sys/fs/cgroup/memory/memory.limit_in_bytes", "sys/fs/cgroup/memory/memory.usage_in_bytes"),
)
"""Where a container of either version of cgroups tells its limit, and what it uses."""


def check_fits(target: str, inputs: tuple[TensorInput, ...]) -> None:
    """Refuse shapes of which a search cannot hold its points; where it is not known what is free, none."""
    free, sizes = free_bytes(), [prod(i.shape) for i in inputs]
    if free is None or sum(sizes) * NUMBER * POINTS <= free:
        return
    _, largest = max(zip(sizes, inputs, strict=True), key=lambda pair: pair[0])
    shape = f"{largest.name}={','.join(map(str, largest.shape))}"
    raise CannotCheck(
        BAD_CONFIGURATION,
        f"{target}: too large: {shape}: a point of {sum(sizes):,} elements takes {gib(sum(sizes) * NUMBER)}, and a "
        f"search holds about {POINTS} points: {gib(sum(sizes) * NUMBER * POINTS)}, of {gib(free)} that are free; "
        f"write smaller sizes, --shape {largest.name}=",
    )


def gib(size: int) -> str:
    """Bytes in words."""
    return f"{size / GIB:,.1f} GiB" if size >= GIB / 10 else f"{size / (1 << 20):,.1f} MiB"


def free_bytes(root: Path = Path("/")) -> int | None:
    """Bytes that the system, or the container, has left; of a system that does not tell, all; None where unknown."""
    known = [free for free in (system_bytes(root), *(container_bytes(root, *files) for files in LIMITS)) if free]
    return min(known, default=None)


def system_bytes(root: Path) -> int | None:
    """What Linux says it can give without swapping; elsewhere the size of the memory."""
    for line in (text_of(root / "proc/meminfo") or "").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) << 10
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows has none
        return None


def container_bytes(root: Path, limit: str, used: str) -> int | None:
    """What a container has left; None where there is none, or no limit."""
    texts = [text_of(root / file) for file in (limit, used)]
    if not all(text and text.strip().isdigit() for text in texts):
        return None
    most, now = (int(text) for text in texts if text)
    return max(most - now, 1)


def text_of(file: Path) -> str | None:
    """A small file's text; None where it cannot be read."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None
