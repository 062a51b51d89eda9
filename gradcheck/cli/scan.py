"""`gradcheck scan`: targets and options in, a report out."""

from pathlib import Path
from typing import Annotated

import typer

from gradcheck.cli.app import app
from gradcheck.cli.judging import judge, settle
from gradcheck.cli.running import scanner
from gradcheck.delivery import format_of, interruptible, require, terminable
from gradcheck.vocabulary import DOMAINS, DTYPES, FORMATS, MODES, SEVERITIES, SUFFIXES


@app.command()
def scan(
    targets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TARGET",
            help="module:function, file.py:function, a module or file to search, or SAVED_MODEL[:SIGNATURE]; "
            "without any, those of the configuration.",
        ),
    ] = None,
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
        str | None, typer.Option("--format", metavar="FORMAT", help=f"{', '.join(FORMATS)}, on standard output.")
    ] = None,
    outputs: Annotated[
        list[Path] | None,
        typer.Option("--output", metavar="FILE", help=f"Write a report too, {', '.join(SUFFIXES)}; repeatable."),
    ] = None,
    fail_on: Annotated[
        str | None,
        typer.Option(metavar="SEVERITY", help=f"Lowest severity that fails: {', '.join(SEVERITIES)} (error)."),
    ] = None,
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
    seed: Annotated[int | None, typer.Option(help="Seed of the sampling (0); same seed, same report.", min=0)] = None,
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
    order: Annotated[
        int | None, typer.Option(help="Check the first derivative (1), or the second.", min=1, max=2)
    ] = None,
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
        bool | None,
        typer.Option("--exhaustive/--sampled", help="Run every float of the ranges: a proof, in seconds to minutes."),
    ] = None,
    modes: Annotated[
        list[str] | None,
        typer.Option("--mode", metavar="MODE", help=f"{', '.join(MODES)} (graph); repeatable: where they differ."),
    ] = None,
    plot: Annotated[bool, typer.Option("--plot", help="Draw the gradients in the table.")] = False,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Scan what has not changed too; do not touch .gradcheck_cache.")
    ] = False,
) -> int:
    """Sweep functions over their inputs and report where the gradient goes bad."""
    from gradcheck import options as opt
    from gradcheck.cli.configured import anchored, configured_run
    from gradcheck.options import Said, parse_choice, parse_codes, parse_hold, parse_range, parse_tolerance

    said = Said(
        ranges=tuple(parse_range(text) for text in ranges or ()),
        holds=tuple(parse_hold(text) for text in holds or ()),
        dtype=parse_choice("--dtype", dtype, DTYPES) if dtype else None,
        against=against,
        seed=seed,
        tolerance=parse_tolerance(tolerance),
        shapes=dict(opt.parse_shape(text) for text in shapes or ()),
        domains=dict(opt.parse_domain_option(text) for text in domains or ()),
        wrt=tuple(wrt or ()),
        budget=opt.parse_budget(budget) if budget else None,
        order=order,
        exhaustive=exhaustive,
        modes=tuple(dict.fromkeys(parse_choice("--mode", m, MODES) for m in modes or ())),
    )
    if output_format is not None:
        parse_choice("--format", output_format, FORMATS)
        require(output_format, f"--format {output_format}")
    if plot:
        require("plot", "--plot")
    judging = {
        "select": parse_codes("--select", select) if select else None,
        "ignore": parse_codes("--ignore", ignore) if ignore else None,
        "fail_on": parse_choice("--fail-on", fail_on, SEVERITIES) if fail_on is not None else None,
        "exit_zero": exit_zero or None,
    }
    files = [(path, format_of(path)) for path in outputs or ()]
    limit = opt.parse_time("--timeout", timeout) if timeout is not None else None
    here = Path.cwd()
    run = configured_run(tuple(targets or ()), said, jobs, limit, output_format, files)
    written = {"baseline": anchored(baseline, here), "write_baseline": anchored(write_baseline, here)}
    gating = run.configuration.gate_with(**judging, **written)
    whole = not any((ranges, holds, dtype, shapes, domains, wrt, modes, (order or 1) > 1))
    with interruptible(), terminable():
        verdict = judge(run, said, gating, scanner(run.jobs, run.timeout, no_cache, cluster), whole)
        return settle(verdict, gating, run.output_format, run.files, plot=plot)
