"""`gradcheck explain`: one point, operation by operation."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from gradcheck.cli.app import app
from gradcheck.cli.parameters import Dtype
from gradcheck.cli.running import quietly
from gradcheck.delivery import interruptible, put, terminal_style
from gradcheck.vocabulary import CHAIN_FORMATS, DTYPES, FINDINGS, NOTHING

if TYPE_CHECKING:
    from gradcheck.records import Chain


@app.command(no_args_is_help=True)
def explain(
    target: Annotated[str, typer.Argument(metavar="TARGET", help="As for scan: one function or SavedModel.")],
    points: Annotated[
        list[str],
        typer.Option("--at", metavar="[NAME=]VALUE", help="The point; @file.npy for numbers of a file; repeatable."),
    ],
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
