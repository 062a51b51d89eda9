"""A commented start: what a project may say, and the hook that scans before a commit.

In: a directory. Out: what is written there and what is left to the user, who may have a file of that name: nothing is
overwritten, and what is in a pyproject.toml stays as it is, byte for byte.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from gradcheck.configuration.files import OWN, SHARED, TABLE, load, parsed, table_in, text_of
from gradcheck.errors import BAD_CONFIGURATION, CannotCheck

HOOKS = ".pre-commit-config.yaml"

TOP = """\
# Options of every target that has an input of that name; the command line, a comment above a function and a target's
# own table come first. A line that begins with # and no blank is an example: take the # away.
#range = {x = "-100:100"}
#domain = {labels = "one-hot", weights = "0:1"}
#shape = {batch = [4, 3]}
#hold = {temperature = 0.5}
#dtype = "float32"
#mode = ["graph", "xla"]
#tolerance = 0.001
#budget = "10s"

# What counts: codes or beginnings of codes, and the lowest severity that fails.
#select = ["GC"]
#ignore = ["GC004"]
#fail-on = "error"

# How it is run, and where reports go.
#jobs = 2
#timeout = "2m"
#output = ["gradcheck.json"]
"""

TARGET = """
# What `gradcheck scan` scans when it is given no target: a table each.
#[[{target}]]
#name = "package.module:function"
#range = "-10:10"
#ignore = [{{code = "GC002", reason = "the loss clips its input before"}}]
"""

REPOSITORY = """\
  - repo: local
    hooks:
      - id: gradcheck
        name: gradcheck
        entry: gradcheck hook
        language: system
        types_or: [python, toml]
        require_serial: true
"""


@dataclass(frozen=True)
class Step:
    """One file: what was done, in a line, and what is left to add by hand, if anything."""

    done: str
    by_hand: str = ""


def begin(directory: Path) -> tuple[Step, ...]:
    """Write what is missing."""
    return options(directory), hook(directory)


def start_of(*, own: bool) -> str:
    """The text that a file begins with."""
    heading = "" if own else f"[{TABLE}]\n"
    return heading + TOP + TARGET.format(target="target" if own else f"{TABLE}.target")


def options(directory: Path) -> Step:
    """A start of options: in pyproject.toml, or where there is none in a file of its own."""
    own, shared = directory / OWN, directory / SHARED
    if os.path.lexists(own):
        return Step(f"{OWN} is there already; it may say", start_of(own=True))
    if not os.path.lexists(shared):
        create(own, start_of(own=True))
        return Step(f"wrote {OWN}")
    if table_in(SHARED, load(shared, SHARED)) is not None:
        return Step(f"{SHARED} has a table [{TABLE}] already; it may say", start_of(own=False))
    return append(shared, start_of(own=False))


def hook(directory: Path) -> Step:
    """The hook of pre-commit."""
    if os.path.lexists(directory / HOOKS):
        return Step(f"{HOOKS} is there already; add under repos", REPOSITORY)
    create(directory / HOOKS, f"repos:\n{REPOSITORY}")
    return Step(f"wrote {HOOKS}")


def create(path: Path, text: str) -> None:
    """Write a file that is not there."""
    try:
        with path.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
    except OSError as error:
        raise refused(path, error) from error


def append(path: Path, text: str) -> Step:
    """Add to the end of a TOML file, if it is one then."""
    before = text_of(path)
    newline = "\r\n" if "\r\n" in before else "\n"
    gap = newline * (0 if not before else 1 if before.endswith("\n") else 2)
    added = gap + text.replace("\n", newline)
    try:
        parsed(before + added)
    except ValueError:  # `tool` is an inline table, to which nothing can be added from outside
        return Step(f"{path.name} has its tools in one table; add to it", text)
    try:
        with path.open("ab") as file:
            file.write(added.encode())
    except OSError as error:
        raise refused(path, error) from error
    return Step(f"added [{TABLE}] to {path.name}")


def refused(path: Path, error: OSError) -> CannotCheck:
    """A file that cannot be written."""
    return CannotCheck(BAD_CONFIGURATION, f"{path.name}: it cannot be written: {error.strerror}; make it writable")
