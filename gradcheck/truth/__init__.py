"""Truth: what real arithmetic says of a function and of its gradient.

In: programs, regions of classes, and a way to run points. Out: regions of verdicts, and true values at a point. Only
this package imports flint.
"""

from collections.abc import Mapping

from gradcheck.options import TOLERANCES, ScanOptions
from gradcheck.program import Program
from gradcheck.records import InputPlan, TracedInput
from gradcheck.truth.judging import Judge, Judgement, Line, Point, nearest
from gradcheck.truth.locally import exact_tensors, local_errors
from gradcheck.truth.oracle import Oracle
from gradcheck.truth.survey import merged, survey
from gradcheck.truth.zeros import split_at_zeros

__all__ = [
    "Judge",
    "Judgement",
    "Point",
    "judge_of",
    "local_errors_at",
    "merged",
    "nearest",
    "split_at_zeros",
    "survey",
    "true_values",
]


def true_values(judge: Judge, ordinal: int) -> tuple[float | None, float | None]:
    """The true output and the true gradient at an ordinal; None where there is none, infinite where it is singular."""
    truth = judge.truth(ordinal)
    return nearest(truth.value), nearest(truth.derivative)


def local_errors_at(program: Program, values: tuple[float, ...]) -> Mapping[int, float]:
    """The local error of each node of a program at one point; none where an operation has no rule."""
    tensors = exact_tensors(program, values)
    return local_errors(program, tensors) if tensors else {}


def judge_of(
    programs: Mapping[str, Program], inputs: tuple[TracedInput, ...], plan: InputPlan, options: ScanOptions
) -> tuple[Judge | None, tuple[str, ...]]:
    """A judge for one swept input, from each version's program; or None, and the operations that have no rule.

    The first program is autodiff's: its output is the function that is differentiated.
    """
    forward = next(iter(programs.values()))
    oracle = Oracle(forward, plan.index)
    if oracle.missing():
        return None, oracle.missing()
    exact = {
        name: Oracle(program, plan.index, program.outputs[1])
        for name, program in programs.items()
        if name == "custom" and len(program.outputs) > 1
    }
    exact = {name: oracle for name, oracle in exact.items() if not oracle.missing()}
    fmt = inputs[plan.index].fmt
    held = tuple(i.fmt.value(o) for i, o in zip(inputs, plan.held, strict=True))
    tolerance = TOLERANCES[fmt.name] if options.tolerance is None else options.tolerance
    return Judge(oracle, exact, tuple(programs), Line(fmt, plan.index, held), tolerance), ()
