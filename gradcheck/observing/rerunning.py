"""Running a unit once more: eagerly, or as a graph with all of its intermediates.

In: a unit, with the variables as they were before it. Out: a `Rerun`. Nothing that it changes is kept: who runs it
restores the variables.
"""

import contextlib
import io
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import tensorflow as tf
from tensorflow.python.eager import context

from gradcheck.observing.history import restore
from gradcheck.observing.looks import dense, is_bad
from gradcheck.observing.recording import Recorder, identity, recording
from gradcheck.observing.reruns import Halt, Rerun
from gradcheck.observing.session import Session
from gradcheck.observing.units import Call, Tape, Unit


def run(session: Session, unit: Unit, recorder: Recorder | None, at_gradient: bool = False) -> Rerun:
    """Run a unit eagerly; what the user's code prints is not printed again."""
    rerun = Rerun(recorder, at_gradient, ends_at_update=isinstance(unit, Tape))
    with again(session, rerun, unit), eagerly(recorder):
        unit.run(longer=not at_gradient)
    return rerun


def run_traced(session: Session, call: Call, compiled: bool) -> Rerun:
    """Run a call's function once more as a graph, as it was run, with every operation's result among its own."""
    recorder = Recorder(symbolic=True)
    rerun = Rerun(recorder, at_gradient=False)
    values: dict[int, Any] = {}

    def whole() -> list[Any]:
        recorder.graph = tf.compat.v1.get_default_graph()
        assert call.written is not None
        call.written()
        made = [t for operation in recorder.operations for t in operation.outputs if is_fetched(t)]
        values.update({identity(t): place for place, t in enumerate(made)})
        return made

    with again(session, rerun, call), eagerly(recorder):
        concrete = tf.function(whole, autograph=False, jit_compile=compiled).get_concrete_function()
        with tf.init_scope():
            results = concrete()
        evaluated(rerun, {key: results[place] for key, place in values.items()})
    return rerun


def is_fetched(tensor: Any) -> bool:
    """Whether a graph can hand a tensor out."""
    dtype = tensor.dtype
    return bool(dtype.is_floating or dtype.is_complex or dtype.is_integer or dtype.is_bool)


def evaluated(rerun: Rerun, results: dict[int, Any]) -> None:
    """Put numbers in the place of all that was recorded of a graph, and look at them."""
    recorder = rerun.recorder
    assert recorder is not None

    def known(tensor: Any) -> Any:
        return results.get(identity(tensor))

    recorder.operations = [
        replace(o, inputs=present(o.inputs, known), outputs=present(o.outputs, known)) for o in recorder.operations
    ]
    recorder.makers = {identity(t): place for place, o in enumerate(recorder.operations) for t in o.outputs}
    recorder.names = {identity(results[k]): name for k, name in recorder.names.items() if k in results}
    recorder.symbolic, recorder.graph = False, None
    recorder.asked = [
        replace(
            asked,
            target=[known(t) for t in tf.nest.flatten(asked.target) if isinstance(t, tf.Tensor)],
            results=tuple(None if g is None else known(dense(g)) for g in asked.results),
        )
        for asked in recorder.asked
    ]
    recorder.bad = next((asked for asked in recorder.asked if any(is_bad(g) for g in asked.results)), None)
    for seen, pairs in rerun.given:
        given = [(known(g), v) for g, v in pairs if known(g) is not None]
        if any(is_bad(g) for g, _ in given):
            rerun.bad = (seen, given)
            recorder.choose([g for g, _ in given])
            break


def present(tensors: tuple[Any, ...], known: Callable[[Any], Any]) -> tuple[Any, ...]:
    """The tensors whose numbers are known."""
    return tuple(value for value in map(known, tensors) if value is not None)


@contextlib.contextmanager
def again(session: Session, rerun: Rerun, unit: Unit) -> Iterator[None]:
    """Within it the user's code is run again: what it does is told to `rerun`, and what it prints is not printed."""
    logger = tf.get_logger()
    level, busy = logger.level, session.busy
    logger.setLevel("ERROR")  # what TensorFlow says of functions that are run eagerly is not the user's to read
    session.feeds.again = {key: deque(kept) for key, kept in getattr(unit, "elements", {}).items()}
    session.rerun, session.busy = rerun, True
    draws = getattr(context.context(), "_rng", None)  # of eager operations, if a seed was set
    drawn = draws.getstate() if draws is not None else None
    calling = getattr(session.applying, "nested", [])
    session.applying.nested = []  # the optimizer that waits for this is called again
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    except Halt:
        pass
    except (Exception, SystemExit) as error:
        rerun.failure = error
    finally:
        rerun.restoring = True
        restore([event for events in rerun.kept.values() for event in events])
        session.applying.nested = calling
        if draws is not None:
            draws.setstate(drawn)
        session.rerun, session.busy, session.feeds.again = None, busy, None
        logger.setLevel(level)


@contextlib.contextmanager
def eagerly(recorder: Recorder | None) -> Iterator[None]:
    """Functions run eagerly, and are told of to a recorder if there is one."""
    if recorder is not None:
        with recording(recorder):
            yield
        return
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)
