"""`gradcheck scan`: targets and options in, a report out."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from gradcheck.cli.app import app
from gradcheck.cli.judging import judge, settle
from gradcheck.cli.parameters import (
    Baseline,
    Dtype,
    ExitZero,
    FailOn,
    Format,
    Ignored,
    Jobs,
    NoCache,
    Outputs,
    Plot,
    Select,
    Timeout,
    WriteBaseline,
    gate_words,
    shown_as,
)
from gradcheck.cli.running import scanner
from gradcheck.delivery import format_of, interruptible, terminable
from gradcheck.vocabulary import DOMAINS, DTYPES, MODES


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
    dtype: Dtype = None,
    against: Annotated[
        str | None, typer.Option(metavar="TARGET", help="Show another target's gradient beside this one's.")
    ] = None,
    output_format: Format = None,
    outputs: Outputs = None,
    fail_on: FailOn = None,
    select: Select = None,
    ignore: Ignored = None,
    exit_zero: ExitZero = False,
    baseline: Baseline = None,
    write_baseline: WriteBaseline = None,
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
    jobs: Jobs = None,
    timeout: Timeout = None,
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
    plot: Plot = False,
    no_cache: NoCache = False,
) -> int:
    """Sweep functions over their inputs and report where the gradient goes bad."""
    from gradcheck import parsing
    from gradcheck.cli.configured import anchored, configured_run
    from gradcheck.options import Said
    from gradcheck.parsing import parse_choice, parse_hold, parse_range, parse_tolerance

    said = Said(
        ranges=tuple(parse_range(text) for text in ranges or ()),
        holds=tuple(parse_hold(text) for text in holds or ()),
        dtype=parse_choice("--dtype", dtype, DTYPES) if dtype else None,
        against=against,
        seed=seed,
        tolerance=parse_tolerance(tolerance),
        shapes=dict(parsing.parse_shape(text) for text in shapes or ()),
        domains=dict(parsing.parse_domain_option(text) for text in domains or ()),
        wrt=tuple(wrt or ()),
        budget=parsing.parse_budget(budget) if budget else None,
        order=order,
        exhaustive=exhaustive,
        modes=tuple(dict.fromkeys(parse_choice("--mode", m, MODES) for m in modes or ())),
    )
    shown_as(output_format, plot)
    judging = gate_words(select, ignore, fail_on, exit_zero)
    files = [(path, format_of(path)) for path in outputs or ()]
    limit = parsing.parse_time("--timeout", timeout) if timeout is not None else None
    here = Path.cwd()
    run = configured_run(tuple(targets or ()), said, jobs, limit, output_format, files)
    written = {"baseline": anchored(baseline, here), "write_baseline": anchored(write_baseline, here)}
    gating = run.configuration.gate_with(**judging, **written)
    if write_baseline and not baseline:  # the configured one may not be there yet
        gating = replace(gating, baseline=None)
    whole = not any((ranges, holds, dtype, shapes, domains, wrt, modes, (order or 1) > 1))
    with interruptible(), terminable():
        verdict = judge(run, said, gating, scanner(run.jobs, run.timeout, no_cache, cluster), whole)
        return settle(verdict, gating, run.output_format, run.files, plot=plot)
