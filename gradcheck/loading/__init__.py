"""Loading: the text of a target becomes a function in memory.

In: `module:function`, `file.py:make_function()`, a module or a file, a SavedModel directory with `:signature`, a .keras
file. Out: `LoadedTarget`; whatever goes wrong is a `CannotCheck` with the code of its cause. What loads is imported
when there is something to load: a text alone is read without it.
"""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from gradcheck.errors import NO_SUCH_ATTRIBUTE, CannotCheck
from gradcheck.loading.memory import is_known, load_object
from gradcheck.loading.names import Place, TargetName, parse
from gradcheck.records import Ignore, LoadedTarget


def expand(text: str) -> tuple[str, ...]:
    """The targets that `text` stands for: itself, or all that is discoverable in a file or module."""
    if is_known(text):
        return (text,)
    name = parse(text)
    if name.attribute or name.place in (Place.SAVED_MODEL, Place.KERAS_FILE, Place.REPRO):
        return (text,)
    from gradcheck.loading.discovery import discover
    from gradcheck.loading.modules import source_path

    module = imported(name)
    path = source_path(module)
    found = discover(path) if path else ()
    if not found:
        raise CannotCheck(
            NO_SUCH_ATTRIBUTE,
            f"{text}: nothing to scan in it; name a function, {text}:FUNCTION, or write '# gradcheck: scan' above one",
        )
    return tuple(f"{text}:{function}" for function in found)


def load(text: str) -> LoadedTarget:
    """Load one target; user code that it imports may print, raise or exit."""
    if is_known(text):
        return load_object(text)
    name = parse(text)
    if name.place is Place.SAVED_MODEL:
        from gradcheck.loading.saved_models import load_signature  # imports TensorFlow

        return load_signature(text, Path(name.text), name.attribute)
    if name.place is Place.REPRO:
        from gradcheck.loading.saved_steps import load_step  # the same

        return load_step(text, Path(name.text))
    if name.place is Place.KERAS_FILE:
        from gradcheck.loading.keras_files import load_keras_file  # the same

        return load_keras_file(text, Path(name.text))
    return load_callable(text, name)


def load_callable(text: str, name: TargetName) -> LoadedTarget:
    """Load a function or a Keras object of a module or file."""
    from gradcheck.loading.attributes import attribute
    from gradcheck.loading.calls import Call, target_of
    from gradcheck.loading.definitions import described
    from gradcheck.loading.keras_objects import is_keras, load_keras
    from gradcheck.loading.marks import said_above
    from gradcheck.loading.paste import paste_lines
    from gradcheck.loading.signatures import arguments_of

    module = imported(name)
    function = attribute(module, text, name.attribute)
    paste = paste_lines(name, module)
    if is_keras(function):
        loaded = load_keras(text, function, paste)
    else:
        loaded = target_of(text, Call(function, arguments_of(text, function)), paste)
    place, ignores = described(module, name.attribute, function)
    said = said_above(module, name.attribute, function, [p.name for p in loaded.parameters])
    return replace(loaded, place=place, ignores=ignores, said=said)


def imported(name: TargetName) -> ModuleType:
    """The module of a target, in a process in which nothing but imports has left a trace."""
    from gradcheck.loading.fresh import forget_scans, rewind
    from gradcheck.loading.modules import import_place

    forget_scans()
    module = import_place(name)
    rewind(module)
    return module


def ignores_at(places: Iterable[tuple[str, int]]) -> Iterator[Ignore]:
    """What comments in source files say of lines, each given by its file and number."""
    from gradcheck.loading.definitions import ignores_at

    return ignores_at(places)


def make_working_directory_importable() -> None:
    """As `python -m` does."""
    here = str(Path.cwd())
    if here not in sys.path and "" not in sys.path:
        sys.path.insert(0, here)
