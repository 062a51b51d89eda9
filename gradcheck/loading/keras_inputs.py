"""What a Keras model or layer is called with.

In: a model or layer. Out: the structure of its inputs with a Parameter for each tensor; shapes where it was built, the
batch dimension open; domains of inputs that an Embedding looks up.
"""

import inspect
import re
from collections.abc import Mapping
from typing import Any

from gradcheck.loading.declarations import Argument, declared
from gradcheck.loading.signatures import POSITIONAL
from gradcheck.loading.structures import mapped
from gradcheck.records import Parameter

MADE_UP = re.compile(r"(keras_tensor|input_layer|input)(_\d+)?")
"""Names that Keras counts up: they differ from one process to the next."""

OF_LISTS = ("Merge", "Attention")
"""Layers that take a list of tensors, at least two."""


def input_tree(target: str, model: Any) -> Any:
    """The inputs of a functional or sequential model, in their structure; None where it has not got any yet."""
    functional = getattr(model, "_functional", None) or model
    tree = getattr(functional, "_inputs_struct", None)
    if tree is None:
        return None
    return mapped(tree, lambda path, tensor: declared(target, Parameter(input_name(path, tensor)), tensor), "inputs")


def input_name(path: str, tensor: Any) -> str:
    """The user's name of a Keras input, or its path."""
    return path if MADE_UP.fullmatch(tensor.name) else tensor.name


def layer_arguments(target: str, layer: Any) -> tuple[Argument, ...]:
    """The arguments without a default of a layer's `call`, in the shapes that it was built for."""
    arguments = [a for a in inspect.signature(layer.call).parameters.values() if a.name != "training"]
    kinds = (*POSITIONAL, inspect.Parameter.KEYWORD_ONLY)
    required = [a for a in arguments if a.default is a.empty and a.kind in kinds]
    if not required:
        return (Argument("inputs", Parameter("inputs", dtype_of(layer))),)
    shapes = built_shapes(layer)
    only = shapes.get("input") or expected_shape(layer) if len(required) == 1 else None
    return tuple(
        Argument(a.name, shaped(a.name, layer, only or shapes.get(a.name)), a.kind not in POSITIONAL) for a in required
    )


def built_shapes(layer: Any) -> dict[str, Any]:
    """The shapes that a layer was built for, by argument; of a single one, under `input`."""
    try:
        config = (layer.get_build_config() if layer.built else None) or {}
    except Exception:  # the user's own configuration
        return {}
    shapes = config.get("shapes_dict") or {"input": config.get("input_shape")}
    return {name.removesuffix("_shape"): shape for name, shape in shapes.items()}


def expected_shape(layer: Any) -> tuple[int | None, ...] | None:
    """The shape, sizes mostly open, that a layer that is not built says it wants; of layers in a row, the first."""
    first = next(iter(getattr(layer, "layers", ())), layer) if is_a(layer, "Sequential") else layer
    spec = getattr(first, "input_spec", None)
    rank = getattr(spec, "ndim", None) or getattr(spec, "min_ndim", None)
    if not rank:
        return None
    axes = getattr(spec, "axes", None) or {}
    return tuple(axes.get(i, axes.get(i - rank)) for i in range(rank))


def shaped(name: str, layer: Any, shape: Any) -> Any:
    """A Parameter for a shape, or a structure of them for a structure of shapes."""
    dtype = dtype_of(layer)
    if is_shape(shape):
        return Parameter(name, dtype, (None, *shape[1:]) if shape else ())
    if isinstance(shape, Mapping):
        return {key: shaped(f"{name}[{key!r}]", layer, below) for key, below in shape.items()}
    if isinstance(shape, (list, tuple)):
        return [shaped(f"{name}[{i}]", layer, below) for i, below in enumerate(shape)]
    if any(is_a(layer, kind) for kind in OF_LISTS):
        return [Parameter(f"{name}[{i}]", dtype) for i in range(2)]
    return Parameter(name, dtype)


def is_shape(shape: Any) -> bool:
    """Whether a value is dimensions (lists of them where they were saved), not a structure of shapes."""
    return isinstance(shape, (list, tuple)) and all(d is None or isinstance(d, int) for d in shape)


def dtype_of(layer: Any) -> str | None:
    """The dtype to which a layer casts its inputs."""
    return "int32" if is_a(layer, "Embedding") else str(layer.compute_dtype)


def is_a(layer: Any, kind: str) -> bool:
    """Whether a layer descends from a class of that name."""
    return any(c.__name__ == kind for c in type(layer).__mro__)


def known_domains(layer: Any, parameters: tuple[Parameter, ...]) -> dict[str, str]:
    """The indices that an Embedding has rows for, by input."""
    if is_a(layer, "Embedding"):
        return {p.name: indices(layer) for p in parameters}
    functional = getattr(layer, "_functional", None) or layer
    tree, found = getattr(functional, "_inputs_struct", None), {}

    def look(path: str, tensor: Any) -> None:
        readers = [node.operation for node in tensor._keras_history.operation._outbound_nodes]
        for embedding in (r for r in readers if is_a(r, "Embedding")):
            found[input_name(path, tensor)] = indices(embedding)

    if tree is not None:
        mapped(tree, look, "inputs")
    return found


def indices(embedding: Any) -> str:
    """The domain of what an Embedding looks up."""
    return f"integer:0:{embedding.input_dim - 1}"
