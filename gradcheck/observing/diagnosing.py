"""From a bad step to what there is to say of it.

In: what was kept of the step. Out: a `Found`: the step, the optimizer, its bad gradients, the norms of the last steps,
and a study of the one gradient in which it began.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradcheck.errors import one_line
from gradcheck.observing.history import restore
from gradcheck.observing.looks import counts, dense
from gradcheck.observing.optimizers import KEPT, Seen, handles_of, name_of
from gradcheck.observing.programs import study_of, study_of_value
from gradcheck.observing.recording import Recorder, is_bad
from gradcheck.observing.rerunning import Rerun, run, run_traced
from gradcheck.observing.saving import kept
from gradcheck.observing.units import Call, Unit, is_random, names_in
from gradcheck.records import BadGradient, Norms, Study

if TYPE_CHECKING:
    from gradcheck.observing.watcher import Watcher


@dataclass(frozen=True, eq=False)
class Found:
    """One bad step.

    Attributes:
        code: GC001 for NaN, GC002 for infinities; of what is looked for on request its own.
        message: what, in a sentence; empty for a bad gradient, of which the rest says all.
        step, optimizer, order, loss, gradients, variables, norms, rerun: as in `TrainingWitness`.
        mode: graph, eager or xla.
        study: of the gradient in which it began; None where it did not show when it was run again.
        after: whether the study's gradient was fine, and the study is of what the code made of it.
        repro: the directory that it was saved in.
        unit: what was run again.
        stops: whether the script is to end here.
    """

    code: str
    step: int
    optimizer: str | None
    order: int | None
    loss: float | None
    gradients: tuple[BadGradient, ...]
    variables: int
    norms: tuple[Norms, ...]
    mode: str
    study: Study | None
    unit: Unit | None = None
    rerun: str = ""
    message: str = ""
    stops: bool = True
    after: bool = False
    repro: str | None = None


def of_units(
    watcher: "Watcher", seen: Seen | None, given: list[tuple[Any, Any]], step: int, units: Sequence[Unit]
) -> Found:
    """A step whose optimizer was not called in a graph: the variables are as they were."""
    rerun, unit, recorder, shown = None, None, None, False
    for longer in (True, False):
        for unit in units:
            recorder = Recorder()
            rerun = run(watcher, unit, recorder, at_gradient=not longer)
            shown = recorder.bad is not None or rerun.bad is not None
            if shown:
                break
        if shown:
            break
    bad = bad_gradients(given) if given else asked_gradients(recorder)
    found = Found(
        code="GC001" if any(b.nan for b in bad) else "GC002",
        step=step,
        optimizer=seen.name if seen else None,
        order=seen.order if seen else None,
        loss=rerun.told_loss if rerun else None,
        gradients=bad,
        variables=len(seen.variables) if seen else len(bad),
        norms=tuple(s.told for s in watcher.optimizers.all if s.norms),
        mode=mode_of(unit),
        study=evidence(recorder, rerun, unit) if shown else None,
        after=shown and recorder is not None and recorder.bad is None,
        unit=unit,
        rerun="" if shown else why_not(rerun, mode_of(unit)),
    )
    return kept(watcher, found, recorder)


def evidence(recorder: Recorder | None, rerun: Rerun | None, unit: Unit | None) -> Study | None:
    """A study of the bad gradient, or of what was made of a good one."""
    if recorder is None or rerun is None or unit is None:
        return None
    if recorder.bad is not None:
        return study_of(recorder, recorder.bad, names_in(unit))
    bad = next((tensor for tensor, _ in (rerun.bad or (None, []))[1] if is_bad(tensor)), None)
    return None if bad is None else study_of_value(recorder, bad, names_in(unit))


def of_call(watcher: "Watcher", brief: bool = False) -> Found | None:
    """A step that was run in a graph: the variables are bad by now, so it is run again from where they were not.

    If it is to be `brief`, no cause is looked for.
    """
    history = watcher.history
    after, blamed = history.state(), set(history.bad_ones())
    place, call = failing(watcher)
    if call is None:
        restore(after)
        return unknown(watcher, blamed)
    calls, first = history.kept, max(0, place - KEPT + 1)
    if brief:
        first = place
    for seen in watcher.optimizers.all:
        seen.norms.clear()
    found = None
    for number, event in history.replayed():
        if number < first:
            continue
        before = history.state()
        if number < place:
            rerun = run(watcher, event, None)
            restore(before)
            note_norms(rerun, steps_before(watcher, event))
            continue
        found = unknown(watcher, blamed) if brief else of_step(watcher, event, before, blamed)
        restore(before)
        break
    if watcher.options.on_bad == "skip-step":
        for later in calls[place + 1 :]:
            later.replay()
    else:
        restore(after)
    return found


def failing(watcher: "Watcher") -> tuple[int, Call | None]:
    """The first call after which a variable is not finite, when all are run again.

    One that draws numbers would draw others: variables are looked at after each call of it, so it is the last one.
    """
    last = watcher.history.kept[-1] if watcher.history.kept else None
    if last is not None and is_random(last.concrete):
        return len(watcher.history.kept) - 1, last
    before: tuple[int, Call | None] = (0, None)
    for number, call in watcher.history.replayed():
        if before[1] is not None and not watcher.history.all_is_well():
            return before
        before = (number, call)
    return before if not watcher.history.all_is_well() else (0, None)


def note_norms(rerun: Rerun, steps: dict[int, int]) -> None:
    """Keep the norms of a call, before which optimizers had made so many steps."""
    for seen, within, _, norms in rerun.norms:
        seen.norms.append((steps[id(seen)] + within, math.hypot(*norms)))


def of_step(watcher: "Watcher", call: Call, before: Any, blamed: set[int]) -> Found | None:
    """The step itself, with the variables as they were before it; None where what went bad is not trained."""
    draws, how = is_random(call.concrete), ""
    for _ in range(DRAWS if draws else 1):
        recorder = Recorder()
        rerun = run(watcher, call, recorder)
        restore(before)
        if rerun.bad is not None or recorder.bad is not None:
            how = "the step draws random numbers: these are of another draw, in which it went bad too" if draws else ""
            break
    steps = steps_before(watcher, call)
    note_norms(rerun, steps)
    if rerun.bad is None and recorder.bad is None and call.written is not None and not draws:
        first, rerun = rerun, run_traced(watcher, call, call.is_compiled)
        restore(before)
        recorder = rerun.recorder or recorder
        how = alone(first, mode_of(call))
    if rerun.bad is None and recorder.bad is None:
        if not blamed & watcher.history.trained:
            watcher.history.leave_out(list(blamed))
            return None
        return kept(watcher, of_mode(watcher, call, rerun, steps, blamed), recorder)
    seen, given = rerun.bad or (taker(watcher, recorder), [])
    bad = bad_gradients(given) if given else asked_gradients(recorder)
    within = rerun.calls.get(id(seen.outer or seen), 0) if seen else 0
    found = Found(
        code="GC001" if any(b.nan for b in bad) else "GC002",
        step=(steps[id(seen)] + within) if seen else steps[BY_HAND],
        optimizer=seen.name if seen else None,
        order=seen.order if seen else None,
        loss=rerun.told_loss,
        gradients=bad,
        variables=len(seen.variables) if seen else len(bad),
        norms=tuple(s.told for s in watcher.optimizers.all if s.norms),
        mode=mode_of(call),
        study=evidence(recorder, rerun, call),
        after=recorder.bad is None,
        unit=call,
        rerun=how,
    )
    return kept(watcher, found, recorder)


DRAWS = 8
"""How often a step that draws random numbers is run again until it goes bad."""

DRAWN = f"the step draws random numbers: run again {DRAWS} times, with others, it went well"

BY_HAND = 0
"""Stands for no optimizer among counts of steps."""


def taker(watcher: "Watcher", recorder: Recorder) -> Seen | None:
    """The optimizer that will be given a bad gradient, which is only gathered yet."""
    sources = set(handles_of(recorder.bad.sources)) if recorder.bad else set()
    owners = [s for s in watcher.optimizers.all if sources & set(handles_of(s.live))]
    return next(iter(owners), None)


def steps_before(watcher: "Watcher", call: Call) -> dict[int, int]:
    """How many steps each optimizer had made before a call, with the variables as they were then."""
    calls = watcher.history.kept
    later = calls[next(i for i, c in enumerate(calls) if c is call) :]

    def steps(seen: Seen) -> int:
        if seen.outer is None:
            return seen.steps
        key = id(seen.outer.optimizer)
        return seen.outer.calls - sum(c.mark.optimizers.get(key, 0) for c in later)

    by_hand = watcher.by_hand - sum(not c.mark.optimizers for c in later)
    return {BY_HAND: by_hand, **{id(seen): steps(seen) for seen in watcher.optimizers.all}}


def of_mode(watcher: "Watcher", call: Call, rerun: Rerun, steps: dict[int, int], blamed: set[int]) -> Found:
    """A step that is bad as it was run, and not when it is run again."""
    seen = owner(watcher, blamed)
    return Found(
        code="GC001",
        step=steps[id(seen)] if seen else steps[BY_HAND],
        optimizer=seen.name if seen else None,
        order=seen.order if seen else None,
        loss=rerun.told_loss,
        gradients=(),
        variables=len(seen.variables) if seen else 0,
        norms=tuple(s.told for s in watcher.optimizers.all if s.norms),
        mode=mode_of(call),
        study=None,
        unit=call,
        rerun=DRAWN if is_random(call.concrete) and rerun.failure is None else why_not(rerun, mode_of(call)),
    )


def unknown(watcher: "Watcher", blamed: set[int]) -> Found | None:
    """A variable went bad, and running all that is kept again does not show when; None where nobody trains it."""
    if not blamed & watcher.history.trained:
        watcher.history.leave_out(list(blamed))
        return None
    seen = owner(watcher, blamed)
    return Found(
        code="GC001",
        step=max(seen.steps - 1, 0) if seen else watcher.by_hand,
        optimizer=seen.name if seen else None,
        order=seen.order if seen else None,
        loss=None,
        gradients=(),
        variables=len(seen.variables) if seen else 0,
        norms=(),
        mode="graph",
        study=None,
        rerun="the steps of late were run again and went well: they draw random numbers, or read from outside",
    )


def owner(watcher: "Watcher", blamed: set[int]) -> Seen | None:
    """The optimizer of variables that are bad; the first of all where none is known for them."""
    every = watcher.optimizers.all
    return next((s for s in every if blamed & set(handles_of(s.live))), next(iter(every), None))


def bad_gradients(given: Sequence[tuple[Any, Any]]) -> tuple[BadGradient, ...]:
    """Those that are not finite, of which variable, and how much of them."""
    return tuple(bad_gradient(tensor, variable) for tensor, variable in given if is_bad(tensor))


def asked_gradients(recorder: Recorder | None) -> tuple[BadGradient, ...]:
    """The same of a gradient that no optimizer takes."""
    if recorder is None or recorder.bad is None:
        return ()
    pairs = zip(recorder.bad.results, recorder.bad.sources, strict=False)
    return tuple(bad_gradient(dense(g), source) for g, source in pairs if is_bad(g))


def bad_gradient(tensor: Any, variable: Any) -> BadGradient:
    """One of them."""
    entries, nan, infinite = counts(tensor)
    shape = tuple(int(d) for d in getattr(variable, "shape", ()))
    dtype = getattr(variable.dtype, "name", str(variable.dtype))
    return BadGradient(name_of(variable), dtype, shape, entries, nan, infinite)


def mode_of(unit: Unit | None) -> str:
    """How a unit was run."""
    if not isinstance(unit, Call):
        return "eager"
    return "xla" if unit.is_compiled else "graph"


def alone(eager: Rerun, mode: str) -> str:
    """What is to be said where a step goes bad as it was run, and did not when it was run eagerly."""
    if eager.failure is not None:
        return ""
    how = "compiled by XLA" if mode == "xla" else "in graph mode"
    return f"only {how} it goes bad: run eagerly with the same variables and batch it goes well"


def why_not(rerun: Rerun | None, mode: str) -> str:
    """Why no cause is known."""
    if rerun is None:
        return "its code could not be run again: the tape is not entered by a with statement whose source is known"
    if rerun.failure is not None:
        said = f"{type(rerun.failure).__name__}: {one_line(str(rerun.failure), 120)}"
        return f"the step could not be run again: it raised {said}"
    if mode == "eager":
        return "run again with the same variables and batch the step went well: it draws random numbers"
    how = "compiled by XLA" if mode == "xla" else "in graph mode"
    return f"the step goes bad {how} alone; run eagerly with the same variables and batch it went well"
