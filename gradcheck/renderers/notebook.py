"""A text for a terminal, as a notebook shows it.

In: text, with the ANSI colours of `Style`. Out: one HTML element that needs nothing else; what is
in the text is escaped.
"""

import io

PRE = '<pre style="white-space: pre; overflow-x: auto; line-height: 1.25">{code}</pre>'
COLOURS = {"error": "#d32f2f", "warning": "#b26a00", "info": "#00838f", "good": "#2e7d32"}
"""Of the standard colours, ones that can be read on white and on black."""


def as_html(text: str) -> str:
    """A `<pre>` element with coloured words."""
    from rich.console import Console
    from rich.terminal_theme import TerminalTheme
    from rich.text import Text

    red, yellow, cyan, green = (rgb(COLOURS[role]) for role in ("error", "warning", "info", "good"))
    grey = rgb("#808080")
    theme = TerminalTheme(grey, grey, [grey, red, green, yellow, grey, grey, cyan, grey])
    width = max(map(len, text.splitlines()), default=1)
    console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True, color_system="standard")
    console.print(Text.from_ansi(text), soft_wrap=True, end="")
    html: str = console.export_html(theme=theme, inline_styles=True, code_format=PRE)
    return html


def rgb(colour: str) -> tuple[int, int, int]:
    """`#d32f2f` as three numbers."""
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue
