"""`gradcheck report`: a saved report, rendered and gated again."""

from pathlib import Path
from typing import Annotated

import typer

from gradcheck.cli.app import app
from gradcheck.delivery import deliver, format_of, interruptible
from gradcheck.vocabulary import FORMATS, SEVERITIES, SUFFIXES


@app.command(no_args_is_help=True)
def report(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="What scan wrote as JSON; - reads standard input.", allow_dash=True)
    ],
    output_format: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help=f"{', '.join(FORMATS)}, on standard output.")
    ] = "table",
    outputs: Annotated[
        list[Path] | None,
        typer.Option("--output", metavar="FILE", help=f"Write a report too, {', '.join(SUFFIXES)}; repeatable."),
    ] = None,
    fail_on: Annotated[
        str, typer.Option(metavar="SEVERITY", help=f"Lowest severity that fails: {', '.join(SEVERITIES)}.")
    ] = "error",
) -> int:
    """Render a saved JSON report again, in any format, and decide again whether it fails; nothing is scanned.

    Exit status: 0 nothing found, 1 findings, 2 a target could not be checked, or the file is no report.
    """
    from gradcheck.gate import exit_status
    from gradcheck.options import parse_choice

    severity = parse_choice("--fail-on", fail_on, SEVERITIES)
    parse_choice("--format", output_format, FORMATS)
    files = [(path, format_of(path)) for path in outputs or ()]
    from gradcheck.reading import read_file

    with interruptible():
        found = read_file(file)
        deliver(found, output_format, files, severity)
    return exit_status(found, severity)
