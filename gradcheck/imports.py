"""What is to happen when a module is imported, and not before.

In: a module's name and a function. Out: the function is called with the module as soon as it is there. Principle: the
loader of that one module is wrapped while it loads, and is itself again before the module's own code runs; nothing is
imported for it, and no other module is touched.
"""

import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

Call = Callable[[ModuleType], None]


@dataclass(frozen=True, eq=False)
class Wish:
    """A function that waits for a module."""

    name: str
    call: Call


WISHES: list[Wish] = []
"""Those that are not fulfilled, in the order in which they were made."""

LOCK = threading.RLock()


def when_imported(name: str, call: Call) -> Callable[[], None]:
    """Call `call` with a module: now if it is imported, else right after its import ends; the result undoes the wish.

    An import that raises fulfils nothing, and the wish waits for the next one.
    """
    wish = Wish(name, call)
    with LOCK:
        WISHES.append(wish)
        if FINDER not in sys.meta_path:
            sys.meta_path.insert(0, FINDER)
    module = sys.modules.get(name)
    if module is not None and withdrawn(wish):
        call(module)

    def undo() -> None:
        withdrawn(wish)

    return undo


def withdrawn(wish: Wish) -> bool:
    """Take a wish off the list, and the finder with the last of them; False if somebody else did."""
    with LOCK:
        if wish not in WISHES:
            return False
        WISHES.remove(wish)
        if not WISHES and FINDER in sys.meta_path:
            sys.meta_path.remove(FINDER)
        return True


class Finder(MetaPathFinder):
    """Finds what others find, and has it loaded by an `Announcing` loader, if somebody waits for it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec that the other finders have for a module."""
        with LOCK:
            if all(wish.name != fullname for wish in WISHES):
                return None
        spec = found_by_others(fullname, path, target)
        if spec is not None and hasattr(spec.loader, "exec_module"):
            spec.loader = Announcing(spec.loader)
        return spec


FINDER = Finder()


def found_by_others(fullname: str, path: Sequence[str] | None, target: ModuleType | None) -> ModuleSpec | None:
    """What importing would find without the finder of this file."""
    for finder in tuple(sys.meta_path):
        find = None if finder is FINDER else getattr(finder, "find_spec", None)
        spec: ModuleSpec | None = find(fullname, path, target) if find else None
        if spec is not None:
            return spec
    return None


class Announcing(Loader):
    """A loader that tells who waits when the module is there; in everything else it is the one that it wraps."""

    def __init__(self, loader: Any) -> None:
        self.loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """The module as the loader makes it; None for an ordinary one."""
        module: ModuleType | None = self.loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's code under its own loader, then call who waits."""
        if module.__spec__ is not None:
            module.__spec__.loader = self.loader
        module.__loader__ = self.loader
        self.loader.exec_module(module)
        with LOCK:
            waiting = [wish for wish in WISHES if wish.name == module.__name__]
        for wish in waiting:
            if withdrawn(wish):
                wish.call(sys.modules.get(module.__name__, module))
