"""Where the versions of a tensor target come from.

In: a loaded target and its traced forward function. Out: `Source`s: the target as it is written, and the traced graph
without its gradient overrides.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf
from tensorflow.python.autograph.core import ag_ctx
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from gradcheck.records import (
    LoadedTarget,
    Tensor,
)
from gradcheck.tracing.graphs import (
    OVERRIDE,
    has_overrides,
    is_override,
    nodes,
    rename_functions,
)
from gradcheck.tracing.layouts import positional

Call = Callable[..., list[Tensor]]


@dataclass(frozen=True)
class Source:
    """Where a version's forward function comes from.

    Attributes:
        name: the version's name.
        call: from the tensors of one point, and of the weights where it is imported, to the outputs.
        imported: whether it imports a graph, which a tape does not see and which takes weights as tensors.
    """

    name: str
    call: Call
    imported: bool = False


def sources_of(
    loaded: LoadedTarget, forward: Any, kept: list[int], weights: list[Any], written: Call
) -> tuple[Source, ...]:
    """`autodiff`, and `custom` where an override is in the graph and can be run."""
    if not has_overrides(forward):
        return (Source("autodiff", written),)
    autodiff = Source("autodiff", stripped(forward, kept, weights), imported=True)
    return (autodiff,) if loaded.override_lost else (autodiff, Source("custom", written))


def as_written(loaded: LoadedTarget, kept: Sequence[int]) -> Call:
    """The target itself, to be called while a graph is built, as a training step calls it; its float outputs."""
    call = positional(loaded)
    if loaded.autograph:
        call = tf.__internal__.autograph.tf_convert(call, ag_ctx.ControlStatusCtx(ag_ctx.Status.ENABLED))

    def written(*xs: Tensor) -> list[Tensor]:
        results = [r for r in tf.nest.flatten(call(*xs)) if r is not None]
        return [tf.convert_to_tensor(results[i]) for i in kept]

    return written


def stripped(forward: Any, kept: Sequence[int], weights: list[Any], strips: bool = True) -> Call:
    """The traced function without its gradient overrides, if it `strips` them, of constants.

    The weights are tensors that it takes behind its inputs.
    """
    frozen = convert_variables_to_constants_v2(forward, lower_control_flow=False)
    graph_def = frozen.graph.as_graph_def()
    for node in nodes(graph_def):
        if strips and is_override(node):
            del node.attr[OVERRIDE]
    names = [tensor.name for tensor in frozen.inputs]
    outputs = [frozen.outputs[i].name for i in kept]
    places = {id(tensor): placeholder.name for tensor, placeholder in forward.graph.captures}
    frozen_names = {node.name for node in graph_def.node}
    weight_names = [places.get(id(v.handle), "").split(":")[0] for v in weights]

    def call(*xs: Tensor) -> list[Tensor]:
        rename_functions(graph_def)
        inputs = dict(zip(names, xs[: len(names)], strict=True))
        for name, weight in zip(weight_names, xs[len(names) :], strict=False):
            if name in frozen_names:
                inputs[f"{name}:0"] = weight
        found: list[Tensor] = tf.graph_util.import_graph_def(
            graph_def, input_map=inputs, return_elements=outputs, name="stripped"
        )
        return found

    return call
