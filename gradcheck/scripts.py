"""A script of the user's, run in this process as Python would run it by itself.

In: a `Script`. Out: an `Ending`, and its traceback on standard error as Python would have printed it. Principle: what
the script can see is what it would see under `python`: a fresh `__main__`, its arguments, `sys.path`, the streams; a
module, a directory and a zip file are run by the function that `python -m` itself calls. Its file is compiled from
bytes, so that Python decodes it.
"""

import contextlib
import os
import runpy
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader, SourcelessFileLoader
from pathlib import Path
from types import CodeType, ModuleType, TracebackType
from typing import Any

from gradcheck.errors import CANNOT_IMPORT, CannotCheck
from gradcheck.tracebacks import behind, own
from gradcheck.vocabulary import INTERRUPTED

Hook = Callable[[type[BaseException], BaseException, TracebackType | None], Any]


class Stopped(BaseException):
    """gradcheck ends the script: it has found what it looked for, or seen enough steps."""

    def __init__(self, said: str = "gradcheck stops the script here") -> None:
        super().__init__(said)


@dataclass(frozen=True)
class Script:
    """What is to be run.

    Attributes:
        path: of a file, or of a directory or zip file with a `__main__.py`; None of a module.
        module: its name, as for `python -m`; None of a file.
        arguments: what it finds behind its own name in `sys.argv`.
    """

    path: str | None
    module: str | None
    arguments: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What the user called it."""
        return self.path if self.path is not None else str(self.module)


@dataclass(frozen=True, eq=False)
class Ending:
    """How a script ended.

    Attributes:
        kind: `finished`, `stopped` (`Stopped` came through), `exited` (a status that is not 0), `raised`,
            `interrupted`.
        status: the exit status that Python would have ended with.
        error: what came through; None where it finished.
        hook: `sys.excepthook` as the script left it.
    """

    kind: str
    status: int
    error: BaseException | None = None
    hook: Hook = sys.__excepthook__


def run(script: Script) -> Ending:
    """Run it. Raises `CannotCheck` if it is not there."""
    start = module_start(script) if script.path is None else file_start(script.path)
    with as_main(script, start):
        try:
            start.go()
        except BaseException as error:
            if is_missing(error):
                raise CannotCheck(CANNOT_IMPORT, missing(script, str(error.__context__))) from None
            return ending_of(error, sys.excepthook)
        return Ending("finished", 0, hook=sys.excepthook)


@dataclass(frozen=True)
class Start:
    """How a script is started.

    Attributes:
        go: what runs it, in the `__main__` of the moment.
        path0: its `sys.path[0]`; None where Python adds none.
        argv0: its `sys.argv[0]`.
    """

    go: Callable[[], object]
    path0: str | None
    argv0: str


def module_start(script: Script) -> Start:
    """How `python -m` starts a module: from the working directory, its name unknown until it is found."""
    return Start(lambda: run_module(script.module, True), None if is_safe() else str(Path.cwd()), "-m")


def file_start(path: str) -> Start:
    """How `python` starts a file: from its directory, links followed; a directory or zip file is its own."""
    if not Path(path).exists():
        raise CannotCheck(CANNOT_IMPORT, f"{path}: no such file; name the script to run, or -m and a module")
    finder = finder_of(path)
    if finder is not None and finder.find_spec("__main__") is None:
        raise CannotCheck(CANNOT_IMPORT, f"{path}: there is no __main__.py in it; name the script to run")
    if finder is not None:
        return Start(lambda: run_module("__main__", False), absolute(path), path)
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise CannotCheck(CANNOT_IMPORT, f"{path}: {error.strerror}; name a file that can be read") from error
    return Start(lambda: run_file(path, content), None if is_safe() else str(Path(path).resolve().parent), path)


def finder_of(path: str) -> Any:
    """What finds modules in a directory or a zip file; None of another file."""
    for hook in sys.path_hooks:
        with contextlib.suppress(ImportError):
            return hook(path)
    return None


def absolute(path: str) -> str:
    """A path from the root on, otherwise as it was written: `/here/./train.py`, as in Python's own tracebacks."""
    return os.path.join(Path.cwd(), path)  # noqa: PTH118  (pathlib leaves the dot out)


def is_safe() -> bool:
    """Whether Python was told to add nothing to `sys.path` (-P)."""
    return bool(getattr(sys.flags, "safe_path", False))


def run_module(name: str | None, alter_argv: bool) -> object:
    """What `python -m` does: private, but the same in every Python for many years, and what debuggers call."""
    return runpy._run_module_as_main(name, alter_argv)  # type: ignore[attr-defined]


def run_file(path: str, content: bytes) -> None:
    """Run a file's bytes in the present `__main__`."""
    namespace = sys.modules["__main__"].__dict__
    place = absolute(path)
    compiled = path.endswith(".pyc")
    loader = (SourcelessFileLoader if compiled else SourceFileLoader)("__main__", place)
    namespace.update(__file__=place, __cached__=None, __loader__=loader)
    code = loader.get_code("__main__") if compiled else compile(content, place, "exec", dont_inherit=True)
    assert isinstance(code, CodeType)
    exec(code, namespace)


@contextlib.contextmanager
def as_main(script: Script, start: Start) -> Iterator[None]:
    """Within it there is a fresh `__main__`, with the arguments and the path of a process of its own."""
    main, argv, path, hook = sys.modules["__main__"], sys.argv, sys.path, sys.excepthook
    entries = list(path)
    sys.modules["__main__"] = fresh_main()
    sys.path[:] = path_with(start.path0)
    sys.argv = [start.argv0, *script.arguments]
    sys.excepthook = sys.__excepthook__
    try:
        yield
    finally:
        sys.modules["__main__"], sys.argv, sys.path, sys.excepthook = main, argv, path, hook
        path[:] = entries


def fresh_main() -> ModuleType:
    """A `__main__` as it is when Python starts."""
    module = ModuleType("__main__")
    module.__dict__.update(__builtins__=sys.modules["builtins"], __annotations__={})
    return module


def path_with(first: str | None) -> list[str]:
    """`sys.path` with another first entry, in the place of the one that Python made of gradcheck's own command."""
    ours = {"", str(Path.cwd()), str(Path(sys.argv[0]).resolve().parent)}
    rest = sys.path[1:] if sys.path and sys.path[0] in ours and not is_safe() else list(sys.path)
    return rest if first is None else [first, *rest]


def is_missing(error: BaseException) -> bool:
    """Whether there was nothing to run: what `python -m` says instead of a traceback."""
    return isinstance(error, SystemExit) and isinstance(error.__context__, runpy._Error)  # type: ignore[attr-defined]


def missing(script: Script, why: str) -> str:
    """That a module is not there, and why."""
    name = script.path or f"-m {script.module}"
    return f"{name}: {why}; go where python {name} runs it"


def ending_of(error: BaseException, hook: Hook) -> Ending:
    """How an exception ends a script."""
    if isinstance(error, Stopped):
        return Ending("stopped", 0, error, hook)
    if isinstance(error, KeyboardInterrupt):
        return Ending("interrupted", INTERRUPTED, error, hook)
    if isinstance(error, SystemExit):
        status = status_of(error.code)
        return Ending("exited", status, error, hook) if status else Ending("finished", 0, hook=hook)
    return Ending("raised", 1, error, hook)


def status_of(code: object) -> int:
    """The exit status that `SystemExit` stands for: the low byte of a number, 1 of anything that is to be printed."""
    if code is None:
        return 0
    if not isinstance(code, int):
        return 1
    return int(code) & 0xFF if -(1 << 63) <= code < 1 << 63 else 0xFF


def show(ending: Ending) -> int:
    """Print what Python would have printed on standard error at the end, through the script's own hook if it has one.

    The result is the exit status: that of the ending, unless the hook exits with another.
    """
    error = ending.error
    if isinstance(error, SystemExit):
        if not isinstance(error.code, int):
            written(f"{error.code}\n")
    elif ending.kind in ("raised", "interrupted") and error is not None:
        return hooked(error.with_traceback(own(error)), ending)
    return ending.status


def hooked(error: BaseException, ending: Ending) -> int:
    """Call the hook as Python does when an exception reaches the top."""
    for chained in behind(error):
        chained.__traceback__ = own(chained)
    try:
        ending.hook(type(error), error, error.__traceback__)
    except SystemExit as exiting:
        return status_of(exiting.code)
    except BaseException as failure:
        written("Error in sys.excepthook:\n")
        written("".join(traceback.format_exception(failure.with_traceback(own(failure)))))
        written("\nOriginal exception was:\n")
        sys.__excepthook__(type(error), error, error.__traceback__)
    return ending.status


def written(text: str) -> None:
    """Write to standard error; if it is full or closed there is nobody to tell."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(text)
        sys.stderr.flush()
