"""Errors that are messages: what happened, where, and what to do next, on one line, with a stable code.

In: whatever went wrong while a target was read, loaded, traced or run. Out: one exception type that carries the GC9xx
code and the line to print; only `cli` prints it.
"""

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


class CannotCheck(Exception):
    """A target, or a whole run, could not be checked.

    Attributes:
        code: a GC9xx code, one for each cause.
        message: one printable line.
    """

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = one_line(message, ending=ADVICE_LIMIT)
        super().__init__(f"{code} {self.message}")


class NotElementwise(CannotCheck):
    """A target's elements depend on one another, or its output has another shape: it is a tensor target."""


def one_line(text: str, limit: int = MESSAGE_LIMIT, ending: int = 0) -> str:
    """Fold white space, drop control characters and cut to `limit` characters, of which the last `ending` stay."""
    printable = " ".join("".join(c for c in text if c.isprintable() or c.isspace()).split())
    if len(printable) <= limit:
        return printable
    return printable[: limit - 3 - ending] + "..." + printable[len(printable) - ending :]
