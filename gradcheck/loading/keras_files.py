"""Load a .keras file.

In: its path. Out: a `LoadedTarget` of the model in it. No code that the file brings along is run: Keras's safe mode
stays on.
"""

import re
import zipfile
from pathlib import Path

import tensorflow as tf

from gradcheck.errors import CANNOT_IMPORT, CannotCheck, one_line
from gradcheck.loading.keras_objects import load_keras
from gradcheck.loading.paste import quoted
from gradcheck.records import LoadedTarget

FACTORY = "or name a factory that builds it, module:make_model()"


def load_keras_file(target: str, path: Path) -> LoadedTarget:
    """Load the model of `path`."""
    if not zipfile.is_zipfile(path):
        raise CannotCheck(CANNOT_IMPORT, f"{target}: damaged, it is no zip archive as .keras files are; save it again")
    try:
        model = tf.keras.models.load_model(path, compile=False, safe_mode=True)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever its reader, or a registered class of the user's, stumbles on
        raise CannotCheck(CANNOT_IMPORT, f"{target}: {unreadable(error)}") from error
    if not model.built:
        message = "it was saved before it was built, so it holds no weights; call the model once and save it again"
        raise CannotCheck(CANNOT_IMPORT, f"{target}: {message}")
    load = f"f = tf.keras.models.load_model({quoted(str(path))}, compile=False)"
    return load_keras(target, model, ("import tensorflow as tf", load))


def unreadable(error: BaseException) -> str:
    """Why a file cannot be loaded, and what to do."""
    text = str(error)
    if "Lambda" in text:
        return (
            "it holds a Lambda layer, whose code Keras's safe mode does not run; make it a class registered with"
            f" @keras.saving.register_keras_serializable, {FACTORY}"
        )
    if unknown := re.search(r"Could not (?:locate|find) (?:class|function|object) '([^']+)'", text):
        return (
            f"its class {unknown[1]} is not known; import the module that registers it with"
            f" @keras.saving.register_keras_serializable, {FACTORY}"
        )
    return f"cannot be loaded as a Keras model: {type(error).__name__}: {one_line(text, 120)}; save it again"
