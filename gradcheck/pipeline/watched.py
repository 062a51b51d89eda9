"""A watched run: from a script to a report.

In: a script and options. Out: what was found in its training steps, with causes, and how the script ended.
"""

import ast
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gradcheck import __version__, scripts
from gradcheck.explaining.causes import from_here
from gradcheck.floats import FORMATS
from gradcheck.observing.hooks import Hooks
from gradcheck.options import WatchOptions
from gradcheck.pipeline import environment
from gradcheck.program import Array
from gradcheck.records import (
    Cause,
    Finding,
    Report,
    Study,
    TargetReport,
    TrainingReport,
    TrainingWitness,
    WatchedOptimizer,
)
from gradcheck.rules import BY_CODE
from gradcheck.scripts import Ending, Script, Stopped

if TYPE_CHECKING:
    from gradcheck.observing.found import Found
    from gradcheck.observing.watcher import Watcher


def watched(script: Script, options: WatchOptions) -> tuple[Report, Ending]:
    """Run a script and watch it."""
    with Watching(options, name=script.name) as watching:
        ending = scripts.run(script)
        return watching.report(script.name, ending), ending


class Watching:
    """What is run within it is watched."""

    def __init__(self, options: WatchOptions, stop: Callable[[], BaseException] = Stopped, name: str = "") -> None:
        start = Path.cwd()  # the script may go elsewhere
        self.hooks = Hooks(lambda: watcher_of(options, stop, name, start))

    def __enter__(self) -> "Watching":
        self.hooks.install()
        return self

    def __exit__(self, *error: object) -> None:
        self.hooks.remove()

    def report(self, name: str, ending: Ending) -> Report:
        """What was seen, after a last look."""
        if self.hooks.watcher is not None:
            self.hooks.watcher.finish()
        return Report(__version__, environment(), (reported(name, self.hooks.watcher, ending),))


def watcher_of(options: WatchOptions, stop: Callable[[], BaseException], name: str, start: Path) -> "Watcher":
    """The watcher, once TensorFlow is there."""
    from gradcheck.observing.keeper import Keeper
    from gradcheck.observing.watcher import Watcher

    watcher = Watcher(options, stop)
    if options.save_repro is not None:
        watcher.keeper = Keeper(options.save_repro, name, start, cause_of)
    return watcher


def reported(name: str, watcher: "Watcher | None", ending: Ending) -> TargetReport:
    """What is told of a run."""
    if watcher is None:
        training = TrainingReport(0, (), 0, ending.kind, ending.status)
        return TargetReport(name, training=training, notes=("the script did not import TensorFlow",))
    seen = watcher.optimizers.all
    variables = {key for s in seen for key in s.variables}
    training = TrainingReport(
        steps=watcher.steps,
        optimizers=tuple(WatchedOptimizer(s.name, s.order, s.steps, len(s.variables)) for s in seen),
        variables=len(variables),
        ended="limited" if watcher.limited else ending.kind,
        status=ending.status,
    )
    findings = tuple(finding_of(found) for found in watcher.found)
    modes = tuple(dict.fromkeys(f.mode for f in findings))
    return TargetReport(
        name,
        versions=("training",),
        modes=modes,
        findings=findings,
        training=training,
        notes=(*watcher.notes, *more_notes(watcher)),
    )


def more_notes(watcher: "Watcher") -> list[str]:
    """Bad steps that were counted only."""
    names = {seen.order: f"optimizer {seen.order} ({seen.name})" for seen in watcher.optimizers.all}
    left = watcher.history.left_out
    start = [f"{left} variable{'s' * (left > 1)} with NaN or infinities from the start: not watched"] if left else []
    return [*start, *skipped_notes(watcher)] + [
        f"{names.get(order or 0, 'an update by hand')} went on to get bad gradients, in {count:,} steps more"
        for order, count in watcher.more.items()
    ]


def skipped_notes(watcher: "Watcher") -> list[str]:
    """Optimizers whose loss scaling left out more steps than it takes to find a scale."""
    notes = []
    for seen in watcher.optimizers.all:
        asked, left_out = seen.steps, seen.skipped
        if left_out > max(MOST_SKIPPED, asked // 10):
            who = f"optimizer {seen.order} ({seen.name})"
            notes.append(
                f"{who}: its loss scaling left out {left_out:,} of {asked:,} steps, whose gradients were not finite"
            )
    return notes


MOST_SKIPPED = 16
"""Steps in which a loss scale of 2^15 halves itself to less than 1."""


def finding_of(found: "Found") -> Finding:
    """One bad step, with its cause."""
    cause, trap = cause_of(found)
    rule, told = BY_CODE[found.code], found.witness
    first = told.gradients[0] if told.gradients else None
    return Finding(
        code=found.code,
        name=rule.name,
        severity=rule.severity,
        version="training",
        wrt=first.variable if first else "",
        fmt=FORMATS[first.dtype if first and first.dtype in FORMATS else "float32"],
        masked=False,
        lo=None,
        hi=None,
        at=None,
        message=found.message or message_of(found.code, told),
        suggestion=trap or advice(found.code, cause),
        cause=cause,
        mode=found.mode,
        training=told,
    )


def cause_of(found: "Found") -> tuple[Cause | None, str | None]:
    """The cause, and words on the trap."""
    from gradcheck.explaining.points import Blame, output_point_cause, point_cause
    from gradcheck.records import Class

    if found.study is None:
        return None, None
    if found.after:
        return from_outside(found.study, output_point_cause(found.study, ())), None
    wrong = Class.NAN if found.code == "GC001" else Class.INF
    cause, trap = point_cause(found.study, (), Blame(0, wrong, "x", lambda program: {}))
    return from_outside(found.study, cause), trap


OUTSIDE = ("Placeholder", "Const")
"""Operations that stand for what comes from outside of a step."""


def from_outside(study: "Study", cause: Cause | None) -> Cause | None:
    """A cause that is no operation but what came from outside: the batch, or a variable; where it is read first."""
    if cause is None or (cause.forward_op or cause.op) not in OUTSIDE:
        return cause
    program, seen = study.program, study.observe(())
    place = program.by_name[cause.node]
    reader = next((n for n in program.nodes if n.place is not None and (place, 0) in n.inputs), None)
    values = seen.get((place, 0))
    count = counted(values) if values is not None else ""
    where = reader.place if reader else None
    at = f", where it is read first ({where.text})" if where else ""
    return replace(
        cause,
        file=from_here(where.file) if where else None,
        line=where.line if where else None,
        source=where.source if where else None,
        message=f"{cause.node} is not finite when it comes in: {count} are NaN or infinite{at}",
    )


def counted(values: Array) -> str:
    """How many of an array's numbers are not finite, and where the first of them is."""
    places = np.argwhere(~np.isfinite(values))
    where = f", the first at [{', '.join(map(str, places[0]))}]," if len(places) and values.ndim else ""
    return f"{len(places):,} of {values.size:,} numbers in it{where}"


CLEAN = "find where it comes from, and leave such rows out, or set such values right, before they are trained on"

STABLE = "use the library's stable form, or keep the argument of the guilty operation away from its edge BEFORE it"


def advice(code: str, cause: Cause | None) -> str | None:
    """What to do next; a function can be scanned by itself."""
    if code in NEXT:
        return NEXT[code]
    if cause is None:
        return None
    if (cause.forward_op or cause.op) in OUTSIDE:
        return CLEAN
    name = None if cause.file is None or cause.line is None else function_at(cause.file, cause.line)
    return STABLE if name is None else f"{STABLE}; and scan it: gradcheck scan {cause.file}:{name}"


NEXT = {
    "GC003": "look between the loss and these variables for a saturated activation, or a mask that is always 0",
    "GC008": "let the loss depend on these variables, or leave them out of this optimizer's list",
    "GC010": "look at the batch of that step, clip by the global norm, or take a smaller learning rate",
    "GC011": "give them to an optimizer, or make them with trainable=False",
    "GC012": "split the variables so that each is in one list",
}
"""What to do next about what was looked for on request."""


def function_at(file: str, line: int) -> str | None:
    """The function of a module in which a line is; None where it is in none, or in a method."""
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None
    found = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.lineno <= line <= (n.end_lineno or n.lineno)]
    trains = found and any(isinstance(n, ast.Attribute) and n.attr in TRAINS for n in ast.walk(found[0]))
    return found[0].name if found and not trains else None


TRAINS = frozenset({"GradientTape", "apply_gradients", "fit"})
"""What a function that trains has in it; it is nothing to scan."""


def message_of(code: str, told: TrainingWitness) -> str:
    """What went bad, in a sentence."""
    what = "NaN" if code == "GC001" else "infinite"
    number, step = len(told.gradients), f"step {told.step}"
    by = f"optimizer {told.order} ({told.optimizer})"
    if number and told.optimizer:
        return f"{step}: {by} was given a gradient that is {what}, of {number} of {told.variables} variables"
    if number:
        variables = f"{number} variable{'s' * (number != 1)}"
        return f"{step}: the gradient of {variables} that the script updates by hand is {what}"
    return f"{step}: a variable{f' of {by}' if told.optimizer else ''} became {what}"
