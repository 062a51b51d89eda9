"""The tally of a census: what is known of the line so far, and as bytes from which another census goes on.

In: the runs of one stretch after another. Out: the runs of all of them. Principle: what a tally does next depends on
nothing but what is in its bytes, so that a line that was run in two sittings ends as one that was run in one.
"""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from gradcheck.bisection import Codes
from gradcheck.engine.runs import Runs, joined

MOST_RUNS = 1 << 22
"""Changes of class that are kept; a function with more of them is noise."""

HEADER = struct.Struct("!?QQ")
"""Whether zeros are told, the count of runs as the census goes by it, and how many runs follow."""

COMPRESSION = 1
"""Level of zlib: the fastest."""


@dataclass
class Tally:
    """What is known of the beginning of a line.

    Attributes:
        without_zeros: takes from codes what they say of zeros.
        parts: runs in the order of the line.
        kept: how many runs there are, those that meet at the ends of parts counted twice.
        floats: how many are done.
        zeros: whether codes still say which gradients are 0.
    """

    without_zeros: Callable[[Codes], Codes]
    parts: list[Runs] = field(default_factory=list)
    kept: int = 0
    floats: int = 0
    zeros: bool = True

    def add(self, part: Runs) -> None:
        """Add the next stretch; where there are too many runs, they are joined, and zeros no longer told."""
        self.parts.append(part if self.zeros else self.plain(part))
        self.kept, self.floats = self.kept + len(part.lo), self.floats + part.floats
        if self.kept > MOST_RUNS and self.zeros:
            self.zeros, self.parts = False, [joined([self.plain(p) for p in self.parts])]
            self.kept = len(self.parts[0].lo)
        if self.kept > MOST_RUNS:
            self.kept = len(self.joined().lo)

    def follow(self, share: "Tally") -> bool:
        """Add the tally of the next share of the line; False where only part by part would do as in one sitting."""
        if not (self.zeros and share.zeros) or self.kept + share.kept > MOST_RUNS:
            return False
        self.parts.append(share.joined())
        self.kept, self.floats = self.kept + share.kept, self.floats + share.floats
        return True

    @property
    def is_noise(self) -> bool:
        """Whether there are too many runs even so."""
        return self.kept > MOST_RUNS // 2 and not self.zeros

    def runs(self) -> Runs:
        """All of it."""
        return replace(self.joined(), zeros=self.zeros)

    def joined(self) -> Runs:
        """The parts as one."""
        self.parts = [joined(self.parts)]
        return self.parts[0]

    def plain(self, runs: Runs) -> Runs:
        """The same runs with nothing said of zeros."""
        return joined([replace(runs, codes=self.without_zeros(runs.codes))])

    def to_bytes(self) -> bytes:
        """All of it, small: ends as steps from run to run, and equal bytes of all numbers side by side."""
        runs = self.joined()
        steps = np.stack([np.diff(runs.lo, prepend=0), runs.hi - runs.lo, runs.codes])
        planes = steps.astype("<i8").view(np.uint8).reshape(-1, 8).T
        return HEADER.pack(self.zeros, self.kept, len(runs.lo)) + zlib.compress(planes.tobytes(), COMPRESSION)

    @classmethod
    def from_bytes(cls, content: bytes, without_zeros: Callable[[Codes], Codes]) -> "Tally":
        """What `to_bytes` wrote; raises `ValueError` where it is something else."""
        try:
            zeros, kept, count = HEADER.unpack_from(content)
            planes = np.frombuffer(zlib.decompress(content[HEADER.size :]), np.uint8).reshape(8, 3 * count)
        except (struct.error, zlib.error) as error:
            raise ValueError(f"no tally: {error}") from error
        steps, lengths, codes = np.ascontiguousarray(planes.T).view("<i8").reshape(3, count).astype(np.int64)
        lo = np.cumsum(steps)
        runs = Runs(lo, lo + lengths, codes)
        return cls(without_zeros, [runs], kept, runs.floats, zeros)
