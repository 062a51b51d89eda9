"""`gradcheck scan`: targets and options in, a report out."""

from pathlib import Path
from typing import Annotated

import typer

from gradcheck.cli.app import app
from gradcheck.cli.running import run_quietly, scanner
from gradcheck.delivery import deliver, format_of, interruptible, require, terminable
from gradcheck.vocabulary import DOMAINS, DTYPES, FORMATS, MODES, SEVERITIES, SUFFIXES


@app.command(no_args_is_help=True)
def scan(
    targets: Annotated[
        list[str],
        typer.Argument(
            metavar="TARGET...",
            help="module:function, file.py:function, a module or file to search, or SAVED_MODEL[:SIGNATURE].",
        ),
    ],
    ranges: Annotated[
        list[str] | None,
        typer.Option("--range", metavar="[NAME=]LO:HI", help="Sweep an input over this range; repeatable."),
    ] = None,
    holds: Annotated[
        list[str] | None,
        typer.Option("--hold", metavar="NAME=VALUE", help="Hold an input here while others are swept (0.5)."),
    ] = None,
    dtype: Annotated[str | None, typer.Option(metavar="DTYPE", help=f"{', '.join(DTYPES)} (float32).")] = None,
    against: Annotated[
        str | None, typer.Option(metavar="TARGET", help="Show another target's gradient beside this one's.")
    ] = None,
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
    seed: Annotated[int, typer.Option(help="Seed of the sampling; same seed, same report.", min=0)] = 0,
    tolerance: Annotated[
        float | None,
        typer.Option(metavar="ERROR", help="Relative error of a right gradient (1e-3 in float32).", min=0.0),
    ] = None,
    shapes: Annotated[
        list[str] | None, typer.Option("--shape", metavar="NAME=4,3", help="Shape of a tensor input; repeatable.")
    ] = None,
    domains: Annotated[
        list[str] | None,
        typer.Option("--domain", metavar="NAME=DOMAIN", help=f"{', '.join(DOMAINS)}, for an input; repeatable."),
    ] = None,
    wrt: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Differentiate by this input, or by 'variables'; repeatable."),
    ] = None,
    budget: Annotated[
        str | None, typer.Option(metavar="TIME", help="Time for the search of a tensor target (5s).")
    ] = None,
    order: Annotated[int, typer.Option(help="Check the first derivative, or the second.", min=1, max=2)] = 1,
    jobs: Annotated[
        int | None, typer.Option(metavar="N", help="Processes that scan side by side (one a core).", min=1)
    ] = None,
    timeout: Annotated[
        str | None, typer.Option(metavar="TIME", help="Time after which one target is given up (60s).")
    ] = None,
    cluster: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Scan on the workers of this Dask scheduler.")
    ] = None,
    exhaustive: Annotated[
        bool, typer.Option("--exhaustive", help="Run every float of the ranges: a proof, in seconds to minutes.")
    ] = False,
    modes: Annotated[
        list[str] | None,
        typer.Option("--mode", metavar="MODE", help=f"{', '.join(MODES)} (graph); repeatable: where they differ."),
    ] = None,
    plot: Annotated[bool, typer.Option("--plot", help="Draw the gradients in the table.")] = False,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Scan what has not changed too; do not touch .gradcheck_cache.")
    ] = False,
) -> int:
    """Sweep functions over their inputs and report where the gradient goes bad.

    Exit status: 0 nothing found, 1 findings, 2 a target could not be checked.
    """
    from gradcheck import options as opt
    from gradcheck.gate import exit_status
    from gradcheck.options import ScanOptions, parse_choice, parse_hold, parse_range, parse_tolerance

    options = ScanOptions(
        ranges=tuple(parse_range(text) for text in ranges or ()),
        holds=tuple(parse_hold(text) for text in holds or ()),
        dtype=parse_choice("--dtype", dtype, DTYPES) if dtype else None,
        against=against,
        seed=seed,
        tolerance=parse_tolerance(tolerance),
        fail_on=parse_choice("--fail-on", fail_on, SEVERITIES),
        shapes=dict(opt.parse_shape(text) for text in shapes or ()),
        domains=dict(opt.parse_domain_option(text) for text in domains or ()),
        wrt=tuple(wrt or ()),
        budget=opt.parse_budget(budget) if budget else opt.DEFAULT_BUDGET,
        order=order,
        exhaustive=exhaustive,
        modes=tuple(dict.fromkeys(parse_choice("--mode", m, MODES) for m in modes or MODES[:1])),
    )
    parse_choice("--format", output_format, FORMATS)
    require(output_format, f"--format {output_format}")
    if plot:
        require("plot", "--plot")
    files = [(path, format_of(path)) for path in outputs or ()]
    limit = opt.parse_timeout(timeout, options)
    with interruptible(), terminable():
        report = run_quietly(tuple(targets), options, scanner(jobs, limit, no_cache, cluster))
        deliver(report, output_format, files, plot)
    return exit_status(report, options.fail_on)
