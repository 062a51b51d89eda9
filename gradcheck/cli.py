"""The command line: words in, text and an exit status out.

Only this file prints. A mistake of the user's is one line on standard error and exit status 2; whatever else goes wrong
is a bug in gradcheck, exit status 101.
"""

import contextlib
import os
import shutil
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, TextIO, TypeVar

import typer

from gradcheck import __version__
from gradcheck.errors import BAD_CONFIGURATION, CannotCheck, one_line
from gradcheck.vocabulary import (
    BUG,
    COULD_NOT_CHECK,
    DOMAINS,
    DTYPES,
    FINDINGS,
    FORMATS,
    INTERRUPTED,
    NOTHING,
    SEVERITIES,
    SUFFIXES,
)

if TYPE_CHECKING:
    from gradcheck.options import ScanOptions
    from gradcheck.records import Chain, Report
    from gradcheck.renderers import Style

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
    except KeyboardInterrupt:
        print("gradcheck: interrupted", file=sys.stderr)
        status = INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 141
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
    exhaustive: Annotated[
        bool, typer.Option("--exhaustive", help="Run every float of the ranges: a proof, in seconds to minutes.")
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
    )
    parse_choice("--format", output_format, FORMATS)
    files = [(path, format_of(path)) for path in outputs or ()]
    report = run_quietly(tuple(targets), options)
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

    chain = quietly(lambda show: inquire())
    from gradcheck.records import Class
    from gradcheck.renderers.chain import render_chain

    put(render_chain(chain, output_format, terminal_style(sys.stdout)))
    return NOTHING if chain.verdict in (Class.FINITE, Class.NONE) else FINDINGS


def run_quietly(targets: tuple[str, ...], options: "ScanOptions") -> "Report":
    """Run the pipeline."""

    def run(show: Callable[[str], None]) -> "Report":
        from gradcheck import pipeline

        return pipeline.run(targets, options, show)

    return quietly(run)


def quietly(run: "Callable[[Callable[[str], None]], Result]") -> "Result":
    """Run with progress on standard error, and nothing of the targets' own on standard output."""
    from gradcheck.streams import without_tensorflow_logs

    with without_tensorflow_logs() as terminal, progress(terminal) as show, contextlib.redirect_stdout(sys.stderr):
        return run(show)


@contextlib.contextmanager
def progress(terminal: TextIO) -> Iterator[Callable[[str], None]]:
    """A spinner with the target's name, on a terminal; nothing elsewhere."""
    if not terminal.isatty():
        yield lambda target: None
        return
    from rich.console import Console
    from rich.text import Text

    with Console(file=terminal).status("loading TensorFlow") as status:
        yield lambda target: status.update(Text(f"scanning {target}"))


def format_of(path: Path) -> str:
    """The format of an output file, from its suffix."""
    if path.suffix not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        raise CannotCheck(BAD_CONFIGURATION, f"--output {path}: unknown suffix {path.suffix!r}; use one of {known}")
    if not path.parent.is_dir():
        raise CannotCheck(BAD_CONFIGURATION, f"--output {path}: no such directory: {path.parent}; make it first")
    return SUFFIXES[path.suffix]


def deliver(report: "Report", output_format: str, files: list[tuple[Path, str]]) -> None:
    """Print the report and its errors, and write its files."""
    from gradcheck.renderers import Style, render

    for path, name in files:
        write(path, render(report, name, Style()))
    for target in report.targets:
        if target.error:
            complain(target.error.code, target.error.message)
    put(render(report, output_format, terminal_style(sys.stdout)))


def put(text: str) -> None:
    """Print to standard output, which may be full or closed."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise CannotCheck(BAD_CONFIGURATION, f"standard output: {error.strerror}; write elsewhere") from error


def write(path: Path, text: str) -> None:
    """Write a report whole or not at all: beside its place first, then moved there."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise CannotCheck(BAD_CONFIGURATION, f"--output {path}: {error.strerror}; choose another place") from error


def terminal_style(stream: TextIO) -> "Style":
    """How to dress text for standard output."""
    from gradcheck.renderers import Style

    encoding = getattr(stream, "encoding", None) or "ascii"
    try:
        "├─█░┤".encode(encoding)
        unicode = True
    except (UnicodeEncodeError, LookupError):
        unicode = False
    colour = stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    width = min(max(shutil.get_terminal_size((80, 24)).columns, 60), 120)
    return Style(width, colour, unicode)


def complain(code: str, message: str) -> int:
    """One line on standard error; the exit status that goes with it."""
    encoding = sys.stderr.encoding or "ascii"
    line = f"gradcheck: {code} {message}"
    print(line.encode(encoding, "backslashreplace").decode(encoding), file=sys.stderr)
    return COULD_NOT_CHECK


def usage_error(error: Exception) -> int:
    """A mistake that the option parser found, as one line."""
    said = one_line(error.format_message())  # type: ignore[attr-defined]
    return complain(BAD_CONFIGURATION, f"{said.rstrip('.')}; see gradcheck --help" if said else "see gradcheck --help")


def bug(error: Exception) -> int:
    """Whatever should not have happened, with its traceback: it is ours."""
    traceback.print_exception(error)
    print(f"gradcheck: a bug in gradcheck {__version__}: {one_line(repr(error))}; please report it", file=sys.stderr)
    return BUG
