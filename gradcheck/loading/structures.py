"""Structures of tensors: dicts, lists, tuples and namedtuples, nested.

In: a structure. Out: the same structure with other leaves, its leaves in order, or the Python text that writes it.
Order is the structure's own. A leaf's name has its path behind it: `inputs['image']`, `pair[0]`, `state.h`.
"""

import json
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gradcheck.records import Parameter


def mapped(tree: Any, leaf: Callable[[str, Any], Any], name: str = "") -> Any:
    """The same structure, with `leaf(name, value)` in place of every value."""
    parts = children(tree)
    if parts is None:
        return leaf(name, tree)
    return rebuilt(tree, [mapped(child, leaf, name + path) for path, child in parts])


def parameters_in(tree: Any) -> list[Parameter]:
    """The parameters among the leaves, in order."""
    found: list[Parameter] = []
    mapped(tree, lambda _, leaf: found.append(leaf) if isinstance(leaf, Parameter) else None)
    return found


def packed(tree: Any, tensors: Iterator[Any]) -> Any:
    """The structure with the next of `tensors` in place of every parameter."""
    return mapped(tree, lambda _, leaf: next(tensors) if isinstance(leaf, Parameter) else leaf)


def written(tree: Any, places: Iterator[str]) -> str:
    """A format string that writes the structure, with the next of `places` for every parameter."""
    if isinstance(tree, Parameter):
        return next(places)
    parts = children(tree)
    if parts is None:
        return escaped(repr(tree))
    texts = [written(child, places) for _, child in parts]
    if isinstance(tree, Mapping):
        return "{{" + ", ".join(f"{key_text(key)}: {text}" for key, text in zip(tree, texts, strict=True)) + "}}"
    if is_namedtuple(tree):
        return f"{type(tree).__name__}({', '.join(texts)})"
    if isinstance(tree, list):
        return f"[{', '.join(texts)}]"
    return f"({texts[0]},)" if len(texts) == 1 else f"({', '.join(texts)})"


def classes_in(tree: Any) -> list[type]:
    """The namedtuple classes of a structure."""
    below = [found for _, child in children(tree) or () for found in classes_in(child)]
    return list(dict.fromkeys([type(tree), *below] if is_namedtuple(tree) else below))


def children(tree: Any) -> list[tuple[str, Any]] | None:
    """The paths and values directly in a structure; None of a leaf."""
    if isinstance(tree, Mapping):
        return [(f"[{key!r}]", value) for key, value in tree.items()]
    if is_namedtuple(tree):
        return [(f".{field}", value) for field, value in zip(tree._fields, tree, strict=True)]
    if isinstance(tree, (tuple, list)):
        return [(f"[{i}]", value) for i, value in enumerate(tree)]
    return None


def rebuilt(tree: Any, values: list[Any]) -> Any:
    """A structure of the same kind with other values."""
    if isinstance(tree, Mapping):
        return (OrderedDict if isinstance(tree, OrderedDict) else dict)(zip(tree, values, strict=True))
    if is_namedtuple(tree):
        return type(tree)(*values)
    return values if isinstance(tree, list) else tuple(values)


def is_namedtuple(tree: Any) -> bool:
    """Whether a value is of a namedtuple class."""
    return isinstance(tree, tuple) and hasattr(tree, "_fields")


def key_text(key: Any) -> str:
    """A key as Python writes it."""
    return escaped(json.dumps(key, ensure_ascii=False) if isinstance(key, str) else repr(key))


def escaped(text: str) -> str:
    """A text that stands for itself in a format string."""
    return text.replace("{", "{{").replace("}", "}}")
