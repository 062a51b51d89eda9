"""A version's graph at a single point, as a program, and a way to look at all its tensors.

In: a source and its layout. Out: a `Study`: the program of (output, gradient) in which calls are inlined and variables
are constants, each node with the user's line, and a function that runs it in TensorFlow and returns every tensor.

The function is traced once more for this, over one point, with the user's inner `tf.function`s run in place: real
arithmetic does not depend on how TensorFlow rewrites a graph, and lines are known only of operations that were not
inlined afterwards.
"""

import linecache
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.framework.function_def_to_graph import function_def_to_graph

from gradcheck.frames import is_ours, is_users
from gradcheck.program import Array, Node, Observation, Place, Program, Ref
from gradcheck.records import Study, Tensor
from gradcheck.tracing.branches import taken
from gradcheck.tracing.graphs import CONDITIONALS, frozen_graph, function_graphs, point_tensors, wrapped
from gradcheck.tracing.recast import recast

Places = Mapping[str, Place]
Call = Callable[..., tuple[Tensor, ...]]
PACKAGE = Path(__file__).parents[1]
PREFIX = "stripped/"
"""What the names of an imported forward graph begin with."""


def study(forward: Call, differentiated: Callable[[Any], Call], specs: list[Any]) -> Study | None:
    """Trace outputs and gradients over one point; None where TensorFlow cannot make one graph of it.

    `forward` is the target as it is written; `differentiated` makes the call to study from its ConcreteFunction.
    """
    shapes = [tuple(spec.shape) for spec in specs]
    for in_place in (True, False):  # AutoGraph does not reach into functions that are run in place
        before = tf.config.functions_run_eagerly()
        tf.config.run_functions_eagerly(in_place)
        try:
            written = concrete(forward, specs)
            traced = concrete(differentiated(written), specs)
        except Exception:  # a study is an extra: without it a report has no truth and no causes, and says so
            continue
        finally:
            tf.config.run_functions_eagerly(before)
        frozen = frozen_graph(traced)
        if frozen is not None:
            known = {**dict(places(written.graph, PREFIX)), **dict(places(traced.graph))}
            whole = study_of(frozen, shapes, known, len(written.outputs))
            branches = any(node.op in CONDITIONALS for node in whole.program.nodes)
            inside = partial(entered, frozen, shapes, known, len(written.outputs))
            return replace(whole, entered=inside) if branches else whole
    return None


def named(found: Study, names: Sequence[str]) -> Study:
    """A study whose inputs have the user's names, which TensorFlow may not take: `batch['p']` is a fine one."""
    program = found.program
    theirs = {program.nodes[place].name: name for place, name in zip(program.inputs, names, strict=True)}
    nodes = tuple(
        replace(n, name=theirs.get(n.name, n.name), forward=n.forward and theirs.get(n.forward, n.forward))
        for n in program.nodes
    )

    def inside(values: tuple[Any, ...]) -> Study | None:
        deeper = found.entered(values)
        return None if deeper is None else named(deeper, names)

    return replace(found, program=replace(program, nodes=nodes), entered=inside)


def study_of(frozen: Any, shapes: list[tuple[int, ...]], known: Places, results: int) -> Study:
    """The study of an inlined graph, the first `results` outputs of which are the target's own."""
    program = program_of(frozen.graph, [t.name for t in frozen.inputs], list(frozen.outputs), known)
    observe = observer(frozen, program, shapes)
    return Study(replace(program, results=results), observe, cache(partial(recast, frozen, shapes)))


def entered(
    frozen: Any, shapes: list[tuple[int, ...]], known: Places, results: int, values: tuple[Any, ...]
) -> Study | None:
    """The study of the branches that are taken at a point; None where TensorFlow cannot inline them."""
    try:
        inlined, took = taken(frozen, shapes, values)
    except Exception:  # an extra: without it the cause is the conditional as a whole
        return None
    inside = {
        f"{conditional}/{name.partition(':')[2]}": place
        for conditional, branch in took.items()
        for name, place in known.items()
        if ":" in name and name.partition(":")[0] in branch
    }
    return study_of(inlined, shapes, {**known, **inside}, results)


def concrete(call: Call, specs: list[Any]) -> Any:
    """A concrete function of tensors."""
    return tf.function(call, autograph=False).get_concrete_function(*specs)


def places(graph: Any, prefix: str = "") -> Iterator[tuple[str, Place]]:
    """The user's innermost line for each operation of a graph and of the functions that it calls, by its name."""
    for inner in [*function_graphs(graph), graph]:
        for op in inner.get_operations():
            frame = users_frame(op.traceback)
            if frame is not None:
                file, line = frame.filename, frame.lineno
                place = Place(file, line, linecache.getline(file, line).strip())
                yield prefix + op.name, place
                if inner is not graph:
                    yield f"{inner.name}:{op.name}", place


def users_frame(traceback: Any) -> Any:
    """The innermost frame of a stack that is the user's, below gradcheck's own call of the target; None without."""
    below = takewhile(lambda frame: not is_ours(frame.filename), reversed(list(traceback or ())))
    return next((frame for frame in below if is_users(frame.filename)), None)


def program_of(graph: Any, inputs: list[str], outputs: list[Any], known: Places) -> Program:
    """A graph as a program; `inputs` are names of tensors, in the order of the arguments."""
    operations = ordered(graph.get_operations())
    position = {op.name: i for i, op in enumerate(operations)}
    nodes = tuple(node_of(op, position, known) for op in operations)
    return Program(
        nodes,
        tuple(position[name.split(":")[0]] for name in inputs),
        tuple((position[t.op.name], t.value_index) for t in outputs),
        dict(functions_of(graph, known)),
    )


def ordered(operations: list[Any]) -> list[Any]:
    """Operations, each behind those that it reads."""
    done: dict[str, Any] = {}
    for first in operations:
        todo = [first]
        while todo:
            op = todo[-1]
            missing = [t.op for t in op.inputs if t.op.name not in done]
            if missing:
                todo += missing
            else:
                done.setdefault(todo.pop().name, op)
    return list(done.values())


def node_of(op: Any, position: Mapping[str, int], known: Places) -> Node:
    """One operation as a node."""
    forward = forward_name(op.name, position)
    place = known.get(op.name) or (known.get(forward) if forward else None)
    return Node(
        name=op.name,
        op=op.type,
        inputs=tuple((position[t.op.name], t.value_index) for t in map(unpacked, op.inputs)),
        attributes={name: plain(value) for name, value in op.node_def.attr.items()},
        dtypes=tuple(t.dtype.name for t in op.outputs),
        value=constant(op) if op.type == "Const" else None,
        place=place,
        forward=forward,
        sizes=tuple(t.shape.num_elements() or 1 for t in op.outputs),
    )


def unpacked(tensor: Any) -> Any:
    """The tensor that was put into an optional, where this one was taken out of it: how branches hand on values."""
    while tensor.op.type == "OptionalGetValue":
        source = tensor.op.inputs[0].op
        while source.type == "Identity":
            source = source.inputs[0].op
        if source.type != "OptionalFromValue":
            break
        tensor = source.inputs[tensor.value_index]
    return tensor


TF_GRADIENTS = re.compile(r"(?:^|/)gradients(?:_\d+)?/(.+?)_grad(?:_\d+)?(?=/|$)")


def forward_name(name: str, position: Mapping[str, int]) -> str | None:
    """The forward operation that one of a gradient belongs to, read from its name; in a branch, that in the branch."""
    matches = list(TF_GRADIENTS.finditer(name))
    if not matches:
        return None
    parts = [match[1] for match in matches]
    prefix = name[: matches[0].start()]
    inner = f"{parts[0]}/{parts[-1]}"  # a branch's own gradient names the branch again
    candidates = ("/".join(parts), inner, parts[0])
    return next((n for c in candidates for n in (c, f"{prefix}/{c}") if n in position), None)


def constant(op: Any) -> Array:
    """The value of a constant; float16 and bfloat16 as float32, which holds them exactly."""
    value: Array = tf.make_ndarray(op.node_def.attr["value"].tensor)
    return value.astype(np.float32) if value.dtype.name in ("float16", "bfloat16") else value


def plain(value: Any) -> Any:
    """An attribute as a Python value."""
    kind = value.WhichOneof("value")
    if kind == "list":
        return tuple(
            element for field, elements in value.list.ListFields() for element in map(listed(field.name), elements)
        )
    return None if kind is None else listed(kind)(getattr(value, kind))


def listed(kind: str) -> Callable[[Any], Any]:
    """How to make a Python value of one of an attribute's."""
    makers: dict[str, Callable[[Any], Any]] = {
        "s": lambda v: v.decode("utf-8", "replace"),
        "type": lambda v: tf.dtypes.as_dtype(v).name,
        "shape": lambda v: None if v.unknown_rank else tuple(d.size for d in v.dim),
        "tensor": tf.make_ndarray,
        "func": lambda v: v.name,
    }
    return makers.get(kind, lambda v: v)


def functions_of(graph: Any, known: Places) -> Iterator[tuple[str, Program]]:
    """The bodies and branches that a graph's control flow refers to."""
    library = graph.as_graph_def().library
    for function in library.function:
        body = function_def_to_graph(function)
        yield function.signature.name, program_of(body, [t.name for t in body.inputs], list(body.outputs), known)


def seen(values: Array) -> Array:
    """Values as float64; of complex numbers the size, which is finite where they are."""
    real = np.abs(values) if np.iscomplexobj(values) else values
    return np.asarray(real).astype(np.float64)


def observer(frozen: Any, program: Program, shapes: list[tuple[int, ...]]) -> Callable[[tuple[Any, ...]], Observation]:
    """A function that runs the graph at one value, or array, an input and returns every float and boolean tensor."""
    graph_def = frozen.graph.as_graph_def()
    feeds = [t.name for t in frozen.inputs]
    dtypes = [t.dtype for t in frozen.inputs]
    wanted: list[Ref] = [
        (i, k)
        for i, node in enumerate(program.nodes)
        for k, dtype in enumerate(node.dtypes)
        if tf.dtypes.as_dtype(dtype).is_floating or tf.dtypes.as_dtype(dtype).is_complex or dtype == "bool"
    ]
    fetches = [f"{program.nodes[i].name}:{k}" for i, k in wanted]
    prepared: list[Any] = []

    def observe(values: tuple[Any, ...]) -> Observation:
        if not prepared:
            prepared.append(wrapped(graph_def).prune(feeds, fetches))
        try:
            results = prepared[0](*point_tensors(values, shapes, dtypes))
        except tf.errors.OpError:  # one of the operations raises here: then nothing is seen
            return {}
        return {ref: seen(t.numpy()) for ref, t in zip(wanted, results, strict=True)}

    return observe
