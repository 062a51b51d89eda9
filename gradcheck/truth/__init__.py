"""Truth: what real arithmetic says of a function and of its gradient.

In: programs, regions of classes, and a way to run points. Out: regions of verdicts, and true values at a point. Only
this package imports flint.
"""

from collections.abc import Mapping

from gradcheck.options import MAX_COST, TOLERANCES, ScanOptions
from gradcheck.program import Program, Ref
from gradcheck.records import InputPlan, Study, TracedInput
from gradcheck.truth.judging import Judge, Judgement, Line, Point, nearest
from gradcheck.truth.locally import exact_numbers, exact_tensors, local_errors
from gradcheck.truth.oracle import ApproximateOracle, Oracle, cost
from gradcheck.truth.survey import merged, survey
from gradcheck.truth.zeros import split_at_zeros

__all__ = [
    "Judge",
    "Judgement",
    "Point",
    "exact_at",
    "judge_of",
    "local_errors_at",
    "merged",
    "nearest",
    "split_at_zeros",
    "survey",
    "true_values",
]

TOO_LARGE = "too large for real arithmetic"
"""What stands in the list of operations without a rule where it is the number of elements that is too large."""


def true_values(judge: Judge, ordinal: int) -> tuple[float | None, float | None]:
    """The true output and the true gradient at an ordinal; None where there is none, infinite where it is singular."""
    truth = judge.truth(ordinal)
    return nearest(truth.value), nearest(truth.derivative)


def local_errors_at(program: Program, values: tuple[float, ...]) -> Mapping[int, float]:
    """The local error of each node of a program at one point; none where an operation has no rule."""
    tensors = exact_tensors(program, values)
    return local_errors(program, tensors) if tensors else {}


def exact_at(program: Program, values: tuple[float, ...]) -> Mapping[Ref, float | None]:
    """The exact value of each tensor of a program at one point, as the nearest float64."""
    return exact_numbers(exact_tensors(program, values))


def judge_of(
    forward: Study,
    studies: Mapping[str, Study],
    inputs: tuple[TracedInput, ...],
    plan: InputPlan,
    options: ScanOptions,
) -> tuple[Judge | None, tuple[str, ...]]:
    """A judge for one swept input, and the operations that have no rule, for which float64 stands in.

    The output of `forward` is the function that is differentiated; `studies` are the versions of its gradient. None
    where TensorFlow cannot run it in float64 either.
    """
    rigorous = Oracle(forward.program, plan.index)
    oracle: Oracle | ApproximateOracle = rigorous
    missing = rigorous.missing()
    if not missing and cost(forward.program, forward.program.outputs[0]) > MAX_COST:
        missing = (TOO_LARGE,)
    if missing:
        run = forward.recast()
        if run is None:
            return None, missing
        oracle = ApproximateOracle(run)
    exact = {
        name: Oracle(study.program, plan.index, study.program.outputs[1])
        for name, study in studies.items()
        if name == "custom" and len(study.program.outputs) > 1 and not missing
    }
    exact = {name: formula for name, formula in exact.items() if not formula.missing()}
    fmt = inputs[plan.index].fmt
    held = tuple(i.fmt.value(o) for i, o in zip(inputs, plan.held, strict=True))
    tolerance = TOLERANCES[fmt.name] if options.tolerance is None else options.tolerance
    return Judge(oracle, exact, tuple(studies), Line(fmt, plan.index, held, plan.segments), tolerance), missing
