"""Libraries that are imported when they are first used, for modules that are imported where they may not be.

In: a library's name. Out: what stands for it until then. numpy takes 0.1 s, half of what a cached scan or a hook with
nothing to do takes altogether; the modules that describe floats and records need it only for arrays of them.
"""

import importlib
from typing import Any


class Later:
    """A library; each of its names is looked up in it once."""

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __getattr__(self, name: str) -> Any:
        found = getattr(importlib.import_module(self.__name__), name)
        setattr(self, name, found)
        return found
