r"""Text of somebody else's that does nothing to a terminal, or to whatever else reads it line by line.

In: any text: names, source lines, error texts. Out: the same with every character that has no glyph written as an
escape (`\x1b`, `\u202e`), and white space of all kinds as blanks, so that it can neither move the cursor, nor turn the
direction of what follows, nor begin a line. This is the only place that says which characters those are.
"""

import re

COLOUR = re.compile(r"(\x1b\[[0-9;]*m)")
"""What `Style` paints with, and all that of a terminal's language that gradcheck itself writes."""


def printable(text: str, keep: str = "") -> str:
    """The text, printable; characters in `keep` stay as they are."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else " " if c.isspace() else escaped(c) for c in text)


def printable_lines(text: str) -> str:
    """A whole output: its lines and the tool's own colours stay."""
    if all(line.isprintable() for line in text.split("\n")):
        return text
    parts = COLOUR.split(text)
    return "".join(part if i % 2 else printable(part, "\n") for i, part in enumerate(parts))


def escaped(character: str) -> str:
    """A character as Python writes it in a string."""
    point = ord(character)
    return f"\\x{point:02x}" if point < 0x100 else f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"
