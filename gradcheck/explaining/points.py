"""Causes at a point of a tensor target.

In: a version's study, a point, and the gradient that is bad. Out: the cause and words on the `tf.where` trap.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.explaining.causes import birth, cause_at, first_odd, forward_node, guilty_forward, overriding
from gradcheck.explaining.focus import focus
from gradcheck.explaining.traps import where_trap
from gradcheck.program import Observation, Program
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
    cause = cause_at(program, place, Class.NAN, focus(program, seen, place), seen)
    return f"{cause.file}:{cause.line}" if cause.file else cause.node


def point_cause(
    study: Study, point: tuple[Any, ...], position: int, found: Class, wrt: str, errors: dict[int, float]
) -> tuple[Cause | None, str | None]:
    """The cause of a bad gradient at a point, and words on the trap where it is that."""
    study = study.entered(point) or study
    program, seen = view(study, position), study.observe(point)
    place = culprit(program, seen, found, errors)
    if place is None:
        return None, None
    near = focus(program, seen, place)
    cause = cause_at(program, place, found, near, seen)
    guilty = guilty_forward(program, cause) if not_finite(found) else None
    return cause, None if guilty is None else where_trap(program, guilty, near, wrt)


def output_point_cause(study: Study, point: tuple[Any, ...]) -> Cause | None:
    """The cause of outputs that are not finite: the first operation that made one so."""
    study = study.entered(point) or study
    program, seen = study.program, study.observe(point)
    for ref in program.outputs[: program.results]:
        place = birth(program, seen, ref)
        if place is not None:
            return cause_at(program, place, Class.NAN, focus(program, seen, place), seen)
    return None


def culprit(program: Program, seen: Observation, found: Class, errors: dict[int, float]) -> int | None:
    """The node in which one bad gradient is born."""
    if found is Class.WRONG:
        return overriding(program)
    if not_finite(found):
        return born(program, seen)
    return next(iter(sorted(errors, key=lambda i: -errors[i])), None) or zero_maker(program, seen)


def zero_maker(program: Program, seen: Observation) -> int | None:
    """The first operation of the backward graph that makes a 0 of what is none."""
    for place in program.behind(program.outputs[-1]):
        node, made = program.nodes[place], seen.get((place, 0))
        if place in program.forward or made is None or not made.size or forward_node(program, place) is None:
            continue
        read = [seen[r] for r in node.inputs if r in seen and seen[r].size]
        if read and (made == 0).any() and all((np.asarray(a) != 0).all() for a in read):
            return place
    forwards = [forward_node(program, i) for i, _ in (program.outputs[-1],)]
    return program.by_name[forwards[0].name] if forwards and forwards[0] is not None else None


def not_finite(found: Class) -> bool:
    """Whether a class is of a gradient that is not finite."""
    return found in (Class.NAN, Class.INF, Class.NEGATIVE_INF, Class.MIXED)
