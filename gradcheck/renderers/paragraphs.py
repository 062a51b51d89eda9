"""Pieces of text that every block of the table is made of."""

import textwrap

from gradcheck.renderers.styles import Style

MANTISSA = 8
"""Significant digits of a printed result."""


def shown(value: float) -> str:
    """A result in a few digits."""
    return f"{value:.{MANTISSA}g}"


def wrapped(text: str, style: Style, indent: str) -> str:
    """A paragraph with a hanging indent."""
    return textwrap.fill(
        text, style.width, initial_indent=indent, subsequent_indent=indent + "    ", break_on_hyphens=False
    )
