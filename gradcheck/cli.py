"""The command line: words in, text and an exit status out.

Only this file, and `delivery` for it, write to the standard streams. A mistake of the user's is one line on standard
error and exit status 2; whatever else goes wrong is a bug in gradcheck, exit status 101.
"""

import contextlib
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeVar

import typer

from gradcheck import __version__
from gradcheck.delivery import (
    Closed,
    Interrupted,
    Terminated,
    complain,
    deliver,
    format_of,
    interruptible,
    progress,
    put,
    say,
    terminable,
    terminal_style,
)
from gradcheck.errors import BAD_CONFIGURATION, CannotCheck, one_line
from gradcheck.vocabulary import (
    BUG,
    CLOSED,
    DOMAINS,
    DTYPES,
    FINDINGS,
    FORMATS,
    INTERRUPTED,
    MODES,
    NOTHING,
    SEVERITIES,
    TERMINATED,
)

if TYPE_CHECKING:
    from gradcheck.configuration import Configuration
    from gradcheck.options import ScanOptions
    from gradcheck.pipeline import Scanned, Scanner
    from gradcheck.records import Chain, Report

Result = TypeVar("Result")

app = typer.Typer(
    help="Where a TensorFlow function's gradient goes NaN, inf or wrong, to the exact float.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit with its status."""
    try:
        status = app(args=arguments, prog_name="gradcheck", standalone_mode=False)
    except CannotCheck as error:
        status = complain(error.code, error.message)
    except (KeyboardInterrupt, Interrupted):
        say("gradcheck: interrupted", sys.stderr)
        status = INTERRUPTED
    except Terminated:
        say("gradcheck: terminated", sys.stderr)
        status = TERMINATED
    except Closed:
        status = CLOSED
    except Exception as error:
        status = usage_error(error) if hasattr(error, "format_message") else bug(error)
    raise SystemExit(status or 0)


@app.callback(invoke_without_command=True)
def options(version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    """Where a TensorFlow function's gradient goes NaN, inf or wrong, to the exact float."""
    if version:
        print(f"gradcheck {__version__}")
        raise typer.Exit


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
        str, typer.Option("--format", metavar="FORMAT", help=f"{' or '.join(FORMATS)}, on standard output.")
    ] = "table",
    outputs: Annotated[
        list[Path] | None,
        typer.Option("--output", metavar="FILE", help="Write a report too, .json or .txt; repeatable."),
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
    files = [(path, format_of(path)) for path in outputs or ()]
    limit = opt.parse_timeout(timeout, options)
    with interruptible(), terminable():
        report = run_quietly(tuple(targets), options, scanner(jobs, limit, no_cache, cluster))
        deliver(report, output_format, files)
    return exit_status(report, options.fail_on)


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
    dtype: Annotated[str | None, typer.Option(metavar="DTYPE", help=f"{', '.join(DTYPES)} (float32).")] = None,
    output_format: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help=f"{' or '.join(FORMATS)}, on standard output.")
    ] = "table",
) -> int:
    """Show one point operation by operation: values, gradients, the true ones, and where it goes wrong.

    Exit status: 0 the gradient is right, 1 it is not, 2 the target could not be checked.
    """
    from gradcheck.options import ScanOptions, parse_at, parse_choice

    options = ScanOptions(dtype=parse_choice("--dtype", dtype, DTYPES) if dtype else None)
    parse_choice("--format", output_format, FORMATS)
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


def scanner(jobs: int | None, timeout: float, no_cache: bool, cluster: str | None) -> "Scanner":
    """What scans: a cluster, or worker processes, where there are process groups; behind the cache."""
    from gradcheck import pipeline

    scan = pipeline.in_process if os.name != "posix" else in_workers(jobs, timeout)
    if cluster is not None:
        scan = on_cluster(cluster, timeout)
    if no_cache:
        return scan
    from gradcheck.pipeline.remembered import remembering

    return remembering(scan, lambda warning: say(f"gradcheck: {warning}", sys.stderr))


def in_workers(jobs: int | None, timeout: float) -> "Scanner":
    """Workers, imported when there is something to scan."""

    def scan(
        texts: tuple[str, ...], options: "ScanOptions", configured: "Configuration", progress: Callable[[str], None]
    ) -> Iterator["Scanned"]:
        from gradcheck.pipeline.crew import Crew

        return Crew(jobs, timeout)(texts, options, configured, progress)

    return scan


def on_cluster(address: str, timeout: float) -> "Scanner":
    """A cluster, connected to when there is something to scan."""

    def scan(
        texts: tuple[str, ...], options: "ScanOptions", configured: "Configuration", progress: Callable[[str], None]
    ) -> Iterator["Scanned"]:
        from gradcheck.pipeline.cluster import Cluster

        return Cluster(address, timeout)(texts, options, configured, progress)

    return scan


def run_quietly(targets: tuple[str, ...], options: "ScanOptions", scanner: "Scanner") -> "Report":
    """Run the pipeline."""

    def run(show: Callable[[str], None]) -> "Report":
        from gradcheck import pipeline

        return pipeline.run(targets, options, show, scanner)

    return quietly(run)


def quietly(run: "Callable[[Callable[[str], None]], Result]") -> "Result":
    """Run with progress on standard error, and nothing of the targets' own on standard output."""
    from gradcheck.streams import without_tensorflow_logs

    with without_tensorflow_logs() as terminal, progress(terminal) as show, contextlib.redirect_stdout(sys.stderr):
        return run(show)


def usage_error(error: Exception) -> int:
    """A mistake that the option parser found, as one line."""
    said = one_line(error.format_message())  # type: ignore[attr-defined]
    return complain(BAD_CONFIGURATION, f"{said.rstrip('.')}; see gradcheck --help" if said else "see gradcheck --help")


def bug(error: Exception) -> int:
    """Whatever should not have happened, with its traceback: it is ours."""
    traceback.print_exception(error)
    print(f"gradcheck: a bug in gradcheck {__version__}: {one_line(repr(error))}; please report it", file=sys.stderr)
    return BUG
