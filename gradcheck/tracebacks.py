"""Tracebacks of scripts that run inside gradcheck, without gradcheck.

In: an exception, or its traceback. Out: what Python would have shown of it if the script had run alone. Principle: only
frames go that are there because gradcheck is; an error that is gradcheck's own is seen.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

HERE = str(Path(__file__).parent) + os.sep
RUNNER = f"{HERE}scripts.py"
IMPORTS = f"{HERE}imports.py"
IMPORT_SYSTEM = "<frozen importlib._bootstrap"
"""Files of frames that are not the script's."""


def behind(error: BaseException) -> Iterator[BaseException]:
    """The exceptions that an exception is printed with."""
    seen, waiting = {id(error)}, [error.__cause__, error.__context__, *getattr(error, "exceptions", ())]
    while waiting:
        chained = waiting.pop()
        if isinstance(chained, BaseException) and id(chained) not in seen:
            seen.add(id(chained))
            yield chained
            waiting += [chained.__cause__, chained.__context__, *getattr(chained, "exceptions", ())]


PASSED = "_gradcheck_passed"
"""On an error of a traced function, whose own frames TensorFlow leaves out: gradcheck's are then the last."""


def cut(trace: TracebackType | None, passed: bool = False) -> TracebackType | None:
    """A traceback without gradcheck's frames; those at its end stay, since an error in gradcheck is no other's.

    Unless it has but `passed` through them.
    """
    entries = []
    while trace is not None:
        entries.append(trace)
        trace = trace.tb_next
    files = [entry.tb_frame.f_code.co_filename for entry in entries]
    last = max((i for i, file in enumerate(files) if not file.startswith(HERE)), default=-1)
    last = len(files) if passed else last
    made: TracebackType | None = None
    for i in reversed(range(len(entries))):
        if not is_ours(files, i, last):
            made = TracebackType(made, entries[i].tb_frame, entries[i].tb_lasti, entries[i].tb_lineno)
    return made


def own(error: BaseException) -> TracebackType | None:
    """An error's traceback, as the script's own."""
    return cut(error.__traceback__, hasattr(error, PASSED))


def is_ours(files: list[str], i: int, last: int) -> bool:
    """Whether a frame is there because gradcheck is: its own, or Python's above its own in an import."""
    if files[i] == RUNNER:
        return True
    if files[i].startswith(IMPORT_SYSTEM):
        below = next((file for file in files[i:] if not file.startswith(IMPORT_SYSTEM)), "")
        return below == IMPORTS
    return files[i].startswith(HERE) and i < last
