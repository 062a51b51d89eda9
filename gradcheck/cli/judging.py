"""What comes of a report: the gate's verdict, its notes, its files, and the exit status.

In: a report as it was measured, and how it is to be judged and shown. Out: the exit status. Every command that has a
report ends here.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gradcheck.delivery import deliver, say, write

if TYPE_CHECKING:
    from gradcheck.gate import Verdict
    from gradcheck.options import GateOptions


def settle(verdict: "Verdict", options: "GateOptions", output_format: str, files: list[tuple[Path, str]]) -> int:
    """Say, write and print all of it."""
    for note in verdict.notes:
        say(f"gradcheck: {note}", sys.stderr)
    if options.write_baseline is not None and verdict.baseline is not None:
        write(options.write_baseline, verdict.baseline, "--write-baseline")
    deliver(verdict.report, output_format, files)
    return verdict.status
