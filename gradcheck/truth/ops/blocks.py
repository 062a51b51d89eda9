"""Blocks of places turned into batches or channels, and back."""

from collections.abc import Mapping

import numpy as np

from gradcheck.program import Array, Node
from gradcheck.truth.ops.arrays import full, moving
from gradcheck.truth.running import Rule

Numbers = tuple[int, ...]


def to_batches(node: Node, x: Array, block: Numbers, pairs: Numbers) -> Array:
    """SpaceToBatchND: each place within a block becomes a batch of its own, after padding."""
    before, after, m = pairs[::2], pairs[1::2], len(block)
    places = [b + n + a for b, n, a in zip(before, x.shape[1:], after, strict=False)]
    padded = full((len(x), *places, *x.shape[1 + m :]), 0, node.dtypes[0])
    inside = (slice(None), *(slice(b, b + n) for b, n in zip(before, x.shape[1:], strict=False)))
    padded[inside] = x
    split = [n for length, b in zip(places, block, strict=True) for n in (length // b, b)]
    parts = padded.reshape(len(x), *split, *x.shape[1 + m :])
    order = [*range(2, 2 * m + 1, 2), 0, *range(1, 2 * m, 2), *range(2 * m + 1, parts.ndim)]
    return np.asarray(parts.transpose(order).reshape(-1, *split[::2], *x.shape[1 + m :]))


def from_batches(node: Node, x: Array, block: Numbers, crops: Numbers) -> Array:
    """BatchToSpaceND: the other way round, and cropped."""
    del node
    m, rest = len(block), x.shape[1 + len(block) :]
    parts = x.reshape(*block, len(x) // int(np.prod(block, dtype=int)), *x.shape[1:])
    order = [m, *(i for k in range(m) for i in (m + 1 + k, k)), *range(2 * m + 1, parts.ndim)]
    places = [n * b for n, b in zip(x.shape[1:], block, strict=False)]
    whole = parts.transpose(order).reshape(-1, *places, *rest)
    kept = (slice(a, n - b) for a, b, n in zip(crops[::2], crops[1::2], places, strict=True))
    inside = (slice(None), *kept)
    return np.asarray(whole[inside])


def block(node: Node) -> Numbers:
    """The block of the forms with a square one."""
    return (node.attributes["block_size"],) * 2


def channels(node: Node) -> str:
    """Where the channels are."""
    return str(node.attributes.get("data_format") or "NHWC")


def to_depth(node: Node, x: Array) -> Array:
    """SpaceToDepth: the places within a block become channels."""
    size = node.attributes["block_size"]
    x = np.moveaxis(x, 1, -1) if channels(node) == "NCHW" else x
    n, height, width, depth = x.shape
    parts = x.reshape(n, height // size, size, width // size, size, depth).transpose(0, 1, 3, 2, 4, 5)
    result = parts.reshape(n, height // size, width // size, size * size * depth)
    return np.moveaxis(result, -1, 1) if channels(node) == "NCHW" else result


def to_space(node: Node, x: Array) -> Array:
    """DepthToSpace: the other way round."""
    size = node.attributes["block_size"]
    x = np.moveaxis(x, 1, -1) if channels(node) == "NCHW" else x
    n, height, width, depth = x.shape
    parts = x.reshape(n, height, width, size, size, depth // size**2).transpose(0, 1, 3, 2, 4, 5)
    result = parts.reshape(n, height * size, width * size, depth // size**2)
    return np.moveaxis(result, -1, 1) if channels(node) == "NCHW" else result


RULES: Mapping[str, Rule] = {
    "BatchToSpace": moving(lambda node, x, crops: from_batches(node, x, block(node), crops), 1),
    "BatchToSpaceND": moving(from_batches, 1, 2),
    "DepthToSpace": moving(to_space),
    "SpaceToBatch": moving(lambda node, x, pairs: to_batches(node, x, block(node), pairs), 1),
    "SpaceToBatchND": moving(to_batches, 1, 2),
    "SpaceToDepth": moving(to_depth),
}
