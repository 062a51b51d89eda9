"""The versions of a gradient as traced functions.

In: a source (a forward function, stripped or as written), a layout and the input to differentiate by. Out: a `Version`
that runs a block of points. Output and gradient are computed in one graph without XLA, as a training step would.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import tensorflow as tf

from gradcheck.errors import one_line
from gradcheck.records import Study, Tensor, Version
from gradcheck.tracing.graphs import constants, frozen_graph, stripped
from gradcheck.tracing.intermediates import probe_of
from gradcheck.tracing.layouts import Call, Layout, Untraceable, as_written, smoke_values
from gradcheck.tracing.programs import study
from gradcheck.tracing.recast import recast_blocks


@dataclass(frozen=True)
class Source:
    """Where a version's forward function comes from.

    Attributes:
        name: the version's name.
        call: from tensors of one call's shape to the output.
        imported: whether it imports a graph, which a tape does not see.
        layout: its own layout where that differs from the target's.
    """

    name: str
    call: Callable[..., Tensor]
    imported: bool = False
    layout: Layout | None = None


def differentiate(source: Source, layout: Layout, wrt: int) -> Version:
    """Trace a source's output and gradient; a gradient that cannot be computed is a fact, not an error."""
    own = source.layout or layout
    connected: list[bool] = []

    def forward(*xs: Tensor) -> tuple[Tensor, ...]:
        return (source.call(*xs),)

    def backward(*xs: Tensor) -> tuple[Tensor, ...]:
        y, gradient = (imported if source.imported else taped)(source.call, xs, wrt)
        connected.append(gradient is not None)
        return (y,) if gradient is None else (y, tf.convert_to_tensor(gradient))

    try:
        concrete = built(own, backward)
    except Exception as error:
        concrete = forward_only(own, forward)
        return Version(
            source.name,
            padded_pair(concrete),
            failure=f"{type(error).__name__}: {one_line(str(error), 160)}",
            study=studied(source, own, None),
            sized=cache(lambda: of_any_size(own, forward)),
        )
    graph = frozen_graph(concrete)
    return Version(
        source.name,
        padded_pair(concrete),
        connected=connected[-1],
        constants=constants(graph.graph.as_graph_def()) if graph else (),
        probe=probe_of(graph, own.block) if graph and not own.looped else None,
        study=studied(source, own, wrt if connected[-1] else None),
        sized=(sized := cache(lambda: of_any_size(own, backward))),
        in_doubles=cache(lambda: None if (made := sized()) is None else recast_blocks(made)),
        in_mode=cache(lambda mode: sized() if mode == "graph" else in_mode(source, own, backward, mode)),
    )


def studied(source: Source, layout: Layout, wrt: int | None) -> Callable[[], Study | None]:
    """A version's program at a point, made when it is first asked for; without a gradient where there is none."""

    def differentiated(written: Any) -> Callable[..., tuple[Tensor, ...]]:
        call = stripped(written) if source.imported else source.call

        def backward(*xs: Tensor) -> tuple[Tensor, ...]:
            if wrt is None:
                return (call(*xs),)
            y, gradient = imported(call, xs, wrt)  # names every operation after the forward one; a tape does not
            return (y, tf.convert_to_tensor(gradient))

        return backward

    written = as_written(layout)
    return cache(lambda: study(lambda *xs: (written(*xs),), differentiated, layout.single_specs()))


def taped(call: Callable[..., Tensor], xs: tuple[Tensor, ...], wrt: int) -> tuple[Tensor, Tensor | None]:
    """Output and gradient as training loops get them; `tf.gradients` builds another graph, with other last bits."""
    with tf.GradientTape() as tape:
        tape.watch(xs[wrt])
        y = call(*xs)
    return y, tape.gradient(y, xs[wrt])


def imported(call: Callable[..., Tensor], xs: tuple[Tensor, ...], wrt: int) -> tuple[Tensor, Tensor | None]:
    """Output and gradient by graph operations alone."""
    y = call(*xs)
    return y, tf.gradients(y, xs[wrt])[0]


def built(layout: Layout, call: Callable[..., tuple[Tensor, ...]]) -> Any:
    """A concrete function over blocks, after one run of moderate values."""
    specs = [tf.TensorSpec([layout.block], i.fmt.name, name=None) for i in layout.inputs]
    concrete = tf.function(layout.flat(call), autograph=False).get_concrete_function(*specs)
    concrete(*(smoke_values(layout.block, i) for i in layout.inputs))
    return concrete


def of_any_size(layout: Layout, call: Callable[..., tuple[Tensor, ...]]) -> Any:
    """A concrete function over blocks of any size; None where the target is not fed whole blocks."""
    if layout.style != "whole":
        return None
    specs = [tf.TensorSpec([None], i.fmt.name) for i in layout.inputs]
    try:
        return tf.function(layout.open(call), autograph=False).get_concrete_function(*specs)
    except Exception:  # its Python may ask for the size
        return None


def in_mode(source: Source, layout: Layout, call: Call, mode: str) -> Call | None:
    """A source's output and gradient without a graph, or compiled; a graph that was stripped cannot run without one."""
    if layout.style != "whole" or (source.imported and mode == "eager"):
        return None
    run = layout.open(call)
    compiled = tf.function(run, autograph=False, jit_compile=True)

    def of_one_size(*xs: Tensor) -> tuple[Tensor, ...]:  # through tf.function itself, TensorFlow warns of retracing
        specs = [tf.TensorSpec(x.shape, x.dtype) for x in xs]
        results: tuple[Tensor, ...] = compiled.get_concrete_function(*specs)(*xs)
        return results

    return run if mode == "eager" else of_one_size


def forward_only(layout: Layout, call: Callable[..., tuple[Tensor, ...]]) -> Any:
    """The output alone, where the gradient raised; raises `Untraceable` where that raises too."""
    try:
        return built(layout, call)
    except Exception as error:
        raise Untraceable("when run", error) from error


def padded_pair(concrete: Any) -> Callable[..., tuple[Tensor, Tensor | None]]:
    """A function that always returns (output, gradient or None)."""

    def run(*xs: Tensor) -> tuple[Tensor, Tensor | None]:
        y, *gradient = concrete(*xs)
        return y, (gradient[0] if gradient else None)

    return run
