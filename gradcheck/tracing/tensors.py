"""Tracing a tensor target: whole points instead of a line of floats.

In: a `LoadedTarget`, shapes, domains and what to differentiate by. Out: `TracedTensors`. Each version is traced for one
point, as a training step runs it, and on demand once more for a batch of points, vectorised, to look for bad points
quickly; what is found there is run alone before it is told. Outputs that are no single number are reduced by a
cotangent: ones (their sum), and random signs.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.util import nest

from gradcheck.domains import ValueDomain, parse_domain
from gradcheck.errors import BAD_CONFIGURATION, CANNOT_TRACE, CannotCheck
from gradcheck.program import Array
from gradcheck.records import (
    LoadedTarget,
    Stop,
    TensorInput,
    TracedTensors,
    Weight,
)
from gradcheck.tracing.failures import explain
from gradcheck.tracing.graphs import (
    constants,
    frozen_graph,
    function_graphs,
    is_compiled,
    nodes,
    user_stops,
)
from gradcheck.tracing.layouts import Untraceable
from gradcheck.tracing.making import ONES, SIGNS, Making
from gradcheck.tracing.programs import ordered
from gradcheck.tracing.pulls import pull_of
from gradcheck.tracing.shapes import OTHERS, Shape, Shaped, moderate, settle, tensors_of
from gradcheck.tracing.sources import as_written, sources_of

LARGE = 1 << 18
"""Numbers computed at one point, weights among them, beyond which a second cotangent takes too long."""

SINGLE_NOTE = "a large graph: its outputs are weighed with random signs alone, not with ones too"

VARIABLES = "variables"
"""The name by which `--wrt` means every captured variable."""

TABLE_LIMIT = 4096
"""Elements of a constant that may be a point worth running."""


@dataclass(frozen=True)
class Wanted:
    """What the user asked of a tensor target.

    Attributes:
        shapes: by input.
        domains: by input; they come before what is conventional for the target.
        wrt: names to differentiate by; none for every float input that is not a label.
        dtype: for inputs that declare none.
        seed: of the random signs.
    """

    shapes: Mapping[str, Shape]
    domains: Mapping[str, ValueDomain]
    wrt: tuple[str, ...] = ()
    dtype: str = "float32"
    seed: int = 0


def trace_tensors(loaded: LoadedTarget, wanted: Wanted) -> TracedTensors:
    """Trace `loaded` and every version of its gradients; raises `CannotCheck` where that cannot be done."""
    conventional = {name: parse_domain(name, text) for name, text in loaded.domains.items()}
    tf.random.set_seed(wanted.seed)  # a target that draws random numbers draws the same ones in every run
    try:
        shaped = settle(loaded, wanted.shapes, {**conventional, **wanted.domains}, wanted.dtype)
    except Untraceable as failure:
        said = f"{failure.stage} it raised {explain(failure.error)}"
        shapes = "" if wanted.shapes else "; say what it takes with --shape NAME=4,3"
        raise CannotCheck(CANNOT_TRACE, f"{loaded.name}: {said}{numbers_hint(loaded, wanted) or shapes}") from failure
    except CannotCheck as refusal:
        told = numbers_hint(loaded, wanted) if refusal.code == CANNOT_TRACE else ""
        raise CannotCheck(refusal.code, refusal.message + told) from refusal
    variables = captured_variables(shaped.forward)
    check_names(loaded.name, wanted.wrt, [i.name for i in shaped.inputs], [v.name for v in variables])
    chosen = chosen_inputs(loaded, shaped.inputs, wanted.wrt)
    weights = [v for v in variables if VARIABLES in wanted.wrt or v.name in wanted.wrt]
    return assembled(loaded, shaped, chosen, weights, wanted.seed)


def numbers_hint(loaded: LoadedTarget, wanted: Wanted) -> str:
    """What to do where an argument, taken for a tensor of integers or truth values, is a Python number."""
    numbers = [p.name for p in loaded.parameters if p.dtype in OTHERS and p.shape is None]
    return "".join(f"; if {n} is a Python number, hold it: --hold {n}=1" for n in numbers[:2] if n not in wanted.shapes)


def assembled(loaded: LoadedTarget, shaped: Shaped, chosen: list[int], weights: list[Any], seed: int) -> TracedTensors:
    """All versions, and what the search wants to know of the graph."""
    forward = shaped.forward
    kept = [i for i, t in enumerate(forward.outputs) if t.dtype.is_floating]
    cotangents = cotangents_of(*shapes_of(shaped, kept), seed)
    frozen = frozen_graph(forward)
    moving = computed_anew(forward, frozen)
    size = 3 * sum(elements(t) for op in moving for t in op.outputs) + sum(elements(v) for v in weights) + 1
    making = Making(shaped.inputs, tuple(chosen), tuple(weights), len(kept), as_written(loaded, kept), size)
    sources = sources_of(loaded, forward, kept, weights, making.written)
    single = making.size > LARGE and SIGNS in cotangents
    if single:
        del cotangents[ONES]
    versions = tuple(making.version(source, name, signs) for source in sources for name, signs in cotangents.items())
    graph_def = frozen.graph.as_graph_def() if frozen else forward.graph.as_graph_def()
    stops = tuple(Stop(file, line) for file, line in user_stops(forward))
    return TracedTensors(
        name=loaded.name,
        inputs=shaped.inputs,
        wrt=(*(shaped.inputs[i].name for i in chosen), *(v.name for v in weights)),
        weights=tuple(Weight(v.name, v.dtype.name, tuple(v.shape)) for v in weights),
        outputs=output_names(forward, kept),
        cotangents=cotangents,
        versions=versions,
        size=making.size,
        operations=len(moving),
        tables=tables(graph_def),
        scalars=constants(graph_def),
        guessed=shaped.guessed,
        open=shaped.open,
        stops=stops,
        notes=(*loaded.notes, *((XLA_NOTE,) if is_compiled(forward) else ()), *((SINGLE_NOTE,) if single else ())),
        pull=cache(partial(pull_of, frozen, shaped.inputs, making.width)),
    )


def computed_anew(forward: Any, frozen: Any) -> list[Any]:
    """The operations of a forward graph that each point computes: those behind its inputs."""
    if frozen is None:
        inner = [op for graph in function_graphs(forward.graph) for op in graph.get_operations()]
        return [op for op in [*forward.graph.get_operations(), *inner] if op.type not in STANDING]
    moving: dict[str, Any] = {}
    for op in ordered(frozen.graph.get_operations()):
        if op.type == "Placeholder" or any(t.op.name in moving for t in op.inputs):
            moving[op.name] = op
    return [op for op in moving.values() if op.type not in STANDING]


STANDING = ("Const", "Identity", "NoOp", "Placeholder", "ReadVariableOp")
"""Operations that cost nothing at a point."""


def elements(tensor: Any) -> int:
    """How many numbers a tensor holds; 1 where that is not known."""
    return tensor.shape.num_elements() or 1


XLA_NOTE = "a part of it is compiled by XLA (jit_compile=True), so that part's results are XLA's, not graph mode's"


def captured_variables(forward: Any) -> list[Any]:
    """The trainable float variables that a traced function reads, in the order of its captures, each once.

    TensorFlow's own order is that of a set, by their addresses in memory.
    """
    found = {id(v): v for v in forward.trainable_variables if v.dtype.is_floating}
    places = {id(tensor): i for i, tensor in enumerate(forward.captured_inputs)}
    return sorted(found.values(), key=lambda v: places.get(id(v.handle), len(places)))


def check_names(target: str, wrt: tuple[str, ...], inputs: list[str], variables: list[str]) -> None:
    """Raise `CannotCheck` where there is nothing of a name to differentiate by."""
    known = [*inputs, *variables, *([VARIABLES] if variables else [])]
    for name in wrt:
        if name == VARIABLES and not variables:
            raise CannotCheck(BAD_CONFIGURATION, f"{target}: --wrt variables: it reads no trainable variable")
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"it has: {', '.join(known)}"
            raise CannotCheck(BAD_CONFIGURATION, f"{target}: --wrt {name}: no input or variable {name!r}; {hint}")


def chosen_inputs(loaded: LoadedTarget, inputs: tuple[TensorInput, ...], wrt: tuple[str, ...]) -> list[int]:
    """Positions of the inputs to differentiate by: those named, else every float one that is no label."""
    names = [i.name for i in inputs]
    floats = [n for n, i in enumerate(inputs) if i.fmt]
    for name in wrt:
        if name in names and not inputs[names.index(name)].fmt:
            dtype = inputs[names.index(name)].dtype
            raise CannotCheck(BAD_CONFIGURATION, f"{loaded.name}: --wrt {name}: it is {dtype}; name a float input")
    if wrt:
        return [n for n in floats if names[n] in wrt]
    return [n for n in floats if names[n] not in loaded.held] or floats


def cotangents_of(shapes: list[Shape], fixed: bool, seed: int) -> dict[str, tuple[Array, ...]]:
    """Ones; and random signs where there is more than one number to weigh, and always as many."""
    found = {ONES: tuple(np.ones(shape) for shape in shapes)}
    if fixed and sum(int(np.prod(shape)) for shape in shapes) > 1:
        rng = np.random.default_rng(seed)
        found[SIGNS] = tuple(rng.choice([-1.0, 1.0], shape) for shape in shapes)
    return found


def shapes_of(shaped: Shaped, kept: list[int]) -> tuple[list[Shape], bool]:
    """The shapes of the outputs, and whether they are the same at all points: a graph may not tell."""
    declared = [shaped.forward.outputs[i].shape for i in kept]
    if all(shape.is_fully_defined() for shape in declared):
        return [tuple(shape.as_list()) for shape in declared], True
    here, there = (shapes_at(shaped, kept, sign) for sign in (1, -1))
    assert here is not None, "it was run there before"
    return here, here == there


def shapes_at(shaped: Shaped, kept: list[int], sign: int) -> list[Shape] | None:
    """The shapes of the outputs at moderate values, or at their negatives; None where that raises."""
    point = tuple(sign * array if array.dtype.kind == "f" else array for array in moderate(shaped.inputs))
    try:
        results = [t for t in tf.nest.flatten(shaped.forward(*tensors_of(shaped.inputs, point))) if t is not None]
    except tf.errors.OpError:
        return None
    return [tuple(results[i].shape) for i in kept]


def output_names(forward: Any, kept: list[int]) -> tuple[str, ...]:
    """A name for each float output: its path in the structure that is returned."""
    paths = nest.flatten_with_joined_string_paths(forward.structured_outputs)
    names = [str(path) for path, value in paths if value is not None]
    return tuple(names[i] if i < len(names) else str(i) for i in kept)


def tables(graph_def: Any) -> tuple[Array, ...]:
    """The small constant tensors of a graph, as float64."""
    found = []
    for node in nodes(graph_def):
        if node.op == "Const" and tf.dtypes.as_dtype(node.attr["dtype"].type).is_floating:
            array = tf.make_ndarray(node.attr["value"].tensor).astype(np.float64)
            if 1 < array.size <= TABLE_LIMIT and np.isfinite(array).all():
                found.append(array)
    return tuple(found)
