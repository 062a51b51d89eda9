"""How a text is dressed for where it goes.

In: a word and a style. Out: the word, in ANSI colours where the reader's terminal has them.
"""

from dataclasses import dataclass

COLOURS = {
    "error": "bold red",
    "warning": "yellow",
    "info": "cyan",
    "good": "green",
    "dim": "dim",
    "heading": "bold",
}


@dataclass(frozen=True)
class Style:
    """A destination.

    Attributes:
        width: columns.
        colour: whether ANSI colours are understood.
        unicode: whether box-drawing characters can be written.
        fail_on: the lowest severity that the reader is to take for a failure.
        plot: whether curves are drawn in the table.
    """

    width: int = 80
    colour: bool = False
    unicode: bool = True
    fail_on: str = "error"
    plot: bool = False

    def paint(self, text: str, role: str | None) -> str:
        """`text` in the colour of its role."""
        if not self.colour or role is None:
            return text
        from rich.color import ColorSystem
        from rich.style import Style as RichStyle

        return RichStyle.parse(COLOURS[role]).render(text, color_system=ColorSystem.STANDARD)
