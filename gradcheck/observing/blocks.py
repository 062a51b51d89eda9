"""The block of code that a tape watched: found in its source, and run once more.

In: the frame that entered a `tf.GradientTape`. Out: a `Block`, which runs the statements from the `with` to the call of
the gradient again, with the names as they were. Eager mode keeps no graph, so this is how its step is run again.
"""

import ast
import linecache
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType, FrameType
from typing import Any

GRADIENTS = frozenset({"gradient", "jacobian", "batch_jacobian", "gradients", "minimize"})
UPDATES = frozenset({"apply", "apply_gradients", "minimize"})
"""What ends a block when it is called: a gradient, or what becomes of it."""

NAME = "__gradcheck_block__"


@dataclass(frozen=True)
class Site:
    """Where a tape is entered.

    Attributes:
        statements: from the `with` to the one that asks for the gradient.
        longer: the same, to the one that hands it to an optimizer.
        names: that these read.
        file: of the source.
        shared: names that the function declares global.
    """

    statements: tuple[ast.stmt, ...]
    longer: tuple[ast.stmt, ...]
    names: tuple[str, ...]
    file: str
    shared: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Block:
    """One run of a site.

    Attributes:
        site: where.
        known: the values of its names when the tape was entered.
        shared: the global names.
    """

    site: Site
    known: Mapping[str, Any]
    shared: dict[str, Any]

    def run(self, longer: bool = False) -> None:
        """Run it once more, in names of its own; as far as its optimizer where it is to be `longer`."""
        made: dict[str, Any] = {}
        statements = self.site.longer if longer else self.site.statements
        exec(compiled(self.site, statements, tuple(self.known)), self.shared, made)
        made[NAME](**self.known)


def block_of(frame: FrameType) -> Block | None:
    """The block whose tape is entered in a frame just now; None where there is no source of it."""
    site = site_of(frame.f_code, frame.f_lineno)
    if site is None:
        return None
    here = frame.f_locals
    return Block(site, {name: here[name] for name in site.names if name in here}, frame.f_globals)


@lru_cache(maxsize=256)
def site_of(code: CodeType, line: int) -> Site | None:
    """The statements around one line of a code object."""
    try:
        tree = ast.parse("".join(linecache.getlines(code.co_filename)))
    except (SyntaxError, ValueError):
        return None
    found = innermost(tree, line)
    if found is None:
        return None
    body, place = found
    statements = tuple(until(GRADIENTS, body[place:], tapes_of(body[place])))
    longer = tuple(until(UPDATES, body[place:]))
    longer = longer if len(longer) > len(statements) else statements
    loaded = {n.id: None for s in longer for n in ast.walk(s) if isinstance(n, ast.Name) and read(n)}
    changed = {
        n.target.id: None
        for s in longer
        for n in ast.walk(s)
        if isinstance(n, ast.AugAssign) and isinstance(n.target, ast.Name)
    }
    shared = [n for node in ast.walk(tree) if isinstance(node, ast.Global) and inside(node, code) for n in node.names]
    names = tuple(name for name in {**loaded, **changed} if name not in shared)
    return Site(statements, longer, names, code.co_filename, tuple(dict.fromkeys(shared)))


def read(name: ast.Name) -> bool:
    """Whether a name is read, not assigned."""
    return isinstance(name.ctx, ast.Load)


def inside(node: ast.stmt, code: CodeType) -> bool:
    """Whether a statement is among the lines of a code object."""
    lines = [line for _, _, line in code.co_lines() if line]
    return bool(lines) and code.co_firstlineno <= node.lineno <= max(lines)


def innermost(tree: ast.AST, line: int) -> tuple[list[ast.stmt], int] | None:
    """The list of statements, and the place in it, of the smallest `with` that begins at or before a line and holds it.

    Where a tape is entered by hand there is none.
    """
    found = None
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            statements = getattr(node, field, None)
            if not isinstance(statements, list):
                continue
            for place, statement in enumerate(statements):
                if isinstance(statement, ast.With) and heads(statement, line):
                    found = (statements, place)
    return found


def heads(statement: ast.With, line: int) -> bool:
    """Whether a line is that of the head of a `with`."""
    last = max(item.context_expr.end_lineno or statement.lineno for item in statement.items)
    return statement.lineno <= line <= last


def tapes_of(statement: ast.stmt) -> frozenset[str]:
    """What a `with` calls that which it enters."""
    items = statement.items if isinstance(statement, ast.With) else []
    return frozenset(item.optional_vars.id for item in items if isinstance(item.optional_vars, ast.Name))


def until(ends: frozenset[str], statements: list[ast.stmt], owners: frozenset[str] = frozenset()) -> list[ast.stmt]:
    """The statements up to the first that calls one of these, of these owners if any does: an inner tape ends no outer.

    The first alone where none does.
    """
    named = [[n for n in ast.walk(s) if isinstance(n, ast.Attribute) and n.attr in ends] for s in statements]
    own = [any(isinstance(n.value, ast.Name) and n.value.id in owners for n in found) for found in named]
    ending = own if any(own) else [bool(found) for found in named]
    return statements[: ending.index(True) + 1] if any(ending) else statements[:1]


def compiled(site: Site, statements: tuple[ast.stmt, ...], names: tuple[str, ...]) -> CodeType:
    """A module that makes a function of the block; its lines are those of the source."""
    first, last = statements[0], statements[-1]
    declared: list[ast.stmt] = [ast.Global(names=list(site.shared))] if site.shared else []
    arguments = ast.arguments(
        posonlyargs=[], args=[ast.arg(arg=name) for name in names], kwonlyargs=[], kw_defaults=[], defaults=[]
    )
    function = ast.FunctionDef(name=NAME, args=arguments, body=[*declared, *statements], decorator_list=[])
    function.lineno, function.col_offset = first.lineno, 0
    function.end_lineno, function.end_col_offset = last.end_lineno, last.end_col_offset
    for node in [*ast.walk(arguments), *declared]:
        ast.copy_location(node, first)
    made: CodeType = compile(ast.fix_missing_locations(ast.Module([function], [])), site.file, "exec")
    return made
