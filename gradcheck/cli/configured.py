"""The command line of a scan, completed by the configuration.

In: what was said on the command line. Out: what is run. Principle: what is said wins, and a project says the rest; one
that names its targets is scanned where its file lies, so that the same command does the same from a directory below.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import overload

from gradcheck import configuration
from gradcheck.configuration import Configuration
from gradcheck.delivery import format_of
from gradcheck.errors import BAD_CONFIGURATION, CannotCheck
from gradcheck.options import Said
from gradcheck.parsing import parse_timeout

Files = list[tuple[Path, str]]


@dataclass(frozen=True)
class Run:
    """What is run, and where its report goes."""

    targets: tuple[str, ...]
    jobs: int | None
    timeout: float
    output_format: str
    files: Files
    configuration: Configuration


def configured_run(
    targets: tuple[str, ...],
    said: Said,
    jobs: int | None,
    timeout: float | None,
    output_format: str | None,
    files: Files,
) -> Run:
    """The run that was asked for; None, and no files, are for the configuration to say."""
    here = Path.cwd()
    configured = configuration.read(here)
    targets = targets or targets_of(configured)
    if Path.cwd() != here:
        configured = configuration.read(Path.cwd())  # the same, named and with paths as from there
    files = [(anchored(path, here), name) for path, name in files]
    files = files or [(Path(name), format_of(Path(name))) for name in configured.run.outputs]
    return Run(
        targets,
        jobs or configured.run.jobs,
        timeout or configured.run.timeout or longest(targets, said, configured),
        output_format or configured.run.output_format or "table",
        files,
        configured,
    )


@overload
def anchored(path: Path, here: Path) -> Path: ...
@overload
def anchored(path: None, here: Path) -> None: ...
def anchored(path: Path | None, here: Path) -> Path | None:
    """A path as it was meant before the working directory was another one."""
    return path if path is None or Path.cwd() == here else here / path


def targets_of(configured: Configuration) -> tuple[str, ...]:
    """The configured targets, which are named from where the file lies: that is the working directory from here on."""
    if not configured.targets:
        heading = f'write {configured.heading} with name = "module:function" into {configured.path}'
        raise CannotCheck(BAD_CONFIGURATION, f"no target: name one, gradcheck scan module:function, or {heading}")
    if configured.directory:
        os.chdir(configured.directory)
    return tuple(configured.targets)


def longest(targets: tuple[str, ...], said: Said, configured: Configuration) -> float:
    """The time that a target may take, of the one that may take the longest."""
    return max(parse_timeout(None, options) for target in targets for options in configured.every(target, said))
