"""The application that commands are added to.

Out: `app`, which every file of a command decorates with.
"""

from typing import Annotated

import typer

from gradcheck import __version__

app = typer.Typer(
    help="Where a TensorFlow function's gradient goes NaN, inf or wrong, to the exact float.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


@app.callback(invoke_without_command=True)
def options(version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    """Where a TensorFlow function's gradient goes NaN, inf or wrong, to the exact float."""
    if version:
        print(f"gradcheck {__version__}")
        raise typer.Exit
