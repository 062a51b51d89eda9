"""What is to happen when a module is imported, and not before.

In: a module's name and a function. Out: the function is called with the module as soon as it is there.
"""

from collections.abc import Callable
from types import ModuleType


def when_imported(name: str, call: Callable[[ModuleType], None]) -> Callable[[], None]:
    """Call `call` with a module: now if it is imported, else right after its import ends; the result undoes the wish."""
    raise NotImplementedError
