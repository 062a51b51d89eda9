"""What to say when user code raises while it is loaded.

In: the exception. Out: its type, its words and the user's line, on one line.
"""

import traceback
from pathlib import Path

from gradcheck.errors import one_line


def import_failure(place: str, error: BaseException) -> str:
    """One line on why an import failed, with the line of the user's code that it failed at."""
    if isinstance(error, ModuleNotFoundError) and error.name and (place + ".").startswith(error.name + "."):
        return f"{place}: no module named {error.name!r}; run gradcheck in the directory that holds it, or install it"
    if isinstance(error, SyntaxError):
        where = f"{error.filename}:{error.lineno}" if error.lineno else place
        return f"{place}: not valid Python: {error.msg} ({where}); fix it and run again"
    return f"{place}: importing it raised {said(error)}; it must import cleanly"


def said(error: BaseException) -> str:
    """The exception's type and words, and the last line of user code that it passed."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if is_users(f.filename)]
    frames = [f for f in frames if "site-packages" not in f.filename] or frames
    where = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {one_line(str(error), 120)}".rstrip(": ") + where


def is_users(filename: str) -> bool:
    """Whether a frame is neither the import system's nor gradcheck's."""
    return (
        not filename.startswith("<frozen")
        and "importlib" not in filename
        and Path(__file__).parent.parent not in Path(filename).parents
    )
