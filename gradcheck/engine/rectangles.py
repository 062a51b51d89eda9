"""A shape of many boxes as few rectangles.

In: `Boxes` of one code. Out: disjoint rectangles, the one that holds most of what is left first, as many as are wanted.

Boxes that continue one another from row to row make a chain. What all rows of a chain have in common is one rectangle,
if that is half of it or more, and what is left on either side are chains again; else the chain is cut at half height.
A staircase of n steps so has a rectangle of half its area, two of an eighth, and so on, where a box a step would be n
slivers.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from gradcheck.engine.boxes import Boxes
from gradcheck.floats import Ordinals

Ends = tuple[int, int, int, int]
"""x_lo, x_hi, y_lo, y_hi."""


@dataclass(frozen=True)
class Chain:
    """Rows in order that meet: each its ends, arrays [n]; one is empty where `x_hi` is below `x_lo`."""

    x_lo: Ordinals
    x_hi: Ordinals
    y_lo: Ordinals
    y_hi: Ordinals

    @property
    def pairs(self) -> int:
        """How many pairs it holds."""
        return int((np.maximum(self.x_hi - self.x_lo + 1, 0) * (self.y_hi - self.y_lo + 1)).sum())

    def part(self, start: int, stop: int | None) -> "Chain":
        """Some of its rows."""
        return Chain(*(getattr(self, f.name)[start:stop] for f in fields(self)))


def rectangles(boxes: Boxes, most: int) -> list[Ends]:
    """At most so many rectangles that hold as much of the boxes as can be."""
    return list(islice(largest_first(boxes, most), most))


def largest_first(boxes: Boxes, most: int) -> Iterator[Ends]:
    """Rectangles of the chain, or rest of one, that holds most pairs."""
    queue = [(-chain.pairs, k, chain) for k, chain in enumerate(chains(boxes, most))]
    heapq.heapify(queue)
    made = len(queue)
    while queue:
        chain = heapq.heappop(queue)[2]
        core, rest = divided(chain)
        for part in rest:
            heapq.heappush(queue, (-part.pairs, made, part))
            made += 1
        if core:
            yield core


def chains(boxes: Boxes, most: int) -> list[Chain]:
    """The chains that hold most."""
    if not len(boxes):
        return []
    label = labels(boxes)
    size = np.zeros(len(boxes), np.int64)
    np.add.at(size, label, boxes.pairs)
    wanted = np.argsort(-size, kind="stable")[:most]
    wanted = wanted[size[wanted] > 0]
    kept = np.isin(label, wanted)
    inside, label = boxes.chosen(kept), label[kept]
    order = np.argsort(label, kind="stable")  # by rows within a chain
    inside, label = inside.chosen(order), label[order]
    cuts = np.append(np.flatnonzero(np.append(True, label[1:] != label[:-1])), len(label))
    whole = Chain(inside.x_lo, inside.x_hi, inside.y_lo, inside.y_hi)
    return [whole.part(start, stop) for start, stop in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True)]


def labels(boxes: Boxes) -> NDArray[np.intp]:
    """For each box the first of its chain: one follows another if each is the first that the other meets."""
    down = followers(boxes)
    up = followers(replace(boxes, y_lo=-boxes.y_hi, y_hi=-boxes.y_lo))
    place = np.arange(len(boxes))
    mutual = (up >= 0) & (down[up] == place)
    first = np.where(mutual, up, place)
    while not np.array_equal(first[first], first):
        first = first[first]
    return first


def followers(boxes: Boxes) -> NDArray[np.intp]:
    """For each box the first in the row behind its last one that it meets, or -1."""
    order = np.lexsort((boxes.x_lo, boxes.y_lo))
    base = int(boxes.x_lo.min())
    span = int(boxes.x_hi.max()) - base + 2
    keys = boxes.y_lo[order] * span + (boxes.x_hi[order] - base)
    found = np.searchsorted(keys, (boxes.y_hi + 1) * span + (boxes.x_lo - base))
    next_one = order[np.minimum(found, len(order) - 1)]
    meets = (found < len(order)) & (boxes.y_lo[next_one] == boxes.y_hi + 1) & (boxes.x_lo[next_one] <= boxes.x_hi)
    return np.where(meets, next_one, -1)


def divided(chain: Chain) -> tuple[Ends | None, list[Chain]]:
    """What all rows have in common, if that is half of it all, and the rest in parts that are not empty."""
    lo, hi = int(chain.x_lo.max()), int(chain.x_hi.min())
    first, last = int(chain.y_lo[0]), int(chain.y_hi[-1])
    if 2 * (hi - lo + 1) * (last - first + 1) >= chain.pairs:
        left = replace(chain, x_hi=np.full_like(chain.x_hi, lo - 1))
        right = replace(chain, x_lo=np.full_like(chain.x_lo, hi + 1))
        return (lo, hi, first, last), [part for side in (left, right) for part in pieces(side)]
    middle = len(chain.x_lo) // 2
    return None, [chain.part(0, middle), chain.part(middle, None)]


def pieces(chain: Chain) -> list[Chain]:
    """The stretches of rows that are not empty."""
    full = np.flatnonzero(chain.x_lo <= chain.x_hi)
    if not len(full):
        return []
    cuts = np.flatnonzero(np.diff(full) > 1)
    firsts, lasts = full[np.append(0, cuts + 1)], full[np.append(cuts, len(full) - 1)]
    return [chain.part(a, b + 1) for a, b in zip(firsts.tolist(), lasts.tolist(), strict=True)]
