"""Tracing a tensor target: whole points instead of a line of floats.

In: a `LoadedTarget`, shapes, domains and what to differentiate by. Out: `TracedTensors`. Each version is traced for one
point, as a training step runs it, and on demand once more for a batch of points, vectorised, to look for bad points
quickly; what is found there is run alone before it is told. Outputs that are no single number are reduced by a
cotangent: ones (their sum), and random signs.
"""

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.autograph.core import ag_ctx
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
from tensorflow.python.util import nest

from gradcheck.domains import ValueDomain, parse_domain
from gradcheck.errors import BAD_CONFIGURATION, CANNOT_TRACE, CannotCheck, one_line
from gradcheck.program import Array
from gradcheck.records import (
    Batch,
    LoadedTarget,
    Stop,
    Study,
    Tensor,
    TensorInput,
    TensorPoint,
    TensorVersion,
    TracedTensors,
    Weight,
)
from gradcheck.tracing.batching import vectorise
from gradcheck.tracing.graphs import (
    LOOPS,
    OVERRIDE,
    constants,
    frozen_graph,
    function_graphs,
    has_overrides,
    is_compiled,
    is_override,
    nodes,
    rename_functions,
    user_stops,
)
from gradcheck.tracing.layouts import Untraceable, placeholder_name, positional
from gradcheck.tracing.programs import ordered, study
from gradcheck.tracing.pulls import pull_of
from gradcheck.tracing.shapes import Shape, Shaped, moderate, settle, specs_of, tensors_of

VARIABLES = "variables"
"""The name by which `--wrt` means every captured variable."""

ONES, SIGNS = "ones", "random signs"

BATCH_NUMBERS = 1 << 22
"""Numbers that a vectorised batch may compute: 16 MiB of float32, about 5 ms."""

MAX_WIDTH = 512
"""Points of a vectorised batch, at most; a small graph takes about 1 ms for as many."""

MIN_WIDTH = 4
"""Points of a batch below which vectorising gains nothing."""

MOST_NODES, MOST_NODES_OF_LOOPS = 4000, 600
"""Operations of a gradient's graph, and of one with loops, beyond which it is not vectorised: TensorFlow takes about a
millisecond for each, several in a loop, and mostly gives up on the loops of recurrent networks."""

TABLE_LIMIT = 4096
"""Elements of a constant that may be a point worth running."""

Call = Callable[..., list[Tensor]]


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


def trace_tensors(loaded: LoadedTarget, wanted: Wanted) -> TracedTensors:
    """Trace `loaded` and every version of its gradients; raises `CannotCheck` where that cannot be done."""
    from gradcheck.tracing import explain

    conventional = {name: parse_domain(name, text) for name, text in loaded.domains.items()}
    tf.random.set_seed(wanted.seed)  # a target that draws random numbers draws the same ones in every run
    try:
        shaped = settle(loaded, wanted.shapes, {**conventional, **wanted.domains}, wanted.dtype)
    except Untraceable as failure:
        said = f"{failure.stage} it raised {explain(failure.error)}"
        hint = "" if wanted.shapes else "; say what it takes with --shape NAME=4,3"
        raise CannotCheck(CANNOT_TRACE, f"{loaded.name}: {said}{hint}") from failure
    variables = captured_variables(shaped.forward)
    check_names(loaded.name, wanted.wrt, [i.name for i in shaped.inputs], [v.name for v in variables])
    chosen = chosen_inputs(loaded, shaped.inputs, wanted.wrt)
    weights = [v for v in variables if VARIABLES in wanted.wrt or v.name in wanted.wrt]
    return assembled(loaded, shaped, chosen, weights, wanted.seed)


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
        notes=(*loaded.notes, *((XLA_NOTE,) if is_compiled(forward) else ())),
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
    """The trainable float variables that a traced function reads, in a stable order, each once."""
    found = {id(v): v for v in forward.trainable_variables if v.dtype.is_floating}
    return list(found.values())


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


@dataclass(frozen=True)
class Making:
    """How versions of one target are made.

    Attributes:
        inputs: of the target.
        chosen: positions of those that are differentiated by.
        weights: variables that are.
        results: how many outputs there are.
        written: the target itself.
        size: numbers that one point's forward and backward graph computes, roughly: three times the forward graph's,
            and the gradients of the weights.
    """

    inputs: tuple[TensorInput, ...]
    chosen: tuple[int, ...]
    weights: tuple[Any, ...]
    results: int
    written: Call
    size: int

    def width(self, size: int) -> int:
        """Points of a vectorised batch for a graph that computes `size` numbers a point."""
        return min(MAX_WIDTH, BATCH_NUMBERS // max(size, 1))

    def version(self, source: Source, cotangent: str, signs: tuple[Array, ...]) -> TensorVersion:
        """One source with one cotangent, traced; a gradient that cannot be computed is a fact, not an error."""
        weighed = None if cotangent == ONES else signs
        both = partial(self.gradients, source, weighed)
        specs = specs_of(self.inputs)
        failure: str | None = None
        found: list[bool] = []
        try:
            concrete = tf.function(partial(self.connected_only, both, found), autograph=False)
            concrete = concrete.get_concrete_function(*specs)
            concrete(*tensors_of(self.inputs, moderate(self.inputs)))
        except tf.errors.OpError:
            pass  # at this point; elsewhere it may not raise
        except Exception as error:
            failure = f"{type(error).__name__}: {one_line(str(error), 160)}"
        connected = tuple(found[-len(self.wrt_names()) :]) if found and not failure else ()
        slow = failure is not None or is_slow_to_vectorise(concrete, bool(self.weights))
        width = 0 if slow else self.width(self.size)
        codes = partial(self.codes, both)
        look = cache(lambda: tf.function(codes, autograph=False).get_concrete_function(*specs))
        outputs = cache(
            lambda: tf.function(partial(self.outputs, source), autograph=False).get_concrete_function(*specs)
        )
        return TensorVersion(
            name=source.name,
            cotangent=cotangent,
            run=partial(self.run, concrete, connected),
            look=lambda point: look()(*tensors_of(self.inputs, point)).numpy(),
            vectorised=cache(partial(self.vectorised, codes, width)),
            width=width,
            forward=lambda point: tuple(doubles(t) for t in outputs()(*tensors_of(self.inputs, point))),
            failure=failure,
            connected=connected,
            study=cache(partial(self.studied, source, weighed)),
        )

    def wrt_names(self) -> list[str]:
        """What is differentiated by."""
        return [*(self.inputs[i].name for i in self.chosen), *(v.name for v in self.weights)]

    def outputs(self, source: Source, *xs: Tensor) -> list[Tensor]:
        """The outputs alone."""
        return source.call(*xs, *(self.weight_tensors() if source.imported else ()))

    def gradients(
        self, source: Source, signs: tuple[Array, ...] | None, *xs: Tensor
    ) -> tuple[list[Tensor], list[Tensor | None]]:
        """Outputs and gradients (None: not connected); with tf.gradients where the source is an imported graph."""
        watched = [xs[i] for i in self.chosen]
        if source.imported:
            weights = self.weight_tensors()
            ys = source.call(*xs, *weights)
            cotangents = None if signs is None else constants_like(ys, signs)
            return ys, list(tf.gradients(ys, [*watched, *weights], grad_ys=cotangents))
        with tf.GradientTape() as tape:
            tape.watch(watched)
            ys = source.call(*xs)
        cotangents = None if signs is None else constants_like(ys, signs)
        return ys, list(tape.gradient(ys, [*watched, *self.weights], output_gradients=cotangents))

    def weight_tensors(self) -> list[Tensor]:
        """The present values of the weights."""
        return [tf.convert_to_tensor(v) for v in self.weights]

    def connected_only(self, both: Callable[..., Any], found: list[bool], *xs: Tensor) -> list[Tensor]:
        """Outputs and those gradients that there are."""
        ys, gs = both(*xs)
        found.extend(g is not None for g in gs)
        return [*ys, *(tf.convert_to_tensor(g) for g in gs if g is not None)]

    def run(
        self, concrete: Any, connected: tuple[bool, ...], point: TensorPoint
    ) -> tuple[tuple[Array, ...], tuple[Array | None, ...]]:
        """One point alone."""
        results = [doubles(t) for t in concrete(*tensors_of(self.inputs, point))]
        gradients = iter(results[self.results :])
        return tuple(results[: self.results]), tuple(next(gradients) if c else None for c in connected)

    def codes(self, both: Callable[..., Any], *xs: Tensor) -> Tensor:
        """Class codes [1 + wrt]: of the outputs together, then of each gradient."""
        ys, gs = both(*xs)
        found = [code_of(ys), *(NONE if g is None else code_of([tf.convert_to_tensor(g)]) for g in gs)]
        return tf.stack([tf.cast(code, tf.int32) for code in found])

    def vectorised(self, codes: Callable[..., Tensor], width: int) -> Callable[[Batch], Array] | None:
        """`codes` over a batch of points; None where TensorFlow has no vectorised form of an operation."""
        if width < MIN_WIDTH:
            return None
        specs = [tf.TensorSpec((width, *i.shape), i.dtype) for i in self.inputs]
        concrete = vectorise(codes, specs)
        if concrete is None:
            return None
        try:
            filled = tuple(np.stack([array] * width) for array in moderate(self.inputs))
            concrete(*tensors_of(self.inputs, filled))
        except Exception:  # then points are run one by one
            return None
        return lambda batch: concrete(*tensors_of(self.inputs, batch)).numpy()

    def studied(self, source: Source, signs: tuple[Array, ...] | None) -> Study | None:
        """The program of all outputs and all gradients at one point; a gradient that is not connected is zeros.

        Where the gradient reads variables in a loop it cannot be made constant: then the forward graph is, before it
        is differentiated.
        """
        specs = [tf.TensorSpec(i.shape, i.dtype, placeholder_name(i.name)) for i in self.inputs]

        def outputs(*xs: Tensor) -> tuple[Tensor, ...]:
            return tuple(self.written(*xs))

        frozen = partial(self.backward_of, True, source.imported, signs)
        if source.imported:
            return study(outputs, frozen, specs)
        plain = partial(self.backward_of, False, False, signs)
        return study(outputs, lambda written: plain(source.call), specs) or study(outputs, frozen, specs)

    def backward_of(
        self, imported: bool, strips: bool, signs: tuple[Array, ...] | None, forward: Any
    ) -> Callable[..., tuple[Tensor, ...]]:
        """Outputs and gradients of a call, or of a traced function that is imported as a graph."""
        call = stripped(forward, range(self.results), list(self.weights), strips) if imported else forward

        def backward(*xs: Tensor) -> tuple[Tensor, ...]:
            weights = self.weight_tensors() if imported else list(self.weights)
            ys = call(*xs, *weights) if imported else call(*xs)
            watched = [*(xs[i] for i in self.chosen), *weights]
            cotangents = None if signs is None else constants_like(ys, signs)
            gs = tf.gradients(ys, watched, grad_ys=cotangents)  # names every operation after the forward one
            return (
                *ys,
                *(zeros(x) if g is None else tf.convert_to_tensor(g) for g, x in zip(gs, watched, strict=True)),
            )

        return backward


def is_slow_to_vectorise(concrete: Any, by_weights: bool) -> bool:
    """Whether TensorFlow would take seconds to vectorise a traced gradient, or vectorises it as a loop."""
    kinds = [node.op for node in nodes(concrete.graph.as_graph_def())]
    if by_weights and any("BackpropFilter" in kind for kind in kinds):
        return True
    return len(kinds) > (MOST_NODES_OF_LOOPS if LOOPS & set(kinds) else MOST_NODES)


def zeros(x: Any) -> Tensor:
    """Zeros of a tensor's, or a variable's, shape."""
    return tf.zeros(x.shape, x.dtype)


def constants_like(ys: list[Tensor], signs: tuple[Array, ...]) -> list[Tensor]:
    """A cotangent as constants of the outputs' dtypes."""
    return [tf.constant(s, y.dtype) for s, y in zip(signs, ys, strict=True)]


NONE = 4
"""The class code of a gradient that is not connected; NaN is 1, an infinity 2, all finite 0."""


def code_of(tensors: list[Tensor]) -> Tensor:
    """The class code of some tensors together."""
    nan = tf.reduce_any([tf.reduce_any(tf.math.is_nan(t)) for t in tensors])
    inf = tf.reduce_any([tf.reduce_any(tf.math.is_inf(t)) for t in tensors])
    return tf.where(nan, 1, tf.where(inf, 2, 0))


def doubles(tensor: Tensor) -> Array:
    """A tensor's values as float64."""
    array: Array = np.asarray(tensor.numpy())
    return array.astype(np.float64)
