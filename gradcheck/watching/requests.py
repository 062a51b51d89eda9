"""What is looked for on request: gradients that vanish or explode, variables that get none or are in no optimizer.

In: each step's norms. Out: `Found`s.
"""

from typing import TYPE_CHECKING, Any

from gradcheck.options import WatchOptions

if TYPE_CHECKING:
    from gradcheck.watching.watcher import Watcher


class Requests:
    """What the user asked for."""

    def __init__(self, options: WatchOptions) -> None:
        self.options = options

    @property
    def any(self) -> bool:
        """Whether every step is to be looked at."""
        return False

    def step(self, watcher: "Watcher", seen: Any, variables: Any, norms: Any, step: int) -> None:
        """One step of one optimizer."""

    def finish(self, watcher: "Watcher") -> None:
        """The end."""
