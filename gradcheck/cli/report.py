"""`gradcheck report`: a saved report, rendered and gated again."""

from typing import Annotated

import typer

from gradcheck.cli.app import app
from gradcheck.cli.judging import settle
from gradcheck.cli.parameters import (
    Baseline,
    ExitZero,
    FailOn,
    Format,
    Ignored,
    Outputs,
    Plot,
    Select,
    WriteBaseline,
    gate_words,
    shown_as,
)
from gradcheck.delivery import format_of, interruptible


@app.command()
def report(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="What scan wrote as JSON; - reads standard input.", allow_dash=True)
    ],
    output_format: Format = None,
    outputs: Outputs = None,
    plot: Plot = False,
    fail_on: FailOn = None,
    select: Select = None,
    ignore: Ignored = None,
    exit_zero: ExitZero = False,
    baseline: Baseline = None,
    write_baseline: WriteBaseline = None,
) -> int:
    """Render a saved JSON report again, in any format, and decide again whether it fails; nothing is scanned."""
    from gradcheck import gate
    from gradcheck.options import GateOptions
    from gradcheck.reading import read_file

    said = {
        **gate_words(select, ignore, fail_on, exit_zero),
        "baseline": baseline,
        "write_baseline": write_baseline,
    }
    gating = GateOptions(**{name: value for name, value in said.items() if value is not None})
    shown_as(output_format, plot)
    files = [(path, format_of(path)) for path in outputs or ()]
    with interruptible():
        gate.prepared(gating)
        verdict = gate.judged(read_file(file), gating, whole=False)
        return settle(verdict, gating, output_format or "table", files, plot)
