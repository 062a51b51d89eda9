"""A target with tensors of its graph replaced.

In: a loaded target and a way to find what is to be replaced in its graph. Out: a loaded target that computes
the same with the cure in the place of the disease, to be traced, swept and differentiated as any other.

The target is traced anew for whatever shapes it gets, the match is found in that trace, and those who read the replaced
tensor are made to read the cure. Gradient overrides elsewhere in the target stay alive.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

import tensorflow as tf
from tensorflow.python.autograph.core import ag_ctx
from tensorflow.python.eager import context

from gradcheck.program import Program, Ref
from gradcheck.records import LoadedTarget, Tensor
from gradcheck.tracing.graphs import stripped
from gradcheck.tracing.layouts import output_of, positional
from gradcheck.tracing.programs import concrete, ordered, program_of


class Replacement(Protocol):
    """What is to be replaced: a tensor, by a function of other tensors."""

    @property
    def root(self) -> Ref:
        """The tensor to replace."""

    @property
    def inputs(self) -> Any:
        """The tensors that the cure reads, by name."""

    def cure(self, tf: Any, **tensors: Tensor) -> Tensor:
        """The tensor that takes the root's place."""


Finder = Callable[[Program], Sequence[Replacement]]


class NotFound(Exception):
    """The graph of a target does not hold what is to be replaced."""


def rewritten(loaded: LoadedTarget, find: Finder) -> LoadedTarget:
    """The target with what `find` finds in its forward graph replaced; `NotFound` is raised when it is traced."""
    graphs: dict[Any, Any] = {}

    def function(*xs: Tensor) -> Tensor:
        key = tuple((x.dtype, None if x.shape.rank is None else tuple(x.shape)) for x in xs)
        if key not in graphs:
            with tf.init_scope():
                graphs[key] = cured(loaded, [tf.TensorSpec(shape, dtype) for dtype, shape in key], find)
        return graphs[key](*xs)

    parameters = tuple(replace(p, keyword_only=False) for p in loaded.parameters)
    return replace(loaded, function=function, parameters=parameters, autograph=False, override_lost=False)


def cured(loaded: LoadedTarget, specs: list[Any], find: Finder) -> Any:
    """A concrete function of one call's shapes.

    Inner functions are run in place, so that they can be looked into. Where that fails (AutoGraph does not reach into
    them) or what is to be replaced is not found, they are inlined, which strips gradient overrides.
    """
    call = converted(loaded)
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        return concrete(lambda *xs: replaced(call, xs, find), specs)
    except Exception:  # the second attempt tells what is wrong
        tf.config.run_functions_eagerly(before)
        inlined = registered(stripped(concrete(call, specs)))
        return concrete(lambda *xs: replaced(inlined, xs, find), specs)
    finally:
        tf.config.run_functions_eagerly(before)


def registered(imported: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The same, with the branches and bodies that it imports made known to whatever calls the graph that it is in."""

    def call(*xs: Tensor) -> Tensor:
        y = imported(*xs)
        for function in y.graph.as_graph_def().library.function:
            if not context.context().has_function(function.signature.name):
                context.context().add_function_def(function)
        return y

    return call


def converted(loaded: LoadedTarget) -> Callable[..., Tensor]:
    """The target as a function of positional tensors, with its Python control flow converted where it is to be."""
    call = positional(loaded)
    if loaded.autograph:
        call = tf.__internal__.autograph.tf_convert(call, ag_ctx.ControlStatusCtx(ag_ctx.Status.ENABLED))
    return lambda *xs: tf.identity(output_of(call(*xs)))


def replaced(call: Callable[..., Tensor], xs: tuple[Tensor, ...], find: Finder) -> Tensor:
    """Call the target in the current graph, then put the cures in, those of what is computed first before others."""
    output = tf.identity(call(*xs))
    graph = tf.compat.v1.get_default_graph()
    operations = graph.get_operations()
    found = find(program_of(graph, [x.name for x in xs], [output], {}))
    if not found:
        raise NotFound("what is to be replaced is not in the graph")
    position = ordered(operations)
    current = {tensor.name: tensor for op in operations for tensor in op.outputs}
    for replacement in sorted(found, key=lambda r: r.root):
        inputs = {name: current[position[i].outputs[k].name] for name, (i, k) in replacement.inputs.items()}
        root = position[replacement.root[0]].outputs[replacement.root[1]].name
        current[root] = tf.convert_to_tensor(replacement.cure(tf, **inputs))
        redirect(operations, root, current[root])
    return tf.identity(output)


def redirect(operations: list[Any], root: str, cure: Tensor) -> None:
    """Make all that read a tensor read another one."""
    for op in operations:
        for i in [i for i, tensor in enumerate(op.inputs) if tensor.name == root]:
            op._update_input(i, cure)
