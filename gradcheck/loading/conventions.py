"""Conventions of training: what labels are called, and which values Keras losses are made for.

In: the names of inputs, the class names of a Keras object. Out: inputs that are not differentiated by default, domains
as texts.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gradcheck.floats import FORMATS
from gradcheck.records import Parameter

LABELS = frozenset({"label", "labels", "mask", "sample_weight", "target", "targets", "y_true"})
ANY, MASK, ONE_HOT, SIMPLEX, POSITIVE, CLASSES = "any", "mask", "one-hot", "simplex", "positive", "integer:0:2"


@dataclass(frozen=True)
class LossInputs:
    """What a loss is called with.

    Attributes:
        y_true, y_pred: domains.
        logits: the domain of y_pred with from_logits=True.
        true_shape, pred_shape: shapes, where the two differ or the domain fixes the last dimension.
    """

    y_true: str = ANY
    y_pred: str = ANY
    logits: str = ANY
    true_shape: tuple[int | None, ...] | None = None
    pred_shape: tuple[int | None, ...] | None = None

    @property
    def true_dtype(self) -> str | None:
        """The dtype of classes; None of floats."""
        return "int32" if self.y_true.startswith("integer") else None


ONE_CLASS_A_ROW = ((None,), (None, 3))
LOSSES = {
    "CategoricalCrossentropy": LossInputs(ONE_HOT, SIMPLEX),
    "CategoricalFocalCrossentropy": LossInputs(ONE_HOT, SIMPLEX),
    "CategoricalGeneralizedCrossEntropy": LossInputs(CLASSES, SIMPLEX, SIMPLEX, *ONE_CLASS_A_ROW),
    "SparseCategoricalCrossentropy": LossInputs(CLASSES, SIMPLEX, ANY, *ONE_CLASS_A_ROW),
    "BinaryCrossentropy": LossInputs(MASK, "probability"),
    "BinaryFocalCrossentropy": LossInputs(MASK, "probability"),
    "Dice": LossInputs(MASK, "probability"),
    "Tversky": LossInputs(MASK, "probability"),
    "KLDivergence": LossInputs(SIMPLEX, SIMPLEX),
    "Poisson": LossInputs("0:1e4", POSITIVE),
    "MeanSquaredLogarithmicError": LossInputs(POSITIVE, POSITIVE),
    "Hinge": LossInputs(MASK),
    "SquaredHinge": LossInputs(MASK),
    "CategoricalHinge": LossInputs(ONE_HOT),
    "Circle": LossInputs(CLASSES, "unit", ANY, *ONE_CLASS_A_ROW),
    "CTC": LossInputs("integer:1:2", ANY, ANY, (None, 2), (None, 8, 3)),
}
"""By the class of the loss, or of the metric of the same name; others take any values."""


def loss_inputs(classes: Iterable[str]) -> LossInputs:
    """The inputs of the first of `classes` that is known."""
    return next((LOSSES[name] for name in classes if name in LOSSES), LossInputs())


def held_by_convention(parameters: tuple[Parameter, ...]) -> tuple[str, ...]:
    """Names of labels and masks; none where no float input would be left."""
    held = tuple(p.name for p in parameters if LABELS & words(p.name))
    left = [p for p in parameters if p.name not in held and p.dtype in (None, *FORMATS)]
    return held if left else ()


def domains_by_convention(parameters: tuple[Parameter, ...]) -> Mapping[str, str]:
    """The domains that names tell."""
    return {p.name: MASK for p in parameters if "mask" in words(p.name)}


def words(name: str) -> set[str]:
    """The parts of a name with a path behind it."""
    return set(re.findall(r"\w+", name))
