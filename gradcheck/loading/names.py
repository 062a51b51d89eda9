"""What a target's text names: a module, a Python file, a SavedModel or a Keras file, and something in it.

In: the text. Out: its parts; nothing is imported, only the file system is asked.
"""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from gradcheck.errors import CANNOT_IMPORT, NO_SUCH_ATTRIBUTE, NOT_A_SAVED_MODEL, CannotCheck
from gradcheck.repros import is_repro


class Place(Enum):
    """Where a target lives."""

    MODULE = "module"
    FILE = "file"
    SAVED_MODEL = "SavedModel"
    KERAS_FILE = "Keras file"
    REPRO = "saved step"


@dataclass(frozen=True)
class TargetName:
    """The parts of a target's text; `attribute` is a dotted name, a signature's name or empty."""

    place: Place
    text: str
    attribute: str


def parse(target: str) -> TargetName:
    """Take a target's text apart."""
    before, colon, after = target.rpartition(":")
    text, attribute = (before, after) if colon else (target, "")
    path = Path(text)
    if text.endswith((".py", ".keras")):
        if not path.is_file():
            raise CannotCheck(CANNOT_IMPORT, f"{target}: no such file: {text}; paths start at the working directory")
        return TargetName(Place.FILE, text, attribute) if text.endswith(".py") else keras_file(target, text, attribute)
    if text and is_repro(path):
        return TargetName(Place.REPRO, text.rstrip("/"), attribute)
    if text and path.is_dir() and not (path / "__init__.py").is_file():
        if not any((path / name).is_file() for name in ("saved_model.pb", "saved_model.pbtxt")):
            raise CannotCheck(
                NOT_A_SAVED_MODEL,
                f"{target}: the directory holds no saved_model.pb; name what tf.saved_model.save or model.export wrote",
            )
        return TargetName(Place.SAVED_MODEL, text.rstrip("/"), attribute)
    is_other_file = path.is_file() and path.suffix != ""
    if text and not is_other_file and all(part.isidentifier() for part in text.split(".")):
        return TargetName(Place.MODULE, text, attribute)
    what = "is neither a .py file nor a SavedModel directory" if path.exists() else "no such file, directory or module"
    raise CannotCheck(
        CANNOT_IMPORT,
        f"{target}: {what}; write module:function, path/to/file.py:function, model.keras or a SavedModel's directory",
    )


def keras_file(target: str, text: str, attribute: str) -> TargetName:
    """A Keras file, which holds one model."""
    if attribute:
        raise CannotCheck(NO_SUCH_ATTRIBUTE, f"{target}: a .keras file holds one model and no names; write {text}")
    return TargetName(Place.KERAS_FILE, text, "")
