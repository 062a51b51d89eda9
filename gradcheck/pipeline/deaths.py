"""How a worker ended, in words.

In: its exit status, and the Python stack that it left behind (faulthandler writes it at a fatal signal). Out: what
happened, and the user's line that it happened in.
"""

import re
import signal
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from gradcheck.loading.failures import is_users

FRAME = re.compile(r'^  File "(.+)", line (\d+) in (.+)$', re.MULTILINE)
AUTOGRAPH = "__autograph_generated_file"
"""Files of code that AutoGraph wrote: its lines are not the user's, its functions are, with `tf__` in front."""

OURS = "tf__call"
"""What `tracing.layouts.positional` calls a target from, converted with it."""

LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})


@dataclass(frozen=True)
class Death:
    """The end of a worker.

    Attributes:
        status: as `subprocess` has it: negative for a signal.
        last_words: stacks of its threads, innermost frame first, or nothing.
    """

    status: int
    last_words: str = ""

    @property
    def how(self) -> str:
        """`was killed by SIGSEGV`, `exited with status 3`."""
        if self.status >= 0:
            return f"exited with status {self.status}"
        try:
            name = signal.Signals(-self.status).name
        except ValueError:
            name = f"signal {-self.status}"
        return f"was killed by {name}" + (" (out of memory?)" if name == "SIGKILL" else "")

    @property
    def where(self) -> str:
        """` (losses.py:12)`: the user's innermost line, in the thread that failed if that is known; or nothing."""
        before, current, after = self.last_words.rpartition("Current thread ")
        own, _, others = after.partition("\n\n") if current else ("", "", after)
        return next(filter(None, map(place, (own, others, before))), "")


def place(stack: str) -> str:
    """The innermost line of the user's; where AutoGraph rewrote them all, the outermost function of those."""
    converted = ""
    for file, line, function in FRAME.findall(stack):
        if Path(file).name.startswith(AUTOGRAPH):  # libraries' functions too, and nothing tells them apart
            converted = converted if function == OURS else f" (in {function.removeprefix('tf__')})"
        elif is_users(file) and not file.startswith((*LIBRARIES, "<")):
            return f" ({Path(file).name}:{line})"
    return converted
