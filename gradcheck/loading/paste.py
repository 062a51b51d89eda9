"""Lines of Python that put a target into the name `f`, to be pasted into a session in the working directory.

In: what the target's text names. Out: the lines.
"""

import json
import os
import sys
from pathlib import Path
from types import ModuleType

from gradcheck.loading.names import Place, TargetName


def paste_lines(name: TargetName, module: ModuleType) -> tuple[str, ...]:
    """Lines that import what `name` names."""
    if name.place is Place.FILE:
        return file_lines(name, module)
    if name.text in sys.modules:
        return import_lines(name.text, name.attribute)
    package, _, namespace = name.text.rpartition(".")  # TensorFlow makes tensorflow.math up
    return import_lines(package, f"{namespace}.{name.attribute}")


def file_lines(name: TargetName, module: ModuleType) -> tuple[str, ...]:
    """Import from a file, by its module's name where it was imported under one."""
    path = Path(name.text)
    is_importable = all(part.isidentifier() for part in module.__name__.split(".")) and path.stem in module.__name__
    if module.__name__.startswith("gradcheck_target_") or not is_importable:
        head, _, tail = name.attribute.partition(".")
        got = f'runpy.run_path({quoted(name.text)})["{head.removesuffix("()")}"]'
        rest = "()" * head.endswith("()") + ("." + tail if tail else "")
        return (*directory_lines(path.parent), "import runpy", *assigned(got + rest))
    root = path.resolve().parents[module.__name__.count(".")]
    return (*directory_lines(root), *import_lines(module.__name__, name.attribute))


def directory_lines(directory: Path) -> tuple[str, ...]:
    """Make a directory importable, unless it is the working directory."""
    if directory.resolve() == Path.cwd().resolve():
        return ()
    relative = os.path.relpath(directory.resolve(), Path.cwd().resolve())
    text = str(directory.resolve()) if relative.startswith("..") else Path(relative).as_posix()
    return (f"import sys; sys.path.insert(0, {quoted(text)})",)


def import_lines(module: str, attribute: str) -> tuple[str, ...]:
    """`from module import ... as f`, and a second line where `attribute` is more than a name."""
    if attribute.isidentifier():
        return (f"from {module} import {attribute}" + ("" if attribute == "f" else " as f"),)
    first = attribute.partition(".")[0].removesuffix("()")
    return (f"from {module} import {first}", *assigned(attribute))


def assigned(expression: str) -> tuple[str, ...]:
    """Lines that give an expression the name `f`, and keep what a factory made, whose method it may be."""
    owner, dot, method = expression.rpartition("().")
    return (f"owner = {owner}()", f"f = owner.{method}") if dot else (f"f = {expression}",)


def class_lines(kind: type) -> tuple[str, ...]:
    """A line that gives a namedtuple class its own name."""
    module = kind.__module__
    known = getattr(sys.modules.get(module), kind.__name__, None)
    if known is kind and module != "__main__" and not module.startswith("gradcheck_target_"):
        return (f"from {module} import {kind.__name__}",)
    fields = " ".join(kind._fields)  # type: ignore[attr-defined]
    return ("from collections import namedtuple", f'{kind.__name__} = namedtuple("{kind.__name__}", "{fields}")')


def quoted(text: str) -> str:
    """A text as a Python literal."""
    return json.dumps(text, ensure_ascii=False)
