"""Tallies of shares, put together in the order of their lines.

In: the shares of a target, and what comes of each, in any order. Out: what the scan of the target begins with. A line
that changes its class too often for whole shares to be added is left to the scan from there on.
"""

from collections.abc import Mapping
from dataclasses import replace
from time import monotonic

from gradcheck import checkpoints
from gradcheck.bisection import Codes
from gradcheck.engine.tally import Tally
from gradcheck.pipeline.messages import Share


class Gathering:
    """The lines of one target.

    Args:
        name: of the target.
        shares: of all its lines, in order.

    Attributes:
        left: shares that are still to be run, in order, by line.
    """

    def __init__(self, name: str, shares: tuple[Share, ...]) -> None:
        kept = checkpoints.read(name) or {}
        self.name = name
        self.tallies = {share.part: tally_of(kept.get(share.part, b"")) or Tally(untouched) for share in shares}
        self.left: dict[str, list[Share]] = {part: [] for part in self.tallies}
        for share in shares:
            if (done := self.tallies[share.part].floats) < share.last:
                self.left[share.part].append(replace(share, first=max(share.first, done)))
        self.came: dict[Share, bytes] = {}
        self.written = monotonic()

    @property
    def shares(self) -> list[Share]:
        """All that are left."""
        return [share for shares in self.left.values() for share in shares]

    def add(self, share: Share, content: bytes) -> None:
        """Note what came of a share; its line is put together as far as there is no gap."""
        self.came[share] = content
        left, tally = self.left[share.part], self.tallies[share.part]
        while left and left[0] in self.came:
            found = tally_of(self.came.pop(left.pop(0)))
            if found is None or not tally.follow(found):
                left.clear()
        if monotonic() - self.written >= checkpoints.EVERY and tally.floats:
            checkpoints.write(self.name, share.part, tally.to_bytes())
            self.written = monotonic()

    def kept(self) -> Mapping[str, bytes]:
        """What the scan begins with."""
        return {part: tally.to_bytes() for part, tally in self.tallies.items() if tally.floats}


def tally_of(content: bytes) -> Tally | None:
    """The tally in some bytes, if there is one."""
    try:
        return Tally.from_bytes(content, untouched)
    except ValueError:
        return None


def untouched(codes: Codes) -> Codes:
    """Codes as they are: whole shares are added only while those say all there is."""
    return codes
