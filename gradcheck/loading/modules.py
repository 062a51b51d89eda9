"""Import the user's module or file.

In: a parsed target. Out: the module. User code runs here: whatever it raises, even `SystemExit`, becomes a GC901
message that names the exception and the line.
"""

import importlib
import importlib.util
import sys
import zlib
from pathlib import Path
from types import ModuleType

from gradcheck.errors import CANNOT_IMPORT, CannotCheck
from gradcheck.loading.failures import import_failure
from gradcheck.loading.names import Place, TargetName


def import_place(name: TargetName) -> ModuleType:
    """Import the module or the file that `name` is about."""
    try:
        return import_file(Path(name.text)) if name.place is Place.FILE else import_module(name.text)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # the user's code may raise anything, SystemExit too
        raise CannotCheck(CANNOT_IMPORT, import_failure(name.text, error)) from error


def import_module(name: str) -> ModuleType:
    """Import `name`; the last parts may be attributes (`package.namespace` where a package makes one up)."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        parent, _, last = name.rpartition(".")
        if not parent or error.name is None or not (name + ".").startswith(error.name + "."):
            raise
        namespace = getattr(import_module(parent), last, None)
        if isinstance(namespace, ModuleType):
            return namespace
        raise


def import_file(path: Path) -> ModuleType:
    """Import a file as Python would from its own directory, or as a part of the package that it lies in."""
    path = path.resolve()
    root, name = path.parent, path.stem
    while (root / "__init__.py").is_file():
        root, name = root.parent, f"{root.name}.{name}"
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    own_name = f"gradcheck_target_{zlib.crc32(str(path).encode()):08x}_{path.stem}"
    for loaded in (name, own_name):
        if loaded in sys.modules and source_path(sys.modules[loaded]) == path:
            return sys.modules[loaded]
    if "." in name and is_package(name.split(".")[0], root):
        return importlib.import_module(name)
    if "." in name or name in sys.modules or name in sys.stdlib_module_names:
        name = own_name
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None, "a .py file always has a spec"
    assert spec.loader is not None, "and a loader"
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def is_package(name: str, root: Path) -> bool:
    """Whether importing `name` gives the package that lies in `root`, not another one of that name."""
    there = sys.modules.get(name)
    return there is None or source_path(there) == root / name / "__init__.py"


def source_path(module: ModuleType) -> Path | None:
    """The .py file of a module, resolved, or None."""
    file = getattr(module, "__file__", None)
    return Path(file).resolve() if file and file.endswith(".py") else None
