"""From variables that went bad in traced functions to the step that did it.

In: what has been run of late. Out: a `Found`. The same graphs are run again from where all was well, until the first
after which a variable is bad; that one is run once more, eagerly, and where it goes well eagerly, as a graph.
"""

from collections.abc import Sequence
from typing import Any

from gradcheck.observing.diagnosing import asked_gradients, how_run, shows, told, why_not
from gradcheck.observing.found import Found, bad_gradients, witness
from gradcheck.observing.history import restore
from gradcheck.observing.optimizers import KEPT, Seen, handles_of
from gradcheck.observing.recording import Recorder
from gradcheck.observing.rerunning import run, run_traced
from gradcheck.observing.reruns import Rerun
from gradcheck.observing.session import Session
from gradcheck.observing.units import Call, is_random, mode_of

DRAWS = 8
"""How often a step that draws random numbers is run again until it goes bad."""

DRAWN = f"the step draws random numbers: run again {DRAWS} times, with others, it went well"

ANOTHER = "the step draws random numbers: these are of another draw, in which it went bad too"

BY_HAND = 0
"""Stands for no optimizer among counts of steps."""

Steps = dict[int, int]
"""How many steps each optimizer had made, by the identity of its `Seen`."""


def first_bad(session: Session, brief: bool = False) -> Found | None:
    """The step after which a variable was bad; None where nobody trains that. If `brief`, without a cause."""
    history = session.history
    after, blamed = history.state(), set(history.bad_ones())
    place, call = failing(session)
    if call is None:
        restore(after)
        return unknown(session, blamed)
    calls = history.kept
    found = at(session, place, blamed, brief)
    if session.options.on_bad == "skip-step":
        for later in calls[place + 1 :]:
            later.replay()
    else:
        restore(after)
    return found


def failing(session: Session) -> tuple[int, Call | None]:
    """The first call after which a variable is not finite, when all are run again; the variables are as before it.

    One that draws numbers would draw others: variables are looked at after each call of it, so it is the last one.
    """
    last = session.history.kept[-1] if session.history.kept else None
    if last is not None and is_random(last.concrete):
        return len(session.history.kept) - 1, last
    before: tuple[int, Call | None] = (0, None)
    for number, call in session.history.replayed():
        if before[1] is not None and not session.history.all_is_well():
            return before
        before = (number, call)
    return before if not session.history.all_is_well() else (0, None)


def at(session: Session, place: int, blamed: set[int], brief: bool) -> Found | None:
    """What the call at one place did; those before it are run again for their norms, and to get there."""
    history, found = session.history, None
    first = place if brief else early_enough(history.kept[: place + 1])
    for seen in session.optimizers.all:
        seen.norms.clear()
    for number, call in history.replayed():
        if number < first:
            continue
        before = history.state()
        if number == place:
            found = unknown(session, blamed) if brief else diagnosed(session, call, before, blamed)
        else:
            rerun = run(session, call, None)
        restore(before)
        if number == place:
            break
        note_norms(rerun, steps_before(session, call))
    return found


def early_enough(calls: Sequence[Call]) -> int:
    """From which of these calls on as many hold a call of an optimizer as norms are kept; others only gather."""
    updating = [number for number, call in enumerate(calls) if call.mark.optimizers]
    return updating[-KEPT] if len(updating) >= KEPT else 0


def note_norms(rerun: Rerun, steps: Steps) -> None:
    """Keep the norms of a call, before which optimizers had made so many steps."""
    for update in rerun.updates:
        update.seen.norms.append((steps[id(update.seen)] + update.within, update.norm))


def diagnosed(session: Session, call: Call, before: Any, blamed: set[int]) -> Found | None:
    """The bad step, with the variables as they were before it; None where what went bad is not trained."""
    rerun = drawn_again(session, call, before)
    how = ANOTHER if shows(rerun) and is_random(call.concrete) else ""
    steps = steps_before(session, call)
    note_norms(rerun, steps)
    if not shows(rerun) and call.written is not None and not is_random(call.concrete):
        how = alone(rerun, mode_of(call))
        eager, rerun = rerun, run_traced(session, call, call.is_compiled)
        restore(before)
        rerun.recorder, rerun.failure = rerun.recorder or eager.recorder, eager.failure or rerun.failure
    if not shows(rerun):
        return kept_unseen(session, call, rerun, steps, blamed)
    seen, given = rerun.bad or (taker(session, rerun.recorder), [])
    bad = bad_gradients(given) or asked_gradients(rerun.recorder)
    return told(session, seen, step_of(seen, rerun, steps), rerun, call, bad, how)


def drawn_again(session: Session, call: Call, before: Any) -> Rerun:
    """A call is run again, eagerly; one that draws random numbers until it goes bad."""
    for _ in range(DRAWS if is_random(call.concrete) else 1):
        rerun = run(session, call, Recorder())
        restore(before)
        if shows(rerun):
            break
    return rerun


def step_of(seen: Seen | None, rerun: Rerun, steps: Steps) -> int:
    """The number of the step in which an optimizer was given bad gradients; a call may hold several."""
    return steps[id(seen)] + rerun.calls.get(id(seen.outer or seen), 0) if seen else steps[BY_HAND]


def taker(session: Session, recorder: Recorder | None) -> Seen | None:
    """The optimizer that will be given a bad gradient, which is only gathered yet."""
    sources = set(handles_of(recorder.bad.sources)) if recorder and recorder.bad else set()
    owners = [s for s in session.optimizers.all if sources & set(handles_of(s.live))]
    return next(iter(owners), None)


def steps_before(session: Session, call: Call) -> Steps:
    """How many steps each optimizer had made before a call, with the variables as they were then."""
    calls = session.history.kept
    later = calls[next(i for i, c in enumerate(calls) if c is call) :]

    def steps(seen: Seen) -> int:
        if seen.outer is None:
            return seen.steps
        key = id(seen.outer.optimizer)
        return seen.outer.calls - sum(c.mark.optimizers.get(key, 0) for c in later)

    by_hand = session.by_hand - sum(not c.mark.optimizers for c in later)
    return {BY_HAND: by_hand, **{id(seen): steps(seen) for seen in session.optimizers.all}}


def kept_unseen(session: Session, call: Call, rerun: Rerun, steps: Steps, blamed: set[int]) -> Found | None:
    """A step that is bad as it was run, and not when it is run again."""
    if not is_trained(session, blamed):
        return None
    seen = owner(session, blamed)
    random = is_random(call.concrete) and rerun.failure is None
    why = DRAWN if random else why_not(rerun, mode_of(call))
    return told(session, seen, steps[id(seen) if seen else BY_HAND], rerun, call, (), why)


def unknown(session: Session, blamed: set[int]) -> Found | None:
    """A variable went bad, and running all that is kept again does not show when; None where nobody trains it."""
    if not is_trained(session, blamed):
        return None
    seen = owner(session, blamed)
    step = max(seen.steps - 1, 0) if seen else session.by_hand
    why = "the steps of late were run again and went well: they draw random numbers, or read from outside"
    return Found("GC001", witness(seen, step, (), rerun=why), "graph")


def is_trained(session: Session, blamed: set[int]) -> bool:
    """Whether somebody trains variables that went bad; they are looked at no more if not."""
    trained = bool(blamed & session.history.trained)
    if not trained:
        session.history.leave_out(list(blamed))
    return trained


def owner(session: Session, blamed: set[int]) -> Seen | None:
    """The optimizer of variables that are bad; the first of all where none is known for them."""
    every = session.optimizers.all
    return next((s for s in every if blamed & set(handles_of(s.live))), next(iter(every), None))


def alone(eager: Rerun, mode: str) -> str:
    """What is to be said where a step goes bad as it was run, and did not when it was run eagerly."""
    if eager.failure is not None:
        return ""
    return f"only {how_run(mode)} it goes bad: run eagerly with the same variables and batch it goes well"
