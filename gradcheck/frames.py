"""Whose code a frame runs: the user's, a library's, or ours.

In: names of source files. Out: yes or no. TensorFlow is not imported: it is asked where it is if it is there.
"""

import sys
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent
LIBRARIES = ("tensorflow", "keras", "tf_keras", "tensorflow_probability")


@cache
def is_ours(file: str) -> bool:
    """Whether a source file is gradcheck's."""
    return Path(file).is_relative_to(PACKAGE)


@cache
def is_users(file: str) -> bool:
    """Whether a source file is neither a library's nor gradcheck's nor made up; a cell of IPython is the user's."""
    if file.startswith(("<ipython-input-", "<python-input-")):
        return True
    parents = set(Path(file).parents)
    known = {PACKAGE, *libraries()}
    return not file.startswith("<") and "__autograph_generated_file" not in file and not known & parents


def libraries() -> list[Path]:
    """Where TensorFlow and Keras are."""
    found = [getattr(sys.modules.get(name), "__file__", None) for name in LIBRARIES]
    folders = [Path(file).parent for file in found if file]
    return [*folders, *(folder.with_name("keras") for folder in folders)]
