"""`gradcheck report`: a saved report, rendered and gated again."""

from pathlib import Path
from typing import Annotated

import typer

from gradcheck.cli.app import app
from gradcheck.cli.judging import settle
from gradcheck.delivery import format_of, interruptible, require
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
    plot: Annotated[
        bool, typer.Option("--plot", help="Draw the gradients in the table, under the strip (gradcheck[plot]).")
    ] = False,
    fail_on: Annotated[
        str, typer.Option(metavar="SEVERITY", help=f"Lowest severity that fails: {', '.join(SEVERITIES)}.")
    ] = "error",
    select: Annotated[
        list[str] | None,
        typer.Option(metavar="CODES", help="Report only these, GC001 or GC00, with commas; repeatable."),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(metavar="CODES", help="Leave these out; the longer beginning of a code wins; repeatable."),
    ] = None,
    exit_zero: Annotated[bool, typer.Option("--exit-zero", help="Exit with 0 where findings would make it 1.")] = False,
    baseline: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Fail only for what is new since this file, or has grown.")
    ] = None,
    write_baseline: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write what is found as a baseline; exit with 0.")
    ] = None,
) -> int:
    """Render a saved JSON report again, in any format, and decide again whether it fails; nothing is scanned."""
    from gradcheck import gate
    from gradcheck.options import GateOptions, parse_choice, parse_codes

    gating = GateOptions(
        select=parse_codes("--select", select or GateOptions.select),
        ignore=parse_codes("--ignore", ignore or ()),
        fail_on=parse_choice("--fail-on", fail_on, SEVERITIES),
        exit_zero=exit_zero,
        baseline=baseline,
        write_baseline=write_baseline,
    )
    parse_choice("--format", output_format, FORMATS)
    require(output_format, f"--format {output_format}")
    if plot:
        require("plot", "--plot")
    files = [(path, format_of(path)) for path in outputs or ()]
    from gradcheck.reading import read_file

    with interruptible():
        gate.prepared(gating)
        return settle(gate.judged(read_file(file), gating, whole=False), gating, output_format, files, plot)
