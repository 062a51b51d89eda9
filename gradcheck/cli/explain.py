"""`gradcheck explain`: one point, operation by operation."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gradcheck import repros
from gradcheck.cli.app import app
from gradcheck.cli.parameters import Dtype
from gradcheck.cli.running import quietly
from gradcheck.delivery import interruptible, put, terminal_style
from gradcheck.errors import BAD_CONFIGURATION, CannotCheck
from gradcheck.vocabulary import CHAIN_FORMATS, DTYPES, FINDINGS, NOTHING

if TYPE_CHECKING:
    from gradcheck.records import Chain, Report


@app.command()
def explain(
    target: Annotated[
        str, typer.Argument(metavar="TARGET", help="As for scan: one function, SavedModel, or saved step.")
    ],
    points: Annotated[
        list[str] | None,
        typer.Option(
            "--at",
            metavar="[NAME=]VALUE",
            help="The point; @file.npy for numbers of a file; repeatable. A step that watch saved has its own.",
        ),
    ] = None,
    wrt: Annotated[str | None, typer.Option(metavar="NAME", help="Input to differentiate by (that of --at).")] = None,
    gradient: Annotated[
        str | None, typer.Option(metavar="VERSION", help="autodiff or custom (what training runs).")
    ] = None,
    dtype: Dtype = None,
    output_format: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help=f"{' or '.join(CHAIN_FORMATS)}, on standard output.")
    ] = "table",
) -> int:
    """Show one point operation by operation: values, gradients, the true ones, and where it goes wrong."""
    from gradcheck.options import ScanOptions
    from gradcheck.parsing import parse_at, parse_choice

    options = ScanOptions(dtype=parse_choice("--dtype", dtype, DTYPES) if dtype else None)
    parse_choice("--format", output_format, CHAIN_FORMATS)
    if not points and repros.is_repro(Path(target)):
        return explain_step(target, output_format)
    if not points:
        raise CannotCheck(BAD_CONFIGURATION, f"{target}: say at which point, with --at [NAME=]VALUE")
    at = tuple(option for text in points for option in parse_at(text))

    def inquire() -> "Chain":
        from gradcheck.pipeline.inquiries import explain as explained

        return explained(target, at, wrt, gradient, options)

    with interruptible():
        chain = quietly(lambda show: inquire())
    from gradcheck.records import Class
    from gradcheck.renderers.chain import render_chain

    put(render_chain(chain, output_format, terminal_style(sys.stdout)))
    return NOTHING if chain.verdict in (Class.FINITE, Class.NONE) else FINDINGS


def explain_step(directory: str, output_format: str) -> int:
    """The step that `watch` saved there, run again."""

    def inquire() -> "Report":
        from gradcheck.pipeline.steps import explain as explained

        return explained(directory)

    with interruptible():
        report = quietly(lambda show: inquire())
    from gradcheck.renderers import render
    from gradcheck.renderers.cleaning import cleaned
    from gradcheck.renderers.training_table import explained_step

    style = terminal_style(sys.stdout)
    put(render(report, "json", style) if output_format == "json" else explained_step(cleaned(report), style))
    return FINDINGS if any(target.findings for target in report.targets) else NOTHING
