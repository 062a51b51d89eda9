"""What the command line writes: progress, complaints, and the report where it is wanted.

In: a report, and where it is to go. Out: text on the standard streams and in files. Principle: a file is written whole
or not at all; a stream that is full or closed is one line or silence, never a traceback; nothing that goes to a stream
can steer a terminal, but for the tool's own colours. Only this file and the command line write to the standard streams.
"""

import contextlib
import importlib.util
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, TextIO

from gradcheck.errors import BAD_CONFIGURATION, CannotCheck
from gradcheck.printable import printable, printable_lines
from gradcheck.vocabulary import COULD_NOT_CHECK, EXTRAS, SUFFIXES

if TYPE_CHECKING:
    from gradcheck.records import Report
    from gradcheck.renderers import Style

Show = Callable[[str], None]

PATIENCE = 1.0
"""Seconds before the first line of progress, and between two of them, where there is no terminal."""


class Terminated(BaseException):
    """SIGTERM arrived."""


class Closed(Exception):
    """Nobody reads standard output any more, and nobody is to be told: `| head` has seen enough."""


class Interrupted(BaseException):
    """Ctrl-C, under a name that typer does not take for its own."""


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Within it Ctrl-C is `Interrupted`."""
    try:
        yield
    except KeyboardInterrupt as error:
        raise Interrupted from error


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """Within it SIGTERM is `Terminated`, so that nothing is left behind; only the main thread can say so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def terminate(number: int, frame: FrameType | None) -> None:
        raise Terminated

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def progress(terminal: TextIO) -> Iterator[Show]:
    """A spinner with the target's name on a terminal, lines in the logs of CI; nothing elsewhere."""
    if not terminal.isatty():
        yield Lines(terminal) if os.environ.get("CI", "") not in ("", "0", "false") else lambda line: None
        return
    from rich.console import Console
    from rich.text import Text

    with Console(file=terminal).status("loading TensorFlow") as status:
        yield lambda line: status.update(Text(printable(f"scanning {line}")))


class Lines:
    """Progress as lines: what is new, when it has been going on for a second."""

    def __init__(self, stream: TextIO) -> None:
        self.stream, self.shown, self.at = stream, "", time.monotonic()

    def __call__(self, line: str) -> None:
        """Show a line, unless the last one was shown just now; it is told again and again."""
        now = time.monotonic()
        if line and line != self.shown and now >= self.at + PATIENCE:
            self.shown, self.at = line, now
            say(f"gradcheck: scanning {line}", self.stream)


def format_of(path: Path) -> str:
    """The format of an output file, from its suffix."""
    if path.suffix not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        raise CannotCheck(BAD_CONFIGURATION, f"--output {path}: unknown suffix {path.suffix!r}; use one of {known}")
    if not path.parent.is_dir():
        raise CannotCheck(BAD_CONFIGURATION, f"--output {path}: no such directory: {path.parent}; make it first")
    require(SUFFIXES[path.suffix], f"--output {path}")
    return SUFFIXES[path.suffix]


def require(extra: str, option: str) -> None:
    """Check that what an option needs is installed, if it is not there from the start, before anything is scanned."""
    missing = [package for package in EXTRAS.get(extra, ()) if importlib.util.find_spec(package) is None]
    if missing:
        wanted = f"{missing[0]} is not installed: pip install 'gradcheck[{extra}]'"
        raise CannotCheck(BAD_CONFIGURATION, f"{option}: {wanted}")


def deliver(report: "Report", output_format: str, files: list[tuple[Path, str]], like: "Style") -> None:
    """Print the report and its errors, and write its files; `like` says what is drawn, and what is a failure."""
    from gradcheck.renderers import render

    for path, name in files:
        write(path, render(report, name, like))
    for target in report.targets:
        if target.error:
            complain(target.error.code, target.error.message)
    shown = render(report, output_format, replace(terminal_style(sys.stdout), fail_on=like.fail_on, plot=like.plot))
    put(shown, as_it_is=output_format == "html")


def put(text: str, as_it_is: bool = False) -> None:
    """Print to standard output, which may be full or closed, and may not know every character.

    A page has a library's code in it and is written `as_it_is`: the report's texts in it are printable from the start.
    """
    try:
        sys.stdout.write(writable(text if as_it_is else printable_lines(text), sys.stdout))
        sys.stdout.flush()
    except OSError as error:
        drain(sys.stdout)
        if isinstance(error, BrokenPipeError):
            raise Closed from error
        raise CannotCheck(BAD_CONFIGURATION, f"standard output: {error.strerror}; write elsewhere") from error


def write(path: Path, text: str, option: str = "--output") -> None:
    """Write a file whole or not at all: beside its place first, then moved there; `option` is what asks for it."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)
    except OSError as error:
        raise CannotCheck(BAD_CONFIGURATION, f"{option} {path}: {error.strerror}; choose another place") from error
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)


def terminal_style(stream: TextIO) -> "Style":
    """How to dress text for standard output."""
    from gradcheck.renderers import Style

    encoding = getattr(stream, "encoding", None) or "ascii"
    try:
        "├─█░┤".encode(encoding)
        unicode = True
    except (UnicodeEncodeError, LookupError):
        unicode = False
    colour = stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    width = min(max(shutil.get_terminal_size((80, 24)).columns, 60), 120)
    return Style(width, colour, unicode)


def complain(code: str, message: str) -> int:
    """One line on standard error; the exit status that goes with it."""
    say(f"gradcheck: {code} {message}", sys.stderr)
    return COULD_NOT_CHECK


def say(line: str, stream: TextIO) -> None:
    """One line on a stream for people; if it is full or closed there is nobody to tell."""
    try:
        stream.write(writable(printable(line), stream) + "\n")
        stream.flush()
    except OSError:
        drain(stream)
    except (ValueError, AttributeError):
        pass


def drain(stream: TextIO) -> None:
    """Let what is left in a stream's buffer go nowhere: Python writes it when it ends, and would fail."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def writable(text: str, stream: TextIO) -> str:
    """The text with escapes for what the stream's encoding does not have."""
    encoding = getattr(stream, "encoding", None) or "ascii"
    return text.encode(encoding, "backslashreplace").decode(encoding)
