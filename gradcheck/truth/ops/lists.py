"""Lists of tensors, in which loops keep what they read and make, and the optional values of branches.

A tensor of dtype variant is an array without axes that holds a `Kept`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck.program import Array, Node
from gradcheck.truth.ops.arithmetic import add_n as sums
from gradcheck.truth.ops.arrays import Unshaped, dims, full, integers, moving, undecided
from gradcheck.truth.ops.slices import all_unknown
from gradcheck.truth.running import Rule, Run


@dataclass(frozen=True, eq=False)
class Kept:
    """Tensors held by a variant.

    Attributes:
        items: the tensors; None for one that was never set.
        dtype: that of the elements of a list.
        shape: that of an element of a list, -1 where it is not known.
    """

    items: tuple[Array | None, ...]
    dtype: str = ""
    shape: tuple[int, ...] | int = -1

    def mapped(self, call: Callable[[Array], Array]) -> "Kept":
        """The same with each tensor changed."""
        return self.with_items([None if x is None else call(x) for x in self.items])

    def with_items(self, items: Any) -> "Kept":
        """The same with other tensors."""
        return Kept(tuple(kept(x) if isinstance(x, Kept) else x for x in items), self.dtype, self.shape)

    def item(self, index: int, shape: Array, node: Node) -> Array:
        """A tensor; zeros for one that was never set, in a shape that somebody knows."""
        found = self.items[index]
        if found is not None:
            return found
        known = [x.shape for x in self.items if x is not None]
        shapes = [*known, element_shape(node, shape), self.shape]
        return full(next(s for s in shapes if isinstance(s, tuple) and -1 not in s), 0, self.dtype)


def kept(value: Kept) -> Array:
    """As a tensor."""
    result = np.empty((), object)
    result[()] = value
    return result


def element_shape(node: Node, shape: Array) -> tuple[int, ...] | int:
    """A shape of which nothing may be known."""
    return dims(node, shape) if shape.ndim else -1


def listing(call: Callable[..., Any]) -> Rule:
    """The rule of `call(node, *inputs)`, lists as `Kept`; its results may be lists too."""

    def made(result: Any) -> Array:
        return kept(result) if isinstance(result, Kept) else np.asarray(result)

    def rule(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
        del run
        variants = [isinstance(a.item(), Kept) if a.dtype == object and a.size == 1 else False for a in arrays]
        result = call(node, *(a.item() if is_list else a for a, is_list in zip(arrays, variants, strict=True)))
        return [made(r) for r in result] if isinstance(result, tuple) else [made(result)]

    return rule


def reserve(node: Node, shape: Array, count: Array) -> Kept:
    """TensorListReserve: elements that are not set."""
    return Kept((None,) * dims(node, count)[0], node.attributes["element_dtype"], element_shape(node, shape))


def empty(node: Node, shape: Array, most: Array) -> Kept:
    """EmptyTensorList."""
    del most
    return Kept((), node.attributes["element_dtype"], element_shape(node, shape))


def from_tensor(node: Node, tensor: Array, shape: Array) -> Kept:
    """TensorListFromTensor: the rows."""
    return Kept(rows(tensor), node.attributes["element_dtype"], element_shape(node, shape))


def rows(tensor: Array) -> tuple[Array, ...]:
    """The slices along the first axis."""
    return tuple(tensor[i, ...] for i in range(len(tensor)))


def stacked(node: Node, items: Kept, shape: Array) -> Array:
    """TensorListStack: a tensor of the rows."""
    return gathered(node, items, np.arange(len(items.items)), shape)


def gathered(node: Node, items: Kept, indices: Array, shape: Array) -> Array:
    """TensorListGather: a tensor of some of the rows."""
    chosen = [items.item(int(i), shape, node) for i in integers(node, indices)]
    if chosen:
        return np.stack(chosen)
    known = element_shape(node, shape)
    if not isinstance(known, tuple) or -1 in known:
        raise Unshaped(node.op)
    return full((0, *known), 0, items.dtype)


def got(node: Node, items: Kept, index: Array, shape: Array) -> Array:
    """TensorListGetItem."""
    if undecided(index):
        return all_unknown(items.item(0, shape, node).shape, items.dtype)
    return items.item(dims(node, index)[0], shape, node)


def with_item(node: Node, items: Kept, index: Array, item: Array) -> Kept:
    """TensorListSetItem, with room made for it if asked to."""
    if undecided(index):
        return items.with_items(all_unknown(item.shape, items.dtype) for _ in items.items)
    at, tensors = dims(node, index)[0], list(items.items)
    if node.attributes.get("resize_if_index_out_of_bounds"):
        tensors += [None] * (at + 1 - len(tensors))
    tensors[at] = item
    return items.with_items(tensors)


def resized(node: Node, items: Kept, size: Array) -> Kept:
    """TensorListResize."""
    count = dims(node, size)[0]
    return items.with_items([*items.items, *[None] * count][:count])


def popped(node: Node, items: Kept, shape: Array) -> tuple[Kept, Array]:
    """TensorListPopBack: the list without its last element, and that."""
    return items.with_items(items.items[:-1]), items.item(len(items.items) - 1, shape, node)


def scattered(node: Node, tensor: Array, indices: Array, shape: Array, count: Array) -> Kept:
    """TensorListScatterV2: the rows at given places; -1 elements for as many as it takes."""
    places, least = integers(node, indices), dims(node, count)[0]
    fresh = Kept((None,) * max(least, int(places.max(initial=-1)) + 1), node.attributes["element_dtype"])
    return into(node, Kept(fresh.items, fresh.dtype, element_shape(node, shape)), tensor, indices)


def into(node: Node, items: Kept, tensor: Array, indices: Array) -> Kept:
    """TensorListScatterIntoExistingList: the rows at given places."""
    tensors = list(items.items)
    for at, row in zip(integers(node, indices), rows(tensor), strict=True):
        tensors += [None] * (int(at) + 1 - len(tensors))
        tensors[int(at)] = row
    return items.with_items(tensors)


def joined(node: Node, items: Kept, shape: Array, leading: Array) -> tuple[Array, Array]:
    """TensorListConcatV2: the elements one behind the other, and their lengths."""
    del leading
    tensors = [items.item(i, shape, node) for i in range(len(items.items))]
    return np.concatenate(tensors), np.array([len(t) for t in tensors], np.int64)


def split(node: Node, tensor: Array, shape: Array, lengths: Array) -> Kept:
    """TensorListSplit: pieces of given lengths."""
    ends = np.cumsum(integers(node, lengths))[:-1]
    return Kept(tuple(np.split(tensor, ends)), node.attributes["element_dtype"], element_shape(node, shape))


def zeros_like(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
    """ZerosLike, of lists too."""
    del run
    return [zeros(arrays[0], node.dtypes[0])]


def zeros(array: Array, dtype: str) -> Array:
    """Zeros in the shape of a tensor, or in those of a list's."""
    if dtype != "variant":
        return full(array.shape, 0, dtype)
    items: Kept = array.item()
    return kept(items.mapped(lambda x: zeros(x, items.dtype)))


def add_n(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
    """AddN, of lists too: element by element, an element that was never set as 0."""
    if node.dtypes[0] != "variant":
        return sums(run, node, arrays)
    first: Kept = arrays[0].item()
    columns = zip(*(a.item().items for a in arrays), strict=True)
    inner = replace(node, dtypes=(first.dtype,))
    return [kept(first.with_items(summed(run, inner, [x for x in column if x is not None]) for column in columns))]


def summed(run: Run, node: Node, arrays: list[Array]) -> Array | None:
    """The sum of what was set."""
    return add_n(run, node, arrays)[0] if arrays else None


def optional(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
    """OptionalFromValue and OptionalNone."""
    del run, node
    return [kept(Kept(tuple(arrays)))]


def optional_value(run: Run, node: Node, arrays: list[Array]) -> list[Array]:
    """OptionalGetValue; of none, not decided, since only an undecided branch asks for it."""
    del run
    items = arrays[0].item().items
    shapes = node.attributes.get("output_shapes") or ()
    return [*items] or [all_unknown(shape or (), d) for shape, d in zip(shapes, node.dtypes, strict=True)]


RULES: Mapping[str, Rule] = {
    "AddN": add_n,
    "EmptyTensorList": listing(empty),
    "OptionalFromValue": optional,
    "OptionalGetValue": optional_value,
    "OptionalHasValue": moving(lambda node, x: np.array(bool(x.item().items))),
    "OptionalNone": optional,
    "TensorListConcatV2": listing(joined),
    "TensorListElementShape": listing(lambda node, x: np.array(x.shape, node.dtypes[0])),
    "TensorListFromTensor": listing(from_tensor),
    "TensorListGather": listing(gathered),
    "TensorListGetItem": listing(got),
    "TensorListLength": listing(lambda node, x: np.array(len(x.items), node.dtypes[0])),
    "TensorListPopBack": listing(popped),
    "TensorListPushBack": listing(lambda node, x, item: x.with_items([*x.items, item])),
    "TensorListReserve": listing(reserve),
    "TensorListResize": listing(resized),
    "TensorListScatterIntoExistingList": listing(into),
    "TensorListScatterV2": listing(scattered),
    "TensorListSetItem": listing(with_item),
    "TensorListSplit": listing(split),
    "TensorListStack": listing(stacked),
    "ZerosLike": zeros_like,
}
