"""Training runs in the JSON report.

In: the records of a watched run. Out: the `training` objects of a target and of a finding.
"""

from typing import Any

from gradcheck.records import BadGradient, Norms, TrainingReport, TrainingWitness, WatchedOptimizer
from gradcheck.renderers.numbers import number


def training_object(training: TrainingReport | None) -> dict[str, Any] | None:
    """What was watched; null of what is no training run."""
    if training is None:
        return None
    return {
        "steps": training.steps,
        "optimizers": [optimizer_object(optimizer) for optimizer in training.optimizers],
        "variables": training.variables,
        "ended": training.ended,
        "status": training.status,
    }


def optimizer_object(optimizer: WatchedOptimizer) -> dict[str, Any]:
    """One optimizer."""
    return {
        "name": optimizer.name,
        "order": optimizer.order,
        "steps": optimizer.steps,
        "variables": optimizer.variables,
    }


def training_witness_object(witness: TrainingWitness | None) -> dict[str, Any] | None:
    """The step that shows a finding; null of what was not found in training."""
    if witness is None:
        return None
    return {
        "step": witness.step,
        "optimizer": witness.optimizer,
        "order": witness.order,
        "loss": None if witness.loss is None else number(witness.loss),
        "variables": witness.variables,
        "gradients": [gradient_object(gradient) for gradient in witness.gradients],
        "norms": [norms_object(norms) for norms in witness.norms],
        "rerun": witness.rerun,
        "repro": witness.repro,
    }


def step_object(witness: TrainingWitness) -> dict[str, Any]:
    """The step alone."""
    found = training_witness_object(witness) or {}
    return {key: found[key] for key in ("step", "optimizer", "order", "loss")}


def gradient_object(gradient: BadGradient) -> dict[str, Any]:
    """The gradient of one variable."""
    return {
        "variable": gradient.variable,
        "dtype": gradient.dtype,
        "shape": list(gradient.shape),
        "entries": gradient.entries,
        "nan": gradient.nan,
        "inf": gradient.inf,
    }


def norms_object(norms: Norms) -> dict[str, Any]:
    """The last steps of one optimizer."""
    return {
        "optimizer": norms.optimizer,
        "order": norms.order,
        "steps": list(norms.steps),
        "norms": [number(norm) for norm in norms.norms],
    }
