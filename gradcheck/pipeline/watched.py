"""A stand-in: runs the script, and has seen nothing of it."""

import platform

from gradcheck import __version__, scripts
from gradcheck.options import WatchOptions
from gradcheck.records import Environment, Report, TargetReport, TrainingReport
from gradcheck.scripts import Ending, Script

STAND_IN = True


def watched(script: Script, options: WatchOptions) -> tuple[Report, Ending]:
    """The report of a run in which nothing was seen, and how it ended."""
    ending = scripts.run(script)
    training = TrainingReport(0, (), 0, ending.kind, ending.status)
    target = TargetReport(script.name, versions=("training",), training=training)
    return Report(__version__, Environment("", platform.python_version(), "CPU"), (target,)), ending
