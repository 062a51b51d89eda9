"""From a bad step that was run again to what there is to say of it.

In: what was run, with the variables as they were before it. Out: a `Found`, with a study of the gradient in which
it began.
"""

from collections.abc import Sequence
from typing import Any

from gradcheck.errors import one_line
from gradcheck.observing.found import Found, bad_gradients, code_of, witness
from gradcheck.observing.looks import is_bad
from gradcheck.observing.optimizers import Seen
from gradcheck.observing.programs import study_of, study_of_value
from gradcheck.observing.recording import Recorder
from gradcheck.observing.rerunning import run
from gradcheck.observing.reruns import Rerun
from gradcheck.observing.saving import kept
from gradcheck.observing.session import Session
from gradcheck.observing.units import Unit, mode_of, names_in
from gradcheck.records import BadGradient, Study


def of_units(
    session: Session, seen: Seen | None, given: Sequence[tuple[Any, Any]], step: int, units: Sequence[Unit]
) -> Found:
    """A step whose optimizer was not called in a graph: the variables are as they were."""
    rerun, unit = shown_by(session, units)
    seen_again = rerun is not None and shows(rerun)
    bad = bad_gradients(given) or asked_gradients(rerun.recorder if rerun else None)
    return told(session, seen, step, rerun, unit, bad, "" if seen_again else why_not(rerun, mode_of(unit)))


def shown_by(session: Session, units: Sequence[Unit]) -> tuple[Rerun | None, Unit | None]:
    """The first run of a unit that shows a bad gradient, up to the optimizer or the gradient alone; else the last."""
    rerun, unit = None, None
    for longer in (True, False):
        for unit in units:
            rerun = run(session, unit, Recorder(), at_gradient=not longer)
            if shows(rerun):
                return rerun, unit
    return rerun, unit


def shows(rerun: Rerun) -> bool:
    """Whether something went bad when it was run again."""
    return rerun.bad is not None or (rerun.recorder is not None and rerun.recorder.bad is not None)


def told(  # noqa: PLR0913, PLR0917
    session: Session,
    seen: Seen | None,
    step: int,
    rerun: Rerun | None,
    unit: Unit | None,
    bad: tuple[BadGradient, ...],
    how: str = "",
) -> Found:
    """What there is to say of a step, saved if it is to be."""
    recorder = rerun.recorder if rerun else None
    shown = rerun is not None and shows(rerun)
    found = Found(
        code=code_of(bad),
        witness=witness(
            seen, step, bad, loss=rerun.told_loss if rerun else None, norms=session.optimizers.norms, rerun=how
        ),
        mode=mode_of(unit),
        study=evidence(recorder, rerun, unit) if shown else None,
        after=shown and recorder is not None and recorder.bad is None,
        unit=unit,
    )
    return kept(session, found, recorder)


def evidence(recorder: Recorder | None, rerun: Rerun | None, unit: Unit | None) -> Study | None:
    """A study of the bad gradient, or of what was made of a good one."""
    if recorder is None or rerun is None or unit is None:
        return None
    if recorder.bad is not None:
        return study_of(recorder, recorder.bad, names_in(unit))
    bad = next((tensor for tensor, _ in (rerun.bad or (None, []))[1] if is_bad(tensor)), None)
    return None if bad is None else study_of_value(recorder, bad, names_in(unit))


def asked_gradients(recorder: Recorder | None) -> tuple[BadGradient, ...]:
    """The bad gradients of those that no optimizer takes."""
    if recorder is None or recorder.bad is None:
        return ()
    return bad_gradients(list(zip(recorder.bad.results, recorder.bad.sources, strict=False)))


def why_not(rerun: Rerun | None, mode: str) -> str:
    """Why no cause is known."""
    if rerun is None:
        return "its code could not be run again: the tape is not entered by a with statement whose source is known"
    if rerun.failure is not None:
        said = f"{type(rerun.failure).__name__}: {one_line(str(rerun.failure), 120)}".removesuffix(": ")
        return f"the step could not be run again: it raised {said}"
    if mode == "eager":
        return "run again with the same variables and batch the step went well: it draws random numbers"
    return f"the step goes bad {how_run(mode)} alone; run eagerly with the same variables and batch it went well"


def how_run(mode: str) -> str:
    """How a traced function is run."""
    return "compiled by XLA" if mode == "xla" else "in graph mode"
