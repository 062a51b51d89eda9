"""What a target leaves behind in its process, taken back before the next one is loaded.

In: the module of a target, just imported or imported before. Out: the random generators, and Keras's counters of names,
as they were after that import, so that a report does not depend on what the same worker scanned before. Principle: what
an import did stays, since it is done once; what a factory or a trace did goes. Nothing is imported here: what a process
has not imported has no state.
"""

import copy
import random
import sys
from dataclasses import dataclass
from types import ModuleType
from typing import Any

NAMES = "object_name_uids"
"""Keras's name for how often each name was given."""


@dataclass(frozen=True)
class State:
    """All of it; None of what is not there."""

    python: Any
    numpy: Any
    tensorflow: int | None
    names: Any


states: dict[str, State] = {}


def forget_scans() -> None:
    """Before an import: it begins with the names that imports gave, not with those of scans since then."""
    if states:
        rename(states[next(reversed(states))].names)


def rewind(module: ModuleType) -> None:
    """Back to the state after the import of `module`."""
    state = states.setdefault(module.__name__, current())
    random.setstate(state.python)
    if state.numpy is not None:
        sys.modules["numpy"].random.set_state(state.numpy)
    if state.tensorflow is not None:
        sys.modules["tensorflow"].random.set_seed(state.tensorflow)
    rename(state.names)
    forget_conversions()


def restore(state: State) -> None:
    """Back to a state, in a process that goes on with other things; what was imported since keeps its own."""
    random.setstate(state.python)
    if state.numpy is not None:
        sys.modules["numpy"].random.set_state(state.numpy)
    if state.tensorflow != seed():
        sys.modules["tensorflow"].random.set_seed(state.tensorflow)
    rename(state.names)


def current() -> State:
    """The state that there is now."""
    numpy = sys.modules.get("numpy")
    return State(
        random.getstate(),
        numpy.random.get_state() if numpy else None,
        seed(),
        copy.deepcopy(keras().get_global_attribute(NAMES)) if keras() else None,
    )


def seed() -> int | None:
    """TensorFlow's global seed; None where there is none, or no TensorFlow."""
    context = sys.modules.get("tensorflow.python.eager.context")
    found: int | None = context.global_seed() if context and hasattr(context, "global_seed") else None
    return found


def rename(names: Any) -> None:
    """Let Keras count from these names on; from the beginning where it was not imported yet."""
    if keras():
        keras().set_global_attribute(NAMES, copy.deepcopy(names))


def keras() -> Any:
    """Where Keras keeps its state, if it is imported."""
    return sys.modules.get("keras.src.backend.common.global_state")


def forget_conversions() -> None:
    """AutoGraph remembers converted code by its text and lines, and would tell the file of the first that had them."""
    transpiler: Any = getattr(sys.modules.get("tensorflow.python.autograph.impl.api"), "_TRANSPILER", None)
    if hasattr(transpiler, "_cache"):
        transpiler._cache = type(transpiler._cache)()
