"""Errors that are messages: what happened, where, and what to do next, on one line, with a stable code.

In: whatever went wrong while a target was read, loaded, traced or run. Out: one exception type that carries the GC9xx
code and the line to print; only `cli` prints it.
"""

from collections.abc import Sequence

CANNOT_IMPORT = "GC901"
NO_SUCH_ATTRIBUTE = "GC902"
CANNOT_TRACE = "GC903"
TIMED_OUT = "GC904"
CRASHED = "GC905"
NOT_A_SAVED_MODEL = "GC906"
BAD_CONFIGURATION = "GC907"
NO_FLOAT_INPUT = "GC908"
NOT_SUPPORTED_YET = "GC909"

MESSAGE_LIMIT = 300
"""Characters of somebody else's error text that are worth repeating on one line."""
ADVICE_LIMIT = 90
"""Characters at the end of a message that are kept when it is cut: they say what to do next."""

MOST_MISTAKES = 50
"""Mistakes that are told at once; the rest is counted."""


class CannotCheck(Exception):
    """A target, or a whole run, could not be checked.

    Attributes:
        code: a GC9xx code, one for each cause.
        message: one printable line.
        messages: all that there is to say, a line each.
    """

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = one_line(message, ending=ADVICE_LIMIT)
        self.messages: tuple[str, ...] = (self.message,)
        super().__init__(f"{code} {self.message}")


class Mistakes(CannotCheck):
    """Mistakes of the user's in one place, told at once: a line each.

    Attributes:
        messages: the lines; `message` is the first.
    """

    def __init__(self, messages: Sequence[str]) -> None:
        super().__init__(BAD_CONFIGURATION, messages[0])
        told, more = messages[:MOST_MISTAKES], len(messages) - MOST_MISTAKES
        lines = [*told, *([f"and {more:,} mistakes more"] if more > 0 else [])]
        self.messages = tuple(one_line(line, ending=ADVICE_LIMIT) for line in lines)


class NotElementwise(CannotCheck):
    """A target's elements depend on one another, or its output has another shape: it is a tensor target."""


def one_line(text: str, limit: int = MESSAGE_LIMIT, ending: int = 0) -> str:
    """Fold white space, drop control characters and cut to `limit` characters, of which the last `ending` stay."""
    printable = " ".join("".join(c for c in text if c.isprintable() or c.isspace()).split())
    if len(printable) <= limit:
        return printable
    return printable[: limit - 3 - ending] + "..." + printable[len(printable) - ending :]
