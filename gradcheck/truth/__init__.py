"""Truth: what real arithmetic says of a function and of its gradient.

In: programs, regions of classes, and a way to run points. Out: regions of verdicts, and true values at a point. Only
this package imports flint.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from gradcheck.options import MAX_COST, TOLERANCES, ScanOptions
from gradcheck.program import Array, Program, Ref
from gradcheck.records import InputPlan, Study, TensorInput, TensorPoint, TracedInput
from gradcheck.truth.arguments import Value
from gradcheck.truth.doubles import ApproximateTensorOracle, split
from gradcheck.truth.draws import drawn
from gradcheck.truth.judging import Judge, Judgement, Line, Point, nearest
from gradcheck.truth.known import OwnGradient
from gradcheck.truth.locally import exact_arrays, exact_numbers, exact_tensors, local_errors
from gradcheck.truth.merging import merged
from gradcheck.truth.oracle import ApproximateOracle, Oracle, cost
from gradcheck.truth.second_order import SecondOrderOracle
from gradcheck.truth.survey import QUIET_SAMPLES, PointsAt, survey
from gradcheck.truth.tensor_judging import Entry, TensorJudge
from gradcheck.truth.tensors import MAX_TENSOR_COST as TENSOR_BUDGET
from gradcheck.truth.tensors import TensorOracle, affordable
from gradcheck.truth.zeros import split_at_zeros

__all__ = [
    "QUIET_SAMPLES",
    "TENSOR_BUDGET",
    "ApproximateTensorOracle",
    "Entry",
    "Judge",
    "Judgement",
    "OwnGradient",
    "Point",
    "PointsAt",
    "SecondOrderOracle",
    "TensorCase",
    "TensorJudge",
    "TensorOracle",
    "affordable",
    "drawn",
    "exact_arrays_at",
    "exact_at",
    "judge_of",
    "local_errors_at",
    "merged",
    "nearest",
    "second_order_of",
    "split_at_zeros",
    "survey",
    "tensor_judge_of",
    "true_values",
]

EXACT_NUMBERS = 1500
"""Numbers that one pass of real arithmetic may compute for each second of the budget. A pass takes some 5 us a number,
a scan makes some hundred passes; where they would take longer than the search, float64 stands in."""

TOO_LARGE = "too large for real arithmetic"
"""What stands in the list of operations without a rule where it is the number of elements that is too large."""


def true_values(judge: Judge, ordinal: int) -> tuple[float | None, float | None]:
    """The true output and the true gradient at an ordinal; None where there is none, infinite where it is singular."""
    truth = judge.truth(ordinal)
    return nearest(truth.value), nearest(truth.derivative)


def local_errors_at(program: Program, values: tuple[Value, ...]) -> Mapping[int, float]:
    """The local error of each node of a program at one point; none where an operation has no rule."""
    tensors = exact_tensors(program, values)
    return local_errors(program, tensors) if tensors else {}


def exact_arrays_at(program: Program, point: TensorPoint) -> Mapping[Ref, Array]:
    """The exact value of every element of each tensor of a program at one point; none where it costs too much."""
    if cost(program, *program.outputs) > MAX_COST:
        return {}
    return exact_arrays(exact_tensors(program, point))


def exact_at(program: Program, values: tuple[Value, ...]) -> Mapping[Ref, float | None]:
    """The exact value of each tensor of a program at one point, as the nearest float64."""
    return exact_numbers(exact_tensors(program, values))


class HasProgram(Protocol):
    """A study, or what is like one."""

    @property
    def program(self) -> Program:
        """All outputs, then all gradients."""


@dataclass(frozen=True)
class TensorCase:
    """What of a tensor target is judged.

    Attributes:
        inputs: those of its programs, in order.
        cotangents: an array an output.
        ordinary: points at which the usual size of a gradient is looked up.
        wrt: which inputs its studies' gradients are by, in order; None for all floats.
    """

    inputs: tuple[TensorInput, ...]
    cotangents: tuple[Array, ...]
    ordinary: tuple[TensorPoint, ...]
    wrt: tuple[int, ...] | None = None


def tensor_judge_of(
    forward: Study, studies: Mapping[str, HasProgram], case: TensorCase, options: ScanOptions
) -> tuple[TensorJudge | None, tuple[str, ...]]:
    """A judge for a tensor target with one cotangent, and the operations without a rule, for which float64 stands in.

    The first outputs of `forward` are the function that is differentiated, those behind them its gradients; `studies`
    are the versions of the gradient. None where TensorFlow cannot run it in float64 either.
    """
    cotangents, inputs = case.cotangents, case.inputs
    floats = tuple(i for i, traced in enumerate(inputs) if traced.fmt)
    wrt = floats if case.wrt is None else case.wrt
    rigorous = tensor_oracle_of(forward.program, cotangents)
    oracle: TensorOracle | ApproximateTensorOracle = rigorous
    one = cost(forward.program, *forward.program.outputs[: forward.program.results])
    missing = rigorous.missing() or (() if rigorous.passes and one <= EXACT_NUMBERS * options.budget else (TOO_LARGE,))
    if missing:
        run = forward.recast()
        if run is None:
            return None, missing
        oracle = ApproximateTensorOracle(split(run, forward.program.results, wrt), cotangents, rigorous.formats)
    custom = studies.get("custom")
    formula = None if custom is None or missing else own_gradient_of(custom.program, wrt)
    exact = {"custom": formula} if formula else {}
    coarsest = max((TOLERANCES[inputs[i].dtype] for i in floats), default=0.0)
    tolerance = coarsest if options.tolerance is None else options.tolerance
    return TensorJudge(oracle, exact, inputs, tolerance, case.ordinary), missing


def second_order_of(judge: TensorJudge, of: int, direction: Array) -> TensorJudge | None:
    """A judge of the gradient of sum(direction * gradient by input `of`); None where float64 stands in."""
    if not isinstance(judge.oracle, TensorOracle):
        return None
    oracle = SecondOrderOracle(judge.oracle, of, direction)
    return TensorJudge(oracle, {}, judge.inputs, judge.tolerance, judge.ordinary)


def tensor_oracle_of(program: Program, cotangents: tuple[Array, ...]) -> TensorOracle:
    """The oracle of a program's own outputs."""
    return TensorOracle(program, program.outputs[: program.results], cotangents)


def own_gradient_of(program: Program, wrt: tuple[int, ...]) -> OwnGradient | None:
    """The formula of a version's gradients, where every operation of it has a rule."""
    refs = program.outputs[program.results :]
    sizes = [program.nodes[i].sizes[k] for i, k in refs]
    oracle = TensorOracle(program, refs, tuple(np.zeros(size) for size in sizes))
    return OwnGradient(oracle, wrt) if len(refs) == len(wrt) and not oracle.missing() else None


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
