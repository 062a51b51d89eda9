"""Options that several commands have, each declared once."""

from pathlib import Path
from typing import Annotated, Any

import typer

from gradcheck.vocabulary import DTYPES, FORMATS, SEVERITIES, SUFFIXES

Dtype = Annotated[str | None, typer.Option("--dtype", metavar="DTYPE", help=f"{', '.join(DTYPES)} (float32).")]

Jobs = Annotated[
    int | None, typer.Option("--jobs", metavar="N", help="Processes that scan side by side (one a core).", min=1)
]
Timeout = Annotated[
    str | None, typer.Option("--timeout", metavar="TIME", help="Time after which one target is given up (60s).")
]
NoCache = Annotated[
    bool, typer.Option("--no-cache", help="Scan what has not changed too; do not touch .gradcheck_cache.")
]

Format = Annotated[
    str | None, typer.Option("--format", metavar="FORMAT", help=f"{', '.join(FORMATS)}, on standard output.")
]
Outputs = Annotated[
    list[Path] | None,
    typer.Option("--output", metavar="FILE", help=f"Write a report too, {', '.join(SUFFIXES)}; repeatable."),
]
Plot = Annotated[bool, typer.Option("--plot", help="Draw the gradients in the table, under the strip.")]

FailOn = Annotated[
    str | None,
    typer.Option("--fail-on", metavar="SEVERITY", help=f"Lowest severity that fails: {', '.join(SEVERITIES)} (error)."),
]
Select = Annotated[
    list[str] | None,
    typer.Option("--select", metavar="CODES", help="Report only these, GC001 or GC00, with commas; repeatable."),
]
Ignored = Annotated[
    list[str] | None,
    typer.Option("--ignore", metavar="CODES", help="Leave these out; the longer beginning of a code wins; repeatable."),
]
ExitZero = Annotated[bool, typer.Option("--exit-zero", help="Exit with 0 where findings would make it 1.")]
Baseline = Annotated[
    Path | None,
    typer.Option("--baseline", metavar="FILE", help="Fail only for what is new since this file, or has grown."),
]
WriteBaseline = Annotated[
    Path | None,
    typer.Option("--write-baseline", metavar="FILE", help="Write what is found as a baseline; exit with 0."),
]


def gate_words(
    select: list[str] | None, ignore: list[str] | None, fail_on: str | None, exit_zero: bool
) -> dict[str, Any]:
    """Fields of `GateOptions` as far as they were said; None of the others. Raises `CannotCheck`."""
    from gradcheck.parsing import parse_choice, parse_codes

    return {
        "select": parse_codes("--select", select) if select else None,
        "ignore": parse_codes("--ignore", ignore) if ignore else None,
        "fail_on": parse_choice("--fail-on", fail_on, SEVERITIES) if fail_on is not None else None,
        "exit_zero": exit_zero or None,
    }


def shown_as(output_format: str | None, plot: bool) -> None:
    """Check what a report is to be shown as, before anything is scanned. Raises `CannotCheck`."""
    from gradcheck.delivery import require
    from gradcheck.parsing import parse_choice

    if output_format is not None:
        parse_choice("--format", output_format, FORMATS)
        require(output_format, f"--format {output_format}")
    if plot:
        require("plot", "--plot")
