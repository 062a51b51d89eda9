"""A target with tensors of its graph replaced.

In: a loaded target and a way to find what is to be replaced in its graph. Out: a loaded target that computes
the same with the cure in the place of the disease, to be traced, swept and differentiated as any other.

The target is traced anew for whatever shapes it gets, the match is found in that trace, and those who read the replaced
tensor are made to read the cure. Nothing is imported, so gradient overrides elsewhere in the target stay alive.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

import tensorflow as tf
from tensorflow.python.autograph.core import ag_ctx

from gradcheck.program import Program, Ref
from gradcheck.records import LoadedTarget, Tensor
from gradcheck.tracing.layouts import output_of, positional
from gradcheck.tracing.programs import ordered, program_of


class Replacement(Protocol):
    """What is to be replaced: a tensor, by a function of other tensors."""

    @property
    def root(self) -> Ref:
        """The tensor to replace."""

    @property
    def inputs(self) -> Any:
        """The tensors that the cure reads, by name."""

    def cure(self, **tensors: Tensor) -> Tensor:
        """The tensor that takes the root's place."""


Finder = Callable[[Program], Sequence[Replacement]]


class NotFound(Exception):
    """The graph of a target does not hold what is to be replaced."""


def rewritten(loaded: LoadedTarget, find: Finder) -> LoadedTarget:
    """The target with what `find` finds in its forward graph replaced; `NotFound` is raised when it is traced."""
    graphs: dict[Any, Any] = {}

    def function(*xs: Tensor) -> Tensor:
        key = tuple((x.dtype, tuple(x.shape)) for x in xs)
        if key not in graphs:
            graphs[key] = cured(loaded, [tf.TensorSpec(shape, dtype) for dtype, shape in key], find)
        return graphs[key](*xs)

    return replace(loaded, function=function, parameters=by_position(loaded), autograph=False)


def by_position(loaded: LoadedTarget) -> tuple[Any, ...]:
    """The parameters, none of them by name alone."""
    return tuple(replace(p, keyword_only=False) for p in loaded.parameters)


def cured(loaded: LoadedTarget, specs: list[Any], find: Finder) -> Any:
    """A concrete function of one call's shapes; inner functions are run in place, so that they can be looked into."""
    for in_place in (True, False):  # AutoGraph does not reach into functions that are run in place
        before = tf.config.functions_run_eagerly()
        tf.config.run_functions_eagerly(in_place)
        try:
            with tf.init_scope():
                return tf.function(lambda *xs: replaced(loaded, xs, find), autograph=False).get_concrete_function(
                    *specs
                )
        except Exception:
            if not in_place:
                raise
        finally:
            tf.config.run_functions_eagerly(before)
    raise AssertionError


def replaced(loaded: LoadedTarget, xs: tuple[Tensor, ...], find: Finder) -> Tensor:
    """Call the target in the current graph, then put the cure in."""
    call = positional(loaded)
    if loaded.autograph:
        call = tf.__internal__.autograph.tf_convert(call, ag_ctx.ControlStatusCtx(ag_ctx.Status.ENABLED))
    output = tf.identity(output_of(call(*xs)))
    graph = tf.compat.v1.get_default_graph()
    operations = graph.get_operations()
    found = find(program_of(graph, [x.name for x in xs], [output], {}))
    if not found:
        raise NotFound(f"{loaded.name}: what is to be replaced is not in its graph")
    position = ordered(operations)
    current = {tensor.name: tensor for op in operations for tensor in op.outputs}
    for replacement in sorted(found, key=lambda r: r.root):
        inputs = {name: current[position[i].outputs[k].name] for name, (i, k) in replacement.inputs.items()}
        root = position[replacement.root[0]].outputs[replacement.root[1]].name
        current[root] = tf.convert_to_tensor(replacement.cure(**inputs))
        redirect(operations, root, current[root])
    return tf.identity(output)


def redirect(operations: list[Any], root: str, cure: Tensor) -> None:
    """Make all that read a tensor read another one."""
    for op in operations:
        for i in [i for i, tensor in enumerate(op.inputs) if tensor.name == root]:
            op._update_input(i, cure)
