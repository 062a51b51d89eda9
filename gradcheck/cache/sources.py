"""What a Python file means to the cache: its code without comments, and what it imports.

In: the bytes of a source file. Out: `Facts`. Comments do not count, nor does what they leave behind, except those that
hold `# gradcheck:`; line numbers stay, since reports name them. Nothing is imported or run.
"""

import ast
import hashlib
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass

MEANT = re.compile(r"#\s*gradcheck:")
"""Comments that say something to gradcheck, perhaps behind what they say to another program."""

BY_TEXT = frozenset({"import_module", "__import__"})
"""Functions that import what a text names."""

BY_PATH = frozenset({"run_path", "run_module", "exec_module", "load_module", "spec_from_file_location", "exec", "eval"})
"""Functions that run code which cannot be told from here."""

MOVED = frozenset({"path", "modules", "meta_path", "path_hooks"})
"""Attributes of `sys` with which code changes where modules are found."""


@dataclass(frozen=True)
class Import:
    """One import: `from ..module import name` has level 2; `name` is None of `import module`, `*` of a star."""

    level: int
    module: str
    name: str | None


@dataclass(frozen=True)
class Facts:
    """What the cache knows of a source.

    Attributes:
        digest: of its code.
        imports: what it imports anywhere, in functions too.
        told: whether that is all: nothing is imported or run in ways that cannot be read here.
    """

    digest: str
    imports: tuple[Import, ...]
    told: bool


def facts_of(source: bytes) -> Facts:
    """The facts of a source; one that is no Python is not told."""
    try:
        text = decoded(source)
        nodes = list(ast.walk(ast.parse(text)))
        digest = digest_of(uncommented(text).encode("utf-8", "surrogatepass"))
    except (SyntaxError, ValueError, RecursionError, tokenize.TokenError):
        return Facts(digest_of(source), (), told=False)
    return Facts(
        digest, tuple(dict.fromkeys(i for node in nodes for i in imports_of(node))), not any(map(hides, nodes))
    )


def decoded(source: bytes) -> str:
    """The text as Python reads it, lines ending in a newline."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
    return io.TextIOWrapper(io.BytesIO(source), encoding).read()


def uncommented(text: str) -> str:
    """The text with its lines, without comments and what is blank in front of them."""
    lines = text.split("\n")
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and not MEANT.search(token.string):
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column].rstrip()
    return "\n".join(lines).rstrip()


def imports_of(node: ast.AST) -> Iterator[Import]:
    """What one node imports."""
    if isinstance(node, ast.Import):
        yield from (Import(0, alias.name, None) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield from (Import(node.level, node.module or "", alias.name) for alias in node.names)
    elif isinstance(node, ast.Call) and called(node) in BY_TEXT and (name := only_text(node)):
        yield Import(0, name, None)


def hides(node: ast.AST) -> bool:
    """Whether a node may import or run what cannot be read here."""
    if isinstance(node, ast.Call):
        name = called(node)
        if name in ("exec", "eval"):
            return isinstance(node.func, ast.Name)
        return name in BY_PATH or (name in BY_TEXT and not only_text(node))
    if isinstance(node, ast.ImportFrom):
        renamed = any(alias.asname and alias.name in BY_TEXT | BY_PATH for alias in node.names)
        return renamed or (node.module == "sys" and any(alias.name in MOVED | {"*"} for alias in node.names))
    if isinstance(node, ast.Attribute):
        return node.attr in MOVED and isinstance(node.value, ast.Name) and node.value.id == "sys"
    return isinstance(node, ast.Name) and node.id == "__path__"


def called(node: ast.Call) -> str:
    """The last name of what is called."""
    function = node.func
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def only_text(node: ast.Call) -> str | None:
    """The absolute module name that a call imports, where it is written out."""
    argument = node.args[0] if len(node.args) == 1 else None
    text = argument.value if isinstance(argument, ast.Constant) else None
    return text if isinstance(text, str) and text and not text.startswith(".") else None


def digest_of(data: bytes) -> str:
    """A digest of 128 bits."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()
