"""Import the user's module or file and find an attribute in it.

In: a parsed target. Out: the module, the attribute. User code runs here: whatever it raises, even `SystemExit`, becomes
a GC901 message that names the exception and the line.
"""

import difflib
import importlib
import importlib.util
import inspect
import sys
import traceback
import zlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from gradcheck.errors import CANNOT_IMPORT, NO_SUCH_ATTRIBUTE, CannotCheck, one_line
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


def attribute(module: ModuleType, target: str, dotted: str) -> Callable[..., Any]:
    """The callable at `dotted` in `module`."""
    found: Any = module
    for part in dotted.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            where = getattr(found, "__name__", type(found).__name__)
            near = difflib.get_close_matches(part, dir(found), n=1)
            hint = f"did you mean {near[0]}?" if near else "is it defined under another name?"
            raise CannotCheck(NO_SUCH_ATTRIBUTE, f"{target}: {where} has no {part!r}; {hint}") from None
        except Exception as error:  # the user's property or module __getattr__
            said = f"{type(error).__name__}: {one_line(str(error), 120)}"
            raise CannotCheck(NO_SUCH_ATTRIBUTE, f"{target}: asking for {part!r} raised {said}; mend it") from error
    if inspect.isclass(found):
        raise CannotCheck(
            NO_SUCH_ATTRIBUTE, f"{target}: {dotted} is a class; name a function, or an instance that can be called"
        )
    if not callable(found):
        raise CannotCheck(
            NO_SUCH_ATTRIBUTE,
            f"{target}: {dotted} is a {type(found).__name__}, not a function; name something callable",
        )
    return found  # type: ignore[no-any-return]


def source_path(module: ModuleType) -> Path | None:
    """The .py file of a module, resolved, or None."""
    file = getattr(module, "__file__", None)
    return Path(file).resolve() if file and file.endswith(".py") else None


def import_failure(place: str, error: BaseException) -> str:
    """One line on why an import failed, with the line of the user's code that it failed at."""
    if isinstance(error, ModuleNotFoundError) and error.name and (place + ".").startswith(error.name + "."):
        return f"{place}: no module named {error.name!r}; run gradcheck in the directory that holds it, or install it"
    if isinstance(error, SyntaxError):
        where = f"{error.filename}:{error.lineno}" if error.lineno else place
        return f"{place}: not valid Python: {error.msg} ({where}); fix it and run again"
    frames = [f for f in traceback.extract_tb(error.__traceback__) if is_users(f.filename)]
    where = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    said = f"{type(error).__name__}: {one_line(str(error), 120)}".rstrip(": ")
    return f"{place}: importing it raised {said}{where}; it must import cleanly"


def is_users(filename: str) -> bool:
    """Whether a frame is neither the import system's nor gradcheck's."""
    return (
        not filename.startswith("<frozen")
        and "importlib" not in filename
        and Path(__file__).parent.parent not in Path(filename).parents
    )
