"""The comments of a source file that ask for a scan: `# gradcheck: scan range=x=-1:1 -- why`.

In: a path, or the text of a Python file. Out: marks, by the line under the block of comments that they stand in. Only
comments that have a line of their own count; what cannot be read has none.
"""

import io
import re
import tokenize
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

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


def own_lines(source: str) -> dict[int, str]:
    """Comments that have a line of their own, by line."""
    return {
        token.start[0]: token.string
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT and not token.line[: token.start[1]].strip()
    }
