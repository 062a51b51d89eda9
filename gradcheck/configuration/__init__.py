"""What a project says of its targets, in gradcheck.toml or in `[tool.gradcheck]` of its pyproject.toml.

In: a directory. Out: the `Configuration` of the nearest file that has one. Mistakes are GC907, all of a file at once,
each with file and key. pydantic is imported when there is something to check.
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gradcheck.configuration.files import Tables, find
from gradcheck.configuration.said import EMPTY, Configuration, RunOptions, TargetTable
from gradcheck.errors import Mistakes
from gradcheck.precedence import for_all
from gradcheck.records import Ignore

if TYPE_CHECKING:
    from gradcheck.configuration.models import Target, Top

__all__ = ["EMPTY", "Configuration", "RunOptions", "TargetTable", "read"]


def read(directory: Path) -> Configuration:
    """What the nearest file says, from a directory upwards; nothing where there is none."""
    tables = find(directory)
    if tables is None:
        return EMPTY
    directory_of = None if tables.path.parent == directory else str(tables.path.parent)
    empty = Configuration(tables.shown, tables.heading(of_target=True), directory=directory_of)
    return configuration_of(checked(tables), empty) if tables.content else empty


def checked(tables: Tables) -> "Top":
    """The keys and values; raises `Mistakes`."""
    from pydantic import ValidationError  # 0.1 s

    from gradcheck.configuration.complaints import doubled, lines_of
    from gradcheck.configuration.models import Top

    mistakes = list(doubled(tables))
    try:
        top = Top.model_validate(tables.content)
    except ValidationError as error:
        raise Mistakes([*lines_of(error, tables), *mistakes]) from None
    if mistakes:
        raise Mistakes(mistakes)
    return top


def configuration_of(top: "Top", empty: Configuration) -> Configuration:
    """The record of what a file says; its paths start where it lies."""
    base = Path(empty.directory or "")
    gate = top.gate()
    return replace(
        empty,
        top=for_all(top.said(top.seed)),
        targets={target.name: table_of(target, empty.path) for target in top.target or ()},
        gate=replace(gate, baseline=base / gate.baseline if gate.baseline else None),
        run=RunOptions(top.jobs, top.timeout, tuple(str(base / file) for file in top.output or ()), top.format),
    )


def table_of(target: "Target", path: str) -> TargetTable:
    """The record of one target's table."""
    ignores = tuple(Ignore(tuple(i.code), i.reason, "configuration", path) for i in target.ignore or ())
    return TargetTable(target.said(against=target.against), ignores)
