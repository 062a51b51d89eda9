"""A bad step is saved: its batch, variables, optimizers and the graph of its loss.

In: what was found, with the variables as they were before the step. Out: a directory, whole or not at all, and the
finding with its name and what could not be saved. Principle: files hold numbers, a graph and words; nothing is pickled,
and no path of this machine is in them.
"""

import contextlib
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import tensorflow as tf

from gradcheck import __version__, npz, repros
from gradcheck.errors import one_line
from gradcheck.observing.belongings import Step, arrays_of
from gradcheck.observing.found import Found
from gradcheck.observing.graphing import Drawn
from gradcheck.observing.keeper import Keeper, portable
from gradcheck.observing.looks import is_finite
from gradcheck.observing.nodes import unique
from gradcheck.observing.recording import Recorder
from gradcheck.observing.session import Session
from gradcheck.program import Place
from gradcheck.records import Cause
from gradcheck.repros import Item, Line, Manifest, Origin

Items = tuple[Item, ...]


def kept(session: Session, found: Found, recorder: Recorder | None) -> Found:
    """What was found, saved if it is to be and is the first; the variables are as they were before the step."""
    keeper = session.keeper
    if keeper is None or keeper.saved:
        return found
    try:
        manifest = save(keeper, session, found, recorder)
    except Exception as error:  # the report comes through whatever happens to the disk
        said = f"{type(error).__name__}: {one_line(str(error), 120)}"
        return with_note(found, f"the step could not be saved in {keeper.name}: {said}")
    keeper.saved = True
    why = f"what was saved has no graph: {manifest.no_graph}" if manifest.no_graph else "; ".join(manifest.notes)
    return with_note(found, why, keeper.name)


def with_note(found: Found, note: str, directory: str | None = None) -> Found:
    """What was found, with a word on how it was saved."""
    rerun = "; ".join(text for text in (found.witness.rerun, note) if text)
    return replace(found, witness=replace(found.witness, rerun=rerun, repro=directory))


def save(keeper: Keeper, session: Session, found: Found, recorder: Recorder | None) -> Manifest:
    """Write the directory beside its place, then move it there."""
    with placed(keeper.directory) as directory:
        step = Step(session, found.unit, recorder)
        graph, no_graph = step.graph()
        items, others, left_out = write_batch(directory, step, graph)
        weights = arrays_of(step.weights())
        npz.write_arrays(directory / repros.VARIABLES, weights.by_key)
        npz.write_arrays(directory / repros.OPTIMIZER, arrays_of(step.slots()).by_key)
        shows = graph is not None and is_bad(graph)
        if graph is not None:
            write_model(directory / repros.MODEL, graph)
        manifest = replace(
            manifest_of(keeper, found),
            inputs=items,
            others=others,
            weights=weights.items,
            parameters=tuple(graph.variables) if graph else (),
            wrt=graph.wrt if graph else (),
            lines={} if graph is None else {n: line(p, keeper.start) for n, p in graph.places.items()},
            no_graph=no_graph,
            shows=shows,
            notes=(*notes(graph, shows, found.after), *left_out, *weights.left_out),
        )
        (directory / repros.MANIFEST).write_text(repros.written(manifest), "utf-8")
    return manifest


def write_batch(directory: Path, step: Step, graph: Drawn | None) -> tuple[Items, Items, tuple[str, ...]]:
    """Write what the graph reads, and what of the batch it does not; what could not be written is told."""
    inputs = [] if graph is None else list(zip(graph.names, graph.values, strict=True))
    batch, unread = arrays_of(inputs), arrays_of(step.others(graph))
    items = tuple(replace(i, key=k) for i, k in zip(batch.items, graph.keys if graph else (), strict=True))
    others = tuple(replace(i, key=unique(i.key, [j.key for j in items])) for i in unread.items)
    keys = [i.key for i in (*items, *others)]
    npz.write_arrays(directory / repros.BATCH, dict(zip(keys, [*batch.arrays, *unread.arrays], strict=True)))
    return items, others, (*batch.left_out, *unread.left_out)


def manifest_of(keeper: Keeper, found: Found) -> Manifest:
    """The manifest of what was found, without what there is of the step."""
    cause, trap = keeper.cause_of(found)
    told = found.witness
    return Manifest(
        gradcheck=__version__,
        tensorflow=tf.__version__,
        python=platform.python_version(),
        script=portable(keeper.script, keeper.start),
        step=told.step,
        optimizer=told.optimizer,
        order=told.order,
        code=found.code,
        mode=found.mode,
        loss=told.loss,
        variables=told.variables,
        gradients=told.gradients,
        cause=None if cause is None else origin(cause, keeper.start),
        trap=trap,
    )


def notes(graph: Drawn | None, shows: bool, after: bool) -> Iterator[str]:
    """What is to be known of a graph that does not show the disease."""
    if graph is not None and not shows:
        yield (
            "the gradient of the saved graph is fine: the bad value is born in what the code makes of it"
            if after
            else "the gradient of the saved graph is fine: a custom gradient, or its compiler, makes it bad"
        )


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
