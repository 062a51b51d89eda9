"""What comes of a run: a report, the gate's verdict on it, its notes, its files, and the exit status.

In: what is to be run, and how it is to be judged and shown. Out: the exit status. Every command that has a report ends
here.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gradcheck.cli.running import run_quietly
from gradcheck.delivery import deliver, say, write

if TYPE_CHECKING:
    from gradcheck.cli.configured import Run
    from gradcheck.gate import Verdict
    from gradcheck.options import GateOptions, Said
    from gradcheck.pipeline import Scanner


def judge(run: "Run", said: "Said", options: "GateOptions", scan: "Scanner", whole: bool = True) -> "Verdict":
    """Run it, and judge what comes of it; see `gate.judged`."""
    from gradcheck import gate

    gate.prepared(options)
    report = run_quietly(run.targets, said, scan, run.configuration)
    return gate.judged(report, options, run.configuration.ignores_for, whole)


def settle(
    verdict: "Verdict", options: "GateOptions", output_format: str, files: list[tuple[Path, str]], plot: bool = False
) -> int:
    """Say, write and print all of it; `plot`: draw curves in tables."""
    from gradcheck.renderers import Style

    for note in verdict.notes:
        say(f"gradcheck: {note}", sys.stderr)
    if options.write_baseline is not None and verdict.baseline is not None:
        write(options.write_baseline, verdict.baseline, "--write-baseline")
    deliver(verdict.report, output_format, files, Style(fail_on=options.fail_on, plot=plot))
    return verdict.status
