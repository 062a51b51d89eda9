"""A bad step is saved: its batch, variables, optimizers and the graph of its loss.

In: what was found, with the variables as they were before the step. Out: a directory, whole or not at all, and the
finding with its name and what could not be saved. Principle: files hold numbers, a graph and words; nothing is pickled,
and no path of this machine is in them.
"""

import ast
import contextlib
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from gradcheck import __version__, repros
from gradcheck.errors import one_line
from gradcheck.observing.graphing import Drawn, Known, NoGraph, drawn, unique
from gradcheck.observing.history import variable
from gradcheck.observing.looks import is_finite, value_of
from gradcheck.observing.optimizers import handles_of, name_of
from gradcheck.observing.recording import Recorder, identity
from gradcheck.observing.units import Call, Tape, Unit, flat, names_in
from gradcheck.program import Array, Place
from gradcheck.records import Cause, Tensor
from gradcheck.repros import Item, Line, Manifest, Origin, Part

if TYPE_CHECKING:
    from gradcheck.observing.diagnosing import Found
    from gradcheck.observing.watcher import Watcher

MOST_BYTES = 1 << 26
"""Bytes of a tensor of the batch that is saved although the loss does not read it."""

Causes = Callable[["Found"], tuple[Cause | None, str | None]]


@dataclass(eq=False)
class Keeper:
    """Where the first bad step of a run is saved.

    Attributes:
        directory: absolute.
        script: as the user wrote it.
        start: where the run was started; paths are told from there.
        cause_of: the cause of what was found, and words on the trap.
    """

    directory: Path
    script: str
    start: Path
    cause_of: Causes
    saved: bool = False

    @property
    def name(self) -> str:
        """The directory as the user may have written it."""
        return str(relative(self.directory, self.start) or self.directory)


def kept(watcher: "Watcher", found: "Found", recorder: Recorder | None) -> "Found":
    """What was found, saved if it is to be and is the first; the variables are as they were before the step."""
    keeper = watcher.keeper
    if keeper is None or keeper.saved:
        return found
    try:
        manifest = save(keeper, watcher, found, recorder)
    except Exception as error:  # the report comes through whatever happens to the disk
        said = f"{type(error).__name__}: {one_line(str(error), 120)}"
        return replace(found, rerun=joined(found.rerun, f"the step could not be saved in {keeper.name}: {said}"))
    keeper.saved = True
    why = f"what was saved has no graph: {manifest.no_graph}" if manifest.no_graph else "; ".join(manifest.notes)
    return replace(found, repro=keeper.name, rerun=joined(found.rerun, why))


def joined(*texts: str) -> str:
    """Those that are not empty."""
    return "; ".join(text for text in texts if text)


def save(keeper: Keeper, watcher: "Watcher", found: "Found", recorder: Recorder | None) -> Manifest:
    """Write the directory beside its place, then move it there."""
    with placed(keeper.directory) as directory:
        step = Step(watcher, found.unit, recorder)
        graph, no_graph = step.graph()
        inputs = [] if graph is None else list(zip(graph.names, graph.values, strict=True))
        batch, unread = arrays_of(inputs), arrays_of(step.others(graph))
        weights = arrays_of(step.weights())
        shows = False
        if graph is not None:
            shows = is_bad(graph)
            write_model(directory / repros.MODEL, graph)
        items = tuple(replace(i, key=k) for i, k in zip(batch.items, graph.keys if graph else (), strict=True))
        others = tuple(replace(i, key=unique(i.key, [j.key for j in items])) for i in unread.items)
        repros.write_arrays(
            directory / repros.BATCH,
            dict(zip([i.key for i in (*items, *others)], [*batch.arrays, *unread.arrays], strict=True)),
        )
        repros.write_arrays(directory / repros.VARIABLES, weights.by_key)
        repros.write_arrays(directory / repros.OPTIMIZER, arrays_of(step.slots()).by_key)
        cause, trap = keeper.cause_of(found)
        manifest = Manifest(
            gradcheck=__version__,
            tensorflow=tf.__version__,
            python=platform.python_version(),
            script=portable(keeper.script, keeper.start),
            step=found.step,
            optimizer=found.optimizer,
            order=found.order,
            code=found.code,
            mode=found.mode,
            loss=found.loss,
            variables=found.variables,
            gradients=tuple(Part(g.variable, g.dtype, g.shape, g.entries, g.nan, g.inf) for g in found.gradients),
            inputs=items,
            others=others,
            weights=weights.items,
            parameters=tuple(graph.variables) if graph else (),
            wrt=graph.wrt if graph else (),
            cause=None if cause is None else origin(cause, keeper.start),
            trap=trap,
            lines={} if graph is None else {n: line(p, keeper.start) for n, p in graph.places.items()},
            no_graph=no_graph,
            shows=shows,
            notes=(*notes(graph, shows, found.after), *batch.left_out, *unread.left_out, *weights.left_out),
        )
        (directory / repros.MANIFEST).write_text(repros.written(manifest), "utf-8")
    return manifest


def notes(graph: Drawn | None, shows: bool, after: bool) -> Iterator[str]:
    """What is to be known of a graph that does not show the disease."""
    if graph is not None and not shows:
        yield (
            "the gradient of the saved graph is fine: the bad value is born in what the code makes of it"
            if after
            else "the gradient of the saved graph is fine: a custom gradient, or its compiler, makes it bad"
        )


class Step:
    """What there is of a step.

    Attributes:
        names: of its variables, each once, by the identity of their handles.
        handles: handle and dtype of them.
    """

    def __init__(self, watcher: "Watcher", unit: Unit | None, recorder: Recorder | None) -> None:
        self.watcher, self.unit, self.recorder = watcher, unit, recorder
        own = {key for o in optimizers(watcher) for v in variables_of(o) for key in handles_of(v)}
        self.names: dict[int, str] = {}
        self.handles: dict[int, tuple[Tensor, Any]] = {}
        for name, key, handle in self.found():
            pair = [] if key in own or key in self.handles else variable(handle)
            if pair:
                self.names[key] = unique(name, list(self.names.values()))
                self.handles[key] = pair[0]

    def found(self) -> Iterator[tuple[str, int, Tensor]]:
        """Name, identity and handle of variables: those that optimizers know, that are read, and all others."""
        for seen in self.watcher.optimizers.all:
            for own in seen.variables.values():
                for key, (handle, _) in handles_of(own).items():
                    yield name_of(own), key, handle
        read = {} if self.recorder is None else self.recorder.names
        for operation in self.recorder.operations if self.recorder else ():
            if operation.kind == "ReadVariableOp" and operation.inputs and identity(operation.outputs[0]) in read:
                yield read[identity(operation.outputs[0])], identity(operation.inputs[0]), operation.inputs[0]
        sources = self.unit.sources if isinstance(self.unit, Tape) else {}
        for key, (handle, _) in {**sources, **self.watcher.history.handles}.items():
            yield "variable", key, handle

    @property
    def named(self) -> Mapping[str, Any]:
        """What it was given, by name; what a block sets before it reads it is none of it."""
        if isinstance(self.unit, Tape):
            made = made_in(self.unit.block.site.longer)
            return {name: value for name, value in self.unit.named.items() if name not in made}
        return {} if self.unit is None else dict(self.unit.named.items())

    def tensors(self) -> dict[str, Tensor]:
        """The tensors of its batch, by name: what it was given, and what it took from iterators."""
        given = [pair for name, value in self.named.items() if is_structure(value) for pair in flat(name, value)]
        taken = self.unit.elements.values() if isinstance(self.unit, Call) else ()
        for number, element in enumerate(e for elements in taken for e in elements):
            given += flat("batch" if number == 0 else f"batch_{number + 1}", element)
        return {name: tensor for name, tensor in given if tensor.dtype not in (tf.resource, tf.variant)}

    def arrays(self) -> dict[str, Array]:
        """The numpy arrays among what it was given."""
        return dict(p for n, v in self.named.items() for p in arrays_in(n, v))

    def graph(self) -> tuple[Drawn | None, str]:
        """The loss as a function, or why it is none."""
        if self.recorder is None or not self.recorder.asked:
            return None, "the step could not be run again, so its operations are not known"
        names = {**{identity(t): n for n, t in self.tensors().items()}, **(names_in(self.unit) if self.unit else {})}
        asked = self.recorder.bad or self.recorder.asked[-1]
        try:
            return drawn(self.recorder, asked, Known(names, self.arrays(), self.names, self.handles)), ""
        except NoGraph as error:
            return None, one_line(str(error), 200)

    def others(self, graph: Drawn | None) -> list[tuple[str, Any]]:
        """What of the batch the graph does not read, unless it is large."""
        read = {identity(t) for t in graph.values} if graph else set()
        names = list(graph.names) if graph else []
        rest = [(n, t) for n, t in self.tensors().items() if identity(t) not in read]
        rest += [(n, a) for n, a in self.arrays().items() if n not in names]
        return [(n, t) for n, t in rest if n not in names and np.prod(t.shape) * 8 <= MOST_BYTES]

    def weights(self) -> list[tuple[str, Tensor]]:
        """All variables of the step, but for those of the optimizers."""
        return [(self.names[key], value_of(handle, dtype)) for key, (handle, dtype) in self.handles.items()]

    def slots(self) -> list[tuple[str, Tensor]]:
        """The optimizers' own variables, their counts of steps among them."""
        return [
            (f"{number}/{name_of(v)}", value_of(*pair))
            for number, optimizer in enumerate(optimizers(self.watcher), 1)
            for v in variables_of(optimizer)
            for pair in handles_of(v).values()
        ]


def made_in(statements: tuple[ast.stmt, ...]) -> set[str]:
    """Names that statements assign, not add to."""
    nodes = [node for statement in statements for node in ast.walk(statement)]
    changed = {n.target.id for n in nodes if isinstance(n, ast.AugAssign) and isinstance(n.target, ast.Name)}
    return {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)} - changed


def optimizers(watcher: "Watcher") -> list[Any]:
    """All of them, those around others last."""
    inner = watcher.optimizers.all
    return [s.optimizer for s in [*inner, *(s for s in watcher.optimizers.seen.values() if s not in inner)]]


def variables_of(optimizer: Any) -> list[Any]:
    """An optimizer's own variables."""
    found = getattr(optimizer, "variables", ())
    return list(found() if callable(found) else found)


def is_structure(value: Any) -> bool:
    """Whether there may be tensors in a value."""
    return isinstance(value, (tf.Tensor, dict, list, tuple))


def arrays_in(name: str, value: Any) -> Iterator[tuple[str, Array]]:
    """The numpy arrays of a structure, with their paths."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        yield name, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from arrays_in(f"{name}[{key!r}]", inner)
    elif isinstance(value, (list, tuple)):
        for i, inner in enumerate(value):
            yield from arrays_in(f"{name}[{i}]", inner)


@dataclass(frozen=True, eq=False)
class Arrays:
    """Tensors as a file holds them.

    Attributes:
        items, arrays: one each.
        left_out: words on those that no file holds.
    """

    items: tuple[Item, ...]
    arrays: tuple[Array, ...]
    left_out: tuple[str, ...]

    @property
    def by_key(self) -> Mapping[str, Array]:
        """The arrays by their keys."""
        return dict(zip([i.key for i in self.items], self.arrays, strict=True))


def arrays_of(tensors: list[tuple[str, Any]]) -> Arrays:
    """Tensors as arrays."""
    items: list[Item] = []
    arrays: list[Array] = []
    left_out = []
    for name, tensor in tensors:
        array = as_array(np.asarray(tensor))
        if array is None:
            left_out.append(f"{name} was left out: it holds bytes that are no text")
            continue
        dtype = tensor.dtype.name
        items.append(Item(name, unique(name, [i.key for i in items]), dtype, tuple(array.shape)))
        arrays.append(array)
    return Arrays(tuple(items), tuple(arrays), tuple(left_out))


def as_array(values: Array) -> Array | None:
    """Numbers as they are, small floats as float32, bytes as text; None of other objects."""
    if values.dtype.name == "bfloat16" or values.dtype.name.startswith("float8"):
        return values.astype(np.float32)
    if values.dtype.kind not in "OS":
        return values
    try:
        return np.array([v.decode("utf-8") for v in values.ravel()], dtype=np.str_).reshape(values.shape)
    except (AttributeError, UnicodeDecodeError):
        return None


def is_bad(graph: Drawn) -> bool:
    """Whether the gradient of the function is bad by anything that it was asked by."""
    floats = [t for t in graph.values if t.dtype.is_floating]
    by = {n: t for n, t in zip(graph.names, graph.values, strict=True) if t.dtype.is_floating}
    wanted = {**by, **graph.variables}
    with tf.GradientTape() as tape:
        tape.watch([*floats, *graph.variables.values()])  # a tape does not see what an imported graph reads
        loss = graph.function(*graph.values)["loss"]
    found = tape.gradient(loss, [wanted[name] for name in graph.wrt if name in wanted])
    return any(not is_finite(getattr(g, "values", g)) for g in found if g is not None)


def write_model(directory: Path, graph: Drawn) -> None:
    """The SavedModel; what TensorFlow says of it is not the user's to read."""
    module = tf.Module()
    module.loss, module.weights = graph.function, list(graph.variables.values())
    logger = tf.get_logger()
    level = logger.level
    logger.setLevel("ERROR")
    try:
        tf.saved_model.save(module, str(directory), signatures=graph.function)
    finally:
        logger.setLevel(level)


def origin(cause: Cause, start: Path) -> Origin:
    """A cause without this machine's paths."""
    file = None if cause.file is None else portable(cause.file, start)
    message = cause.message if cause.file is None or file is None else cause.message.replace(cause.file, file)
    return Origin(cause.op, cause.forward_op, file, cause.line, cause.source, message)


def line(place: Place, start: Path) -> Line:
    """A line of the user's."""
    return Line(portable(place.file, start), place.line, place.source or "")


def portable(file: str, start: Path) -> str:
    """A file's path below where the run was started; elsewhere its name alone."""
    below = relative(Path(file), start)
    return below.as_posix() if below is not None else Path(file).name


def relative(path: Path, start: Path) -> Path | None:
    """A path below a directory; None where it is elsewhere."""
    whole = path if path.is_absolute() else start / path
    return whole.relative_to(start) if whole.is_relative_to(start) else None


@contextlib.contextmanager
def placed(directory: Path) -> Iterator[Path]:
    """A directory to fill, which is moved to its place when all is there."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    repros.refuse(directory)
    beside = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))
    try:
        yield beside
        beside.chmod(0o777 & ~current_umask())
        if directory.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))
            directory.replace(old)  # an empty directory is replaced by one with files
            shutil.rmtree(old)
        beside.replace(directory)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def current_umask() -> int:
    """What the user takes from the permissions of new files."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
