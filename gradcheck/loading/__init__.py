"""Loading: the text of a target becomes a function in memory.

In: `module:function`, `file.py:function`, a module or a file, a SavedModel directory with `:signature`. Out:
`LoadedTarget`; whatever goes wrong is a `CannotCheck` with the code of its cause.
"""

import sys
from pathlib import Path

from gradcheck.errors import NO_SUCH_ATTRIBUTE, CannotCheck
from gradcheck.loading.discovery import discover
from gradcheck.loading.modules import attribute, import_place, source_path
from gradcheck.loading.names import Place, parse
from gradcheck.loading.signatures import parameters_of
from gradcheck.records import LoadedTarget


def expand(text: str) -> tuple[str, ...]:
    """The targets that `text` stands for: itself, or all that is discoverable in a file or module."""
    name = parse(text)
    if name.attribute or name.place is Place.SAVED_MODEL:
        return (text,)
    module = import_place(name)
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
    name = parse(text)
    if name.place is Place.SAVED_MODEL:
        from gradcheck.loading.saved_models import load_signature  # imports TensorFlow

        return load_signature(text, Path(name.text), name.attribute)
    function = attribute(import_place(name), text, name.attribute)
    return LoadedTarget(text, function, parameters_of(text, function))


def make_working_directory_importable() -> None:
    """As `python -m` does."""
    here = str(Path.cwd())
    if here not in sys.path and "" not in sys.path:
        sys.path.insert(0, here)
