"""Reading: a saved JSON report becomes the records that it was written from.

In: the text, or the file. Out: a report that every renderer and the gate read as they do one that was just measured; or
GC907, one line with the place in the file. Principle: what is read can be rendered, so all that a renderer counts
on is checked here; what follows from the rest (summaries, hexadecimal ends, counts of floats) is not read. Fields that
an older gradcheck did not write have sensible defaults. Nothing here needs TensorFlow.
"""

import json
import sys
from pathlib import Path
from typing import NoReturn

from gradcheck.errors import BAD_CONFIGURATION, CannotCheck
from gradcheck.reading.parts import Part
from gradcheck.reading.targets import read_target
from gradcheck.records import Environment, Report

__all__ = ["read", "read_file"]

SIZE_LIMIT = 1 << 28
"""Bytes of a report that is read; 256 MB are some hundred thousand findings."""

VERSION = 1
"""The `schema_version` that is read."""

STANDARD_INPUT = "-"


def read_file(name: str) -> Report:
    """The report in a file, or on standard input, which is called `-`."""
    content = content_of(name)
    if len(content) > SIZE_LIMIT:
        raise mistake(name, f"it is larger than {SIZE_LIMIT >> 20} MB; scan fewer targets into one report")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise mistake(name, f"byte {error.start} is no UTF-8; {WANTED}") from error
    return read(text, name)


def content_of(name: str) -> bytes:
    """The bytes, one more than there may be where there are too many."""
    try:
        if name == STANDARD_INPUT:
            return sys.stdin.buffer.read(SIZE_LIMIT + 1)
        with Path(name).open("rb") as file:
            return file.read(SIZE_LIMIT + 1)
    except OSError as error:
        raise mistake(name, f"it cannot be read: {error.strerror}; {WANTED}") from error
    except ValueError as error:  # a name that no file can have
        raise mistake(name, f"it cannot be read: {error}; {WANTED}") from error


def read(text: str, name: str = "report") -> Report:
    """The report of a text; `name` is what mistakes are told of."""
    try:
        value = json.loads(text, parse_constant=refused)
    except RecursionError as error:
        raise mistake(name, f"it is nested too deeply; {WANTED}") from error
    except json.JSONDecodeError as error:
        raise mistake(name, f"line {error.lineno} is no JSON ({error.msg}); {WANTED}") from error
    except ValueError as error:
        raise mistake(name, f"it is no JSON ({error}); {WANTED}") from error
    return read_report(Part(name, "", value))


def read_report(part: Part) -> Report:
    """The whole document."""
    version = part.key("schema_version")
    if isinstance(version.value, bool) or version.value != VERSION:
        raise version.wrong(f"{VERSION}; read it with the gradcheck that wrote it, or scan again")
    environment, seed = part.key("environment"), part.maybe("seed")
    return Report(
        version=part.key("tool").key("version").text(),
        environment=Environment(*(environment.key(key).text() for key in ("tensorflow", "python", "device"))),
        targets=tuple(read_target(target) for target in part.key("targets").items()),
        seed=seed.whole() if seed else 0,
    )


WANTED = "give what gradcheck scan --output report.json wrote"


def refused(token: str) -> NoReturn:
    """NaN and Infinity are no JSON."""
    raise ValueError(f"{token} is no number")


def mistake(name: str, what: str) -> CannotCheck:
    """What is wrong with a file."""
    return CannotCheck(BAD_CONFIGURATION, f"{'standard input' if name == STANDARD_INPUT else name}: {what}")
