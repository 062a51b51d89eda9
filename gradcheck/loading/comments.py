"""`# gradcheck: ignore[GC002] -- reason` in a source file, and what each of them is about.

In: the text of a source. Out: one `Comment` each, with the lines that it is about: those of the function or class on
whose header it stands, or of the statement; a comment on a line of its own is about the statement below it. Principle:
what cannot be read, or stands nowhere, is a mistake with words, never nothing. Nothing is imported or run.
"""

import ast
import difflib
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from gradcheck.errors import one_line
from gradcheck.parsing import misread

MARK = re.compile(r"#\s*gradcheck:\s*")
IGNORE = re.compile(r"ignore(?!\w)\s*(?P<codes>\[[^\]]*\])?\s*(?P<rest>.*)", re.DOTALL)
OTHERS = re.compile(r"\s#\s*(noqa|type:|pragma|pylint|pyright|mypy|ruff|fmt:|isort:|nosec)\b.*", re.DOTALL)
"""What the same comment says to other programs."""

EXAMPLE = "# gradcheck: ignore[GC002] -- reason"
NOWHERE = "it is about no line of code; write it on the line, or right above a function"
SOURCES = 64
"""Files that are kept parsed: a target's, and those of its causes."""

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Comment:
    """One comment.

    Attributes:
        line: where it stands.
        codes: codes or beginnings of codes; `GC` where none is written.
        reason: empty where none is written.
        mistake: what is wrong with it, or empty.
        first, last: the lines that it is about.
        node: the statement that has those lines; None where there is none.
    """

    line: int
    codes: tuple[str, ...]
    reason: str
    mistake: str
    first: int
    last: int
    node: ast.stmt | None


@dataclass(frozen=True, eq=False)
class Source:
    """A source file, parsed."""

    tree: ast.Module
    comments: tuple[Comment, ...]


def source_of(path: str) -> Source | None:
    """A file's, None where it cannot be read as Python."""
    try:
        status = Path(path).stat()
        return parsed(path, status.st_mtime_ns, status.st_size)
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError, tokenize.TokenError):
        return None


@lru_cache(SOURCES)
def parsed(path: str, changed: int, size: int) -> Source:
    """The same; it is parsed again when it has changed."""
    with tokenize.open(path) as file:
        text = file.read()
    return parse(text)


def parse(text: str) -> Source:
    """A source's text."""
    tree = ast.parse(text)
    return Source(tree, tuple(comments_of(text, tree)) if MARK.search(text) else ())


def comments_of(text: str, tree: ast.Module) -> Iterator[Comment]:
    """Its comments, in order."""
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    found = [token for token in tokens if token.type == tokenize.COMMENT]
    alone = {t.start[0] for t in found if not t.line[: t.start[1]].strip()}
    owners, starts = statements(tree)
    for token in found:
        line = token.start[0]
        below = line
        while below in alone:
            below += 1
        node = starts.get(below) if line in alone else owners.get(line)
        for said in MARK.split(token.string)[1:]:
            yield from read(said, line, node)


def statements(tree: ast.Module) -> tuple[dict[int, ast.stmt], dict[int, ast.stmt]]:
    """The statement that each line belongs to, and the one that begins on it; of a compound one, its header."""
    owners: dict[int, ast.stmt] = {}
    starts: dict[int, ast.stmt] = {}
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.stmt)]
    nodes.sort(key=lambda node: isinstance(node, Definition))  # `def f(x): return x` is a definition first
    for node in nodes:
        owners |= dict.fromkeys(range(first_of(node), header_end(node) + 1), node)
        starts |= dict.fromkeys([first_of(node)], node)
        if isinstance(node, Definition):
            starts |= dict.fromkeys([node.lineno, *(d.lineno for d in node.decorator_list)], node)
    return owners, starts


def first_of(node: ast.stmt) -> int:
    """The first line of a statement, its decorators with it."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(d.lineno for d in decorators)])


def header_end(node: ast.stmt) -> int:
    """The last line of a statement, or of what stands above its body."""
    body = getattr(node, "body", None) or getattr(node, "cases", None)
    if not body:
        return node.end_lineno or node.lineno
    first: int = body[0].pattern.lineno if isinstance(body[0], ast.match_case) else first_of(body[0])
    return max(node.lineno, first - 1)


def read(said: str, line: int, node: ast.stmt | None) -> Iterator[Comment]:
    """What stands behind `# gradcheck:`, if it is for this file to read."""
    said = OTHERS.sub("", said).strip()
    word = re.split(r"[\W_]", said, maxsplit=1)[0]
    match = IGNORE.fullmatch(said)
    if match is None:
        if word not in ("ignore", "scan") and difflib.get_close_matches(word.lower(), ["ignore"], cutoff=0.75):
            yield comment(line, node, mistake=f"{word!r} is unknown; write {EXAMPLE}")
        elif word == "ignore":
            yield comment(line, node, mistake=f"it cannot be read; write {EXAMPLE}")
        return
    listed, rest = match["codes"], match["rest"]
    codes = tuple(dict.fromkeys(code.strip() for code in (listed or "[GC]")[1:-1].split(",")))
    reason = one_line(rest[2:]) if rest.startswith("--") else ""
    if rest and not rest.startswith("--"):
        yield comment(line, node, mistake=f"{one_line(rest, 40)!r} cannot be read; write {EXAMPLE}")
    elif wrong := next((f"{one_line(c, 20) or '[]'}: {why}" for c in codes if (why := misread(c))), ""):
        yield comment(line, node, mistake=wrong)
    elif node is None:
        yield comment(line, node, mistake=NOWHERE)
    else:
        yield comment(line, node, codes, reason)


def comment(
    line: int, node: ast.stmt | None, codes: tuple[str, ...] = (), reason: str = "", mistake: str = ""
) -> Comment:
    """A comment with the lines of what it is about: all of a definition's, those of the header of a loop's."""
    if node is None:
        return Comment(line, codes, reason, mistake, line, line, None)
    last = node.end_lineno or node.lineno if isinstance(node, Definition) else header_end(node)
    return Comment(line, codes, reason, mistake, first_of(node), last, node)
