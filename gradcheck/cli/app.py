"""The application that commands are added to.

Out: `app`, which every file of a command decorates with.
"""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from gradcheck import __version__
from gradcheck.cli.manual import Command, Group


class App(typer.Typer):
    """Commands with manual pages."""

    def command(self, *names: Any, **settings: Any) -> Callable[[Any], Any]:
        """A decorator that adds one."""
        return super().command(*names, **{"cls": Command, **settings})


app = App(
    cls=Group,
    help="Where a TensorFlow function's gradient goes NaN, inf or wrong, to the exact float.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


@app.callback(invoke_without_command=True)
def options(version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    """Where a TensorFlow function's gradient goes NaN, inf or wrong, to the exact float."""
    if version:
        print(f"gradcheck {__version__}")
        raise typer.Exit
