"""What was found in a training step.

In: an optimizer, its gradients, and what is known of the step. Out: a `Found`, which a finding is made of.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradcheck.observing.looks import counts, dense, is_bad
from gradcheck.observing.optimizers import Seen, name_of
from gradcheck.records import BadGradient, Norms, Study, TrainingWitness

if TYPE_CHECKING:
    from gradcheck.observing.units import Unit


@dataclass(frozen=True, eq=False)
class Found:
    """One bad step.

    Attributes:
        code: GC001 for NaN, GC002 for infinities; of what is looked for on request its own.
        witness: the step as it is told.
        mode: graph, eager or xla.
        message: what, in a sentence; empty for a bad gradient, of which the rest says all.
        study: of the gradient in which it began; None where it did not show when it was run again.
        after: whether the study's gradient was fine, and the study is of what the code made of it.
        unit: what was run again.
        stops: whether the script is to end here.
    """

    code: str
    witness: TrainingWitness
    mode: str
    message: str = ""
    study: Study | None = None
    after: bool = False
    unit: "Unit | None" = None
    stops: bool = True


def code_of(gradients: Sequence[BadGradient]) -> str:
    """NaN, or infinities alone; of what is not known, NaN."""
    return "GC001" if not gradients or any(g.nan for g in gradients) else "GC002"


def witness(  # noqa: PLR0913
    seen: Seen | None,
    step: int,
    gradients: Sequence[BadGradient],
    *,
    loss: float | None = None,
    norms: Sequence[Norms] = (),
    rerun: str = "",
) -> TrainingWitness:
    """A step of an optimizer, or, of none, of variables that are updated by hand."""
    return TrainingWitness(
        step=step,
        optimizer=seen.name if seen else None,
        order=seen.order if seen else None,
        loss=loss,
        gradients=tuple(gradients),
        variables=len(seen.variables) if seen else len(gradients),
        norms=tuple(norms),
        rerun=rerun,
    )


def bad_gradients(given: Sequence[tuple[Any, Any]]) -> tuple[BadGradient, ...]:
    """Those of these gradients that are not finite, of which variable, and how much of them."""
    return tuple(gradient_of(v, *counts(dense(g))) for g, v in given if is_bad(g))


def gradient_of(variable: Any, entries: int | None = None, nan: int = 0, infinite: int = 0) -> BadGradient:
    """The gradient of a variable, by its counts; without them one that has nothing bad in it."""
    shape = tuple(int(d) for d in getattr(variable, "shape", ()))
    dtype = getattr(variable.dtype, "name", str(variable.dtype))
    return BadGradient(name_of(variable), dtype, shape, math.prod(shape) if entries is None else entries, nan, infinite)
