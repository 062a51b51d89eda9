"""A target with one tensor of its graph replaced.

In: a loaded target, a way to find the match in its graph, and its inputs' dtypes. Out: a loaded target that computes
the same with the cure in the place of the disease, to be traced, swept and differentiated as any other.

The target is traced anew for whatever shapes it gets, the match is found in that trace, and those who read the replaced
tensor are made to read the cure. Nothing is imported, so gradient overrides elsewhere in the target stay alive.
"""

from collections.abc import Callable
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


Finder = Callable[[Program], Replacement | None]


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
    if found is None:
        raise NotFound(f"{loaded.name}: what is to be replaced is not in its graph")
    position = ordered(operations)
    root = tensor_of(position, found.root)
    readers = [(op, i) for op in operations for i, x in enumerate(op.inputs) if x is root]
    cure = tf.convert_to_tensor(found.cure(**{name: tensor_of(position, ref) for name, ref in found.inputs.items()}))
    for op, i in readers:
        op._update_input(i, cure)
    return tf.identity(output)


def tensor_of(position: list[Any], ref: Ref) -> Tensor:
    """The tensor that a reference of the program stands for."""
    return position[ref[0]].outputs[ref[1]]
