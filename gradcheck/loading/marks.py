"""What the comment above a function says of its scan: `# gradcheck: scan range=x=-1:1 shape=x=4,3 -- why`.

In: a module, and the dotted name of something in it. Out: what is said of it. The words are those of the command line.
Sources are read as text, nothing is run; what cannot be read says nothing.
"""

import ast
import inspect
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from gradcheck import options as opt
from gradcheck.errors import BAD_CONFIGURATION, CannotCheck
from gradcheck.loading.comments import Mark, marks_above, source_of
from gradcheck.options import NOTHING_SAID, Said
from gradcheck.precedence import near, strangers
from gradcheck.vocabulary import DTYPES, MODES

WORDS: dict[str, Callable[[str, str], Said]] = {
    "range": lambda option, text: Said(ranges=(opt.parse_range(text, option),)),
    "shape": lambda option, text: Said(shapes=dict([opt.parse_shape(text, option)])),
    "domain": lambda option, text: Said(domains=dict([opt.parse_domain_option(text, option)])),
    "hold": lambda option, text: Said(holds=(opt.parse_hold(text, option),)),
    "dtype": lambda option, text: Said(dtype=opt.parse_choice(option, text, DTYPES)),
    "mode": lambda option, text: Said(modes=(opt.parse_choice(option, text, MODES),)),
    "wrt": lambda option, text: Said(wrt=(text,)),
}
"""What may stand behind `scan`, and how it is read."""


def said_above(module_path: Path | None, attribute: str, function: Any, inputs: Collection[str]) -> Said:
    """What is said above something: where its name is defined in its module, or else where its code stands."""
    for path, line in places(module_path, attribute, function):
        marks = marks_above(source_of(path)).get(line, ())
        if marks:
            return together(shown(path), marks, inputs)
    return NOTHING_SAID


def places(module_path: Path | None, attribute: str, function: Any) -> Iterator[tuple[Path, int]]:
    """Files and first lines at which something may be defined."""
    if module_path is not None and marks_above(source_of(module_path)):
        line = line_of(source_of(module_path), attribute.replace("()", ""))
        if line is not None:
            yield module_path, line
    with suppress(Exception):  # the user's object may raise anything
        code = inspect.unwrap(getattr(function, "python_function", function)).__code__
        yield Path(code.co_filename), int(code.co_firstlineno)


def line_of(source: str, dotted: str) -> int | None:
    """The first line of what a dotted name is given to: decorators belong to it."""
    try:
        nodes: list[ast.stmt] = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError):
        return None
    node: ast.stmt | None = None
    for part in dotted.split("."):
        node = next((n for n in reversed(nodes) if part in names_of(n)), None)
        nodes = node.body if isinstance(node, ast.ClassDef) else []
    return None if node is None else first_line(node)


def first_line(node: ast.stmt) -> int:
    """Of a statement with its decorators."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(d.lineno for d in decorators)])


def names_of(node: ast.stmt) -> Iterator[str]:
    """Names that a statement defines."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        yield from (target.id for target in targets if isinstance(target, ast.Name))


def together(file: str, marks: tuple[Mark, ...], inputs: Collection[str]) -> Said:
    """All that marks say, the first first."""
    said = NOTHING_SAID
    for mark in marks:
        for word in mark.words:
            place = f"{file}:{mark.line}: # gradcheck: scan"
            new = read_word(place, word)
            for _, name, hint in strangers(new, inputs):
                raise CannotCheck(BAD_CONFIGURATION, f"{place} {word}: there is no input {name!r}; {hint}")
            said = added(said, new)
    return said


def read_word(place: str, word: str) -> Said:
    """What one word says."""
    key, equals, text = word.partition("=")
    if key not in WORDS:
        hint = near(key, WORDS, "write one of ")
        raise CannotCheck(BAD_CONFIGURATION, f"{place} {word}: there is no such word; {hint}, or a reason behind --")
    if not equals or not text:
        raise CannotCheck(BAD_CONFIGURATION, f"{place} {word}: it says nothing; write {key}=VALUE, without blanks")
    try:
        return WORDS[key](key, text)
    except CannotCheck as error:
        raise CannotCheck(error.code, f"{place}: {error.message}") from None


def added(said: Said, new: Said) -> Said:
    """Words of one comment stand side by side, as options of one command do; of a dtype the last one counts."""
    return replace(
        said,
        ranges=(*said.ranges, *new.ranges),
        holds=(*said.holds, *new.holds),
        shapes={**said.shapes, **new.shapes},
        domains={**said.domains, **new.domains},
        wrt=(*said.wrt, *new.wrt),
        modes=tuple(dict.fromkeys((*said.modes, *new.modes))),
        dtype=new.dtype or said.dtype,
    )


def shown(path: Path) -> str:
    """A path as messages have it."""
    path, here = path.resolve(), Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
