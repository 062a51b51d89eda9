"""`gradcheck watch`: a training script runs as itself, and its gradients are watched.

In: options, and a script with what is its own. Out: all that the script prints, its traceback if it has one, then the
report. Principle: what stands behind the script's name is the script's; so is an exit status that is not 0.
"""

import contextlib
import math
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gradcheck import repros
from gradcheck.cli.app import app
from gradcheck.cli.judging import settle
from gradcheck.cli.parameters import ExitZero, FailOn, Format, Ignored, Outputs, Select, gate_words, shown_as
from gradcheck.delivery import format_of, interruptible, say
from gradcheck.errors import BAD_CONFIGURATION, CannotCheck
from gradcheck.vocabulary import ON_BAD

if TYPE_CHECKING:
    from gradcheck.options import GateOptions, WatchOptions
    from gradcheck.scripts import Script


@app.command(context_settings={"allow_interspersed_args": False})
def watch(
    script: Annotated[
        str, typer.Argument(metavar="SCRIPT", help="A file; a module behind -m. What stands behind it is its own.")
    ],
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="ARGS", help="What the script finds in sys.argv, as it is.")
    ] = None,
    module: Annotated[bool, typer.Option("-m", help="SCRIPT is a module, as for python -m.")] = False,
    on_bad: Annotated[
        str,
        typer.Option(
            "--on-bad",
            metavar="WHAT",
            help=f"At a bad gradient: {', '.join(ON_BAD)} ({ON_BAD[0]}).",
            show_default=False,
        ),
    ] = ON_BAD[0],
    every: Annotated[
        int | None, typer.Option("--every", metavar="N", help="Look at the weights every N steps.", min=1)
    ] = None,
    max_steps: Annotated[
        int | None, typer.Option("--max-steps", metavar="N", help="Stop the script after N steps.", min=1)
    ] = None,
    save_repro: Annotated[
        Path | None,
        typer.Option("--save-repro", metavar="DIR", help="Save the bad step, to be read without the script."),
    ] = None,
    vanished: Annotated[
        int | None,
        typer.Option("--vanished", metavar="N", help="Find variables whose gradient is 0 for N steps.", min=1),
    ] = None,
    exploding: Annotated[
        float | None,
        typer.Option("--exploding", metavar="FACTOR", help="Find norms above FACTOR times their running median."),
    ] = None,
    untrained: Annotated[
        bool, typer.Option("--untrained", help="Find variables without a gradient, in no optimizer, or in two.")
    ] = False,
    output_format: Format = None,
    outputs: Outputs = None,
    fail_on: FailOn = None,
    select: Select = None,
    ignore: Ignored = None,
    exit_zero: ExitZero = False,
) -> int:
    """Run a training script, unchanged, and stop at its first bad gradient: which step, optimizer, variable and line.

    The script prints what it prints; the report comes behind it. An exit status of its own that is not 0 stays.
    """
    from gradcheck import configuration
    from gradcheck.options import WatchOptions
    from gradcheck.parsing import parse_choice
    from gradcheck.scripts import Script

    shown_as(output_format, plot=False)
    options = WatchOptions(
        on_bad=parse_choice("--on-bad", on_bad, ON_BAD),
        every=every,
        max_steps=max_steps,
        save_repro=directory(save_repro),
        vanished=vanished,
        exploding=factor(exploding),
        untrained=untrained,
    )
    files = [(path.absolute(), format_of(path)) for path in outputs or ()]  # the script may go elsewhere
    gating = configuration.read(Path.cwd()).gate_with(**gate_words(select, ignore, fail_on, exit_zero))
    started = Script(None if module else script, script if module else None, tuple(arguments or ()))
    with interruptible():
        return run(started, options, without_baseline(gating), output_format or "table", files)


def run(
    script: "Script", options: "WatchOptions", gating: "GateOptions", output_format: str, files: list[tuple[Path, str]]
) -> int:
    """Run it, show how it ended, judge what was seen; the script's own exit status comes first."""
    from gradcheck import gate, scripts
    from gradcheck.pipeline.watched import watched

    process = os.getpid()
    with streams():
        report, ending = watched(script, options)
        own = scripts.show(ending)
    if os.getpid() != process:  # a fork of the script's that came back: the report is its parent's
        return own
    status = settle(gate.judged(report, gating, whole=False), gating, output_format, files)
    return own or status


def directory(path: Path | None) -> Path | None:
    """A directory that may be made, from the root on: the script may go elsewhere."""
    if path is not None:
        repros.refuse(path)
    return None if path is None else path.absolute()


def factor(value: float | None) -> float | None:
    """A multiple of the median that a norm may be."""
    if value is not None and not 1 < value < math.inf:
        raise CannotCheck(BAD_CONFIGURATION, f"--exploding {value:g}: write a number above 1, for example 100")
    return value


def without_baseline(gating: "GateOptions") -> "GateOptions":
    """The gate of a training run: the configured baseline is of scans."""
    return replace(gating, baseline=None, write_baseline=None)


@contextlib.contextmanager
def streams() -> Iterator[None]:
    """Within it the streams are the script's; behind it they are as they were, and all is written that it wrote."""
    before: tuple[Any, Any] = sys.stdout, sys.stderr
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr, *before):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                stream.flush()
        sys.stdout, sys.stderr = before
        if sys.stdout is None or sys.stdout.closed:
            sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  (until the process ends)
            say("gradcheck: the script closed standard output; name a file with --output", sys.stderr)
