"""The comments of a source file that ask for a scan: `# gradcheck: scan range=x=-1:1 -- why`.

In: a path, or the text of a Python file. Out: marks, by the line under the block of comments that they stand in. Only
comments that have a line of their own count; what cannot be read has none.
"""

import ast
import difflib
import io
import re
import tokenize
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from gradcheck.loading.comments import first_of

MARK = re.compile(r"#\s*gradcheck:\s*scan\b(?P<words>.*)")
"""Another comment may stand behind the words: `# gradcheck: ignore`, `# noqa`."""


@dataclass(frozen=True)
class Mark:
    """One comment: its line, and the words behind `scan`, without the reason."""

    line: int
    words: tuple[str, ...]


def text_of(path: Path) -> str:
    """The text of a file in the encoding that it declares, empty of what is none."""
    try:
        with tokenize.open(path) as file:
            return file.read()
    except (OSError, SyntaxError, ValueError):
        return ""


@lru_cache(maxsize=8)
def marks_above(source: str) -> dict[int, tuple[Mark, ...]]:
    """The marks of each block of comments, by the line under it."""
    try:
        comments = own_lines(source) if "gradcheck:" in source else {}  # a large file takes half a second
    except (SyntaxError, tokenize.TokenError):
        return {}
    marks: dict[int, tuple[Mark, ...]] = {}
    for line, text in comments.items():
        found = MARK.match(text)
        if found:
            under = line + 1
            while under in comments:
                under += 1
            words = found["words"].partition("--")[0].partition("#")[0].split()
            marks[under] = (*marks.get(under, ()), Mark(line, tuple(words)))
    return marks


MEANT = re.compile(r"#\s*gradcheck:\s*(?P<word>\w+)", re.IGNORECASE)
CLOSE = 0.7
"""Likeness of a word to `scan` from which on it is a misspelling; that of `ignore` is 0.2."""

OWN_LINE = "it is read on a line of its own, right above a function, with nothing between"
AT_THE_TOP = "only functions at the top of a file are found; move it there, or name it"


def misplaced(source: str, tree: ast.Module) -> str:
    """The first comment that asks for a scan and gets none: its line and its mistake; empty where all is well."""
    starts: dict[int, ast.stmt] = {}
    for node in ast.walk(tree):  # outer ones first: a body may stand on the line of its function
        if isinstance(node, ast.stmt):
            starts.setdefault(first_of(node), node)
    above = {mark.line: (under, mark) for under, marks in marks_above(source).items() for mark in marks}
    for line, text in all_comments(source) if "gradcheck:" in source.lower() else []:
        found = MEANT.match(text)
        if not found or not difflib.get_close_matches(found["word"].lower(), ["scan"], cutoff=CLOSE):
            continue
        if not MARK.match(text):
            return f"{line}: {found[0]!r} is unknown; write # gradcheck: scan"
        under, mark = above.get(line, (0, None))
        if mark is None or under not in starts:
            return f"{line}: # gradcheck: scan: {OWN_LINE}"
        is_found = starts[under] in tree.body and isinstance(starts[under], ast.FunctionDef | ast.Assign)
        if not is_found and not mark.words:  # words are read where it is named
            return f"{line}: # gradcheck: scan: {AT_THE_TOP}"
    return ""


def all_comments(source: str) -> list[tuple[int, str]]:
    """Every comment, with its line."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return [(token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT]


def own_lines(source: str) -> dict[int, str]:
    """Comments that have a line of their own, by line."""
    return {
        token.start[0]: token.string
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT and not token.line[: token.start[1]].strip()
    }
