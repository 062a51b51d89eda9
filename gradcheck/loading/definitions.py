"""Where a target is defined, and what comments say of it.

In: the module that a target was taken from, its dotted name, and what was found there. Out: its `Place`, and `Ignore`s:
of the target where they stand on its definition (the function's header, the comment block above it, the assignment of
its name), of single lines where they stand inside of it. The function under decorators, `functools.partial`,
`tf.function` and methods is looked for too. Only attributes and source files are read.
"""

import ast
import functools
import inspect
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from gradcheck.loading.comments import Comment, Definition, Source, first_of, source_of
from gradcheck.loading.modules import source_path
from gradcheck.records import Ignore, Lines, Place, place_of

INSTALLED = {"site-packages", "dist-packages"}
CALLS = ("call", "__call__")
"""Methods by which an object is called, Keras's own first."""

Defined = tuple[str, Source, ast.stmt]
"""A file, and a statement of it."""


def described(module: ModuleType, dotted: str, value: Callable[..., Any]) -> tuple[Place | None, tuple[Ignore, ...]]:
    """Where a target is defined, and what is not to count of it."""
    found = {(path, first_of(node)): (path, source, node) for path, source, node in definitions(module, dotted, value)}
    defined = list(found.values())
    place = place_of(defined[0][0], defined[0][2].lineno) if defined else None
    own = file_of(module)
    files = {path: source for path, source, _ in defined}
    if own and (source := source_of(own)):
        files.setdefault(own, source)
    return place, tuple(i for path, source in files.items() for i in ignores_in(path, source, defined))


def ignores_in(path: str, source: Source, defined: list[Defined]) -> Iterator[Ignore]:
    """What the comments of one file say of a target, and every mistake in them."""
    nodes = [node for file, _, node in defined if file == path]
    for comment in source.comments:
        inside = any(first_of(n) <= comment.first and comment.last <= (n.end_lineno or n.lineno) for n in nodes)
        if comment.mistake or comment.node in nodes:
            yield ignore(path, comment, whole=True)
        elif inside:
            yield ignore(path, comment)


def ignores_at(places: Iterable[tuple[str, int]]) -> Iterator[Ignore]:
    """What comments say of lines, those on functions and classes around them too, and mistakes in those files."""
    for path, line in dict.fromkeys(places):
        source = source_of(path)
        for comment in source.comments if source else ():
            if comment.mistake or comment.first <= line <= comment.last:
                yield ignore(path, comment, whole=bool(comment.mistake))


def ignore(path: str, comment: Comment, whole: bool = False) -> Ignore:
    """A comment as a record; of the `whole` target, or of its lines."""
    place = place_of(path, comment.line)
    lines = None if whole else Lines(place.file, comment.first, comment.last)
    return Ignore(comment.codes, comment.reason, "comment", place.text, lines, comment.mistake)


def definitions(module: ModuleType, dotted: str, value: Any) -> Iterator[Defined]:
    """The statements that define a target: the one that gives it its name, and that of the function underneath."""
    path = file_of(module)
    source = source_of(path) if path else None
    node = by_name(source.tree, dotted.split(".")) if source else None
    if path and source and node:
        yield path, source, node
    code = code_of(value)
    if code is not None and not INSTALLED & set(Path(code.co_filename).parts):
        file = str(Path(code.co_filename).absolute())
        source = source_of(file)
        node = by_code(source.tree, code) if source else None
        if source and node:
            yield file, source, node


def file_of(module: ModuleType) -> str | None:
    """The source file of a module that is not installed, by the name that its functions know it by."""
    if source_path(module) is None:
        return None
    path = Path(str(module.__file__)).absolute()
    return None if INSTALLED & set(path.parts) else str(path)


def by_name(tree: ast.Module, parts: list[str]) -> ast.stmt | None:
    """The definition of a dotted name, as far as classes and factories lead."""
    body: list[ast.stmt] = tree.body
    node: ast.stmt | None = None
    for part in parts:
        named = [n for n in flat(body) if part.removesuffix("()") in names_of(n)]
        if not named:
            return None if isinstance(node, ast.ClassDef) else node
        node = named[-1]
        body = node.body if isinstance(node, ast.ClassDef) else []
    return None if isinstance(node, ast.ClassDef) and not parts[-1].endswith("()") else node


def flat(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements, those under `if`, `try` and `with` too."""
    for node in body:
        yield node
        if isinstance(node, ast.If | ast.Try | ast.With):
            handlers = [inner for handler in getattr(node, "handlers", ()) for inner in handler.body]
            yield from flat([*node.body, *handlers, *getattr(node, "orelse", ()), *getattr(node, "finalbody", ())])


def names_of(node: ast.stmt) -> set[str]:
    """The names that a statement defines."""
    if isinstance(node, Definition):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    named = [n for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)]
    return {n.id for n in named if isinstance(n.ctx, ast.Store)}


def by_code(tree: ast.Module, code: CodeType) -> ast.stmt | None:
    """The definition of a function's code; of a lambda, the innermost statement around it."""
    line = code.co_firstlineno
    nodes = [n for n in ast.walk(tree) if isinstance(n, ast.stmt) and first_of(n) <= line <= (n.end_lineno or 0)]
    named = [n for n in nodes if isinstance(n, Definition) and n.name == code.co_name and first_of(n) == line]
    return (named or nodes)[-1] if nodes else None


def code_of(value: Any) -> CodeType | None:
    """The code of the function under all that is wrapped around it."""
    try:
        return code_under(value)
    except Exception:  # the user's __getattr__ may raise anything
        return None


def code_under(value: Any) -> CodeType | None:
    """The same; may raise."""
    for _ in range(100):  # a chain without an end is no function
        inner = value.func if isinstance(value, functools.partial) else getattr(value, "__wrapped__", None)
        if inner is None:
            break
        value = inner
    code = getattr(value, "__code__", None)
    if code is None:
        methods = [getattr(type(value), name, None) for name in CALLS]
        code = next((c for m in methods if m and (c := getattr(unwrapped(m), "__code__", None))), None)
    return code if isinstance(code, CodeType) else None


def unwrapped(method: Any) -> Any:
    """A method of a class without its decorators."""
    try:
        return inspect.unwrap(method)
    except ValueError:
        return method
