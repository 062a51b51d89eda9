"""Where a module is, without importing it or its packages.

In: its name. Out: the file that importing it would run. Principle: the interpreter's own finders are asked, part by
part, each package's directory for the next part.
"""

import os
import sys
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

STANDARD_LIBRARY = str(Path(os.__file__).resolve().parent)
OWN = str(Path(__file__).resolve().parent.parent)
INSTALLED = frozenset({"site-packages", "dist-packages"})


@dataclass(frozen=True)
class Module:
    """A module that was found.

    Attributes:
        name: dotted.
        file: what importing it runs; None of a built-in and of a package without `__init__`.
        directories: where its submodules are; empty where it is no package.
    """

    name: str
    file: str | None
    directories: tuple[str, ...]

    @property
    def is_package(self) -> bool:
        """Whether it may have submodules."""
        return bool(self.directories)

    @property
    def is_local(self) -> bool:
        """Whether it is the user's: not of the standard library, not installed, not gradcheck's."""
        return any(is_local(place) for place in ((self.file,) if self.file else self.directories))


def is_local(place: str) -> bool:
    """Whether a file or directory is the user's."""
    path = os.path.realpath(place)
    if INSTALLED.intersection(Path(path).parts) or INSTALLED.intersection(Path(place).parts):
        return False
    return not any(path == home or path.startswith(home + os.sep) for home in (STANDARD_LIBRARY, OWN))


def find(name: str, roots: tuple[str, ...], parent: Module | None = None) -> Module | None:
    """A module, in its package or else in `roots` and where this interpreter looks; None where there is none."""
    within = list(parent.directories) if parent else None
    try:
        spec = spec_of(name, within, [*roots, *sys.path])
    except KeyError:  # a namespace in a package that is not imported
        last = name.rpartition(".")[2]
        return Module(name, None, tuple(d for place in within or () if Path(d := os.path.join(place, last)).is_dir()))  # noqa: PTH118
    if spec is None:
        return None
    file = spec.origin if spec.has_location else None
    return Module(name, file, tuple(spec.submodule_search_locations or ()))


def spec_of(name: str, within: list[str] | None, everywhere: list[str]) -> ModuleSpec | None:
    """What the first finder says that knows the module."""
    for finder in sys.meta_path:
        path = everywhere if within is None and finder is PathFinder else within
        try:
            spec = finder.find_spec(name, path)
        except (ImportError, AttributeError, ValueError, OSError):
            continue
        if spec is not None:
            return spec
    return None
