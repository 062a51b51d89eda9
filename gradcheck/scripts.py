"""A script of the user's, run in this process as Python would run it by itself.

In: a `Script`. Out: an `Ending`.
"""

from dataclasses import dataclass


class Stopped(BaseException):
    """gradcheck ends the script: it has found what it looked for, or seen enough steps."""


@dataclass(frozen=True)
class Script:
    """What is to be run.

    Attributes:
        path: of a file; None of a module.
        module: its name, as for `python -m`; None of a file.
        arguments: what it finds behind its own name in `sys.argv`.
    """

    path: str | None
    module: str | None
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Ending:
    """How a script ended.

    Attributes:
        kind: `finished`, `stopped` (`Stopped` came through), `exited` (a status that is not 0), `raised`,
            `interrupted`.
        status: the exit status that Python would have ended with.
        error: what came through; None where it finished.
    """

    kind: str
    status: int
    error: BaseException | None = None


def run(script: Script) -> Ending:
    """Run it."""
    raise NotImplementedError
