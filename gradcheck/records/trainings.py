"""Training: what was seen of a training run, and the step in which a gradient went bad."""

from dataclasses import dataclass

from gradcheck.repros import BadGradient


@dataclass(frozen=True)
class Norms:
    """Norms of all gradients that one optimizer was given together, of its last steps.

    Attributes:
        optimizer: its name.
        order: by which it came first in the loop, from 1.
        steps: numbers of the steps, from 0.
        norms: Euclidean, one a step.
    """

    optimizer: str
    order: int
    steps: tuple[int, ...]
    norms: tuple[float, ...]


@dataclass(frozen=True)
class TrainingWitness:
    """One step of a training run that shows a finding.

    Attributes:
        step: how many updates the optimizer had made before, so counted from 0.
        optimizer: its name; None where variables are updated by hand.
        order: by which it came first in the loop, from 1; None where there is none.
        loss: what was differentiated last before it; None where that is not known, or no single number.
        gradients: the bad ones, or those that the finding is about.
        variables: how many variables the optimizer was given.
        norms: of every optimizer, of the last steps.
        rerun: how the cause was found, or why it was not; empty where there is nothing to say.
        repro: the directory that holds the step; None where none was asked for.
    """

    step: int
    optimizer: str | None
    order: int | None
    loss: float | None
    gradients: tuple[BadGradient, ...]
    variables: int
    norms: tuple[Norms, ...] = ()
    rerun: str = ""
    repro: str | None = None


@dataclass(frozen=True)
class WatchedOptimizer:
    """An optimizer of a training run.

    Attributes:
        name: its name.
        order: by which it came first in the loop, from 1.
        steps: updates that it made while watched.
        variables: how many variables it updates.
    """

    name: str
    order: int
    steps: int
    variables: int


@dataclass(frozen=True)
class TrainingReport:
    """A watched run.

    Attributes:
        steps: of the optimizer that made most.
        optimizers: in the order in which they came first.
        variables: how many different ones the optimizers update.
        ended: `finished`, `stopped` (by gradcheck at a finding), `limited` (by --max-steps), `exited` (by itself, with
            a status that is not 0), `raised` or `interrupted`.
        status: the script's own exit status.
    """

    steps: int
    optimizers: tuple[WatchedOptimizer, ...]
    variables: int
    ended: str
    status: int = 0
