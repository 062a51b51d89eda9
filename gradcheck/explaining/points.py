"""Causes at a point of a tensor target.

In: a version's study, a point, and the gradient that is bad. Out: the cause and words on the `tf.where` trap.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck.explaining.causes import (
    PASSING,
    birth,
    blamed,
    cause_at,
    first_odd,
    guilty_forward,
    overriding,
    unmeant_birth,
)
from gradcheck.explaining.focus import focus
from gradcheck.explaining.traps import where_trap
from gradcheck.program import Array, Observation, Program, Ref
from gradcheck.records import Cause, Class, Study


def view(study: Study, position: int) -> Program:
    """The program of the outputs and of one gradient."""
    program = study.program
    own = program.outputs[: program.results]
    return replace(program, outputs=(*own, program.outputs[program.results + position]))


def born(program: Program, seen: Observation) -> int | None:
    """The node in which a gradient that is not finite is born."""
    place = birth(program, seen, program.outputs[-1])
    return first_odd(program, seen) if place is None else place


def line_of(program: Program, place: int | None, seen: Observation) -> str:
    """What two findings with one cause have in common: the user's line, else the node."""
    if place is None:
        return ""
    node = blamed(program, place, Class.NAN, seen) or program.nodes[place]
    return f"{node.place.file}:{node.place.line}" if node.place else node.name.removeprefix("stripped/")


@dataclass(frozen=True)
class Blame:
    """What is to be explained at a point.

    Attributes:
        position: of the gradient among those of the study.
        found: its class.
        wrt: what it is by.
        exact: from a program to the exact value of each of its tensors at the point.
    """

    position: int
    found: Class
    wrt: str
    exact: Callable[[Program], Mapping[Ref, Array]]


def point_cause(study: Study, point: tuple[Any, ...], blame: Blame) -> tuple[Cause | None, str | None]:
    """The cause of a bad gradient at a point, and words on the trap where it is that."""
    study = study.entered(point) or study
    program, seen = view(study, blame.position), study.observe(point)
    place = culprit(program, seen, blame)
    if place is None:
        return None, None
    near = focus(program, seen, place)
    cause = cause_at(program, place, blame.found, near, seen)
    guilty = guilty_forward(program, cause) if not_finite(blame.found) else None
    return cause, None if guilty is None else where_trap(program, guilty, near, blame.wrt)


def output_point_cause(study: Study, point: tuple[Any, ...]) -> Cause | None:
    """The cause of outputs that are not finite: the first operation that made one so."""
    study = study.entered(point) or study
    program, seen = study.program, study.observe(point)
    for ref in program.outputs[: program.results]:
        place = unmeant_birth(program, seen, ref)
        if place is not None:
            return cause_at(program, place, Class.NAN, focus(program, seen, place), seen)
    return None


def culprit(program: Program, seen: Observation, blame: Blame) -> int | None:
    """The node in which one bad gradient is born."""
    if blame.found is Class.WRONG:
        return overriding(program)
    if not_finite(blame.found):
        return born(program, seen)
    place = first_wrong(program, seen, blame.exact(program))
    return last_backward(program) if place is None else place


LOST = 1e-2
"""Error of an element, beside the largest of its tensor, that is no rounding."""


def first_wrong(program: Program, seen: Observation, exact: Mapping[Ref, Array]) -> int | None:
    """The first node that computes something else than exact arithmetic does, on the way to the gradient."""
    for place in program.behind(program.outputs[-1]):
        ref, node = (place, 0), program.nodes[place]
        if node.op in PASSING or ref not in seen or ref not in exact or seen[ref].shape != exact[ref].shape:
            continue
        with np.errstate(invalid="ignore", over="ignore"):
            error = np.abs(seen[ref] - exact[ref])
            size = np.abs(exact[ref])
        wrong = (error > LOST * size) & (size > 0) | ~np.isfinite(seen[ref])
        if wrong.any():
            return place
    return None


def last_backward(program: Program) -> int | None:
    """The last operation of the gradient: where every step is right, the gradient that TensorFlow defines is not."""
    backward = [
        i
        for i in program.behind(program.outputs[-1])
        if i not in program.forward and program.nodes[i].op not in PASSING
    ]
    return backward[-1] if backward else None


def not_finite(found: Class) -> bool:
    """Whether a class is of a gradient that is not finite."""
    return found in (Class.NAN, Class.INF, Class.NEGATIVE_INF, Class.MIXED)
